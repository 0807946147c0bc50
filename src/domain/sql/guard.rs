//! Statements about rights that open more than they seem, said before they run.
//!
//! Source: AWS RDS guide, "IAM database authentication" (a member of `rds_iam` signs in by token
//! only); PostgreSQL documentation, "ALTER DEFAULT PRIVILEGES" and "Role Membership"; what 16 changed
//! about CREATEROLE was reproduced on community 16 and 18.

use super::words::Words;
use crate::domain::catalog::RoleEntry;
use crate::domain::ident;

/// What is known about the server the statement would go to.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The server's major version.
    pub major: u32,
    /// Who is signed in.
    pub user: &'a str,
    /// The roles, where they are loaded.
    pub roles: &'a [RoleEntry],
}

/// What would happen, and what is better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What would happen, in one line.
    pub happens: String,
    /// The better form.
    pub better: String,
}

/// Whether a statement is of a kind that is looked at; cheap.
#[must_use]
pub fn concerns(sql: &str) -> bool {
    let start = behind_comments(sql);
    [
        "grant",
        "alter",
        "create role",
        "create user",
        "create group",
    ]
    .iter()
    .any(|words| {
        let mut rest = start;
        words.split(' ').all(|word| {
            let begins = rest
                .get(..word.len())
                .is_some_and(|first| first.eq_ignore_ascii_case(word));
            rest = rest.get(word.len()..).unwrap_or_default().trim_start();
            begins
        })
    })
}

/// The text from its first word on.
fn behind_comments(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        let end = if rest.starts_with("--") {
            rest.find('\n')
        } else if rest.starts_with("/*") {
            rest.find("*/").map(|at| at + 1)
        } else {
            return rest;
        };
        rest = end
            .and_then(|at| rest.get(at + 1..))
            .unwrap_or_default()
            .trim_start();
    }
}

/// What a statement about rights does that its writer may not expect.
#[must_use]
pub fn warning(sql: &str, around: Surroundings<'_>) -> Option<Warning> {
    let statement = Statement {
        words: Words::of(sql),
    };
    if statement.words.is(0, "grant") {
        if statement.words.find("on").is_none() {
            return statement.membership(around);
        }
        return statement.everything_to_everybody();
    }
    if statement.words.is(0, "create") {
        return statement.creation(around);
    }
    if statement.words.is(0, "alter") && statement.words.is(1, "group") {
        return statement.joined(around);
    }
    if statement.words.is(0, "alter") && statement.words.is(1, "default") {
        return statement.defaults(around);
    }
    if statement.words.is(0, "alter")
        && (statement.words.is(1, "role") || statement.words.is(1, "user"))
    {
        return statement.attributes();
    }
    None
}

struct Statement<'a> {
    words: Words<'a>,
}

impl Statement<'_> {
    /// The names between two places, commas left out.
    fn names(&self, from: usize, to: usize) -> Vec<String> {
        (from..to)
            .filter(|at| !self.words.is(*at, "group"))
            .filter_map(|at| ident::parts(self.words.text(at))?.pop())
            .collect()
    }

    /// Who gets it: the names behind TO.
    fn grantees(&self) -> Vec<String> {
        let Some(to) = self.words.find("to") else {
            return Vec::new();
        };
        let end = (to + 1..self.words.len())
            .find(|at| {
                self.words.is(*at, "with")
                    || self.words.is(*at, "granted")
                    || self.words.is(*at, ";")
            })
            .unwrap_or(self.words.len());
        self.names(to + 1, end)
    }

    fn membership(&self, around: Surroundings<'_>) -> Option<Warning> {
        let granted = self.names(1, self.words.find("to")?);
        let grantees = self.grantees();
        let to = grantees.join(", ");
        let gives = |role: &str| granted.iter().any(|name| name == role);
        if gives("rds_iam") {
            return grantees
                .iter()
                .find_map(|grantee| signs_in_by_token(grantee, around));
        }
        if gives("rds_superuser") {
            return Some(Warning {
                happens: format!(
                    "{to} could take every role, extension and setting of the instance, and end anybody's session"
                ),
                better: "grant what was missing: run the refused statement and ask why".to_owned(),
            });
        }
        if ["pg_read_all_data", "pg_write_all_data"]
            .iter()
            .any(|role| gives(role))
        {
            return Some(Warning {
                happens: format!(
                    "{to} would reach every table of every database, those to come included"
                ),
                better:
                    "GRANT SELECT ON ALL TABLES IN SCHEMA … and ALTER DEFAULT PRIVILEGES FOR ROLE …"
                        .to_owned(),
            });
        }
        [
            "pg_read_server_files",
            "pg_write_server_files",
            "pg_execute_server_program",
        ]
        .iter()
        .any(|role| gives(role))
        .then(|| Warning {
            happens: format!(
                "{to} could read or change the server's files, and so become superuser"
            ),
            better: "use \\copy or COPY … FROM STDIN: they need no right on the server".to_owned(),
        })
    }

    /// CREATE ROLE … IN ROLE gives memberships as GRANT does, and from 16 on makes the creator a
    /// member of the new role.
    fn creation(&self, around: Surroundings<'_>) -> Option<Warning> {
        let within = (3..self.words.len()).find(|at| {
            self.words.is(*at, "in")
                && (self.words.is(at + 1, "role") || self.words.is(at + 1, "group"))
        });
        let by_token = within.is_some_and(|at| {
            let options = [
                "role",
                "admin",
                "user",
                "login",
                "password",
                "valid",
                "connection",
                ";",
            ];
            let end = (at + 2..self.words.len())
                .find(|at| options.iter().any(|option| self.words.is(*at, option)))
                .unwrap_or(self.words.len());
            self.names(at + 2, end)
                .iter()
                .any(|name| name == "rds_iam" || reaches(name, "rds_iam", around.roles))
        });
        if by_token && around.major >= 16 && !reaches(around.user, "rds_iam", around.roles) {
            return Some(Warning {
                happens: format!(
                    "the password of {} stops working: who creates a role is a member of it, and so of rds_iam",
                    around.user
                ),
                better: "create it with a login that itself signs in by IAM".to_owned(),
            });
        }
        self.attributes()
    }

    /// ALTER GROUP … ADD USER is GRANT by another name.
    fn joined(&self, around: Surroundings<'_>) -> Option<Warning> {
        let add = self.words.find("add")?;
        let group = self.names(2, add).pop()?;
        let grant = format!(
            "GRANT {} TO {}",
            ident::role(&group),
            ident::list(&self.names(add + 2, self.words.len()))
        );
        warning(&grant, around)
    }

    fn everything_to_everybody(&self) -> Option<Warning> {
        let on = self.words.find("on")?;
        let public = self.grantees().iter().any(|name| name == "public");
        let all = self.words.is(1, "all");
        match (all, public) {
            (true, true) => Some(Warning {
                happens:
                    "every role of the cluster, present and future, would get every privilege on it"
                        .to_owned(),
                better: format!(
                    "name the privilege and a group role: GRANT {} … TO readers",
                    self.usual(on)
                ),
            }),
            (true, false) if self.words.is(on + 1, "schema") => Some(Warning {
                happens: "ALL on a schema is USAGE and CREATE; it opens no table in it".to_owned(),
                better: "GRANT USAGE ON SCHEMA …, and SELECT on its tables".to_owned(),
            }),
            (true, false) if self.words.is(on + 1, "database") => Some(Warning {
                happens:
                    "ALL on a database is CONNECT, CREATE and TEMPORARY; it opens no table in it"
                        .to_owned(),
                better: "GRANT CONNECT ON DATABASE …, and what is needed inside".to_owned(),
            }),
            (false, true) => Some(Warning {
                happens: "every role of the cluster, present and future, would have it".to_owned(),
                better: "grant it to a group role".to_owned(),
            }),
            _ => None,
        }
    }

    /// The privilege that is mostly meant on what stands behind ON.
    fn usual(&self, on: usize) -> &'static str {
        let is = |word: &str| (1..=2).any(|behind| self.words.is(on + behind, word));
        match () {
            () if is("schema") || is("schemas") => "USAGE",
            () if is("database") => "CONNECT",
            () if is("function") || is("functions") || is("procedure") || is("routine") => {
                "EXECUTE"
            }
            () if is("sequence") || is("sequences") || is("type") || is("language") => "USAGE",
            () => "SELECT",
        }
    }

    fn defaults(&self, around: Surroundings<'_>) -> Option<Warning> {
        let body = self
            .words
            .find("grant")
            .or_else(|| self.words.find("revoke"))?;
        let named = (2..body).any(|at| {
            self.words.is(at, "for")
                && (self.words.is(at + 1, "role") || self.words.is(at + 1, "user"))
        });
        (!named).then(|| Warning {
            happens: format!(
                "it would only count for what {} creates, not for tables that others create",
                around.user
            ),
            better: "ALTER DEFAULT PRIVILEGES FOR ROLE the_creating_role …".to_owned(),
        })
    }

    fn attributes(&self) -> Option<Warning> {
        let has = |word: &str| self.words.find(word).is_some();
        let name = ident::parts(self.words.text(2))?.pop()?;
        if has("superuser") {
            return Some(Warning {
                happens: format!("{name} would pass every check there is; RDS refuses it"),
                better: "grant what was missing: run the refused statement and ask why".to_owned(),
            });
        }
        has("bypassrls").then(|| Warning {
            happens: format!("no policy of any table would hold for {name}; RDS refuses it"),
            better: "CREATE POLICY … TO that role on the one table".to_owned(),
        })
    }
}

/// What `GRANT rds_iam` does to a role's password, and from 16 on to its creator's.
fn signs_in_by_token(grantee: &str, around: Surroundings<'_>) -> Option<Warning> {
    let role = |name: &str| around.roles.iter().find(|role| role.name == name);
    let by_token = |name: &str| reaches(name, "rds_iam", around.roles);
    let better =
        "use a role of its own for IAM, made by a login that itself signs in by IAM".to_owned();
    if grantee == around.user {
        return (!by_token(grantee)).then(|| Warning {
            happens: format!(
                "your own password stops working: {grantee} would sign in by token only"
            ),
            better,
        });
    }
    // Before the roles are known nothing is claimed about others.
    let entry = role(grantee)?;
    if around.major >= 16 && reaches(around.user, grantee, around.roles) && !by_token(around.user) {
        return Some(Warning {
            happens: format!(
                "you hold {grantee}, so you would be in rds_iam too: the password of {} stops working, and you could not undo it",
                around.user
            ),
            better,
        });
    }
    let member = around.roles.iter().find(|other| {
        other.name != *grantee
            && can_sign_in(other)
            && reaches(&other.name, grantee, around.roles)
            && !by_token(&other.name)
    });
    if let Some(member) = member {
        return Some(Warning {
            happens: format!(
                "{} is a member of {grantee}: its password stops working too",
                member.name
            ),
            better,
        });
    }
    (can_sign_in(entry) && !by_token(grantee)).then(|| Warning {
        happens: format!("a password of {grantee} stops working: it would sign in by token only"),
        better: "make sure that nothing signs in as it with a password".to_owned(),
    })
}

fn can_sign_in(role: &RoleEntry) -> bool {
    role.attributes.split(", ").any(|word| word == "login")
}

/// Whether one role is a member of another through any chain, whatever the options: that is what
/// the server's rules for signing in look at.
fn reaches(from: &str, to: &str, roles: &[RoleEntry]) -> bool {
    let mut seen = vec![from];
    let mut at = 0;
    while let Some(name) = seen.get(at).copied() {
        if name == to && at > 0 {
            return true;
        }
        if let Some(role) = roles.iter().find(|role| role.name == name) {
            for of in &role.member_of {
                if !seen.contains(&of.as_str()) {
                    seen.push(of);
                }
            }
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, attributes: &str, member_of: &[&str]) -> RoleEntry {
        RoleEntry {
            name: name.into(),
            attributes: attributes.into(),
            member_of: member_of.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn happens(sql: &str, major: u32) -> Option<String> {
        let roles = [
            role("rds_iam", "", &[]),
            role("master", "login, createrole", &["fresh"]),
            role("fresh", "login", &[]),
            role("app", "login", &[]),
            role("token_user", "login", &["rds_iam"]),
            role("grp", "", &[]),
            role("person", "login", &["grp"]),
        ];
        let around = Surroundings {
            major,
            user: "master",
            roles: &roles,
        };
        warning(sql, around).map(|warning| warning.happens)
    }

    #[test]
    fn the_better_form_names_what_is_mostly_meant() {
        for (on, privilege) in [
            ("SCHEMA crm", "USAGE"),
            ("DATABASE orders", "CONNECT"),
            ("ALL FUNCTIONS IN SCHEMA crm", "EXECUTE"),
            ("crm.customers", "SELECT"),
        ] {
            let around = Surroundings {
                major: 16,
                user: "master",
                roles: &[],
            };
            let warned = warning(&format!("GRANT ALL ON {on} TO PUBLIC"), around).unwrap();
            let named = format!("GRANT {privilege} …");
            assert!(warned.better.contains(&named), "{on}: {}", warned.better);
        }
    }

    #[test]
    fn what_opens_more_than_it_seems_is_said() {
        for (sql, part) in [
            ("GRANT rds_superuser TO app", "every role, extension"),
            (
                "grant all privileges on table t to public",
                "every privilege",
            ),
            ("grant select on t to public", "every role of the cluster"),
            ("grant all on database d to app", "opens no table"),
            ("grant rds_iam to master", "your own password"),
            ("grant rds_iam to app", "a password of app"),
            ("grant rds_iam to grp", "person is a member of grp"),
            (
                "alter default privileges in schema s grant select on tables to app",
                "only count for what master creates",
            ),
            ("alter role app superuser", "RDS refuses"),
            ("create role fresh2 login superuser", "RDS refuses"),
            (
                "alter group rds_superuser add user app",
                "every role, extension",
            ),
            ("grant pg_read_all_data to app", "every table"),
        ] {
            let said = happens(sql, 15).unwrap_or_else(|| panic!("{sql}"));
            assert!(said.contains(part), "{sql}: {said}");
        }
    }

    #[test]
    fn from_16_on_a_creator_would_lock_itself_out() {
        for sql in [
            "grant rds_iam to fresh",
            "create user other login in role rds_iam",
            "create role other in group readers, rds_iam login",
        ] {
            let said = happens(sql, 16).unwrap_or_else(|| panic!("{sql}"));
            assert!(said.contains("password of master"), "{sql}: {said}");
        }
        assert_eq!(happens("create user other in role rds_iam", 15), None);
    }

    #[test]
    fn comments_do_not_hide_a_statement() {
        for sql in [
            "-- for Ann\n grant rds_superuser to ann",
            "/* a */ /* b */ ALTER role x superuser",
            "create  user x",
        ] {
            assert!(concerns(sql), "{sql}");
        }
        for sql in ["create table t()", "-- grant", "/* grant x to y"] {
            assert!(!concerns(sql), "{sql}");
        }
    }

    #[test]
    fn ordinary_grants_are_left_alone() {
        for sql in [
            "grant select on t to app",
            "grant readers to app",
            "grant rds_iam to token_user",
            "grant usage on schema s to app",
            "alter default privileges for role app in schema s grant select on tables to x",
            "alter role app login",
            "select 1",
            "grant",
        ] {
            assert_eq!(happens(sql, 16), None, "{sql}");
        }
    }
}
