//! Randomised databases and what the server says of them.

pub(crate) mod answers;
pub(crate) mod changes;
pub(crate) mod forecasts;
pub(crate) mod generator;
pub(crate) mod objects;
pub(crate) mod paths;
pub(crate) mod random;

use pgiam::domain::access::Snapshot;

/// Where the two disagree, and how often they were compared.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) compared: usize,
    pub(crate) disagreements: Vec<String>,
}

impl Tally {
    /// Compares one answer; `told` words the question, and is only asked when the answers differ.
    pub(crate) fn compare<T: PartialEq + std::fmt::Debug>(
        &mut self,
        model: &T,
        server: &T,
        told: impl FnOnce() -> String,
    ) {
        self.compared += 1;
        if model != server {
            self.disagreements.push(format!(
                "{}: the model says {model:?}, the server {server:?}",
                told()
            ));
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.compared += other.compared;
        self.disagreements.extend(other.disagreements);
    }

    /// Fails with the first disagreements, and how to see them again.
    pub(crate) fn settle(&self, seed: u64, rights: &Snapshot) {
        let first: Vec<&String> = self.disagreements.iter().take(20).collect();
        assert!(
            first.is_empty(),
            "PostgreSQL {}: {} of {} answers disagree with PGIAM_SEED={seed}: {first:#?}",
            rights.version(),
            self.disagreements.len(),
            self.compared,
        );
    }
}
