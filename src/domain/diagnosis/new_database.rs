//! What CREATE DATABASE says of the new database.
//!
//! Source: PostgreSQL source, `gram.y`, `createdb_opt_item`; `dbcommands.c`, `createdb`.

use crate::domain::sql::words::Words;

/// The options that the server asks rights for; `None` where they are left out or `DEFAULT`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct NewDatabase {
    /// Who is to own it.
    pub owner: Option<String>,
    /// The database that it copies.
    pub template: Option<String>,
    /// Where its files are to lie.
    pub tablespace: Option<String>,
}

/// Reads the options of a CREATE DATABASE.
#[must_use]
pub fn new_database(sql: &str) -> NewDatabase {
    let words = Words::of_statement(sql);
    let mut options = NewDatabase::default();
    let mut at = if words.is(3, "with") { 4 } else { 3 };
    while at < words.len() {
        let option = words.lower(at);
        at += if option == "connection" { 2 } else { 1 };
        if words.is(at, "=") {
            at += 1;
        }
        let value = words.named(at).filter(|_| !words.is(at, "default"));
        match option.as_str() {
            "owner" => options.owner = value,
            "template" => options.template = value,
            "tablespace" => options.tablespace = value,
            _ => {}
        }
        at += 1;
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_with_and_without_signs() {
        let said = |owner: &str, template: &str, tablespace: &str| {
            let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
            NewDatabase {
                owner: named(owner),
                template: named(template),
                tablespace: named(tablespace),
            }
        };
        for (sql, options) in [
            ("create database template", said("", "", "")),
            (
                "CREATE DATABASE d WITH OWNER = Template TEMPLATE \"Old\" TABLESPACE fast;",
                said("template", "Old", "fast"),
            ),
            (
                "create database d connection limit = 5 template 'it''s' owner default tablespace = default",
                said("", "it's", ""),
            ),
        ] {
            assert_eq!(new_database(sql), options, "{sql}");
        }
    }
}
