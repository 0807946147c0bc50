//! Calls of dblink that connect to another server: by the name of a foreign server or by a connection
//! string.
//!
//! Source: PostgreSQL source, `dblink.c`, `get_connect_string` and `dblink_connstr_check`.

use crate::domain::sql::words::Words;

/// Where one call connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The name of a server, or a connection string.
    pub to: String,
    /// Who may make it without a password.
    pub without_password: Passwordless,
}

/// Who may connect without a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passwordless {
    /// Only superusers.
    Superusers,
    /// All who may call the function.
    Everybody,
}

impl Link {
    /// Whether it is a connection string without a password. The name of a connection that is open
    /// already looks like neither.
    #[must_use]
    pub fn lacks_password(&self) -> bool {
        let text = self.to.to_lowercase();
        let has = match text.split_once("://") {
            Some((_, rest)) => {
                let login = rest.split_once('@').map_or("", |(login, _)| login);
                login.contains(':') || rest.contains("password=")
            }
            None => text.match_indices("password").any(|(at, word)| {
                let ends = |rest: &str| rest.trim_start().starts_with('=');
                let begins =
                    |before: &str| before.is_empty() || before.ends_with(char::is_whitespace);
                let (before, after) = (text.get(..at), text.get(at + word.len()..));
                before.is_some_and(begins) && after.is_some_and(ends)
            }),
        };
        (text.contains('=') || text.contains("://")) && !has
    }
}

/// The calls in a statement whose first words tell where they connect to.
#[must_use]
pub fn links(sql: &str) -> Vec<Link> {
    let words = Words::of_statement(sql);
    (0..words.len())
        .filter_map(|at| {
            let name = words.name(at).filter(|_| words.text(at + 1) == "(")?;
            let (first, second) = (words.literal(at + 2), words.literal(at + 4));
            let two = words.text(at + 3) == ",";
            let to = match name.as_str() {
                // A single argument is a query for the connection that is open.
                "dblink" | "dblink_exec" if two => second.and(first),
                "dblink_connect" | "dblink_connect_u" if two => second,
                "dblink_connect" | "dblink_connect_u" => first,
                _ => None,
            }?;
            let without_password = if name == "dblink_connect_u" {
                Passwordless::Everybody
            } else {
                Passwordless::Superusers
            };
            Some(Link {
                to,
                without_password,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_connects_is_told_from_what_is_asked() {
        for (sql, to) in [
            (
                "select * from dblink('far', 'select 1') as x(a int)",
                Some("far"),
            ),
            (
                "select x.dblink_exec('dbname=d', 'vacuum', true)",
                Some("dbname=d"),
            ),
            ("select dblink_connect('c', 'host=h')", Some("host=h")),
            ("select dblink_connect_u('host=h')", Some("host=h")),
            ("select * from dblink('select 1') as x(a int)", None),
            ("select * from dblink('select 1', false) as x(a int)", None),
            ("select dblink(c.conn, 'x') from c", None),
        ] {
            let found: Vec<String> = links(sql).into_iter().map(|link| link.to).collect();
            assert_eq!(found, Vec::from_iter(to), "{sql}");
        }
    }

    #[test]
    fn passwords_are_seen_in_both_forms() {
        for (to, lacks) in [
            ("host=h user=u", true),
            ("host=h Password = 'x'", false),
            ("host=h passwords=x", true),
            ("postgresql://u@h/d", true),
            ("postgres://u:p@h/d", false),
            ("postgres://u@h/d?password=p", false),
            ("c1", false),
        ] {
            let link = Link {
                to: to.into(),
                without_password: Passwordless::Superusers,
            };
            assert_eq!(link.lacks_password(), lacks, "{to}");
        }
    }
}
