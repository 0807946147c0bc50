//! What a statement wants, read from its words: for when the server cannot be asked to try.
//!
//! It need not understand all of SQL: names that are no relations, and columns that a relation does
//! not have, fall away when they are looked up.
//!
//! Source: PostgreSQL documentation, the "Privileges" paragraphs of SELECT, INSERT, UPDATE, DELETE,
//! COPY, TRUNCATE, LOCK.

mod locked;
mod named_queries;
mod reading;
mod scope;
mod targets;

pub use locked::LockMode;

use std::ops::Range;

use super::calls::{Naming, naming};
use super::draws::Draw;
use crate::domain::ident;
use crate::domain::sql::lexer::TokenKind;
use crate::domain::sql::words::{Words, literal};
use named_queries::NamedQuery;

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

/// Whether relations are joined by the columns that they share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Natural {
    /// None are.
    #[default]
    Nowhere,
    /// Some are.
    Somewhere,
}

/// What a statement wants of relations, routines and sequences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// Privileges on relations.
    pub relations: Vec<Wanted>,
    /// Relations whose rows are locked: any column will do.
    pub locks: Vec<Wanted>,
    /// Relations and what their rows are named by as a whole, unless a column is called so.
    pub rows: Vec<(Vec<String>, String)>,
    /// Relations of which an INSERT holds rows against the constraint of a name.
    pub arbiters: Vec<(Vec<String>, String)>,
    /// Relations with the columns that a row of VALUES leaves to their defaults.
    pub defaulted: Vec<(Vec<String>, Vec<String>)>,
    /// Whether columns of one name are compared because relations share them.
    pub natural: Natural,
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
        unread: Vec::new(),
    };
    let sources = reader.sources();
    reader.unread = reader.unread(&sources);
    reader.called = sources.iter().map(|source| source.called.clone()).collect();
    reader.called.extend(reader.written());
    reader.called.extend(reader.nicknames());
    let mut wants = Wants {
        relations: reader.targets(),
        ..Wants::default()
    };
    let queries = reader.named_queries();
    let relations: Vec<&Source> = sources
        .iter()
        .filter(|source| {
            let hidden = |query: &NamedQuery| query.is_meant(&source.relation, source.at);
            !queries.iter().any(hidden)
        })
        .collect();
    wants.locks = reader.locks(&relations);
    wants.locked = reader.locked();
    wants.arbiters = reader.arbiters();
    wants.defaulted = reader.defaulted();
    if reader.words.has_any(&["natural"]) {
        wants.natural = Natural::Somewhere;
    }
    for source in relations {
        // LOCK reads nothing, and what is deleted from is told as a target.
        if reader.words.is(0, "lock") || reader.is_emptied(source) {
            continue;
        }
        if reader.names_rows(source) {
            let row = (source.relation.clone(), source.called.clone());
            wants.rows.push(row);
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

/// The same privilege on the same relation, wanted in several places, as one: of no column in particular
/// is wanted nothing more where some are.
#[must_use]
pub fn joined(wanted: Vec<Wanted>) -> Vec<Wanted> {
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

struct Reader<'a> {
    words: Words<'a>,
    /// For each word, the words of the query that it stands in.
    blocks: Vec<Range<usize>>,
    /// Queries that see nothing of the one around them.
    apart: Vec<Range<usize>>,
    /// What columns of relations are qualified with.
    called: Vec<String>,
    /// The words that name no column that is read.
    unread: Vec<usize>,
}

/// A relation that is read, where FROM names it.
struct Source {
    relation: Vec<String>,
    /// What its columns are qualified with.
    called: String,
    /// The first word of its name.
    at: usize,
    /// The word behind its name and what it is called.
    end: usize,
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

    /// The names in the parentheses that open at a word, and the place behind them.
    fn list(&self, at: usize) -> (Vec<String>, usize) {
        let mut end = at;
        while end < self.words.len() && !self.words.is(end, ")") {
            end += 1;
        }
        (self.names(at..end), end + 1)
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

    /// Names behind FROM, JOIN and USING, and those that commas add.
    fn sources(&self) -> Vec<Source> {
        let mut found: Vec<Source> = Vec::new();
        for at in 0..self.words.len() {
            let opens = self.words.is_any(at, &["from", "join"])
                || (self.words.is(at, "using") && self.words.is_any(0, &["delete", "merge"]))
                || (self.words.is(at, "table")
                    && (self.block(at).start == at || self.words.is(0, "lock")));
            if !opens
                || self.words.is(at.wrapping_sub(1), "distinct")
                || (self.words.is(at, "from") && self.is_argument(at))
                || self.words.is_any(at + 1, &["stdin", "("])
            {
                continue;
            }
            let mut place = at + 1;
            while let Some((name, behind)) = self.name(place) {
                let mut next = self.behind_alias(behind);
                if !self.words.is(behind, "(") {
                    found.push(Source {
                        called: self.called(&name, behind).unwrap_or_default(),
                        relation: name,
                        at: place,
                        end: next,
                    });
                }
                // An alias with new names of columns may stand before the comma that adds another.
                if next > behind && self.words.is(next, "(") {
                    next = self.words.closing(next).map_or(next, |close| close + 1);
                }
                if !self.words.is(next, ",") {
                    break;
                }
                place = next + 1;
            }
        }
        found
    }

    /// Whether a word stands in the parentheses of a call, as FROM does in `trim(both from a)`.
    fn is_argument(&self, at: usize) -> bool {
        let mut depth = 0_usize;
        for place in (0..at).rev() {
            match self.words.text(place) {
                ")" => depth += 1,
                "(" if depth == 0 => return !self.begins_query(place + 1),
                "(" => depth -= 1,
                _ => {}
            }
        }
        false
    }

    /// The alias behind a relation's name, else the name's last part.
    fn called(&self, name: &[String], behind: usize) -> Option<String> {
        let end = self.behind_alias(behind);
        let alias = end.checked_sub(1).filter(|last| *last >= behind);
        alias
            .and_then(|last| self.part(last)?.pop())
            .or_else(|| name.last().cloned())
    }

    /// The place behind a relation's alias, where it has one.
    fn behind_alias(&self, behind: usize) -> usize {
        let told = usize::from(self.words.is(behind, "as"));
        let plain = [TokenKind::Identifier, TokenKind::QuotedIdentifier];
        let alias = self.words.get(behind + told).filter(|token| {
            (told == 1 && self.part(behind + 1).is_some()) || plain.contains(&token.kind)
        });
        alias.map_or(behind, |_| behind + told + 1)
    }

    /// Whether a query begins at a word.
    fn begins_query(&self, at: usize) -> bool {
        let begins = [
            "select", "with", "values", "table", "insert", "update", "delete", "merge", "(",
        ];
        self.words.is_any(at, &begins)
    }

    /// The constraints behind ON CONFLICT ON CONSTRAINT, and the relations that are inserted into.
    fn arbiters(&self) -> Vec<(Vec<String>, String)> {
        let into = (0..self.words.len()).filter(|at| self.words.is(*at, "into"));
        into.filter_map(|at| {
            let (relation, behind) = self.name(at + 1)?;
            let conflict = self.find_in_block("conflict", behind)?;
            let told =
                self.words.is(conflict + 1, "on") && self.words.is(conflict + 2, "constraint");
            let constraint = self.part(conflict + 3).filter(|_| told)?.pop()?;
            Some((relation, constraint))
        })
        .collect()
    }

    /// What SELECT … FOR UPDATE and its kin lock of a query's relations: those behind OF, else all.
    fn locks(&self, sources: &[&Source]) -> Vec<Wanted> {
        let mut relations: Vec<Vec<String>> = Vec::new();
        for at in self.locking() {
            let block = self.block(at);
            let of = self.locked_of(at);
            let named = of.map_or_else(Vec::new, |of| self.names(of));
            let locked = sources.iter().filter(|source| {
                self.block(source.at) == block
                    && (named.is_empty() || named.contains(&source.called))
            });
            for source in locked {
                if !relations.contains(&source.relation) {
                    relations.push(source.relation.clone());
                }
            }
        }
        let wanted = |relation| Wanted {
            relation,
            privilege: "UPDATE",
            columns: Columns::Named(Vec::new()),
        };
        relations.into_iter().map(wanted).collect()
    }

    /// Where FOR UPDATE and its kin begin.
    fn locking(&self) -> Vec<usize> {
        let strengths = ["update", "share", "no", "key"];
        let begins =
            |at: &usize| self.words.is(*at, "for") && self.words.is_any(at + 1, &strengths);
        (0..self.words.len()).filter(begins).collect()
    }

    /// The words behind the OF of one of them.
    fn locked_of(&self, at: usize) -> Option<Range<usize>> {
        let of = (at..at + 5).find(|at| self.words.is(*at, "of"))?;
        let names = |at: &usize| {
            self.words.is_any(*at, &[",", "."])
                || (self.part(*at).is_some()
                    && !self.words.is_any(*at, &["nowait", "skip", "for", "union"]))
        };
        let end = (of + 1..self.words.len()).find(|at| !names(at));
        Some(of + 1..end.unwrap_or(self.words.len()))
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
            ["UPDATE t a b e", "SELECT t c d", "SELECT u c d"]
        );
        assert_eq!(summary("delete from t"), ["DELETE t *"]);
        assert_eq!(summary("truncate a, b"), ["TRUNCATE a *", "TRUNCATE b *"]);
        assert_eq!(summary("copy t (a) from stdin"), ["INSERT t a"]);
    }

    #[test]
    fn columns_are_read_of_whom_they_are_said_to_be() {
        assert_eq!(
            summary("select t.id, x.name, x.* from s.t join u as x on x.id = t.id where k = 1"),
            ["SELECT s.t id join id k", "SELECT u *"]
        );
        assert_eq!(summary("select a.n, b.m from t a, t b"), ["SELECT t n m"]);
    }

    #[test]
    fn names_reach_no_further_than_their_query() {
        assert_eq!(
            summary("select b from t where exists (select 1 from u where u.c = t.c)"),
            ["SELECT t b c", "SELECT u c"]
        );
        assert_eq!(
            summary("with x as (delete from t returning a) select * from x"),
            ["DELETE t *", "SELECT t a"]
        );
        assert_eq!(
            summary(
                "insert into t (a, b) select c + 1, b from t on conflict (a) do update set b = excluded.b"
            ),
            ["INSERT t a b", "UPDATE t b", "SELECT t a b c"]
        );
        assert_eq!(
            summary("select a from t union select b from u"),
            ["SELECT t a", "SELECT u b"]
        );
    }

    #[test]
    fn targets_read_what_is_said_to_be_theirs() {
        assert_eq!(
            summary("update t set b = u.b from u where u.a = t.c returning u.d"),
            ["UPDATE t b", "SELECT t c", "SELECT u update t set b a d"]
        );
        assert_eq!(
            summary(
                "merge into t m using u on m.a = u.a when matched and u.c then update set b = u.d when not matched then insert (a, b) values (u.e, 1)"
            ),
            [
                "UPDATE t b",
                "INSERT t a b",
                "SELECT t a matched matched",
                "SELECT u merge into t a matched c update set d matched e"
            ]
        );
    }

    #[test]
    fn new_names_are_no_columns() {
        assert_eq!(
            summary("select b as id, c z, (d) k from t as x (e, f) where x.e = 1"),
            ["SELECT t b c d e"]
        );
        assert_eq!(
            summary("select distinct on (a) b from t, lateral f(t.d) as r (id int, c text)"),
            ["SELECT t distinct a b lateral d"]
        );
        assert_eq!(
            summary("select l.id from t, lateral (select u.id from u) l"),
            ["SELECT t ", "SELECT u id"]
        );
    }

    #[test]
    fn queries_of_with_hide_relations() {
        assert_eq!(
            summary("with t as (select a from t) select a from t"),
            ["SELECT t a"]
        );
        assert_eq!(
            summary(
                "with recursive r (n) as (select a from u union all select n from r) select n from r, s.r"
            ),
            ["SELECT u a", "SELECT s.r recursive n"]
        );
        assert_eq!(
            summary("with a as (select x from t) select 1 union select x from a"),
            ["SELECT t x"]
        );
    }

    #[test]
    fn tables_are_read_wherever_they_stand() {
        assert_eq!(summary("select a from (table t) as k"), ["SELECT t *"]);
        assert_eq!(
            summary("insert into u table t"),
            ["INSERT u *", "SELECT t *"]
        );
        assert_eq!(
            summary("explain (analyze, buffers) update t set a = 1"),
            ["UPDATE t a"]
        );
    }

    #[test]
    fn what_is_left_to_defaults_is_told() {
        assert_eq!(
            summary("insert into t default values returning a"),
            ["INSERT t ", "SELECT t a"]
        );
        assert_eq!(
            wants("insert into s.t (a, b) values (default, f(1, 2)), (1, default)").defaulted,
            [(
                vec!["s".to_owned(), "t".to_owned()],
                vec!["a".to_owned(), "b".to_owned()]
            )]
        );
        assert_eq!(
            summary("update t set a['x'] = b, c = 1"),
            ["UPDATE t a c", "SELECT t b"]
        );
    }

    #[test]
    fn rows_are_named_as_a_whole() {
        let told = |sql: &str| wants(sql).rows;
        let row =
            |relation: &str, called: &str| vec![(vec![relation.to_owned()], called.to_owned())];
        assert_eq!(told("select t from t"), row("t", "t"));
        assert_eq!(told("select row_to_json(x) from t as x"), row("t", "x"));
        assert_eq!(told("select (x).id from t x"), row("t", "x"));
        assert!(told("select x.id, count(*) as x, t(1) from t x, u").is_empty());
        assert!(told("select a from t for update of t").is_empty());
        assert_eq!(
            summary("select trim(both 'x' from b) from t"),
            ["SELECT t both b"]
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
            told("select a from s.t x, s.t y, s.u z for update of x skip locked"),
            ["UPDATE s.t"]
        );
        // A queue: what waits is locked, what is beside it is not.
        assert_eq!(
            told(
                "with j as (select id from q limit 1 for update) update q set a = 1 from j, u where q.id = j.id"
            ),
            ["UPDATE q"]
        );
        assert_eq!(told("select a from s.t"), Vec::<String>::new());
    }
}
