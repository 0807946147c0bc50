//! Triggers whose functions are written in C: what those of the server's own extensions run is known,
//! that of others is not.

use super::need::cell;
use super::written::Fired;
use crate::domain::ident::{literal, quoted};

/// What a trigger in C does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Native {
    /// It runs this, as whoever writes, for rows for which something holds.
    Query { text: String, made: String },
    /// It unlinks the large objects that rows lose in a column.
    Unlinks { column: String, otherwise: String },
    /// This is known only when it runs.
    Unknown(String),
}

/// What a trigger does that is written in C; nothing for others.
pub(super) fn done_by(fired: &Fired) -> Vec<Native> {
    if cell(&fired.row, 6) != "c" {
        return Vec::new();
    }
    let given: Vec<&str> = fired.given.iter().map(String::as_str).collect();
    native((&fired.name, &fired.function), fired.event, &given)
}

/// Source: `spi/refint.c`, `spi/autoinc.c`, `spi/moddatetime.c`, `spi/insert_username.c`, `lo/lo.c`.
fn native((trigger, function): (&str, &str), event: &str, arguments: &[&str]) -> Vec<Native> {
    let unknown = |what: &str| vec![Native::Unknown(format!("trigger {trigger} {what}"))];
    match (function, arguments) {
        ("moddatetime" | "insert_username", _) => Vec::new(),
        ("check_primary_key", _) if event == "DELETE" => Vec::new(),
        ("check_primary_key", _) => {
            let half = arguments.len() / 2;
            let own = arguments.get(..half).unwrap_or_default();
            let referenced = arguments.get(half).zip(arguments.get(half + 1..));
            referenced.map_or_else(Vec::new, |(table, columns)| {
                vec![Native::Query {
                    text: format!(
                        "SELECT 1 FROM {table} WHERE {}",
                        each(columns, "", " IS NOT NULL", " AND ")
                    ),
                    made: each(own, "new.", " IS NOT NULL", " AND "),
                }]
            })
        }
        ("check_foreign_key", [references, action, rest @ ..]) => {
            let keys = keys(rest.len(), references.parse().unwrap_or_default());
            let made = changed(event, rest.get(..keys).unwrap_or_default());
            let tables = rest.get(keys..).unwrap_or_default().chunks(keys + 1);
            tables
                .filter_map(|part| part.split_first())
                .map(|(table, columns)| Native::Query {
                    text: followed((event, action), table, columns),
                    made: made.clone(),
                })
                .collect()
        }
        ("autoinc", _) => arguments
            .chunks(2)
            .filter_map(|pair| pair.first().zip(pair.get(1)))
            .map(|(column, sequence)| Native::Query {
                text: format!("SELECT pg_catalog.nextval({})", literal(sequence)),
                made: format!("coalesce(new.{}, 0) = 0", quoted(column)),
            })
            .collect(),
        ("lo_manage", _) => vec![Native::Unlinks {
            column: arguments.first().copied().unwrap_or_default().to_owned(),
            otherwise: format!(
                "trigger {trigger} unlinks the large objects that rows lose: only their owners may, and whose they are \
                 is known only when it runs"
            ),
        }],
        _ => unknown(&format!(
            "runs {function}, which is written in C: what that looks at is known only when it runs"
        )),
    }
}

/// The condition that a key is given up: one without a value is not, nor one that stays.
fn changed(event: &str, key: &[&str]) -> String {
    let given = each(key, "old.", " IS NOT NULL", " AND ");
    if event != "UPDATE" {
        return given;
    }
    let other: Vec<String> = key
        .iter()
        .map(|column| format!("old.{0} IS DISTINCT FROM new.{0}", quoted(column)))
        .collect();
    format!("{given} AND ({})", other.join(" OR "))
}

/// How many columns the key has, of which each reference repeats as many behind its table's name.
fn keys(given: usize, references: usize) -> usize {
    given
        .saturating_sub(references)
        .checked_div(references + 1)
        .unwrap_or_default()
}

/// What happens to the rows that refer to one that changes.
fn followed((event, action): (&str, &str), table: &str, columns: &[&str]) -> String {
    let found = each(columns, "", " IS NOT NULL", " AND ");
    match (action.to_lowercase().as_str(), event) {
        ("cascade", "DELETE") => format!("DELETE FROM {table} WHERE {found}"),
        ("cascade" | "setnull", _) => {
            let emptied = each(columns, "", " = NULL", ", ");
            format!("UPDATE {table} SET {emptied} WHERE {found}")
        }
        _ => format!("SELECT 1 FROM {table} WHERE {found}"),
    }
}

fn each(columns: &[&str], before: &str, behind: &str, between: &str) -> String {
    let each: Vec<String> = columns
        .iter()
        .map(|column| format!("{before}{}{behind}", quoted(column)))
        .collect();
    each.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_triggers_of_refint_run_is_told_from_their_arguments() {
        let run = |function: &str, event: &str, arguments: &[&str]| {
            native(("t", function), event, arguments)
                .into_iter()
                .map(|native| match native {
                    Native::Query { text, .. }
                    | Native::Unknown(text)
                    | Native::Unlinks {
                        otherwise: text, ..
                    } => text.replace('"', ""),
                })
                .collect::<Vec<String>>()
        };
        assert_eq!(
            run("check_primary_key", "INSERT", &["a", "b", "pk", "c", "d"]),
            ["SELECT 1 FROM pk WHERE c IS NOT NULL AND d IS NOT NULL"]
        );
        let one = ["1", "cascade", "id", "fk", "ref"];
        assert_eq!(
            run("check_foreign_key", "DELETE", &one),
            ["DELETE FROM fk WHERE ref IS NOT NULL"]
        );
        let two = ["2", "setnull", "id", "fk", "ref", "s.other", "r"];
        assert_eq!(
            run("check_foreign_key", "DELETE", &two),
            [
                "UPDATE fk SET ref = NULL WHERE ref IS NOT NULL",
                "UPDATE s.other SET r = NULL WHERE r IS NOT NULL"
            ]
        );
        assert_eq!(
            run("autoinc", "INSERT", &["id", "next_id"]),
            ["SELECT pg_catalog.nextval('next_id')"]
        );
        assert!(run("own", "INSERT", &[])[0].contains("written in C"));
    }
}
