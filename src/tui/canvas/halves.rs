//! Wide characters that lost their second half.

use ratatui::buffer::Buffer;

use super::columns;

/// Blanks every wide character whose second cell was drawn over, as a box does that ends in the
/// middle of one: a terminal cannot show half of it, and ratatui takes for granted that none is left
/// (`Buffer::diff_iter`).
pub fn blank_halves(buffer: &mut Buffer) {
    let width = usize::from(buffer.area.width).max(1);
    for row in buffer.content.chunks_mut(width) {
        for at in 0..row.len() {
            let Some([first, rest @ ..]) = row.get_mut(at..) else {
                break;
            };
            let whole = columns(first) < 2
                || rest
                    .first()
                    .is_some_and(|second| matches!(second.symbol(), " " | ""));
            if !whole {
                let _ = first.set_symbol(" ");
            }
        }
    }
}
