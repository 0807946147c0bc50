//! Every answer of the server's own privilege functions, asked in one query a function.

use std::collections::HashMap;
use std::fmt::Write as _;

use pgiam::adapters::session::Session;
use pgiam::domain::access::{
    ObjectId, ObjectKind, Privilege, Privileges, Realm, Rights, RoleId, RowSecurity, Snapshot,
};

use super::Tally;

/// Roles with PUBLIC, which has OID 0 to every privilege function.
const ROLES: &str = "(SELECT 0::oid AS oid UNION ALL SELECT oid FROM pg_catalog.pg_roles) r";

/// One privilege function, asked of everything it can be asked of.
struct Question {
    function: &'static str,
    /// Whose privileges it knows.
    kind: ObjectKind,
    /// Rows of `oid` and `number`.
    objects: &'static str,
    /// Arguments between the role and the privilege.
    arguments: &'static str,
    since: u32,
}

/// Schemas a snapshot covers, to be compared with `n.nspname`.
const OWN: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

const QUESTIONS: [Question; 13] = [
    Question {
        function: "has_database_privilege",
        kind: ObjectKind::Database,
        objects: "SELECT oid, 0 AS number FROM pg_database",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_schema_privilege",
        kind: ObjectKind::Schema,
        objects: "SELECT oid, 0 AS number FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp_)'",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_table_privilege",
        kind: ObjectKind::Table,
        objects: "SELECT c.oid, 0 AS number FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
                  WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND (OWN OR c.relname = 'pg_authid')",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_any_column_privilege",
        kind: ObjectKind::Column,
        objects: "SELECT c.oid, 32767 AS number FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
                  WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND OWN",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_column_privilege",
        kind: ObjectKind::Column,
        objects: "SELECT c.oid, attnum AS number FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
                  JOIN pg_attribute a ON attrelid = c.oid AND NOT attisdropped AND attnum >= -1 \
                  WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND OWN",
        arguments: "o.oid, o.number::smallint",
        since: 13,
    },
    Question {
        function: "has_sequence_privilege",
        kind: ObjectKind::Sequence,
        objects: "SELECT c.oid, 0 AS number FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
                  WHERE relkind = 'S' AND OWN",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_function_privilege",
        kind: ObjectKind::Function,
        objects: "SELECT p.oid, 0 AS number FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace \
                  WHERE OWN OR proacl IS NOT NULL",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_type_privilege",
        kind: ObjectKind::Type,
        objects: "SELECT t.oid, 0 AS number FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace \
                  WHERE typacl IS NOT NULL OR (OWN AND typtype IN ('d', 'e', 'r'))",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_language_privilege",
        kind: ObjectKind::Language,
        objects: "SELECT oid, 0 AS number FROM pg_language",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_foreign_data_wrapper_privilege",
        kind: ObjectKind::ForeignDataWrapper,
        objects: "SELECT oid, 0 AS number FROM pg_foreign_data_wrapper",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_server_privilege",
        kind: ObjectKind::ForeignServer,
        objects: "SELECT oid, 0 AS number FROM pg_foreign_server",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_tablespace_privilege",
        kind: ObjectKind::Tablespace,
        objects: "SELECT oid, 0 AS number FROM pg_tablespace",
        arguments: "o.oid",
        since: 13,
    },
    Question {
        function: "has_largeobject_privilege",
        kind: ObjectKind::LargeObject,
        objects: "SELECT oid, 0 AS number FROM pg_largeobject_metadata",
        arguments: "o.oid",
        since: 18,
    },
];

/// What the server says of each role on each object of the snapshot.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) rights: HashMap<(RoleId, ObjectId), Rights>,
    /// Pairs of which the first may `SET ROLE` to the second.
    pub(crate) settable: HashMap<RoleId, Vec<RoleId>>,
}

impl Answers {
    /// Asks everything and compares it with the snapshot.
    pub(crate) async fn compared(session: &Session, rights: &Snapshot) -> (Self, Tally) {
        let mut answers = Self::default();
        let mut tally = Tally::default();
        for question in QUESTIONS
            .iter()
            .filter(|question| question.since <= rights.version())
        {
            answers.ask(session, rights, question, &mut tally).await;
        }
        if rights.version() >= 15 {
            answers.parameters(session, rights, &mut tally).await;
        }
        answers.roles(session, rights, &mut tally).await;
        if rights.version() < 18 {
            large_objects(session, rights, &mut tally).await;
        }
        row_security(session, rights, &mut tally).await;
        policies(session, rights, &mut tally).await;
        (answers, tally)
    }

    async fn ask(
        &mut self,
        session: &Session,
        rights: &Snapshot,
        question: &Question,
        tally: &mut Tally,
    ) {
        let Question {
            function,
            arguments,
            ..
        } = question;
        let privileges = Privileges::applicable(question.kind, rights.version());
        let call = |words: &str| format!("{function}(r.oid, {arguments}, '{words}')::int");
        let sql = format!(
            "SELECT r.oid, o.oid, o.number, concat({}) FROM {ROLES}, ({}) o",
            calls(privileges, call),
            question.objects.replace("OWN", OWN)
        );
        let rows = session.query(&sql).await.unwrap().rows;
        assert!(!rows.is_empty(), "{function}");
        for row in rows {
            let [role, oid, number] =
                [0, 1, 2].map(|at| row[at].as_ref().unwrap().parse().unwrap());
            let server = parsed(privileges, row[3].as_ref().unwrap());
            let role = (role != 0).then(|| rights.role_by_oid(role as u32).unwrap());
            let oid = u32::try_from(oid).unwrap();
            let told = |object: &str| {
                let role = role.map_or("PUBLIC", |role| rights.role_name(role));
                format!("{function}({role}, {object}, {number})")
            };
            let realm = match question.kind {
                ObjectKind::Column => Realm::Relation,
                kind => kind.realm(),
            };
            let Some(object) = rights.object_by_oid(realm, oid) else {
                tally.compare(&"unknown", &"known", || told(&oid.to_string()));
                continue;
            };
            let model = match (number, role) {
                (0, Some(role)) => rights.privileges(role, object),
                (0, None) => rights.public_rights(object),
                (32767, Some(role)) => rights.privileges_on_any_column(role, object),
                (32767, None) => rights.public_rights_on_any_column(object),
                (number, Some(role)) => rights.column_privileges(role, object, number as i16),
                (number, None) => rights.public_column_rights(object, number as i16),
            };
            compare(tally, privileges, model, server, || {
                told(&rights.object_name(object))
            });
            if let Some(role) = role {
                let exact = match number {
                    0 => Some(object),
                    number => rights
                        .columns_of(object)
                        .iter()
                        .copied()
                        .find(|column| rights.object(*column).unwrap().number == number as i16),
                };
                if let Some(exact) = exact {
                    self.rights.insert((role, exact), server);
                }
            }
        }
    }

    /// Parameters go by name, and only those with an ACL of their own are known.
    async fn parameters(&mut self, session: &Session, rights: &Snapshot, tally: &mut Tally) {
        let privileges = Privileges::applicable(ObjectKind::Parameter, rights.version());
        let call =
            |words: &str| format!("has_parameter_privilege(r.oid, o.parname, '{words}')::int");
        let sql = format!(
            "SELECT r.oid, o.oid, concat({}) FROM {ROLES}, pg_parameter_acl o",
            calls(privileges, call)
        );
        for row in session.query(&sql).await.unwrap().rows {
            let [role, oid] = [0, 1].map(|at| row[at].as_ref().unwrap().parse::<u32>().unwrap());
            let server = parsed(privileges, row[2].as_ref().unwrap());
            let object = rights.object_by_oid(Realm::Parameter, oid).unwrap();
            let role = (role != 0).then(|| rights.role_by_oid(role).unwrap());
            let model = match role {
                Some(role) => rights.privileges(role, object),
                None => rights.public_rights(object),
            };
            compare(tally, privileges, model, server, || {
                let role = role.map_or("PUBLIC", |role| rights.role_name(role));
                format!(
                    "has_parameter_privilege({role}, {})",
                    rights.object_name(object)
                )
            });
            if let Some(role) = role {
                self.rights.insert((role, object), server);
            }
        }
    }

    async fn roles(&mut self, session: &Session, rights: &Snapshot, tally: &mut Tally) {
        let set = if rights.version() >= 16 {
            "SET"
        } else {
            "MEMBER"
        };
        let sql = format!(
            "SELECT r.oid, g.oid, pg_has_role(r.oid, g.oid, 'MEMBER'), pg_has_role(r.oid, g.oid, 'USAGE'), \
             pg_has_role(r.oid, g.oid, '{set}'), pg_has_role(r.oid, g.oid, 'MEMBER WITH ADMIN OPTION') \
             FROM pg_roles r, pg_roles g"
        );
        for row in session.query(&sql).await.unwrap().rows {
            let [role, group] = [0, 1].map(|at| {
                let oid = row[at].as_ref().unwrap().parse().unwrap();
                rights.role_by_oid(oid).unwrap()
            });
            let server = [2, 3, 4, 5].map(|at| row[at].as_deref() == Some("t"));
            let model = [
                rights.is_member(role, group),
                rights.has_rights_of(role, group),
                rights.may_set_role(role, group),
                rights.administers(role, group),
            ];
            for (at, asked) in ["MEMBER", "USAGE", set, "MEMBER WITH ADMIN OPTION"]
                .iter()
                .enumerate()
            {
                tally.compare(&model[at], &server[at], || {
                    let (role, group) = (rights.role_name(role), rights.role_name(group));
                    format!("pg_has_role({role}, {group}, {asked})")
                });
            }
            if server[2] {
                self.settable.entry(role).or_default().push(group);
            }
        }
    }
}

/// A call for each privilege, and one more for granting it.
fn calls(privileges: Privileges, call: impl Fn(&str) -> String) -> String {
    let calls: Vec<String> = privileges
        .iter()
        .map(Privilege::keyword)
        .flat_map(|word| [call(word), call(&format!("{word} WITH GRANT OPTION"))])
        .collect();
    calls.join(", ")
}

/// The rights that a row of zeros and ones says.
fn parsed(privileges: Privileges, digits: &str) -> Rights {
    let mut rights = Rights::NONE;
    let digits: Vec<char> = digits.chars().collect();
    for (pair, privilege) in digits.chunks(2).zip(privileges.iter()) {
        let one = |digit| match digit {
            '1' => Privileges::of(&[privilege]),
            _ => Privileges::NONE,
        };
        rights = rights.and(Rights {
            held: one(pair[0]),
            grantable: one(pair[1]),
        });
    }
    rights
}

fn compare(
    tally: &mut Tally,
    privileges: Privileges,
    model: Rights,
    server: Rights,
    told: impl Fn() -> String,
) {
    for privilege in privileges.iter() {
        let word = |option: &str| {
            let mut text = told();
            let _ = write!(text, " {}{option}", privilege.keyword());
            text
        };
        tally.compare(
            &model.held.has(privilege),
            &server.held.has(privilege),
            || word(""),
        );
        tally.compare(
            &model.grantable.has(privilege),
            &server.grantable.has(privilege),
            || word(" WITH GRANT OPTION"),
        );
    }
}

/// `row_security_active` speaks of the current user, so each role has to be played.
const PLAY_EACH: &str = "
CREATE FUNCTION pg_temp.played() RETURNS TABLE (role oid, relation oid, active bool) LANGUAGE plpgsql AS $$
DECLARE played record;
BEGIN
    FOR played IN SELECT oid, rolname FROM pg_catalog.pg_roles LOOP
        PERFORM set_config('role', played.rolname, true);
        RETURN QUERY SELECT played.oid, c.oid, row_security_active(c.oid)
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
            WHERE relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema';
        PERFORM set_config('role', 'none', true);
    END LOOP;
END $$";

async fn row_security(session: &Session, rights: &Snapshot, tally: &mut Tally) {
    session.query(PLAY_EACH).await.unwrap();
    let played = session.query("SELECT * FROM pg_temp.played()").await;
    session
        .query("DROP FUNCTION pg_temp.played()")
        .await
        .unwrap();
    for row in played.unwrap().rows {
        let [role, relation] = [0, 1].map(|at| row[at].as_ref().unwrap().parse().unwrap());
        let role = rights.role_by_oid(role).unwrap();
        let relation = rights.object_by_oid(Realm::Relation, relation).unwrap();
        let model = matches!(rights.row_security(role, relation), RowSecurity::Applies(_));
        let server = row[2].as_deref() == Some("t");
        tally.compare(&model, &server, || {
            let (role, table) = (rights.role_name(role), rights.object_name(relation));
            format!("row_security_active({table}) as {role}")
        });
    }
}

/// Before 18 there is no `has_largeobject_privilege`: each role tries to open each object, for
/// reading (`INV_READ`) and for writing (`INV_WRITE`).
const OPEN_EACH: &str = "
CREATE FUNCTION pg_temp.opened() RETURNS TABLE (role oid, large_object oid, privilege text, given bool) LANGUAGE plpgsql AS $$
DECLARE played record; tried record;
BEGIN
    FOR played IN SELECT oid, rolname FROM pg_catalog.pg_roles LOOP
        FOR tried IN SELECT l.oid, m.word, m.mode FROM pg_catalog.pg_largeobject_metadata l,
                     (VALUES ('SELECT', 262144), ('UPDATE', 131072)) AS m(word, mode) LOOP
            role := played.oid; large_object := tried.oid; privilege := tried.word;
            BEGIN
                PERFORM set_config('role', played.rolname, true);
                PERFORM lo_open(tried.oid, tried.mode);
                given := true;
            EXCEPTION WHEN insufficient_privilege THEN
                given := false;
            END;
            PERFORM set_config('role', 'none', true);
            RETURN NEXT;
        END LOOP;
    END LOOP;
END $$";

async fn large_objects(session: &Session, rights: &Snapshot, tally: &mut Tally) {
    session.query(OPEN_EACH).await.unwrap();
    let opened = session.query("SELECT * FROM pg_temp.opened()").await;
    session
        .query("DROP FUNCTION pg_temp.opened()")
        .await
        .unwrap();
    for row in opened.unwrap().rows {
        let [role, object] = [0, 1].map(|at| row[at].as_ref().unwrap().parse().unwrap());
        let role = rights.role_by_oid(role).unwrap();
        let object = rights.object_by_oid(Realm::LargeObject, object).unwrap();
        let privilege = Privilege::of_keyword(row[2].as_deref().unwrap()).unwrap();
        let held = rights.privileges(role, object).held;
        // Opening for writing opens for reading too, and asks for both (`inv_open`, inv_api.c).
        let model = held.has(privilege) && held.has(Privilege::Select);
        let server = row[3].as_deref() == Some("t");
        tally.compare(&model, &server, || {
            let (role, name) = (rights.role_name(role), rights.object_name(object));
            format!("lo_open({name}) for {} as {role}", privilege.keyword())
        });
    }
}

/// Whom a policy speaks of (`check_role_for_policy`).
async fn policies(session: &Session, rights: &Snapshot, tally: &mut Tally) {
    let sql = "SELECT r.oid, p.polrelid, p.oid, 0 = ANY (p.polroles) OR EXISTS (SELECT FROM unnest(p.polroles) g \
               WHERE g <> 0 AND pg_has_role(r.oid, g, 'USAGE')) FROM pg_roles r, pg_policy p";
    for row in session.query(sql).await.unwrap().rows {
        let [role, relation, policy] =
            [0, 1, 2].map(|at| row[at].as_ref().unwrap().parse::<u32>().unwrap());
        let role = rights.role_by_oid(role).unwrap();
        let relation = rights.object_by_oid(Realm::Relation, relation).unwrap();
        let policy = rights
            .policies_of(relation)
            .find(|known| known.oid == policy)
            .unwrap();
        let server = row[3].as_deref() == Some("t");
        tally.compare(&rights.is_for(policy, role), &server, || {
            format!("policy {} for {}", policy.name, rights.role_name(role))
        });
    }
}
