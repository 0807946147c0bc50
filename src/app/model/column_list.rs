//! The list of a result's columns: to go to one by its name, to hide, show, move and freeze them.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::line::Line;

/// The list of a result's columns.
#[derive(Debug, Default)]
pub struct ColumnList {
    /// What the names must have in them, letter by letter.
    pub filter: Line,
    /// Which line is selected.
    pub selected: usize,
}

/// The columns whose names have the typed letters in them in that order, the best first; all, in
/// their own order, while nothing is typed. `order` holds numbers of `names`.
#[must_use]
pub fn choices(typed: &str, order: &[usize], names: &[&str]) -> Vec<usize> {
    if typed.trim().is_empty() {
        return order.to_vec();
    }
    let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut letters = Vec::new();
    let mut scored: Vec<(u32, usize)> = order
        .iter()
        .filter_map(|column| {
            let name = Utf32Str::new(names.get(*column)?, &mut letters);
            Some((pattern.score(name, &mut matcher)?, *column))
        })
        .collect();
    // Of equals, the shorter name and then the one further left.
    scored.sort_by_key(|(score, column)| {
        (
            std::cmp::Reverse(*score),
            names.get(*column).map_or(0, |name| name.len()),
        )
    });
    scored.into_iter().map(|(_, column)| column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_some_of_their_letters() {
        let names = ["id", "customer_email", "created_at", "email"];
        assert_eq!(choices("", &[2, 0, 1, 3], &names), [2, 0, 1, 3]);
        assert_eq!(choices("email", &[0, 1, 2, 3], &names), [3, 1]);
        assert_eq!(choices("crat", &[0, 1, 2, 3], &names), [2]);
        assert_eq!(choices("zz", &[0, 1, 2, 3], &names), [0_usize; 0]);
    }
}
