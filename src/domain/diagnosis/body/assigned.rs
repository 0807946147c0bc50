//! What the function of a BEFORE trigger makes of the row that it is fired for, as expressions of the row
//! that it is given.
//!
//! Source: PostgreSQL documentation, "Trigger Functions" in PL/pgSQL.

use super::event;
use super::pieces::{assigns, given, pieces, target};
use super::values::variable;
use crate::domain::sql::lexer::{Token, TokenKind, tokens};
use crate::domain::sql::words::Words;
use std::collections::BTreeMap;

/// Longer expressions are given up: they would grow with every assignment.
const LONGEST: usize = 4_000;

/// The row that a trigger's function returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The columns of NEW that it gives a value, each as an expression; `None` where it is not known which.
    pub columns: BTreeMap<String, Option<String>>,
    /// Whether the row is written at all.
    pub kept: Kept,
}

/// Which rows a trigger's function does not drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// All of them.
    All,
    /// Those for which this holds.
    Where(String),
    /// It is not known.
    Perhaps,
}

/// What a body that an event fires returns; `None` where the row may become anything.
#[must_use]
pub fn assigned(body: &str, event: &str) -> Option<Assigned> {
    let words = Words::of(body).all;
    let pieces = pieces(body, &words);
    let mut reader = Reader {
        body,
        event,
        pieces,
        at: 0,
        returned: Vec::new(),
    };
    if reader.replaces() {
        return None;
    }
    if reader.is_plain() {
        let read = reader.block(&State::default(), &[]);
        if read.is_some() && reader.at >= reader.pieces.len() && !reader.returned.is_empty() {
            return Some(reader.told());
        }
    }
    Some(Assigned {
        columns: reader
            .columns()
            .into_iter()
            .map(|column| (column, None))
            .collect(),
        kept: Kept::Perhaps,
    })
}

/// What variables and the columns of NEW (`new.name`) stand for; `None` where it is not known.
#[derive(Debug, Clone, Default)]
struct State {
    values: BTreeMap<String, Option<String>>,
    /// Whether nothing comes here any more.
    ended: bool,
}

/// What one RETURN gives back.
struct Returned {
    /// The conditions on the way to it.
    path: Vec<String>,
    /// What is known there; `None` where the row is dropped.
    row: Option<State>,
}

struct Reader<'a> {
    body: &'a str,
    event: &'a str,
    pieces: Vec<&'a [Token]>,
    at: usize,
    returned: Vec<Returned>,
}

impl<'a> Reader<'a> {
    fn is(&self, piece: &[Token], at: usize, word: &str) -> bool {
        piece.get(at).is_some_and(|token| token.is(self.body, word))
    }

    fn text(&self, piece: &[Token], at: usize) -> &'a str {
        piece.get(at).map_or("", |token| token.text(self.body))
    }

    fn span(&self, piece: &[Token]) -> &'a str {
        match (piece.first(), piece.last()) {
            (Some(first), Some(last)) => self.body.get(first.start..last.end).unwrap_or_default(),
            _ => "",
        }
    }

    fn words(&self) -> Vec<Token> {
        self.pieces.concat()
    }

    /// Whether NEW as a whole is given another value.
    fn replaces(&self) -> bool {
        let words = self.words();
        (0..words.len()).any(|at| {
            let before = at.checked_sub(1).unwrap_or(words.len());
            let starts = at == 0
                || [";", "begin", "then", "else", "loop"]
                    .iter()
                    .any(|word| self.text(&words, before).eq_ignore_ascii_case(word));
            let filled = self.is(&words, before, "into") || self.is(&words, before, "strict");
            self.is(&words, at, "new")
                && self.text(&words, at + 1) != "."
                && (filled || (starts && [":=", "=", ":"].contains(&self.text(&words, at + 1))))
        })
    }

    /// Whether it has no loops, no CASE that chooses statements and no handlers.
    fn is_plain(&self) -> bool {
        !self.pieces.iter().any(|piece| {
            let last = piece.len().saturating_sub(1);
            self.is(piece, last, "loop")
                || ["exception", "when", "<<"]
                    .iter()
                    .any(|word| self.is(piece, 0, word))
                || (self.is(piece, 0, "case") && self.is(piece, last, "then"))
        })
    }

    /// The columns of NEW that are given a value anywhere.
    fn columns(&self) -> Vec<String> {
        let words = self.words();
        (0..words.len())
            .filter(|at| self.is(&words, *at, "new") && self.text(&words, at + 1) == ".")
            .filter_map(|at| variable(self.body, *words.get(at + 2)?))
            .collect()
    }

    /// Reads until the block ends; what is known then.
    fn block(&mut self, before: &State, path: &[String]) -> Option<State> {
        let mut state = before.clone();
        while let Some(piece) = self.pieces.get(self.at).copied() {
            let first = self.text(piece, 0).to_lowercase();
            let ends_if = first == "end" && self.is(piece, 1, "if");
            if ["elsif", "elseif", "else"].contains(&first.as_str()) || ends_if {
                return Some(state);
            }
            self.at += 1;
            if first == "if" {
                state = self.choice(piece, &state, path)?;
            } else if !state.ended {
                self.statement(piece, &mut state, path)?;
            }
        }
        Some(state)
    }

    /// `IF … THEN … ELSIF … ELSE … END IF`.
    fn choice(&mut self, first: &[Token], before: &State, path: &[String]) -> Option<State> {
        let mut ways: Vec<(String, State)> = Vec::new();
        let mut path = path.to_vec();
        let mut piece = first;
        loop {
            let condition = match piece.split_last() {
                Some((_, condition)) if !self.is(piece, 0, "else") => {
                    let condition = condition.get(1..).unwrap_or_default();
                    match event::holds(self.body, self.event, condition) {
                        Some(holds) => holds.to_string(),
                        None => before.told(self.span(condition))?,
                    }
                }
                _ => "true".to_owned(),
            };
            let mut way = path.clone();
            way.push(condition.clone());
            let mut start = before.clone();
            start.ended |= condition == "false";
            let state = self.block(&start, &way)?;
            path.push(format!("NOT coalesce(({condition}), false)"));
            let otherwise = condition == "true";
            ways.push((condition, state));
            let next = self.pieces.get(self.at).copied()?;
            self.at += 1;
            if self.is(next, 0, "end") {
                if !otherwise {
                    ways.push(("true".to_owned(), before.clone()));
                }
                return Some(State::meeting(&ways));
            }
            piece = next;
        }
    }

    fn statement(&mut self, piece: &[Token], state: &mut State, path: &[String]) -> Option<()> {
        let piece = match piece.split_last() {
            Some((last, inner)) if last.text(self.body) == ";" => inner,
            _ => piece,
        };
        if self.is(piece, 0, "return") {
            state.ended = true;
            let row = if self.is(piece, 1, "null") {
                None
            } else if self.is(piece, 1, if self.event == "DELETE" { "old" } else { "new" }) {
                Some(state.clone())
            } else if self.is(piece, 1, "new") && self.event == "DELETE" {
                None
            } else {
                return None;
            };
            self.returned.push(Returned {
                path: path.to_vec(),
                row,
            });
        } else if self.is(piece, 0, "raise") {
            let level = self.text(piece, 1).to_lowercase();
            state.ended |= !["notice", "warning", "info", "log", "debug"].contains(&level.as_str());
        } else if let Some((into, end)) = target(self.body, piece) {
            self.filled(piece, (into, end), state);
        } else if let Some(at) = assigns(self.body, piece).filter(|at| *at > 0) {
            let value = state.told(self.span(piece.get(at + 1..).unwrap_or_default()));
            if let Some(name) = self.name(piece.get(..at).unwrap_or_default()) {
                state.assign(name, value);
            }
        } else {
            for name in given(self.body, piece) {
                state.assign(name, None);
            }
        }
        Some(())
    }

    /// The variable or the column of NEW that words begin with.
    fn name(&self, words: &[Token]) -> Option<String> {
        if self.is(words, 0, "new") && self.text(words, 1) == "." {
            let column = variable(self.body, *words.get(2)?)?;
            return Some(format!("new.{column}"));
        }
        variable(self.body, *words.first()?)
    }

    /// `SELECT … INTO …`.
    fn filled(&self, piece: &[Token], (into, end): (usize, usize), state: &mut State) {
        let targets = piece.get(into + 1..end).unwrap_or_default();
        let names: Vec<String> = targets
            .split(|token| token.text(self.body) == ",")
            .filter_map(|words| {
                let strict = usize::from(self.is(words, 0, "strict"));
                self.name(words.get(strict..).unwrap_or_default())
            })
            .collect();
        let query = format!(
            "{} {}",
            self.span(piece.get(..into).unwrap_or_default()),
            self.span(piece.get(end..).unwrap_or_default())
        );
        let reads = self.is(piece, 0, "select") || self.is(piece, 0, "with");
        let query = state.told(query.trim()).filter(|_| reads);
        let columns: Vec<String> = (1..=names.len())
            .map(|at| format!("pgiam_column_{at}"))
            .collect();
        for (name, column) in names.into_iter().zip(&columns) {
            let value = query.as_ref().map(|query| {
                format!(
                    "(SELECT {column} FROM ({query}) AS pgiam_row({}) LIMIT 1)",
                    columns.join(", ")
                )
            });
            state.assign(name, value);
        }
    }

    /// What all the RETURNs come to.
    fn told(&self) -> Assigned {
        let whole = |path: &[String]| {
            let all: Vec<String> = path.iter().map(|one| format!("({one})")).collect();
            if all.is_empty() {
                "true".to_owned()
            } else {
                all.join(" AND ")
            }
        };
        let kept: Vec<&Returned> = self
            .returned
            .iter()
            .filter(|returned| returned.row.is_some())
            .collect();
        let mut columns = BTreeMap::new();
        let states = || kept.iter().filter_map(|returned| returned.row.as_ref());
        for name in states().flat_map(|state| state.values.keys()) {
            let Some(column) = name.strip_prefix("new.") else {
                continue;
            };
            let own = Some(format!("new.{}", crate::domain::ident::quoted(column)));
            let values: Option<Vec<(String, String)>> = kept
                .iter()
                .map(|returned| {
                    let values = &returned.row.as_ref()?.values;
                    let value = values.get(name).unwrap_or(&own).clone()?;
                    Some((whole(&returned.path), value))
                })
                .collect();
            let _ = columns.insert(column.to_owned(), values.map(|values| case(&values)));
        }
        let dropped: Vec<String> = self
            .returned
            .iter()
            .filter(|returned| returned.row.is_none())
            .map(|returned| format!("coalesce(({}), false)", whole(&returned.path)))
            .collect();
        Assigned {
            columns,
            kept: if dropped.is_empty() {
                Kept::All
            } else {
                Kept::Where(format!("NOT ({})", dropped.join(" OR ")))
            },
        }
    }
}

/// The first value whose condition holds; the last where none does.
fn case(values: &[(String, String)]) -> String {
    let surely = values.iter().position(|(condition, _)| condition == "true");
    let values = values.get(..surely.map_or(values.len(), |at| at + 1));
    match values.unwrap_or_default().split_last() {
        None => "NULL".to_owned(),
        Some(((_, last), before)) => {
            if before.iter().all(|(_, value)| value == last) {
                return last.clone();
            }
            let whens: Vec<String> = before
                .iter()
                .map(|(condition, value)| format!("WHEN {condition} THEN {value}"))
                .collect();
            format!("CASE {} ELSE {last} END", whens.join(" "))
        }
    }
}

impl State {
    fn assign(&mut self, name: String, value: Option<String>) {
        let value = value.filter(|value| value.len() < LONGEST);
        let _ = self
            .values
            .insert(name, value.map(|value| format!("({value})")));
    }

    /// What is known where several ways meet, each with the condition that it is taken under.
    fn meeting(ways: &[(String, Self)]) -> Self {
        let open: Vec<&(String, Self)> = ways.iter().filter(|(_, way)| !way.ended).collect();
        let mut met = Self {
            ended: open.is_empty(),
            ..Self::default()
        };
        for name in open.iter().flat_map(|(_, way)| way.values.keys()) {
            let own = Some(match name.strip_prefix("new.") {
                Some(column) => format!("new.{}", crate::domain::ident::quoted(column)),
                None => name.clone(),
            });
            let values: Option<Vec<(String, String)>> = open
                .iter()
                .map(|(condition, way)| {
                    Some((
                        condition.clone(),
                        way.values.get(name).unwrap_or(&own).clone()?,
                    ))
                })
                .collect();
            let value = values
                .map(|values| case(&values))
                .filter(|value| value.len() < LONGEST);
            let _ = met.values.insert(name.clone(), value);
        }
        met
    }

    /// An expression of what was given; `None` where something in it is not known.
    fn told(&self, expression: &str) -> Option<String> {
        let words: Vec<Token> = tokens(expression)
            .into_iter()
            .filter(|token| token.kind != TokenKind::Comment)
            .collect();
        let text = |at: usize| words.get(at).map_or("", |token| token.text(expression));
        let changed = self.values.keys().any(|name| name.starts_with("new."));
        let mut told = String::new();
        let mut from = 0;
        let mut at = 0;
        while let Some(word) = words.get(at).copied() {
            let part = at > 0 && text(at - 1) == ".";
            let new = word.is(expression, "new") && !part;
            let mut end = at;
            let name = if new && text(at + 1) == "." {
                end = at + 2;
                let column = words
                    .get(end)
                    .and_then(|token| variable(expression, *token));
                match column {
                    Some(column) => Some(format!("new.{column}")),
                    None if changed => return None,
                    None => None,
                }
            } else if new && changed {
                return None;
            } else {
                let other = [".", "(", "=>"].contains(&text(at + 1));
                variable(expression, word).filter(|_| !part && !other)
            };
            if let (Some(value), Some(last)) = (
                name.and_then(|name| self.values.get(&name)),
                words.get(end).copied(),
            ) {
                told.push_str(expression.get(from..word.start)?);
                told.push_str(value.as_deref()?);
                from = last.end;
            }
            at = end + 1;
        }
        told.push_str(expression.get(from..)?);
        Some(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(body: &str, event: &str) -> Vec<(String, String)> {
        assigned(body, event)
            .map(|assigned| {
                let told = |(name, value): (String, Option<String>)| {
                    (name, value.unwrap_or_else(|| "?".to_owned()))
                };
                assigned.columns.into_iter().map(told).collect()
            })
            .unwrap_or_default()
    }

    #[test]
    fn columns_are_given_values_one_after_the_other() {
        let body = "declare v text := 'x' || new.c; begin new.b := 7; new.a = new.b + 1; \
                    select upper(v) into new.c; return new; end";
        let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            columns(body, "INSERT"),
            [
                value("a", "((7) + 1)"),
                value("b", "(7)"),
                value(
                    "c",
                    "((SELECT pgiam_column_1 FROM (select upper(('x' || new.c))) AS pgiam_row(pgiam_column_1) LIMIT 1))"
                ),
            ]
        );
    }

    #[test]
    fn branches_become_cases_and_dropped_rows_are_told() {
        let body = "begin if tg_op = 'INSERT' then new.a := 1; elsif new.b then new.a := 2; end if; \
                    if new.c is null then return null; end if; return new; end";
        let told = assigned(body, "UPDATE");
        let wanted = Assigned {
            columns: BTreeMap::from([(
                "a".to_owned(),
                Some("CASE WHEN new.b THEN (2) ELSE new.a END".to_owned()),
            )]),
            kept: Kept::Where("NOT (coalesce(((new.c is null)), false))".to_owned()),
        };
        assert_eq!(told, Some(wanted));
        assert_eq!(
            columns(body, "INSERT"),
            [("a".to_owned(), "(1)".to_owned())]
        );
    }

    #[test]
    fn what_cannot_be_followed_is_not_known() {
        let looped = "begin for i in 1..3 loop new.a := i; end loop; return new; end";
        assert_eq!(
            columns(looped, "INSERT"),
            [("a".to_owned(), "?".to_owned())]
        );
        for replaced in [
            "begin new := old; return new; end",
            "begin select * into new from t; return new; end",
        ] {
            assert_eq!(assigned(replaced, "UPDATE"), None, "{replaced}");
        }
        let kept = |body: &str, event: &str| assigned(body, event).map(|told| told.kept);
        assert_eq!(kept("begin return old; end", "DELETE"), Some(Kept::All));
        assert_eq!(
            kept("begin return new; end", "DELETE"),
            Some(Kept::Where("NOT (coalesce((true), false))".to_owned()))
        );
        assert_eq!(kept("begin return old; end", "UPDATE"), Some(Kept::Perhaps));
    }
}
