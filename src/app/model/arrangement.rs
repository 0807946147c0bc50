//! How a person has arranged the columns of a result: their order, widths, which are hidden and
//! which stay at the left edge.
//!
//! Columns are named by their number in the result, from 0; where one stands is its spot.

use crate::domain::rows::width;

/// Columns of the screen between two columns.
pub const GAP: u16 = 2;

/// Columns of the screen a person may widen a column to.
const WIDEST_BY_HAND: u16 = 500;

/// A column that shows, at least in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisibleColumn {
    /// Which, from 0.
    pub column: usize,
    /// Columns of the screen from the left edge of the viewport.
    pub x: u16,
    /// Columns of the screen it may fill.
    pub width: u16,
    /// Whether it stays when others scroll.
    pub hold: Hold,
}

/// Whether a column scrolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It stays at the left edge.
    Frozen,
    /// It scrolls with the others.
    Loose,
}

/// Whether a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// It does.
    Shown,
    /// A person hid it.
    Hidden,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Setting {
    width: u16,
    visibility: Visibility,
}

/// The columns as a person arranged them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrangement {
    settings: Vec<Setting>,
    /// The columns, left to right; hidden ones keep their spot.
    order: Vec<usize>,
    /// So many of the first spots are frozen.
    frozen: usize,
    /// The spot of the first loose column that shows.
    left: usize,
}

impl Arrangement {
    /// Columns of those widths, in their own order.
    #[must_use]
    pub fn new(widths: impl IntoIterator<Item = u16>) -> Self {
        let settings: Vec<Setting> = widths
            .into_iter()
            .map(|width| Setting {
                width,
                visibility: Visibility::Shown,
            })
            .collect();
        Self {
            order: (0..settings.len()).collect(),
            settings,
            frozen: 0,
            left: 0,
        }
    }

    /// How many columns there are, hidden ones too.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// All columns, left to right, hidden ones too.
    #[must_use]
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The columns that are not hidden, left to right.
    pub fn shown(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.order
            .iter()
            .copied()
            .filter(|column| self.visibility(*column) == Visibility::Shown)
    }

    /// Whether a column shows.
    #[must_use]
    pub fn visibility(&self, column: usize) -> Visibility {
        self.settings
            .get(column)
            .map_or(Visibility::Hidden, |setting| setting.visibility)
    }

    /// How many columns are hidden.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.settings
            .iter()
            .filter(|setting| setting.visibility == Visibility::Hidden)
            .count()
    }

    /// Whether a column is frozen.
    #[must_use]
    pub fn hold(&self, column: usize) -> Hold {
        match self.spot(column) {
            Some(spot) if spot < self.frozen => Hold::Frozen,
            _ => Hold::Loose,
        }
    }

    fn spot(&self, column: usize) -> Option<usize> {
        self.order.iter().position(|there| *there == column)
    }

    /// Columns of the screen a column fills.
    #[must_use]
    pub fn width(&self, column: usize) -> u16 {
        self.settings
            .get(column)
            .map_or(width::NARROWEST, |setting| setting.width)
    }

    /// Makes a column so wide, within bounds.
    pub fn set_width(&mut self, column: usize, width: u16) {
        if let Some(setting) = self.settings.get_mut(column) {
            setting.width = width.clamp(width::NARROWEST, WIDEST_BY_HAND);
        }
    }

    /// Makes a column at least so wide.
    pub fn grow(&mut self, column: usize, width: u16) {
        self.set_width(column, self.width(column).max(width));
    }

    /// The shown column that many places further right, as far as there are any.
    #[must_use]
    pub fn step(&self, from: usize, by: isize) -> usize {
        let Some(spot) = self.spot(from) else {
            return from;
        };
        let (before, after) = self.order.split_at(spot);
        let shown = |column: &&usize| self.visibility(**column) == Visibility::Shown;
        let apart = by.unsigned_abs();
        let reached = if by < 0 {
            before.iter().rev().filter(shown).take(apart).last()
        } else {
            after.iter().skip(1).filter(shown).take(apart).last()
        };
        reached.copied().unwrap_or(from)
    }

    /// The first column that shows.
    #[must_use]
    pub fn first(&self) -> usize {
        self.shown().next().unwrap_or(0)
    }

    /// The last column that shows.
    #[must_use]
    pub fn last(&self) -> usize {
        self.shown().next_back().unwrap_or(0)
    }

    /// The shown columns from one to another, both included, in whichever order they are named.
    #[must_use]
    pub fn between(&self, a: usize, b: usize) -> Vec<usize> {
        let (Some(a), Some(b)) = (self.spot(a), self.spot(b)) else {
            return Vec::new();
        };
        let spots = self.order.get(a.min(b)..=a.max(b)).unwrap_or_default();
        let shown = |column: &usize| self.visibility(*column) == Visibility::Shown;
        spots.iter().copied().filter(shown).collect()
    }

    /// Hides a column, unless it is the only one that shows. Gives the column to go to.
    pub fn hide(&mut self, column: usize) -> Option<usize> {
        let right = self.step(column, 1);
        let near = if right == column {
            self.step(column, -1)
        } else {
            right
        };
        if near == column {
            return None;
        }
        self.settings.get_mut(column)?.visibility = Visibility::Hidden;
        Some(near)
    }

    /// Shows a column again.
    pub fn show(&mut self, column: usize) {
        if let Some(setting) = self.settings.get_mut(column) {
            setting.visibility = Visibility::Shown;
        }
    }

    /// Shows all columns; gives how many had been hidden.
    pub fn show_all(&mut self) -> usize {
        let hidden = self.hidden();
        for setting in &mut self.settings {
            setting.visibility = Visibility::Shown;
        }
        hidden
    }

    /// Moves a column past that many shown ones, within the frozen or the loose ones.
    pub fn carry(&mut self, column: usize, by: isize) {
        let to = self.step(column, by);
        let (Some(from), Some(spot)) = (self.spot(column), self.spot(to)) else {
            return;
        };
        if self.hold(column) != self.hold(to) || from == spot {
            return;
        }
        let taken = self.order.remove(from);
        self.order.insert(spot, taken);
    }

    /// Freezes a loose column at the right end of the frozen ones, or lets a frozen one go.
    pub fn toggle_frozen(&mut self, column: usize) -> Hold {
        let Some(spot) = self.spot(column) else {
            return Hold::Loose;
        };
        let taken = self.order.remove(spot);
        if spot < self.frozen {
            self.frozen -= 1;
            self.order.insert(self.frozen, taken);
            Hold::Loose
        } else {
            self.order.insert(self.frozen, taken);
            self.frozen += 1;
            Hold::Frozen
        }
    }

    /// The spots that stay at the left edge in a viewport: frozen columns that leave a quarter of it
    /// to the others. Those that do not fit scroll like any other.
    fn held(&self, viewport: u16) -> usize {
        let limit = viewport - viewport / 4;
        let mut used: u16 = 0;
        for (spot, column) in self.order.iter().enumerate().take(self.frozen) {
            if self.visibility(*column) == Visibility::Shown {
                used = used.saturating_add(self.width(*column)).saturating_add(GAP);
            }
            if used > limit {
                return spot;
            }
        }
        self.frozen.min(self.order.len())
    }

    /// The columns that show in a viewport, left to right; the last one may be cut.
    #[must_use]
    pub fn visible(&self, viewport: u16) -> Vec<VisibleColumn> {
        let held = self.held(viewport);
        let mut found = Vec::new();
        let mut x: u16 = 0;
        let loose = self.left.max(held)..self.order.len();
        for spot in (0..held).chain(loose) {
            let Some(column) = self.order.get(spot).copied() else {
                continue;
            };
            if self.visibility(column) == Visibility::Hidden {
                continue;
            }
            if x >= viewport {
                break;
            }
            let width = self.width(column).min(viewport - x);
            found.push(VisibleColumn {
                column,
                x,
                width,
                hold: if spot < held {
                    Hold::Frozen
                } else {
                    Hold::Loose
                },
            });
            x = x.saturating_add(width).saturating_add(GAP);
        }
        found
    }

    /// Scrolls sideways as little as it takes to have a column in sight.
    pub fn reveal(&mut self, column: usize, viewport: u16) {
        let held = self.held(viewport);
        let Some(spot) = self.spot(column) else {
            return;
        };
        if spot < held {
            return;
        }
        self.left = self.left.clamp(held, spot.max(held));
        let frozen: u16 = self
            .order
            .iter()
            .take(held)
            .filter(|column| self.visibility(**column) == Visibility::Shown)
            .fold(0, |sum: u16, column| {
                sum.saturating_add(self.width(*column)).saturating_add(GAP)
            });
        // From the column to the left, as many as fit: those may stay, others must go.
        let mut room = viewport
            .saturating_sub(frozen)
            .saturating_sub(self.width(column));
        let mut leftmost = spot;
        for before in (self.left..spot).rev() {
            let Some(there) = self.order.get(before).copied() else {
                break;
            };
            if self.visibility(there) == Visibility::Shown {
                let needed = self.width(there).saturating_add(GAP);
                if needed > room {
                    break;
                }
                room -= needed;
            }
            leftmost = before;
        }
        self.left = self.left.max(leftmost);
    }

    /// Scrolls sideways by whole viewports; gives the column to go to.
    pub fn page(&mut self, from: usize, pages: isize, viewport: u16) -> usize {
        let visible = self.visible(viewport);
        let loose: Vec<VisibleColumn> = visible
            .into_iter()
            .filter(|visible| visible.hold == Hold::Loose)
            .collect();
        let (Some(first), Some(last)) = (loose.first(), loose.last()) else {
            return from;
        };
        if pages > 0 {
            // The last one may be cut: it comes first on the next page, unless it fills this one.
            let whole = self.width(last.column) == last.width || loose.len() == 1;
            let next = self.step(last.column, isize::from(whole));
            self.left = self.spot(next).unwrap_or(self.left);
            next
        } else {
            let mut room = viewport.saturating_sub(first.x);
            let mut reached = first.column;
            loop {
                let before = self.step(reached, -1);
                let needed = self.width(before).saturating_add(GAP);
                let fits = needed <= room.saturating_add(GAP) || reached == first.column;
                if before == reached || !fits || self.hold(before) == Hold::Frozen {
                    break;
                }
                room = room.saturating_sub(needed);
                reached = before;
            }
            self.left = self.spot(reached).unwrap_or(self.left);
            if reached == first.column {
                self.step(reached, -1)
            } else {
                reached
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(visible: &[VisibleColumn]) -> Vec<usize> {
        visible.iter().map(|visible| visible.column).collect()
    }

    #[test]
    fn frozen_columns_stay_while_others_scroll() {
        let mut arranged = Arrangement::new([5; 10]);
        assert_eq!(arranged.toggle_frozen(3), Hold::Frozen);
        arranged.reveal(9, 26);
        let visible = arranged.visible(26);
        assert_eq!(columns(&visible), [3, 7, 8, 9]);
        assert_eq!(visible[1].x, 7);
        arranged.reveal(0, 26);
        assert_eq!(columns(&arranged.visible(26)), [3, 0, 1, 2]);
        assert_eq!(arranged.toggle_frozen(3), Hold::Loose);
        assert_eq!(arranged.order()[0], 3);
    }

    #[test]
    fn frozen_columns_leave_room_for_the_others() {
        let mut arranged = Arrangement::new([20, 20, 20, 5]);
        for column in [0, 1, 2] {
            arranged.toggle_frozen(column);
        }
        arranged.reveal(3, 40);
        assert_eq!(columns(&arranged.visible(40)), [0, 3]);
    }

    #[test]
    fn hidden_columns_are_stepped_over_and_keep_their_spot() {
        let mut arranged = Arrangement::new([4; 4]);
        assert_eq!(arranged.hide(1), Some(2));
        assert_eq!(arranged.step(0, 1), 2);
        assert_eq!(arranged.between(0, 3), [0, 2, 3]);
        assert_eq!(arranged.hide(3), Some(2));
        assert_eq!(arranged.hide(2), Some(0));
        assert_eq!(arranged.hide(0), None, "one column always shows");
        assert_eq!(arranged.show_all(), 3);
        assert_eq!(arranged.shown().collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    #[test]
    fn columns_are_carried_within_their_own() {
        let mut arranged = Arrangement::new([4; 4]);
        arranged.carry(0, 2);
        assert_eq!(arranged.order(), [1, 2, 0, 3]);
        arranged.toggle_frozen(3);
        arranged.carry(1, -1);
        assert_eq!(arranged.order(), [3, 1, 2, 0]);
    }

    #[test]
    fn pages_go_there_and_back() {
        let mut arranged = Arrangement::new([5; 30]);
        let mut at = 0;
        for _ in 0..3 {
            at = arranged.page(at, 1, 26);
            arranged.reveal(at, 26);
        }
        assert!(at >= 9, "{at}");
        for _ in 0..5 {
            at = arranged.page(at, -1, 26);
            arranged.reveal(at, 26);
        }
        assert_eq!(at, 0);
    }
}
