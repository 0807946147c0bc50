//! Filters and order of a result's rows: what shows, what is being worked out, how far that is.

use crate::app::message::Ticket;
use crate::domain::rows::condition::Condition;
use crate::domain::rows::order::Direction;
use crate::domain::rows::scan::{Lens, Progress, SortKey};
use crate::domain::rows::view::RowView;

/// Work on all rows that a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Whose reports belong to it.
    pub ticket: Ticket,
    /// How far it is.
    pub progress: Progress,
}

impl Work {
    /// Work that has just begun.
    #[must_use]
    pub fn new(ticket: Ticket) -> Self {
        Self {
            ticket,
            progress: Progress::default(),
        }
    }
}

/// Through what the rows of a result are seen.
#[derive(Debug, Clone, Default)]
pub struct Looking {
    /// What shows.
    applied: Lens,
    /// What was asked for; the same once it shows.
    wanted: Lens,
    view: Option<RowView>,
    /// The task that works it out.
    work: Option<Work>,
}

impl Looking {
    /// The filters and the order that show.
    #[must_use]
    pub const fn applied(&self) -> &Lens {
        &self.applied
    }

    /// The filters and the order that were asked for.
    #[must_use]
    pub const fn wanted(&self) -> &Lens {
        &self.wanted
    }

    /// The rows that show, if not all do in the order they arrived.
    #[must_use]
    pub const fn view(&self) -> Option<&RowView> {
        self.view.as_ref()
    }

    /// The work that goes on.
    #[must_use]
    pub const fn work(&self) -> Option<Work> {
        self.work
    }

    /// Takes note of how far the work is.
    pub fn moved(&mut self, progress: Progress) {
        if let Some(work) = &mut self.work {
            work.progress = progress;
        }
    }

    /// Asks for something else; work on what was asked for before is no longer waited for.
    pub fn want(&mut self, lens: Lens, ticket: Ticket) {
        self.wanted = lens;
        self.work = (!self.wanted.is_clear()).then(|| Work::new(ticket));
        if self.wanted.is_clear() {
            self.applied = Lens::default();
            self.view = None;
        }
    }

    /// Shows what was asked for.
    pub fn show(&mut self, view: RowView) {
        self.applied = self.wanted.clone();
        self.view = Some(view);
        self.work = None;
    }

    /// Stays with what shows. Gives the ticket of the work that nobody waits for any more.
    pub fn give_up(&mut self) -> Option<Ticket> {
        self.wanted = self.applied.clone();
        self.work.take().map(|work| work.ticket)
    }

    /// Whether rows have arrived that the view has not looked at.
    #[must_use]
    pub fn is_behind(&self, rows: usize) -> bool {
        self.work.is_none() && self.view.as_ref().is_some_and(|view| view.covered() < rows)
    }

    /// How a column orders the rows, and as the how-manieth, from 1.
    #[must_use]
    pub fn order_of(&self, column: usize) -> Option<(usize, Direction)> {
        let keys = &self.applied.keys;
        let place = keys.iter().position(|key| key.column == column)?;
        keys.get(place).map(|key| (place + 1, key.direction))
    }

    /// What was asked for, ordered by a column alone: up, then down, then not at all.
    #[must_use]
    pub fn ordered_by(&self, column: usize) -> Lens {
        let alone = match self.wanted.keys.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        Lens {
            keys: turned(alone, column).into_iter().collect(),
            ..self.wanted.clone()
        }
    }

    /// What was asked for, ordered by a column too, after those before it.
    #[must_use]
    pub fn ordered_also_by(&self, column: usize) -> Lens {
        let mut lens = self.wanted.clone();
        match lens.keys.iter().position(|key| key.column == column) {
            Some(place) => {
                let known = lens.keys.remove(place);
                if let Some(key) = turned(Some(known), column) {
                    lens.keys.insert(place, key);
                }
            }
            None => lens.keys.extend(turned(None, column)),
        }
        lens
    }

    /// What was asked for, with one condition more.
    #[must_use]
    pub fn narrowed(&self, condition: Condition) -> Lens {
        let mut lens = self.wanted.clone();
        if !lens.conditions.contains(&condition) {
            lens.conditions.push(condition);
        }
        lens
    }
}

/// The next order of a column: up, then down, then none.
fn turned(key: Option<SortKey>, column: usize) -> Option<SortKey> {
    let direction = match key.filter(|key| key.column == column) {
        None => Direction::Ascending,
        Some(SortKey {
            direction: Direction::Ascending,
            ..
        }) => Direction::Descending,
        Some(_) => return None,
    };
    Some(SortKey { column, direction })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(lens: &Lens) -> Vec<(usize, Direction)> {
        lens.keys
            .iter()
            .map(|key| (key.column, key.direction))
            .collect()
    }

    #[test]
    fn an_order_turns_round_and_ends() {
        let mut looking = Looking::default();
        looking.want(looking.ordered_by(2), Ticket(1));
        assert_eq!(keys(looking.wanted()), [(2, Direction::Ascending)]);
        looking.want(looking.ordered_also_by(1), Ticket(2));
        looking.want(looking.ordered_also_by(2), Ticket(3));
        assert_eq!(
            keys(looking.wanted()),
            [(2, Direction::Descending), (1, Direction::Ascending)]
        );
        looking.want(looking.ordered_also_by(2), Ticket(4));
        looking.want(looking.ordered_by(1), Ticket(5));
        looking.want(looking.ordered_by(1), Ticket(6));
        assert!(looking.wanted().is_clear());
        assert_eq!(looking.work(), None);
    }

    #[test]
    fn giving_up_stays_with_what_shows() {
        let mut looking = Looking::default();
        looking.want(looking.ordered_by(0), Ticket(1));
        looking.show(RowView::new(vec![1, 0], 2));
        looking.want(looking.ordered_by(1), Ticket(2));
        assert_eq!(looking.give_up(), Some(Ticket(2)));
        assert_eq!(looking.wanted(), looking.applied());
        assert!(looking.is_behind(3) && !looking.is_behind(2));
    }
}
