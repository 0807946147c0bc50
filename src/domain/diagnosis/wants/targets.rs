//! What a statement does to the relations that it is about, and what it reads of them for that.

use super::{Columns, Reader, Wanted};

impl Reader<'_> {
    /// What the statement does to the relation it is about.
    pub(super) fn targets(&self) -> Vec<Wanted> {
        let mut found = Vec::new();
        for at in 0..self.words.len() {
            let begins = at == 0
                || self
                    .words
                    .is_any(at - 1, &["(", "explain", "verbose", "analyze"])
                || self.words.is(0, "with")
                || (self.words.is(0, "explain") && self.words.is(at - 1, ")"));
            if !begins {
                continue;
            }
            if self.words.is(at, "insert") && self.words.is(at + 1, "into") {
                self.insert(at + 2, &mut found);
            } else if self.words.is(at, "update")
                && !self
                    .words
                    .is_any(at.wrapping_sub(1), &["for", "key", "do", "on"])
            {
                self.update(at + 1, &mut found);
            } else if self.words.is(at, "delete") && self.words.is(at + 1, "from") {
                self.delete(at + 2, &mut found);
            } else if self.words.is(at, "merge") && self.words.is(at + 1, "into") {
                self.merge(at + 2, &mut found);
            } else if self.words.is(at, "truncate") {
                self.truncate(at + 1, &mut found);
            } else if self.words.is(at, "copy") {
                self.copy(at + 1, &mut found);
            }
        }
        found
    }

    fn insert(&self, at: usize, found: &mut Vec<Wanted>) {
        let Some((relation, mut at)) = self.name(at) else {
            return;
        };
        let called = self.called(&relation, at).unwrap_or_default();
        if self.words.is(at, "as") {
            at += 2;
        }
        let mut columns = Columns::All;
        if self.words.is(at, "(") && !self.words.is_any(at + 1, &["select", "with", "values"]) {
            let (names, behind) = self.list(at + 1);
            columns = Columns::Named(names);
            at = behind;
        } else if self.words.is(at, "default") {
            columns = Columns::Named(Vec::new());
        }
        found.push(Wanted {
            relation: relation.clone(),
            privilege: "INSERT",
            columns,
        });
        let mut read = Vec::new();
        let into = at.saturating_sub(1);
        if let Some(conflict) = self.find_in_block("conflict", into) {
            if self.words.is(conflict + 1, "(") {
                let end = (conflict..self.words.len()).find(|at| self.words.is(*at, ")"));
                read.extend(conflict + 2..end.unwrap_or(self.words.len()));
            }
            if let Some(set) = self.find_in_block("set", conflict) {
                let (columns, rest) = self.assigned(set + 1);
                found.push(Wanted {
                    relation: relation.clone(),
                    privilege: "UPDATE",
                    columns: Columns::Named(columns),
                });
                read.extend(rest);
            }
        }
        self.returning((&relation, &called), into, read, found);
    }

    /// For each INSERT with a list of columns, those for which a row of VALUES says DEFAULT.
    pub(super) fn defaulted(&self) -> Vec<(Vec<String>, Vec<String>)> {
        let mut found = Vec::new();
        for at in (0..self.words.len()).filter(|at| self.words.is(*at, "into")) {
            let Some((relation, open)) = self.name(at + 1) else {
                continue;
            };
            let (columns, mut row) = match self.words.closing(open) {
                Some(close) if self.words.is(close + 1, "values") => {
                    (self.names(open..close), close + 2)
                }
                _ => continue,
            };
            let mut defaulted: Vec<String> = Vec::new();
            while self.words.is(row, "(")
                && let Some(close) = self.words.closing(row)
            {
                let mut column = 0;
                let mut place = row + 1;
                while place < close {
                    match self.words.text(place) {
                        "(" | "[" => place = self.words.closing(place).unwrap_or(place),
                        "," => column += 1,
                        word if word.eq_ignore_ascii_case("default") => {
                            defaulted.extend(columns.get(column).cloned());
                        }
                        _ => {}
                    }
                    place += 1;
                }
                row = close + 1 + usize::from(self.words.is(close + 1, ","));
            }
            if !defaulted.is_empty() {
                found.push((relation, defaulted));
            }
        }
        found
    }

    /// What each WHEN of a MERGE does; what it reads is every other name in it.
    fn merge(&self, at: usize, found: &mut Vec<Wanted>) {
        let Some((relation, behind)) = self.name(at) else {
            return;
        };
        let called = self.called(&relation, behind).unwrap_or_default();
        let mut push = |privilege, columns| {
            found.push(Wanted {
                relation: relation.clone(),
                privilege,
                columns,
            });
        };
        let block = self.block(at);
        let mut read = Vec::new();
        let mut place = behind;
        while place < block.end {
            if !self.words.is(place, "then") {
                if !self.apart.iter().any(|query| query.contains(&place)) {
                    read.push(place);
                }
                place += 1;
                continue;
            }
            place += 2;
            if self.words.is(place - 1, "insert") {
                let columns = if self.words.is(place, "(") {
                    let (names, behind) = self.list(place + 1);
                    place = behind;
                    Columns::Named(names)
                } else {
                    Columns::All
                };
                push("INSERT", columns);
            } else if self.words.is(place - 1, "update") {
                let end = (place..block.end)
                    .find(|at| self.words.is_any(*at, &["when", "returning"]))
                    .unwrap_or(block.end);
                let (assigned, rest) = self.set_list(place + 1, end);
                push("UPDATE", Columns::Named(assigned));
                read.extend(rest);
                place = end;
            } else if self.words.is(place - 1, "delete") {
                push("DELETE", Columns::All);
            }
        }
        let columns = if self.reads_all(behind..block.end, &called) {
            Columns::All
        } else {
            Columns::Named(self.read(read.into_iter(), &called))
        };
        push("SELECT", columns);
    }

    fn update(&self, at: usize, found: &mut Vec<Wanted>) {
        let Some((relation, behind)) = self.name(at) else {
            return;
        };
        let called = self.called(&relation, behind).unwrap_or_default();
        let Some(set) = self.find_in_block("set", behind) else {
            return;
        };
        let (columns, read) = self.assigned(set + 1);
        found.push(Wanted {
            relation: relation.clone(),
            privilege: "UPDATE",
            columns: Columns::Named(columns),
        });
        self.returning((&relation, &called), set, read, found);
    }

    fn delete(&self, at: usize, found: &mut Vec<Wanted>) {
        let Some((relation, behind)) = self.name(at) else {
            return;
        };
        let called = self.called(&relation, behind).unwrap_or_default();
        found.push(Wanted {
            relation: relation.clone(),
            privilege: "DELETE",
            columns: Columns::All,
        });
        let read = match self.find_in_block("where", at) {
            Some(_) => (behind..self.block(at).end).collect(),
            None => Vec::new(),
        };
        self.returning((&relation, &called), at, read, found);
    }

    fn truncate(&self, mut at: usize, found: &mut Vec<Wanted>) {
        while let Some((relation, behind)) = self.name(at) {
            found.push(Wanted {
                relation,
                privilege: "TRUNCATE",
                columns: Columns::All,
            });
            if !self.words.is(behind, ",") {
                return;
            }
            at = behind + 1;
        }
    }

    fn copy(&self, at: usize, found: &mut Vec<Wanted>) {
        let Some((relation, mut at)) = self.name(at) else {
            return;
        };
        let mut columns = Columns::All;
        if self.words.is(at, "(") {
            let (names, behind) = self.list(at + 1);
            columns = Columns::Named(names);
            at = behind;
        }
        let privilege = if self.words.is(at, "from") {
            "INSERT"
        } else {
            "SELECT"
        };
        found.push(Wanted {
            relation,
            privilege,
            columns,
        });
    }

    /// The columns that SET assigns, and every other word up to the end of the query.
    fn assigned(&self, at: usize) -> (Vec<String>, Vec<usize>) {
        let block = self.block(at);
        let ends = ["where", "from", "returning"];
        let end = (at..block.end)
            .find(|place| self.words.is_any(*place, &ends) && self.block(*place) == block);
        let end = end.unwrap_or(block.end);
        let (assigned, mut read) = self.set_list(at, end);
        read.extend(end..block.end);
        (assigned, read)
    }

    /// `a = …, (b, c) = …`: the columns that are assigned, and every other word.
    fn set_list(&self, mut at: usize, end: usize) -> (Vec<String>, Vec<usize>) {
        let mut assigned = Vec::new();
        let mut read = Vec::new();
        while at < end {
            if self.words.is(at, "(") {
                let (names, behind) = self.list(at + 1);
                if self.words.is(behind, "=") {
                    assigned.extend(names);
                    at = behind;
                    continue;
                }
            }
            // `a.b = …` stands in conditions alone.
            let begins = at == 0 || !self.words.is(at - 1, ".");
            match self
                .part(at)
                .filter(|_| begins && self.words.is(at + 1, "="))
            {
                Some(names) => assigned.extend(names),
                None if self.is_assigned(at) => {
                    assigned.extend(self.part(at).into_iter().flatten());
                }
                None => read.push(at),
            }
            at += 1;
        }
        (assigned, read)
    }

    /// What is read of the target itself, which stands in the query of a word.
    fn returning(
        &self,
        (relation, called): (&[String], &str),
        at: usize,
        mut read: Vec<usize>,
        found: &mut Vec<Wanted>,
    ) {
        let mut all = false;
        if let Some(returning) = self.find_in_block("returning", at) {
            let end = self.block(at).end;
            read.extend(returning + 1..end);
            all = self.reads_all(returning..end, called);
        }
        if !all && read.is_empty() {
            return;
        }
        read.sort_unstable();
        read.dedup();
        let names = self.read(read.into_iter(), called);
        if !all && names.is_empty() {
            return;
        }
        found.push(Wanted {
            relation: relation.to_vec(),
            privilege: "SELECT",
            columns: if all {
                Columns::All
            } else {
                Columns::Named(names)
            },
        });
    }
}
