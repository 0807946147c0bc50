//! What a statement wants, read from its words: for when the server cannot be asked to try.
//!
//! It need not understand all of SQL: names that are no relations, and columns that a relation does
//! not have, fall away when they are looked up.
//!
//! Source: PostgreSQL documentation, the "Privileges" paragraphs of SELECT, INSERT, UPDATE, DELETE,
//! COPY, TRUNCATE, LOCK.

mod locked;
mod scope;
mod targets;

pub use locked::LockMode;

use std::ops::Range;

use super::calls::{Naming, naming};
use super::draws::Draw;
use crate::domain::ident;
use crate::domain::sql::lexer::TokenKind;
use crate::domain::sql::words::{Words, literal};

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
    /// Relations whose rows are locked: any column will do.
    pub locks: Vec<Wanted>,
    /// Relations that LOCK names.
    pub locked: Vec<(Vec<String>, LockMode)>,
    /// Routines that may be called.
    pub routines: Vec<Call>,
    /// Names of sequences and what is done with each.
    pub sequences: Vec<(Vec<String>, Draw)>,
}

/// Reads a statement.
#[must_use]
pub fn wants(sql: &str) -> Wants {
    let words = Words::of(sql);
    let texts: Vec<&str> = (0..words.len()).map(|at| words.text(at)).collect();
    let blocks = scope::blocks(&texts);
    let apart = scope::apart(&texts);
    let mut reader = Reader {
        words,
        blocks,
        apart,
        called: Vec::new(),
        filled: Vec::new(),
    };
    reader.filled = reader.filled();
    let sources = reader.sources();
    reader.called = sources.iter().map(|source| source.called.clone()).collect();
    reader.called.extend(reader.written());
    let mut wants = Wants {
        relations: reader.targets(),
        ..Wants::default()
    };
    wants.locks = reader.locks(&sources);
    wants.locked = reader.locked();
    for source in &sources {
        // LOCK reads nothing, and what is deleted from is told as a target.
        if reader.words.is(0, "lock") || reader.is_emptied(source) {
            continue;
        }
        wants.relations.push(Wanted {
            relation: source.relation.clone(),
            privilege: "SELECT",
            columns: reader.read_columns(source),
        });
    }
    wants.relations = joined(wants.relations);
    if naming(sql) != Naming::Means {
        reader.calls(&mut wants);
    }
    wants
}

/// The same privilege on the same relation, wanted in several places, as one.
fn joined(wanted: Vec<Wanted>) -> Vec<Wanted> {
    let mut joined: Vec<Wanted> = Vec::new();
    for one in wanted {
        let same = joined
            .iter_mut()
            .find(|known| known.relation == one.relation && known.privilege == one.privilege);
        match (same, one.columns) {
            (Some(known), Columns::Named(more)) => {
                if let Columns::Named(names) = &mut known.columns {
                    for name in more {
                        if !names.contains(&name) {
                            names.push(name);
                        }
                    }
                }
            }
            (Some(known), Columns::All) => known.columns = Columns::All,
            (None, columns) => joined.push(Wanted { columns, ..one }),
        }
    }
    joined
}

/// Words that are never the name of a column where they stand bare, and stand in most statements
/// (PostgreSQL documentation, "SQL Key Words": reserved).
const CLAUSES: [&str; 22] = [
    "select",
    "from",
    "where",
    "returning",
    "on",
    "using",
    "as",
    "with",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "true",
    "false",
    "when",
    "then",
    "case",
    "else",
    "end",
    "default",
];

struct Reader<'a> {
    words: Words<'a>,
    /// For each word, the words of the query that it stands in.
    blocks: Vec<Range<usize>>,
    /// Queries that see nothing of the one around them.
    apart: Vec<Range<usize>>,
    /// What columns of relations are qualified with.
    called: Vec<String>,
    /// The words that name columns to be written, which is not reading them.
    filled: Vec<usize>,
}

/// A relation that is read, where FROM names it.
struct Source {
    relation: Vec<String>,
    /// What its columns are qualified with.
    called: String,
    /// The first word of its name.
    at: usize,
}

impl Reader<'_> {
    /// The dotted name that begins at a word, and the place behind it.
    fn name(&self, mut at: usize) -> Option<(Vec<String>, usize)> {
        while self
            .words
            .is_any(at, &["only", "lateral", "table", "if", "exists"])
        {
            at += 1;
        }
        let mut parts = Vec::new();
        loop {
            parts.extend(self.part(at)?);
            at += 1;
            if !self.words.is(at, ".") {
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
            ident::parts(token.text(self.words.sql))
        } else {
            None
        }
    }

    /// Names in a range of words, dots and all: columns, aliases, relations.
    fn names(&self, range: Range<usize>) -> Vec<String> {
        range.filter_map(|at| self.part(at)).flatten().collect()
    }

    /// The query that a word stands in.
    fn block(&self, at: usize) -> Range<usize> {
        self.blocks.get(at).cloned().unwrap_or(at..self.words.len())
    }

    /// The first word that reads so behind another one, in the same query.
    fn find_in_block(&self, word: &str, at: usize) -> Option<usize> {
        let block = self.block(at);
        (at..block.end).find(|place| self.words.is(*place, word) && self.block(*place) == block)
    }

    /// Whether what stands at a word, behind a dot or not, may be of the relation called so.
    fn is_of(&self, at: usize, called: &str) -> bool {
        let qualifier = self
            .part(at.wrapping_sub(2))
            .filter(|_| self.words.is(at.wrapping_sub(1), "."))
            .and_then(|mut parts| parts.pop());
        qualifier.is_none_or(|name| name == called || !self.called.contains(&name))
    }

    /// The names at these words that may be columns of the relation called so.
    fn read(&self, places: impl Iterator<Item = usize>, called: &str) -> Vec<String> {
        places
            .filter(|at| !self.words.is_any(*at, &CLAUSES))
            // What stands before a dot or a parenthesis is no column.
            .filter(|at| self.is_of(*at, called) && !self.words.is_any(at + 1, &[".", "("]))
            .filter(|at| !self.filled.contains(at))
            .filter_map(|at| self.part(at))
            .flatten()
            .collect()
    }

    /// Whether all columns of the relation called so are read between two words.
    fn reads_all(&self, mut places: Range<usize>, called: &str) -> bool {
        let wide = ["select", ",", ".", "distinct", "returning", "all"];
        places.any(|at| {
            self.words.is(at, "*")
                && self.words.is_any(at.wrapping_sub(1), &wide)
                && self.is_of(at, called)
        })
    }

    /// The names in the parentheses that open at a word, and the place behind them.
    fn list(&self, at: usize) -> (Vec<String>, usize) {
        let mut end = at;
        while end < self.words.len() && !self.words.is(end, ")") {
            end += 1;
        }
        (self.names(at..end), end + 1)
    }

    /// The columns in the lists of INSERT and before the signs of SET.
    fn filled(&self) -> Vec<usize> {
        let mut filled = Vec::new();
        for at in 0..self.words.len() {
            let list = if self.words.is(at, "into") {
                self.name(at + 1).map(|(_, behind)| behind)
            } else {
                self.words.is(at, "insert").then_some(at + 1)
            };
            if let Some(list) = list.filter(|list| {
                self.words.is(*list, "(")
                    && !self.words.is_any(list + 1, &["select", "with", "values"])
            }) {
                filled.extend(list..self.list(list + 1).1);
            }
            if self.words.is(at, "set") {
                let block = self.block(at);
                let ends = ["where", "from", "returning", "when"];
                let own = |place: &usize| self.block(*place) == block;
                let end =
                    (at..block.end).find(|place| self.words.is_any(*place, &ends) && own(place));
                let list = at + 1..end.unwrap_or(block.end);
                filled.extend(list.filter(|at| {
                    self.words.is(at + 1, "=") && self.words.is_any(at - 1, &["set", ","])
                }));
            }
        }
        filled
    }

    /// What columns of the relations that are written to are qualified with.
    fn written(&self) -> Vec<String> {
        (0..self.words.len())
            .filter(|at| self.words.is_any(*at, &["into", "update"]))
            .filter_map(|at| {
                let (relation, behind) = self.name(at + 1)?;
                self.called(&relation, behind)
            })
            .collect()
    }

    /// Whether DELETE names the relation here.
    fn is_emptied(&self, source: &Source) -> bool {
        self.words.is(source.at.wrapping_sub(2), "delete")
    }

    /// The columns that a query may read of a relation: every name in it that is not said to be another's,
    /// or all where it has a star.
    fn read_columns(&self, of: &Source) -> Columns {
        let block = self.block(of.at);
        if self.reads_all(block.clone(), &of.called) || self.words.is(block.start, "table") {
            return Columns::All;
        }
        // Queries that may not look at what is beside them have names of their own.
        let apart = |at: &usize| {
            self.apart.iter().any(|query| {
                query.contains(at)
                    && *query != block
                    && block.start <= query.start
                    && query.end <= block.end
            })
        };
        Columns::Named(self.read(block.clone().filter(|at| !apart(at)), &of.called))
    }

    /// Names behind FROM, JOIN and USING, and those that commas add.
    fn sources(&self) -> Vec<Source> {
        let mut found: Vec<Source> = Vec::new();
        for at in 0..self.words.len() {
            let opens = self.words.is_any(at, &["from", "join"])
                || (self.words.is(at, "using") && self.words.is_any(0, &["delete", "merge"]))
                || (self.words.is(at, "table") && (at == 0 || self.words.is(0, "lock")));
            if !opens
                || self.words.is(at.wrapping_sub(1), "distinct")
                || self.words.is_any(at + 1, &["stdin", "("])
            {
                continue;
            }
            let mut place = at + 1;
            while let Some((name, behind)) = self.name(place) {
                if !self.words.is(behind, "(") {
                    found.push(Source {
                        called: self.called(&name, behind).unwrap_or_default(),
                        relation: name,
                        at: place,
                    });
                }
                // An alias may stand before the comma that adds another.
                let mut next = behind;
                if self.words.is(next, "as") {
                    next += 1;
                }
                if self.part(next).is_some() && self.words.is(next + 1, ",") {
                    next += 1;
                }
                if !self.words.is(next, ",") {
                    break;
                }
                place = next + 1;
            }
        }
        found
    }

    /// The alias behind a relation's name, else the name's last part.
    fn called(&self, name: &[String], behind: usize) -> Option<String> {
        let told = usize::from(self.words.is(behind, "as"));
        let alias = self.words.get(behind + told).filter(|token| {
            let plain = [TokenKind::Identifier, TokenKind::QuotedIdentifier];
            told == 1 || plain.contains(&token.kind)
        });
        alias
            .and_then(|token| ident::parts(token.text(self.words.sql))?.pop())
            .or_else(|| name.last().cloned())
    }

    /// SELECT … FOR UPDATE and its kin. `FOR UPDATE OF` may name aliases: then any relation it is.
    fn locks(&self, sources: &[Source]) -> Vec<Wanted> {
        let strengths = ["update", "share", "no", "key"];
        let Some(at) = (0..self.words.len())
            .find(|at| self.words.is(*at, "for") && self.words.is_any(at + 1, &strengths))
        else {
            return Vec::new();
        };
        let of = (at..self.words.len()).find(|at| self.words.is(*at, "of"));
        let named: Vec<String> =
            of.map_or_else(Vec::new, |of| self.names(of + 1..self.words.len()));
        let mut relations: Vec<Vec<String>> = Vec::new();
        for source in sources {
            if !relations.contains(&source.relation) {
                relations.push(source.relation.clone());
            }
        }
        let meant =
            |relation: &Vec<String>| relation.last().is_some_and(|last| named.contains(last));
        let some = relations.iter().any(meant);
        relations
            .into_iter()
            .filter(|relation| !some || meant(relation))
            .map(|relation| Wanted {
                relation,
                privilege: "UPDATE",
                columns: Columns::Named(Vec::new()),
            })
            .collect()
    }

    fn call(&self, at: usize, name: String) -> Call {
        let qualified = at >= 2 && self.words.is(at - 1, ".");
        let mut depth = 0_usize;
        let mut arguments = usize::from(!self.words.is_any(at + 2, &[")", "*"]));
        for place in at + 1..self.words.len() {
            match self.words.text(place) {
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
            if !self.words.is(at + 1, "(") {
                continue;
            }
            let sequence = self
                .words
                .get(at + 2)
                .filter(|token| token.kind == TokenKind::String);
            match (Draw::of(&name), sequence) {
                (Some(draw), Some(token)) => {
                    let text = literal(token.text(self.words.sql));
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
            ["UPDATE t a", "SELECT t b c"]
        );
        assert_eq!(
            summary("update t set (a, b) = (select c, d from u), e = 1"),
            ["UPDATE t a b e", "SELECT t c d u", "SELECT u c d u"]
        );
        assert_eq!(summary("delete from t"), ["DELETE t *"]);
        assert_eq!(summary("truncate a, b"), ["TRUNCATE a *", "TRUNCATE b *"]);
        assert_eq!(summary("copy t (a) from stdin"), ["INSERT t a"]);
    }

    #[test]
    fn columns_are_read_of_whom_they_are_said_to_be() {
        assert_eq!(
            summary("select t.id, x.name, x.* from s.t join u as x on x.id = t.id where k = 1"),
            ["SELECT s.t id t join u x id k", "SELECT u *"]
        );
        assert_eq!(
            summary("select a.n, b.m from t a, t b"),
            ["SELECT t n t a t b m"]
        );
    }

    #[test]
    fn names_reach_no_further_than_their_query() {
        assert_eq!(
            summary("select b from t where exists (select 1 from u where u.c = t.c)"),
            ["SELECT t b t u c", "SELECT u u c"]
        );
        assert_eq!(
            summary("with x as (delete from t returning a) select * from x"),
            ["DELETE t *", "SELECT t a", "SELECT x *"]
        );
        assert_eq!(
            summary(
                "insert into t (a, b) select c + 1, b from t on conflict (a) do update set b = excluded.b"
            ),
            ["INSERT t a b", "UPDATE t b", "SELECT t a b c t"]
        );
        assert_eq!(
            summary("select a from t union select b from u"),
            ["SELECT t a t", "SELECT u b u"]
        );
    }

    #[test]
    fn targets_read_what_is_said_to_be_theirs() {
        assert_eq!(
            summary("update t set b = u.b from u where u.a = t.c returning u.d"),
            [
                "UPDATE t b",
                "SELECT t u c",
                "SELECT u update t set b u a d"
            ]
        );
        assert_eq!(
            summary(
                "merge into t m using u on m.a = u.a when matched and u.c then update set b = u.d when not matched then insert (a, b) values (u.e, 1)"
            ),
            [
                "UPDATE t b",
                "INSERT t a b",
                "SELECT t m u a matched matched",
                "SELECT u merge into t m u a matched c update set d matched e"
            ]
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
        assert_eq!(told("select a from s.t"), Vec::<String>::new());
    }
}
