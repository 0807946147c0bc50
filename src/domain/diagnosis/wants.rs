//! What a statement wants, read from its words: for when the server cannot be asked to try.
//!
//! It need not understand all of SQL: names that are no relations, and columns that a relation does
//! not have, fall away when they are looked up.
//!
//! Source: PostgreSQL documentation, the "Privileges" paragraphs of SELECT, INSERT, UPDATE, DELETE,
//! COPY, TRUNCATE, LOCK.

use super::calls::{Naming, naming};
use super::draws::Draw;
use crate::domain::ident;
use crate::domain::sql::lexer::{Token, TokenKind, tokens};
use crate::domain::sql::words::literal;

/// Which columns are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// All of them.
    All,
    /// Those of these names that the relation has; where it has none, any one.
    Named(Vec<String>),
}

/// One privilege on one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The name's parts: schema and relation, or the relation alone.
    pub relation: Vec<String>,
    /// PostgreSQL's keyword.
    pub privilege: &'static str,
    /// On which columns.
    pub columns: Columns,
}

/// A call of a routine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its schema, where the call names it.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// How many arguments it is given; `*` counts as none.
    pub arguments: usize,
}

/// What a statement wants of relations, routines and sequences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// Privileges on relations.
    pub relations: Vec<Wanted>,
    /// What rows or relations are locked for: any column will do, or one of several privileges.
    pub locks: Vec<Wanted>,
    /// Routines that may be called.
    pub routines: Vec<Call>,
    /// Names of sequences and what is done with each.
    pub sequences: Vec<(Vec<String>, Draw)>,
}

/// Reads a statement.
#[must_use]
pub fn wants(sql: &str) -> Wants {
    let words: Vec<Token> = tokens(sql)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let reader = Reader { sql, words };
    let mut wants = Wants {
        relations: reader.targets(),
        ..Wants::default()
    };
    let targets: Vec<Vec<String>> = wants
        .relations
        .iter()
        .map(|wanted| wanted.relation.clone())
        .collect();
    wants.locks = reader.locks();
    let sources = reader.sources();
    for source in &sources {
        // LOCK reads nothing.
        if reader.is(0, "lock") {
            break;
        }
        if !targets.contains(&source.relation) || wants.relations.is_empty() {
            wants.relations.push(Wanted {
                relation: source.relation.clone(),
                privilege: "SELECT",
                columns: reader.read_columns(source, &sources),
            });
        }
    }
    if naming(sql) != Naming::Means {
        reader.calls(&mut wants);
    }
    wants
}

struct Reader<'a> {
    sql: &'a str,
    words: Vec<Token>,
}

/// A relation that is read.
struct Source {
    relation: Vec<String>,
    /// What its columns are qualified with.
    called: Vec<String>,
}

impl Reader<'_> {
    fn text(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |token| token.text(self.sql))
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.text(at).eq_ignore_ascii_case(word)
    }

    fn any_of(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(at, word))
    }

    fn find(&self, word: &str) -> Option<usize> {
        (0..self.words.len()).find(|at| self.is(*at, word))
    }

    /// The dotted name that begins at a word, and the place behind it.
    fn name(&self, mut at: usize) -> Option<(Vec<String>, usize)> {
        while self.any_of(at, &["only", "lateral", "table", "if", "exists"]) {
            at += 1;
        }
        let mut parts = Vec::new();
        loop {
            parts.extend(self.part(at)?);
            at += 1;
            if !self.is(at, ".") {
                return Some((parts, at));
            }
            at += 1;
        }
    }

    fn part(&self, at: usize) -> Option<Vec<String>> {
        let token = self.words.get(at)?;
        let names = [
            TokenKind::Identifier,
            TokenKind::QuotedIdentifier,
            TokenKind::Keyword,
        ];
        if names.contains(&token.kind) {
            ident::parts(token.text(self.sql))
        } else {
            None
        }
    }

    /// Names in a range of words, dots and all: columns, aliases, relations.
    fn names(&self, range: std::ops::Range<usize>) -> Vec<String> {
        range.filter_map(|at| self.part(at)).flatten().collect()
    }

    /// The names in the parentheses that open at a word, and the place behind them.
    fn list(&self, at: usize) -> (Vec<String>, usize) {
        let mut end = at;
        while end < self.words.len() && !self.is(end, ")") {
            end += 1;
        }
        (self.names(at..end), end + 1)
    }

    /// What the statement does to the relation it is about.
    fn targets(&self) -> Vec<Wanted> {
        let mut found = Vec::new();
        for at in 0..self.words.len() {
            let begins = at == 0
                || self.any_of(at - 1, &["(", "explain", "verbose", "analyze"])
                || self.is(0, "with");
            if !begins {
                continue;
            }
            if self.is(at, "insert") && self.is(at + 1, "into") {
                self.insert(at + 2, &mut found);
            } else if self.is(at, "update")
                && !self.any_of(at.wrapping_sub(1), &["for", "key", "do", "on"])
            {
                self.update(at + 1, &mut found);
            } else if self.is(at, "delete") && self.is(at + 1, "from") {
                self.delete(at + 2, &mut found);
            } else if self.is(at, "merge") && self.is(at + 1, "into") {
                self.merge(at + 2, &mut found);
            } else if self.is(at, "truncate") {
                self.truncate(at + 1, &mut found);
            } else if self.is(at, "copy") {
                self.copy(at + 1, &mut found);
            }
        }
        found
    }

    fn insert(&self, at: usize, found: &mut Vec<Wanted>) {
        let Some((relation, mut at)) = self.name(at) else {
            return;
        };
        let mut columns = Columns::All;
        if self.is(at, "(") && !self.any_of(at + 1, &["select", "with", "values"]) {
            let (names, behind) = self.list(at + 1);
            columns = Columns::Named(names);
            at = behind;
        }
        found.push(Wanted {
            relation: relation.clone(),
            privilege: "INSERT",
            columns,
        });
        let mut read = Vec::new();
        if let Some(conflict) = self.find("conflict").filter(|place| *place > at) {
            if self.is(conflict + 1, "(") {
                read.extend(self.list(conflict + 2).0);
            }
            if let Some(set) = self.find("set").filter(|place| *place > conflict) {
                let (columns, rest) = self.assigned(set + 1);
                found.push(Wanted {
                    relation: relation.clone(),
                    privilege: "UPDATE",
                    columns: Columns::Named(columns),
                });
                read.extend(rest);
            }
        }
        self.returning(&relation, read, found);
    }

    /// What each WHEN of a MERGE does; what it reads is every name in it.
    fn merge(&self, at: usize, found: &mut Vec<Wanted>) {
        let Some((relation, behind)) = self.name(at) else {
            return;
        };
        let mut push = |privilege, columns| {
            found.push(Wanted {
                relation: relation.clone(),
                privilege,
                columns,
            });
        };
        for at in behind..self.words.len() {
            if !self.is(at, "then") {
                continue;
            }
            if self.is(at + 1, "insert") {
                let columns = if self.is(at + 2, "(") {
                    Columns::Named(self.list(at + 3).0)
                } else {
                    Columns::All
                };
                push("INSERT", columns);
            } else if self.is(at + 1, "update") {
                let end = (at + 2..self.words.len())
                    .find(|at| self.any_of(*at, &["when", "returning"]))
                    .unwrap_or(self.words.len());
                let (assigned, _) = self.set_list(at + 3, end);
                push("UPDATE", Columns::Named(assigned));
            } else if self.is(at + 1, "delete") {
                push("DELETE", Columns::All);
            }
        }
        push(
            "SELECT",
            Columns::Named(self.names(behind..self.words.len())),
        );
    }

    fn update(&self, at: usize, found: &mut Vec<Wanted>) {
        let Some((relation, at)) = self.name(at) else {
            return;
        };
        let Some(set) = self.find("set").filter(|place| *place >= at) else {
            return;
        };
        let (columns, read) = self.assigned(set + 1);
        found.push(Wanted {
            relation: relation.clone(),
            privilege: "UPDATE",
            columns: Columns::Named(columns),
        });
        self.returning(&relation, read, found);
    }

    fn delete(&self, at: usize, found: &mut Vec<Wanted>) {
        let Some((relation, at)) = self.name(at) else {
            return;
        };
        found.push(Wanted {
            relation: relation.clone(),
            privilege: "DELETE",
            columns: Columns::All,
        });
        let read = if self.find("where").is_some() {
            self.names(at..self.words.len())
        } else {
            Vec::new()
        };
        self.returning(&relation, read, found);
    }

    fn truncate(&self, mut at: usize, found: &mut Vec<Wanted>) {
        while let Some((relation, behind)) = self.name(at) {
            found.push(Wanted {
                relation,
                privilege: "TRUNCATE",
                columns: Columns::All,
            });
            if !self.is(behind, ",") {
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
        if self.is(at, "(") {
            let (names, behind) = self.list(at + 1);
            columns = Columns::Named(names);
            at = behind;
        }
        let privilege = if self.is(at, "from") {
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

    /// The columns that SET assigns, and every other name up to the end.
    fn assigned(&self, at: usize) -> (Vec<String>, Vec<String>) {
        let mut depth = 0_i32;
        let end = (at..self.words.len()).find(|at| {
            match self.text(*at) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            depth <= 0 && self.any_of(*at, &["where", "from", "returning"])
        });
        let end = end.unwrap_or(self.words.len());
        let (assigned, mut read) = self.set_list(at, end);
        read.extend(self.names(end..self.words.len()));
        (assigned, read)
    }

    /// `a = …, (b, c) = …`: the columns that are assigned, and every other name.
    fn set_list(&self, mut at: usize, end: usize) -> (Vec<String>, Vec<String>) {
        let mut assigned = Vec::new();
        let mut read = Vec::new();
        while at < end {
            if self.is(at, "(") {
                let (names, behind) = self.list(at + 1);
                if self.is(behind, "=") {
                    assigned.extend(names);
                    at = behind;
                    continue;
                }
            }
            if let Some(names) = self.part(at) {
                if self.is(at + 1, "=") {
                    assigned.extend(names);
                } else {
                    read.extend(names);
                }
            }
            at += 1;
        }
        (assigned, read)
    }

    /// What is read of the target itself.
    fn returning(&self, relation: &[String], mut read: Vec<String>, found: &mut Vec<Wanted>) {
        let mut columns = None;
        if let Some(at) = self.find("returning") {
            read.extend(self.names(at + 1..self.words.len()));
            columns = (at..self.words.len())
                .any(|at| self.is(at, "*"))
                .then_some(Columns::All);
        }
        if columns.is_none() && read.is_empty() {
            return;
        }
        let columns = columns.unwrap_or(Columns::Named(read));
        found.push(Wanted {
            relation: relation.to_vec(),
            privilege: "SELECT",
            columns,
        });
    }

    /// The columns that a query may read of a relation: every name in it that is not said to be another's,
    /// or all where it has a star.
    fn read_columns(&self, of: &Source, all: &[Source]) -> Columns {
        // Whether what stands at a word, behind a dot or not, may be of the relation.
        let mine = |at: usize| {
            let qualifier = self
                .part(at.wrapping_sub(2))
                .filter(|_| self.is(at.wrapping_sub(1), "."))
                .and_then(|mut parts| parts.pop());
            qualifier.is_none_or(|name| {
                of.called.contains(&name) || !all.iter().any(|other| other.called.contains(&name))
            })
        };
        let star = (0..self.words.len()).any(|at| {
            let wide = ["select", ",", ".", "distinct"];
            self.is(at, "*") && self.any_of(at.wrapping_sub(1), &wide) && mine(at)
        });
        if star || self.is(0, "table") {
            return Columns::All;
        }
        let named = (0..self.words.len())
            .filter(|at| mine(*at))
            .filter_map(|at| Some((at, self.part(at)?)));
        // What stands before a dot is no column.
        let qualifies = |at: usize, name: &[String]| {
            let known = |source: &Source| name.iter().all(|part| source.called.contains(part));
            self.is(at + 1, ".") && all.iter().any(known)
        };
        Columns::Named(
            named
                .filter(|(at, name)| !qualifies(*at, name))
                .flat_map(|(_, name)| name)
                .collect(),
        )
    }

    /// Names behind FROM, JOIN and USING, and those that commas add.
    fn sources(&self) -> Vec<Source> {
        let mut found: Vec<Source> = Vec::new();
        for at in 0..self.words.len() {
            let opens = self.any_of(at, &["from", "join"])
                || (self.is(at, "using") && self.any_of(0, &["delete", "merge"]))
                || (self.is(at, "table") && (at == 0 || self.is(0, "lock")));
            if !opens
                || self.is(at.wrapping_sub(1), "distinct")
                || self.any_of(at + 1, &["stdin", "("])
            {
                continue;
            }
            let mut place = at + 1;
            while let Some((name, behind)) = self.name(place) {
                if !self.is(behind, "(") {
                    let called = self.called(&name, behind);
                    match found.iter_mut().find(|known| known.relation == name) {
                        Some(known) => known.called.extend(called),
                        None => found.push(Source {
                            relation: name,
                            called: called.into_iter().collect(),
                        }),
                    }
                }
                // An alias may stand before the comma that adds another.
                let mut next = behind;
                if self.is(next, "as") {
                    next += 1;
                }
                if self.part(next).is_some() && self.is(next + 1, ",") {
                    next += 1;
                }
                if !self.is(next, ",") {
                    break;
                }
                place = next + 1;
            }
        }
        found
    }

    /// The alias behind a relation's name, else the name's last part.
    fn called(&self, name: &[String], behind: usize) -> Option<String> {
        let told = usize::from(self.is(behind, "as"));
        let alias = self.words.get(behind + told).filter(|token| {
            let plain = [TokenKind::Identifier, TokenKind::QuotedIdentifier];
            told == 1 || plain.contains(&token.kind)
        });
        alias
            .and_then(|token| ident::parts(token.text(self.sql))?.pop())
            .or_else(|| name.last().cloned())
    }

    /// SELECT … FOR UPDATE and its kin, and LOCK, whose modes take more than SELECT but the weakest
    /// (PostgreSQL documentation, "LOCK"). `FOR UPDATE OF` may name aliases: then any relation it is.
    fn locks(&self) -> Vec<Wanted> {
        let wanted = |privilege, columns: &Columns| {
            let columns = columns.clone();
            move |relation| Wanted {
                relation,
                privilege,
                columns: columns.clone(),
            }
        };
        if self.is(0, "lock") {
            let privilege = match self.find("mode") {
                Some(at) if self.is(at - 1, "share") && self.is(at - 2, "access") => "SELECT",
                Some(at) if self.is(at - 1, "exclusive") && self.is(at - 2, "row") => {
                    if at >= 3 && self.is(at - 3, "share") {
                        "UPDATE"
                    } else {
                        "INSERT"
                    }
                }
                _ => "UPDATE",
            };
            let mut found = Vec::new();
            let mut at = 1;
            while let Some((name, behind)) = self.name(at) {
                found.push(name);
                if !self.is(behind, ",") {
                    break;
                }
                at = behind + 1;
            }
            return found
                .into_iter()
                .map(wanted(privilege, &Columns::All))
                .collect();
        }
        let strengths = ["update", "share", "no", "key"];
        let Some(at) =
            (0..self.words.len()).find(|at| self.is(*at, "for") && self.any_of(at + 1, &strengths))
        else {
            return Vec::new();
        };
        let of = (at..self.words.len()).find(|at| self.is(*at, "of"));
        let named: Vec<String> =
            of.map_or_else(Vec::new, |of| self.names(of + 1..self.words.len()));
        let sources = self.sources().into_iter().map(|source| source.relation);
        let sources: Vec<Vec<String>> = sources.collect();
        let meant =
            |relation: &Vec<String>| relation.last().is_some_and(|last| named.contains(last));
        let some = sources.iter().any(meant);
        sources
            .into_iter()
            .filter(|relation| !some || meant(relation))
            .map(wanted("UPDATE", &Columns::Named(Vec::new())))
            .collect()
    }

    fn call(&self, at: usize, name: String) -> Call {
        let qualified = at >= 2 && self.is(at - 1, ".");
        let mut depth = 0_usize;
        let mut arguments = usize::from(!self.any_of(at + 2, &[")", "*"]));
        for place in at + 1..self.words.len() {
            match self.text(place) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                "," if depth == 1 => arguments += 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        Call {
            schema: self
                .part(at.wrapping_sub(2))
                .filter(|_| qualified)
                .and_then(|mut parts| parts.pop()),
            name,
            arguments,
        }
    }

    /// Routines that may be called, and sequences they name.
    fn calls(&self, wants: &mut Wants) {
        for at in 0..self.words.len() {
            let Some(name) = self.part(at).and_then(|mut parts| parts.pop()) else {
                continue;
            };
            if !self.is(at + 1, "(") {
                continue;
            }
            let sequence = self
                .words
                .get(at + 2)
                .filter(|token| token.kind == TokenKind::String);
            match (Draw::of(&name), sequence) {
                (Some(draw), Some(token)) => {
                    let text = literal(token.text(self.sql));
                    wants
                        .sequences
                        .extend(ident::parts(&text).map(|parts| (parts, draw)));
                }
                _ => wants.routines.push(self.call(at, name)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(sql: &str) -> Vec<String> {
        let wants = wants(sql);
        let relations = wants.relations.iter().map(|wanted| {
            let columns = match &wanted.columns {
                Columns::All => "*".to_owned(),
                Columns::Named(names) => names.join(" "),
            };
            format!(
                "{} {} {columns}",
                wanted.privilege,
                wanted.relation.join(".")
            )
        });
        relations.collect()
    }

    #[test]
    fn targets_and_sources_are_told_apart() {
        assert_eq!(
            summary("select * from s.a, b x join c on true"),
            ["SELECT s.a *", "SELECT b *", "SELECT c *"]
        );
        assert_eq!(
            summary("insert into s.t (a, b) values (1, 2)"),
            ["INSERT s.t a b"]
        );
        assert_eq!(
            summary("update t set a = b where c = 1"),
            ["UPDATE t a", "SELECT t b where c"]
        );
        assert_eq!(
            summary("update t set (a, b) = (select c, d from u), e = 1"),
            [
                "UPDATE t a b e",
                "SELECT t select c d from u",
                "SELECT u update t set a b select c d from u e"
            ]
        );
        assert_eq!(summary("delete from t"), ["DELETE t *"]);
        assert_eq!(summary("truncate a, b"), ["TRUNCATE a *", "TRUNCATE b *"]);
        assert_eq!(summary("copy t (a) from stdin"), ["INSERT t a"]);
    }

    #[test]
    fn columns_are_read_of_whom_they_are_said_to_be() {
        assert_eq!(
            summary("select t.id, x.name, x.* from s.t join u as x on x.id = t.id where k = 1"),
            [
                "SELECT s.t select id from s t join u as x on id where k",
                "SELECT u *"
            ]
        );
        assert_eq!(
            summary("select a.n, b.m from t a, t b"),
            ["SELECT t select n m from t a t b"]
        );
    }

    #[test]
    fn counting_rows_is_not_reading_all_columns() {
        assert!(matches!(
            wants("select count(*) from t").relations[0].columns,
            Columns::Named(_)
        ));
    }

    #[test]
    fn calls_and_sequences_are_found() {
        let wants = wants("select s.area(1), nextval('s.\"Seq\"')");
        let area = Call {
            schema: Some("s".into()),
            name: "area".into(),
            arguments: 1,
        };
        assert_eq!(wants.routines, [area]);
        assert_eq!(
            wants.sequences,
            [(vec!["s".to_owned(), "Seq".to_owned()], Draw::Next)]
        );
    }

    #[test]
    fn locks_are_told_by_their_strength() {
        let told = |sql: &str| -> Vec<String> {
            wants(sql)
                .locks
                .into_iter()
                .map(|lock| format!("{} {}", lock.privilege, lock.relation.join(".")))
                .collect()
        };
        assert_eq!(told("select a from s.t for no key update"), ["UPDATE s.t"]);
        assert_eq!(
            told("select a from s.t, s.u for share of u"),
            ["UPDATE s.u"]
        );
        assert_eq!(
            told("lock table s.t, u in access share mode"),
            ["SELECT s.t", "SELECT u"]
        );
        assert_eq!(told("lock t in row exclusive mode"), ["INSERT t"]);
        assert_eq!(told("lock t in share row exclusive mode"), ["UPDATE t"]);
        assert_eq!(told("lock t"), ["UPDATE t"]);
        assert_eq!(told("select a from s.t"), Vec::<String>::new());
    }
}
