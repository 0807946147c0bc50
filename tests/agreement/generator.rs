//! A database whose rights are a mess, the same one for the same seed.

use pgiam::adapters::session::Session;
use pgiam::domain::access::ObjectKind;

use super::objects::{ODD_ROLES, OUTSIDE, SCHEMAS, Target, creation, statements, targets};
use super::random::Random;

/// Predefined roles that ordinary roles are put into.
const PREDEFINED: [&str; 6] = [
    "pg_read_all_data",
    "pg_write_all_data",
    "pg_maintain",
    "pg_monitor",
    "pg_read_all_settings",
    "pg_signal_backend",
];

/// Makes and remakes rights at random.
pub(crate) struct Generator<'a> {
    session: &'a Session,
    random: &'a Random,
    version: u32,
    roles: Vec<String>,
    targets: Vec<Target>,
}

impl<'a> Generator<'a> {
    /// Roles and objects, each with the rights it is born with.
    pub(crate) async fn found(
        session: &'a Session,
        random: &'a Random,
        database: &'a str,
    ) -> Generator<'a> {
        let version = session.facts().version.major();
        let mut roles: Vec<String> = ODD_ROLES.map(str::to_owned).to_vec();
        roles.extend((0..22).map(|number| format!("r{number:02}")));
        let made = Self {
            session,
            random,
            version,
            roles,
            targets: targets(database, version),
        };
        made.make_roles().await;
        for statement in statements(OUTSIDE) {
            made.run(&statement).await;
        }
        for schema in SCHEMAS {
            for statement in creation(schema, version) {
                made.run(&statement).await;
            }
        }
        made
    }

    async fn make_roles(&self) {
        for (place, role) in self.roles.iter().enumerate() {
            let mut words = vec!["CREATE ROLE", role];
            for (word, chance) in [
                ("NOINHERIT", 25),
                ("CREATEROLE", 15),
                ("BYPASSRLS", 10),
                ("LOGIN", 40),
            ] {
                if self.random.percent(chance) {
                    words.push(word);
                }
            }
            if place % 14 == 9 {
                words.push("SUPERUSER");
            }
            assert!(self.run(&words.join(" ")).await, "{words:?}");
        }
    }

    /// Runs a statement; one that the server refuses changes nothing, and is part of the game.
    async fn run(&self, statement: &str) -> bool {
        self.session.query(statement).await.is_ok()
    }

    /// Runs a statement as a role.
    async fn run_as(&self, role: &str, statement: &str) -> bool {
        let _ = self.run(&format!("SET ROLE {role}")).await;
        let done = self.run(statement).await;
        let _ = self.run("RESET ROLE").await;
        done
    }

    /// So many random statements about rights; says how many the server took.
    pub(crate) async fn shuffle(&self, count: usize) -> usize {
        let mut taken = 0;
        for _ in 0..count {
            taken += usize::from(match self.random.below(100) {
                0..20 => self.membership().await,
                20..25 => self.expulsion().await,
                25..33 => self.ownership().await,
                33..40 => self.defaults().await,
                40..45 => self.row_security().await,
                45..50 => self.everything_in_a_schema().await,
                50..85 => self.grant().await,
                _ => self.revoke().await,
            });
        }
        taken
    }

    fn role(&self) -> &str {
        self.random.of_all::<String>(&self.roles)
    }

    fn grantee(&self) -> &str {
        if self.random.percent(12) {
            "PUBLIC"
        } else {
            self.role()
        }
    }

    fn group(&self) -> &str {
        if self.random.percent(15) {
            self.random.of_all::<&str>(&PREDEFINED)
        } else {
            self.role()
        }
    }

    /// `ADMIN TRUE, SET FALSE`, each option with some chance.
    fn options(&self) -> String {
        let options: Vec<String> = [("ADMIN", 40), ("INHERIT", 55), ("SET", 55)]
            .iter()
            .filter(|_| self.random.percent(60))
            .map(|(word, chance)| {
                let value = if self.random.percent(*chance) {
                    "TRUE"
                } else {
                    "FALSE"
                };
                format!("{word} {value}")
            })
            .collect();
        options.join(", ")
    }

    async fn membership(&self) -> bool {
        let (group, member) = (self.group(), self.role());
        let mut statement = format!("GRANT {group} TO {member}");
        let options = self.options();
        if self.version >= 16 && !options.is_empty() {
            statement = format!("{statement} WITH {options}");
        } else if self.version < 16 && self.random.percent(30) {
            statement += " WITH ADMIN OPTION";
        }
        if self.random.percent(35) {
            self.run_as(self.role(), &statement).await
        } else {
            self.run(&statement).await
        }
    }

    async fn expulsion(&self) -> bool {
        let mut options = vec!["", "ADMIN OPTION FOR "];
        if self.version >= 16 {
            options.extend(["INHERIT OPTION FOR ", "SET OPTION FOR "]);
        }
        let option = self.random.of_all(&options);
        let statement = format!(
            "REVOKE {option}{} FROM {} CASCADE",
            self.group(),
            self.role()
        );
        self.run(&statement).await
    }

    async fn ownership(&self) -> bool {
        let target = self.random.of_all(&self.targets);
        if target.words.contains("pg_catalog") || target.kind == ObjectKind::Parameter {
            return false;
        }
        let words = target.words.replace("FOREIGN SERVER", "SERVER");
        let words = match target.kind {
            ObjectKind::View => words.replace("TABLE", "VIEW"),
            ObjectKind::MaterializedView => words.replace("TABLE", "MATERIALIZED VIEW"),
            ObjectKind::ForeignTable => words.replace("TABLE", "FOREIGN TABLE"),
            ObjectKind::Aggregate => words.replace("FUNCTION", "AGGREGATE"),
            _ => words,
        };
        self.run(&format!("ALTER {words} OWNER TO {}", self.role()))
            .await
    }

    async fn defaults(&self) -> bool {
        let mut kinds = vec![
            ("TABLES", "SELECT, INSERT, UPDATE"),
            ("SEQUENCES", "USAGE, SELECT"),
            ("FUNCTIONS", "EXECUTE"),
            ("TYPES", "USAGE"),
            ("SCHEMAS", "USAGE, CREATE"),
        ];
        if self.version >= 18 {
            kinds.push(("LARGE OBJECTS", "SELECT, UPDATE"));
        }
        let (kind, some) = self.random.of_all(&kinds);
        let place = if self.random.percent(50) {
            format!("IN SCHEMA {}", self.random.of_all(&SCHEMAS))
        } else {
            String::new()
        };
        let privileges = if self.random.percent(30) { "ALL" } else { some };
        let act = if self.random.percent(70) {
            format!("GRANT {privileges} ON {kind} TO {}", self.grantee())
        } else {
            // Taking from PUBLIC or from the creator itself is what replaces the hard-wired rights.
            format!("REVOKE {privileges} ON {kind} FROM {}", self.grantee())
        };
        let creator = self.role();
        self.run(&format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {creator} {place} {act}"
        ))
        .await
    }

    async fn row_security(&self) -> bool {
        let schema = self.random.of_all(&SCHEMAS);
        let table = self.random.of_all(&["plain", "guarded", "whole", "heir"]);
        let what = self.random.of_all(&[
            "ENABLE ROW LEVEL SECURITY",
            "ENABLE ROW LEVEL SECURITY",
            "FORCE ROW LEVEL SECURITY",
            "DISABLE ROW LEVEL SECURITY",
        ]);
        let _ = self
            .run(&format!("ALTER TABLE {schema}.{table} {what}"))
            .await;
        let name = self.random.below(1_000_000);
        let command = self
            .random
            .of_all(&["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"]);
        let expression = match *command {
            "INSERT" => "WITH CHECK (id > 0)",
            _ => "USING (id > 0)",
        };
        let grantee = self.grantee();
        self.run(&format!(
            "CREATE POLICY p{name} ON {schema}.{table} FOR {command} TO {grantee} {expression}"
        ))
        .await
    }

    async fn everything_in_a_schema(&self) -> bool {
        let (kind, privilege) = self.random.of_all(&[
            ("TABLES", "SELECT"),
            ("TABLES", "INSERT, DELETE"),
            ("SEQUENCES", "USAGE"),
            ("FUNCTIONS", "EXECUTE"),
            ("ROUTINES", "EXECUTE"),
        ]);
        let schema = self.random.of_all(&SCHEMAS);
        let grantee = self.grantee();
        let statement = if self.random.percent(60) {
            format!("GRANT {privilege} ON ALL {kind} IN SCHEMA {schema} TO {grantee}")
        } else {
            format!("REVOKE {privilege} ON ALL {kind} IN SCHEMA {schema} FROM {grantee} CASCADE")
        };
        self.run(&statement).await
    }

    /// Privileges, of the whole object or of columns.
    fn privileges(&self, target: &Target) -> String {
        let all = target.privileges(self.version);
        let by_column = !target.columns.is_empty() && self.random.percent(35);
        if self.random.percent(10) && !by_column {
            return "ALL".to_owned();
        }
        let of_columns = ["SELECT", "INSERT", "UPDATE", "REFERENCES"];
        let words: Vec<String> = self
            .random
            .some(&all)
            .iter()
            .map(|privilege| privilege.keyword())
            .filter(|word| !by_column || of_columns.contains(word))
            .map(|word| {
                if by_column {
                    format!("{word} ({})", self.random.some(target.columns).join(", "))
                } else {
                    word.to_owned()
                }
            })
            .collect();
        if words.is_empty() {
            return format!("SELECT ({})", target.columns[0]);
        }
        words.join(", ")
    }

    async fn grant(&self) -> bool {
        let target = self.random.of_all(&self.targets);
        let grantee = self.grantee();
        let option = if grantee != "PUBLIC" && self.random.percent(40) {
            " WITH GRANT OPTION"
        } else {
            ""
        };
        let statement = format!(
            "GRANT {} ON {} TO {grantee}{option}",
            self.privileges(target),
            target.words
        );
        if self.random.percent(35) {
            self.run_as(self.role(), &statement).await
        } else {
            self.run(&statement).await
        }
    }

    async fn revoke(&self) -> bool {
        let target = self.random.of_all(&self.targets);
        let only_option = if self.random.percent(25) {
            "GRANT OPTION FOR "
        } else {
            ""
        };
        let grantee = if self.random.percent(30) {
            "PUBLIC"
        } else {
            self.grantee()
        };
        let statement = format!(
            "REVOKE {only_option}{} ON {} FROM {grantee} CASCADE",
            self.privileges(target),
            target.words
        );
        if self.random.percent(20) {
            self.run_as(self.role(), &statement).await
        } else {
            self.run(&statement).await
        }
    }
}
