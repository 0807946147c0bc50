//! An array, an element a line.

use super::{Fold, Line, Tone};
use crate::domain::rows::array::Element;

pub(super) fn lines(elements: &[Element]) -> Vec<Line> {
    let mut found = Vec::new();
    append(&mut found, elements, 0);
    if found.is_empty() {
        found.push(Line::of(Tone::Quiet, "(no elements)"));
    }
    found
}

fn append(found: &mut Vec<Line>, elements: &[Element], depth: usize) {
    let indent = "  ".repeat(depth);
    let digits = elements.len().to_string().len();
    for (number, element) in elements.iter().enumerate() {
        let mut line = Line {
            hanging: 2 * depth + digits + 2,
            ..Line::default()
        };
        line.push(Tone::Quiet, &format!("{indent}{:>digits$}  ", number + 1));
        match element {
            Element::Null => line.push(Tone::Null, "NULL"),
            Element::Text(text) if text.is_empty() => line.push(Tone::Quiet, "(empty)"),
            Element::Text(text) => line.push(Tone::Plain, text),
            Element::Nested(inner) => {
                let place = found.len();
                found.push(line);
                append(found, inner, depth + 1);
                let end = found.len() - 1;
                if let Some(line) = found.get_mut(place) {
                    line.fold = Some(Fold {
                        end,
                        count: inner.len(),
                        depth: depth + 1,
                        from: 0,
                        to: 0,
                    });
                }
                continue;
            }
        }
        found.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rows::array;

    #[test]
    fn arrays_become_lists() {
        let elements = array::elements("{a,NULL,{b},\"\"}").unwrap();
        let shown: Vec<String> = lines(&elements).into_iter().map(|line| line.text).collect();
        assert_eq!(shown, ["1  a", "2  NULL", "3  ", "  1  b", "4  (empty)"]);
        assert_eq!(lines(&elements)[2].fold.unwrap().end, 3);
    }
}
