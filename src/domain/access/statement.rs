//! A GRANT or REVOKE in SQL, in terms of a snapshot: the question "what if this is run?".
//!
//! Source: PostgreSQL documentation, "GRANT" and "REVOKE"; PostgreSQL source, `gram.y`
//! (`GrantStmt`, `GrantRoleStmt`).

use super::acl::{Grantee, Privilege, Privileges};
use super::change::{Change, ChangeError, Extent, GrantOption};
use super::find::{FindError, Found};
use super::model::Snapshot;
use super::object::{ObjectId, ObjectKind, Realm};
use super::role::{Attribute, MembershipOption, MembershipOptions, RoleId};
use crate::domain::ident;
use crate::domain::sql::lexer::{TokenKind, tokens};
use crate::domain::sql::split;
use crate::domain::sql::words::Words;

/// Why a statement cannot be told in advance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// It is something else.
    #[error("only GRANT and REVOKE can be told in advance, not: {0}")]
    NotAGrant(String),
    /// It is not how they are written.
    #[error("the statement is not understood at: {0}")]
    Syntax(String),
    /// No such privilege.
    #[error("there is no privilege {0}")]
    NoPrivilege(String),
    /// The snapshot knows no such column.
    #[error("there is no column {0} there")]
    PlainColumn(String),
    /// A name means nothing, or too much.
    #[error(transparent)]
    Name(#[from] FindError),
    /// The server would refuse it.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// Where names of a statement are looked up.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Schemas in which bare names are sought.
    pub search_path: &'a [String],
    /// Whom `CURRENT_USER` means.
    pub user: &'a str,
}

impl Snapshot {
    /// The same database after statements were run, one after another.
    pub fn after(&self, sql: &str, scope: Scope<'_>) -> Result<Self, StatementError> {
        let mut after = self.clone();
        for statement in split::statements(sql) {
            let text = sql.get(statement).unwrap_or_default();
            for change in after.changes(text, scope)? {
                after = after.with_change(&change)?;
            }
        }
        Ok(after)
    }

    /// What one statement changes.
    pub fn changes(&self, sql: &str, scope: Scope<'_>) -> Result<Vec<Change>, StatementError> {
        let mut reader = Reader {
            rights: self,
            scope,
            words: Words::of(sql),
            at: 0,
        };
        let verb = if reader.take("grant") {
            Verb::Grant
        } else if reader.take("revoke") {
            Verb::Revoke
        } else {
            return Err(StatementError::NotAGrant(sql.trim().to_owned()));
        };
        let changes = if reader.has("on") {
            reader.privileges(verb)?
        } else {
            reader.memberships(verb)?
        };
        let _ = reader.take(";");
        if reader.at < reader.words.len() {
            return Err(reader.lost());
        }
        Ok(changes)
    }
}

/// The names in statements: what a snapshot should know about to tell what they change.
#[must_use]
pub fn names(sql: &str) -> Vec<String> {
    let mut names: Vec<String> = tokens(sql)
        .iter()
        .filter_map(|token| ident::parts(token.text(sql)))
        .flatten()
        .collect();
    names.sort();
    names.dedup();
    names
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Grant,
    Revoke,
}

/// What is granted: privileges by name or all, on columns or on the whole.
#[derive(Debug)]
struct Wanted {
    privilege: Option<Privilege>,
    columns: Vec<String>,
}

/// Reads a statement from left to right.
struct Reader<'a> {
    rights: &'a Snapshot,
    scope: Scope<'a>,
    words: Words<'a>,
    at: usize,
}

impl Reader<'_> {
    fn is(&self, word: &str) -> bool {
        self.words.is(self.at, word)
    }

    fn take(&mut self, word: &str) -> bool {
        let is = self.is(word);
        self.at += usize::from(is);
        is
    }

    /// Takes several words, all or none.
    fn take_all(&mut self, words: &str) -> bool {
        let from = self.at;
        let all = words.split(' ').all(|word| self.take(word));
        if !all {
            self.at = from;
        }
        all
    }

    fn has(&self, word: &str) -> bool {
        (self.at..self.words.len()).any(|at| self.words.is(at, word))
    }

    fn lost(&self) -> StatementError {
        let rest = self
            .words
            .get(self.at)
            .and_then(|token| self.words.sql.get(token.start..))
            .unwrap_or("its end");
        StatementError::Syntax(rest.to_owned())
    }

    fn expect(&mut self, word: &str) -> Result<(), StatementError> {
        if self.take(word) {
            Ok(())
        } else {
            Err(self.lost())
        }
    }

    /// The text of a name, as far as its dots and parentheses go.
    fn name(&mut self) -> Result<String, StatementError> {
        let first = self
            .words
            .get(self.at)
            .copied()
            .ok_or_else(|| self.lost())?;
        let is_name = matches!(
            first.kind,
            TokenKind::Identifier
                | TokenKind::Keyword
                | TokenKind::QuotedIdentifier
                | TokenKind::Number
        );
        if !is_name {
            return Err(self.lost());
        }
        let mut end = first.end;
        self.at += 1;
        while self.is(".") {
            end = self.words.get(self.at + 1).map_or(end, |token| token.end);
            self.at += 2;
        }
        if self.is("(") {
            let mut depth = 0;
            while let Some(token) = self.words.get(self.at).copied() {
                self.at += 1;
                end = token.end;
                depth += match token.text(self.words.sql) {
                    "(" => 1,
                    ")" => -1,
                    _ => 0,
                };
                if depth == 0 {
                    break;
                }
            }
        }
        Ok(self
            .words
            .sql
            .get(first.start..end)
            .unwrap_or_default()
            .to_owned())
    }

    fn names(&mut self) -> Result<Vec<String>, StatementError> {
        let mut names = vec![self.name()?];
        while self.take(",") {
            names.push(self.name()?);
        }
        Ok(names)
    }

    fn role(&mut self) -> Result<RoleId, StatementError> {
        let _ = self.take("group");
        let name = self.name()?;
        let is_me = ["current_user", "current_role", "session_user"]
            .iter()
            .any(|word| name.eq_ignore_ascii_case(word));
        let name = if is_me { self.scope.user } else { &name };
        Ok(self.rights.find_role(name)?)
    }

    fn grantees(&mut self) -> Result<Vec<Grantee>, StatementError> {
        let mut grantees = Vec::new();
        loop {
            if self.take("public") {
                grantees.push(Grantee::Public);
            } else {
                grantees.push(Grantee::Role(self.role()?));
            }
            if !self.take(",") {
                return Ok(grantees);
            }
        }
    }

    fn grantor(&mut self) -> Result<Option<RoleId>, StatementError> {
        if self.take_all("granted by") {
            return self.role().map(Some);
        }
        Ok(None)
    }

    fn privileges(&mut self, verb: Verb) -> Result<Vec<Change>, StatementError> {
        let extent = match verb {
            Verb::Revoke if self.take_all("grant option for") => Extent::PassingOn,
            _ => Extent::Whole,
        };
        let wanted = self.wanted()?;
        self.expect("on")?;
        let objects = self.objects()?;
        self.expect(match verb {
            Verb::Grant => "to",
            Verb::Revoke => "from",
        })?;
        let grantees = self.grantees()?;
        let option = match verb {
            Verb::Grant if self.take_all("with grant option") => GrantOption::With,
            _ => GrantOption::Without,
        };
        let grantor = self.grantor()?;
        let _ = self.take("cascade") || self.take("restrict");
        let mut changes = Vec::new();
        for object in objects {
            for (object, privileges) in self.on(object, &wanted)? {
                changes.extend(grantees.iter().map(|grantee| match verb {
                    Verb::Grant => Change::Grant {
                        object,
                        privileges,
                        grantee: *grantee,
                        option,
                        grantor,
                    },
                    Verb::Revoke => Change::Revoke {
                        object,
                        privileges,
                        grantee: *grantee,
                        extent,
                        grantor,
                    },
                }));
            }
        }
        Ok(changes)
    }

    fn wanted(&mut self) -> Result<Vec<Wanted>, StatementError> {
        let mut wanted = Vec::new();
        loop {
            let privilege = if self.take("all") {
                let _ = self.take("privileges");
                None
            } else if self.take_all("alter system") {
                Some(Privilege::AlterSystem)
            } else {
                let word = self.words.text(self.at).to_owned();
                self.at += 1;
                let known = Privilege::of_keyword(&word);
                Some(known.ok_or(StatementError::NoPrivilege(word))?)
            };
            let mut columns = Vec::new();
            if self.take("(") {
                columns = self.names()?;
                self.expect(")")?;
            }
            wanted.push(Wanted { privilege, columns });
            if !self.take(",") {
                return Ok(wanted);
            }
        }
    }

    /// What stands behind ON.
    fn objects(&mut self) -> Result<Vec<ObjectId>, StatementError> {
        for (words, realm, kind) in [
            ("all tables in schema", Realm::Relation, None),
            (
                "all sequences in schema",
                Realm::Relation,
                Some(ObjectKind::Sequence),
            ),
            (
                "all functions in schema",
                Realm::Function,
                Some(ObjectKind::Function),
            ),
            (
                "all procedures in schema",
                Realm::Function,
                Some(ObjectKind::Procedure),
            ),
            ("all routines in schema", Realm::Function, None),
        ] {
            if self.take_all(words) {
                return self.all_in(realm, kind);
            }
        }
        let kind = [
            "foreign data wrapper",
            "foreign server",
            "large object",
            "table",
            "sequence",
            "database",
            "schema",
            "function",
            "procedure",
            "routine",
            "type",
            "domain",
            "language",
            "tablespace",
            "parameter",
        ]
        .into_iter()
        .find(|words| self.take_all(words))
        .unwrap_or("table");
        let mut objects = Vec::new();
        for name in self.names()? {
            let spelling = format!("{kind} {name}");
            match self.rights.find(&spelling, self.scope.search_path)? {
                Found::Object(object) => objects.push(object),
                Found::Role(_) | Found::PlainColumn { .. } => {
                    return Err(StatementError::PlainColumn(name));
                }
            }
        }
        Ok(objects)
    }

    fn all_in(
        &mut self,
        realm: Realm,
        kind: Option<ObjectKind>,
    ) -> Result<Vec<ObjectId>, StatementError> {
        let mut objects = Vec::new();
        for name in self.names()? {
            let schema = self.rights.find_schema(&name)?;
            objects.extend(
                self.rights
                    .objects()
                    .filter(|(_, object)| object.schema == Some(schema))
                    .filter(|(_, object)| object.kind.realm() == realm)
                    .filter(|(_, object)| match kind {
                        Some(kind) => object.kind == kind,
                        None => object.kind != ObjectKind::Sequence,
                    })
                    .map(|(id, _)| id),
            );
        }
        Ok(objects)
    }

    /// The object or its columns, with the privileges that are meant on each.
    fn on(
        &self,
        object: ObjectId,
        wanted: &[Wanted],
    ) -> Result<Vec<(ObjectId, Privileges)>, StatementError> {
        let mut on = Vec::new();
        for Wanted { privilege, columns } in wanted {
            let meant = |object| {
                privilege.map_or_else(
                    || self.rights.applicable(object),
                    |privilege| Privileges::of(&[privilege]),
                )
            };
            if columns.is_empty() {
                on.push((object, meant(object)));
            }
            for column in columns {
                let spelling = format!("column {}.{column}", self.rights.object_name(object));
                match self.rights.find(&spelling, self.scope.search_path)? {
                    Found::Object(column) => on.push((column, meant(column))),
                    Found::Role(_) | Found::PlainColumn { .. } => {
                        return Err(StatementError::PlainColumn(column.clone()));
                    }
                }
            }
        }
        Ok(on)
    }

    fn memberships(&mut self, verb: Verb) -> Result<Vec<Change>, StatementError> {
        let extent = match verb {
            Verb::Revoke if self.take_all("admin option for") => Extent::PassingOn,
            _ => Extent::Whole,
        };
        let mut roles = vec![self.role()?];
        while self.take(",") {
            roles.push(self.role()?);
        }
        self.expect(match verb {
            Verb::Grant => "to",
            Verb::Revoke => "from",
        })?;
        let mut members = vec![self.role()?];
        while self.take(",") {
            members.push(self.role()?);
        }
        let chosen = self.options()?;
        let grantor = self.grantor()?;
        let _ = self.take("cascade") || self.take("restrict");
        let mut changes = Vec::new();
        for role in roles {
            for member in &members {
                changes.push(match verb {
                    Verb::Grant => Change::Join {
                        role,
                        member: *member,
                        options: self.options_of(*member, &chosen),
                        grantor,
                    },
                    Verb::Revoke => Change::Leave {
                        role,
                        member: *member,
                        extent,
                        grantor,
                    },
                });
            }
        }
        Ok(changes)
    }

    /// `WITH ADMIN OPTION, INHERIT FALSE`.
    fn options(&mut self) -> Result<Vec<Choice>, StatementError> {
        let mut chosen = Vec::new();
        if !self.take("with") {
            return Ok(chosen);
        }
        loop {
            let option = [
                MembershipOption::Admin,
                MembershipOption::Inherit,
                MembershipOption::Set,
            ]
            .into_iter()
            .find(|option| self.take(option.keyword()))
            .ok_or_else(|| self.lost())?;
            let setting = if self.take("option") || self.take("true") {
                Setting::On
            } else {
                self.expect("false")?;
                Setting::Off
            };
            chosen.push(Choice { option, setting });
            if !self.take(",") {
                return Ok(chosen);
            }
        }
    }

    /// What holds where nothing is chosen (PostgreSQL documentation of 16, "GRANT on Roles").
    fn options_of(&self, member: RoleId, chosen: &[Choice]) -> MembershipOptions {
        let mut options = MembershipOptions::default().with(MembershipOption::Set);
        if self.rights.has_attribute(member, Attribute::Inherit) {
            options = options.with(MembershipOption::Inherit);
        }
        chosen
            .iter()
            .fold(options, |options, choice| match choice.setting {
                Setting::On => options.with(choice.option),
                Setting::Off => options.without(choice.option),
            })
    }
}

/// An option that is written out.
#[derive(Debug, Clone, Copy)]
struct Choice {
    option: MembershipOption,
    setting: Setting,
}

#[derive(Debug, Clone, Copy)]
enum Setting {
    On,
    Off,
}

#[cfg(test)]
mod tests {
    use super::super::scene::{relation, role, scene};
    use super::*;

    const SHOP: &str = "
        role dba
        role readers
        role analyst
        role Ann
        schema - app dba {dba=UC/dba}
        table app orders dba {dba=arwd/dba}
        table app lines dba {dba=arwd/dba}
        sequence app ids dba -
        column orders total dba {readers=r/dba}
        function app twice dba -
    ";

    fn after(sql: &str) -> Result<Snapshot, StatementError> {
        let path = ["app".to_owned()];
        scene(16, SHOP).after(
            sql,
            Scope {
                search_path: &path,
                user: "dba",
            },
        )
    }

    fn letters(sql: &str, who: &str, what: &str) -> String {
        let rights = after(sql).unwrap();
        let role = role(&rights, who);
        let becoming = rights.worth_becoming(role);
        rights
            .standing(role, relation(&rights, what), &becoming)
            .letters()
    }

    #[test]
    fn grants_are_read_as_the_server_reads_them() {
        for (sql, who, what, letters_after) in [
            (
                "GRANT SELECT, insert ON orders TO analyst;",
                "analyst",
                "app.orders",
                "!ra",
            ),
            (
                "grant usage on schema app to public; grant all on all tables in schema app to \"Ann\"",
                "Ann",
                "app.lines",
                "rawdDxt",
            ),
            (
                "GRANT SELECT ON app.orders TO readers WITH GRANT OPTION",
                "readers",
                "app.orders",
                "!r*",
            ),
            (
                "GRANT UPDATE (total) ON TABLE orders TO analyst",
                "analyst",
                "app.orders",
                "!~w",
            ),
            (
                "REVOKE ALL PRIVILEGES ON orders FROM current_user CASCADE",
                "dba",
                "app.orders",
                "o",
            ),
            (
                "GRANT dba TO GROUP analyst WITH INHERIT FALSE, SET TRUE",
                "analyst",
                "app.orders",
                "[rawd]",
            ),
            ("GRANT dba TO analyst", "analyst", "app.orders", "orawd"),
        ] {
            assert_eq!(letters(sql, who, what), letters_after, "{sql}");
        }
        assert!(after("GRANT EXECUTE ON FUNCTION app.twice() TO analyst GRANTED BY dba").is_ok());
        assert!(after("GRANT USAGE ON SEQUENCE ids TO analyst").is_ok());
    }

    #[test]
    fn what_cannot_be_told_is_said() {
        for (sql, said) in [
            ("DROP TABLE orders", "only GRANT and REVOKE"),
            ("GRANT FLY ON orders TO analyst", "no privilege FLY"),
            ("GRANT SELECT ON orders", "not understood at: its end"),
            (
                "GRANT SELECT ON nothing TO analyst",
                "there is no table nothing",
            ),
            (
                "GRANT SELECT (id) ON orders TO analyst",
                "there is no column id there",
            ),
            ("GRANT SELECT ON orders TO analist", "did you mean analyst?"),
            ("GRANT SELECT ON SCHEMA app TO analyst", "no such privilege"),
            (
                "GRANT dba TO analyst WITH FLY TRUE",
                "not understood at: FLY",
            ),
        ] {
            let error = after(sql).unwrap_err().to_string();
            assert!(error.contains(said), "{sql}: {error}");
        }
    }
}
