//! The plainest statement that needs a privilege on an object: what to ask the server about.

use super::acl::Privilege;
use super::model::Snapshot;
use super::object::{Object, ObjectId, ObjectKind};
use crate::domain::ident::{self, literal};

/// A name for what would be made.
const NEW: &str = "pgiam_rehearsal_probe";

/// Types of several words: the first is no argument's name.
const WORDY: [&str; 7] = [
    "double precision",
    "character",
    "bit",
    "timestamp",
    "time",
    "interval",
    "national",
];

impl Snapshot {
    /// The plainest statement that needs a privilege on an object; `column` is one of its columns,
    /// where one is known. `None` where no statement tells by itself.
    #[must_use]
    pub fn plainest_statement(
        &self,
        id: ObjectId,
        privilege: Privilege,
        column: Option<&str>,
    ) -> Option<String> {
        let object = self.object(id)?;
        let name = self.object_name(id);
        match object.kind {
            ObjectKind::Sequence => of_sequence(&name, privilege),
            ObjectKind::Column => {
                let table = self.object_name(object.parent?);
                of_column(&table, &object.sql_name(), privilege)
            }
            ObjectKind::Table
            | ObjectKind::PartitionedTable
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable => of_relation(object.kind, &name, privilege, column),
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => {
                self.call(object)
            }
            ObjectKind::Schema if privilege == Privilege::Create => {
                Some(format!("CREATE TABLE {name}.{NEW} ()"))
            }
            ObjectKind::Schema => Some(format!(
                "ALTER TABLE IF EXISTS {name}.{NEW} RESET (fillfactor)"
            )),
            ObjectKind::Database if self.current_database() != Some(id) => None,
            ObjectKind::Database => match privilege {
                Privilege::Create => Some(format!("CREATE SCHEMA {NEW}")),
                Privilege::Temporary => Some(format!("CREATE TEMPORARY TABLE {NEW} ()")),
                _ => None,
            },
            ObjectKind::Type | ObjectKind::Domain => {
                Some(format!("CREATE TEMPORARY TABLE {NEW} (a {name})"))
            }
            ObjectKind::Language => Some(format!("DO LANGUAGE {name} ''")),
            ObjectKind::ForeignDataWrapper => {
                Some(format!("CREATE SERVER {NEW} FOREIGN DATA WRAPPER {name}"))
            }
            ObjectKind::ForeignServer => Some(format!(
                "CREATE USER MAPPING FOR CURRENT_USER SERVER {name}"
            )),
            ObjectKind::Tablespace => {
                Some(format!("CREATE TEMPORARY TABLE {NEW} () TABLESPACE {name}"))
            }
            ObjectKind::LargeObject => Some(match privilege {
                Privilege::Update => format!("SELECT lo_put({name}, 0, '')"),
                _ => format!("SELECT lo_get({name})"),
            }),
            ObjectKind::Parameter => Some(match privilege {
                Privilege::AlterSystem => format!("ALTER SYSTEM RESET {name}"),
                _ => format!("SET {name} TO DEFAULT"),
            }),
        }
    }

    /// A call with NULL for every argument.
    fn call(&self, object: &Object) -> Option<String> {
        let name = ident::quoted(&object.name);
        let name = match object.schema {
            Some(schema) => format!("{}.{name}", self.object_name(schema)),
            None => name.into_owned(),
        };
        let mut nulls = Vec::new();
        for argument in arguments(&object.arguments) {
            nulls.push(null(argument)?);
        }
        let verb = if object.kind == ObjectKind::Procedure {
            "CALL"
        } else {
            "SELECT"
        };
        let nulls = nulls.join(", ");
        Some(format!("{verb} {name}({nulls})"))
    }
}

/// The arguments that a caller gives, between commas that stand in no quotes or parentheses.
fn arguments(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let mut quoted = false;
    text.split(|letter| {
        match letter {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0 && !quoted
    })
    .map(str::trim)
    .filter(|argument| !argument.is_empty() && !argument.starts_with("OUT "))
    .collect()
}

/// NULL of an argument's type; `None` where its type is not told.
fn null(argument: &str) -> Option<String> {
    let (mode, rest) = argument
        .split_once(' ')
        .filter(|(mode, _)| ["IN", "INOUT", "VARIADIC"].contains(mode))
        .unwrap_or(("IN", argument));
    let wordy = WORDY.iter().any(|kind| rest.starts_with(kind));
    let kind = if wordy {
        rest
    } else if let Some(behind) = rest.strip_prefix('"') {
        // A quoted name, or a type of that name.
        let (_, behind) = behind.split_once('"')?;
        behind.strip_prefix(' ').unwrap_or(rest)
    } else {
        rest.split_once(' ').map_or(rest, |(_, kind)| kind)
    };
    if kind == "ORDER BY" || kind.contains("\"any\"") {
        return None;
    }
    let before = if mode == "VARIADIC" { "VARIADIC " } else { "" };
    Some(format!("{before}NULL::{kind}"))
}

fn of_sequence(name: &str, privilege: Privilege) -> Option<String> {
    let written = literal(name);
    Some(match privilege {
        Privilege::Select => format!("SELECT last_value FROM {name}"),
        Privilege::Usage => format!("SELECT nextval({written})"),
        Privilege::Update => format!("SELECT setval({written}, 1)"),
        _ => return None,
    })
}

fn of_column(table: &str, column: &str, privilege: Privilege) -> Option<String> {
    Some(match privilege {
        Privilege::Select => format!("SELECT {column} FROM {table}"),
        Privilege::Insert => format!("INSERT INTO {table} ({column}) VALUES (DEFAULT)"),
        Privilege::Update => format!("UPDATE {table} SET {column} = DEFAULT"),
        _ => return None,
    })
}

fn of_relation(
    kind: ObjectKind,
    name: &str,
    privilege: Privilege,
    column: Option<&str>,
) -> Option<String> {
    Some(match privilege {
        Privilege::Select => format!("SELECT * FROM {name}"),
        Privilege::Insert => format!("INSERT INTO {name} DEFAULT VALUES"),
        Privilege::Update => match column {
            Some(column) => format!("UPDATE {name} SET {} = DEFAULT", ident::quoted(column)),
            None => format!("SELECT FROM {name} FOR UPDATE"),
        },
        Privilege::Delete => format!("DELETE FROM {name}"),
        Privilege::Truncate => format!("TRUNCATE {name}"),
        Privilege::Trigger => format!(
            "CREATE TRIGGER {NEW} BEFORE UPDATE ON {name} FOR EACH ROW \
             EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()"
        ),
        Privilege::Maintain if kind == ObjectKind::MaterializedView => {
            format!("REFRESH MATERIALIZED VIEW {name}")
        }
        Privilege::Maintain => format!("ANALYZE {name}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::scene::scene;
    use super::*;

    #[test]
    fn every_kind_has_its_statement() {
        let rights = scene(
            17,
            "role dba\nschema - app dba -\ntable app orders dba -\ncolumn orders total dba {dba=r/dba}",
        );
        let orders = |privilege, column| {
            let app = rights.schema_named("app");
            let orders = rights
                .objects_named(super::super::object::Realm::Relation, app, "orders")
                .next()
                .unwrap();
            rights
                .plainest_statement(orders, privilege, column)
                .unwrap()
        };
        assert_eq!(
            orders(Privilege::Update, Some("To tal")),
            "UPDATE app.orders SET \"To tal\" = DEFAULT"
        );
        assert_eq!(
            orders(Privilege::Update, None),
            "SELECT FROM app.orders FOR UPDATE"
        );
        assert_eq!(orders(Privilege::Maintain, None), "ANALYZE app.orders");
        let app = rights.schema_named("app").unwrap();
        assert_eq!(
            rights.plainest_statement(app, Privilege::Create, None),
            Some("CREATE TABLE app.pgiam_rehearsal_probe ()".into())
        );
    }

    #[test]
    fn arguments_become_nulls_of_their_types() {
        for (text, nulls) in [
            ("", vec![]),
            ("integer, n text", vec!["NULL::integer", "NULL::text"]),
            (
                "double precision, \"A, b\" numeric(10,2), OUT o integer",
                vec!["NULL::double precision", "NULL::numeric(10,2)"],
            ),
            (
                "\"Odd\", VARIADIC rest s.\"Kind\"[]",
                vec!["NULL::\"Odd\"", "VARIADIC NULL::s.\"Kind\"[]"],
            ),
        ] {
            let told: Vec<String> = arguments(text)
                .into_iter()
                .map(|argument| null(argument).unwrap())
                .collect();
            assert_eq!(told, nulls, "{text}");
        }
    }
}
