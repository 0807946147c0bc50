//! What the next object gets, foreseen and then made.

use std::collections::BTreeMap;

use pgiam::adapters::session::Session;
use pgiam::domain::access::{
    DefaultKind, Grantee, Next, ObjectKind, Obstacle, Outlook, Privilege, Privileges, RoleId,
    Snapshot,
};
use pgiam::domain::ident;

use super::Tally;
use super::answers::Answers;
use super::random::Random;

/// A kind of object that default privileges are for, and how one is made and asked about.
struct Maker {
    kind: DefaultKind,
    create: &'static str,
    function: &'static str,
    /// Its OID and ACL, when `create` has made it.
    found: &'static str,
}

const MAKERS: [Maker; 6] = [
    Maker {
        kind: DefaultKind::Tables,
        create: "CREATE TABLE SCHEMA.next_one (id int)",
        function: "has_table_privilege",
        found: "SELECT oid, relacl AS acl FROM pg_class WHERE relname = 'next_one'",
    },
    Maker {
        kind: DefaultKind::Sequences,
        create: "CREATE SEQUENCE SCHEMA.next_sequence",
        function: "has_sequence_privilege",
        found: "SELECT oid, relacl AS acl FROM pg_class WHERE relname = 'next_sequence'",
    },
    Maker {
        kind: DefaultKind::Functions,
        create: "CREATE FUNCTION SCHEMA.next_function() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        function: "has_function_privilege",
        found: "SELECT oid, proacl AS acl FROM pg_proc WHERE proname = 'next_function'",
    },
    Maker {
        kind: DefaultKind::Types,
        create: "CREATE TYPE SCHEMA.next_type AS ENUM ()",
        function: "has_type_privilege",
        found: "SELECT oid, typacl AS acl FROM pg_type WHERE typname = 'next_type'",
    },
    Maker {
        kind: DefaultKind::Schemas,
        create: "CREATE SCHEMA next_schema",
        function: "has_schema_privilege",
        found: "SELECT oid, nspacl AS acl FROM pg_namespace WHERE nspname = 'next_schema'",
    },
    // From 18.
    Maker {
        kind: DefaultKind::LargeObjects,
        create: "SELECT lo_create(99999)",
        function: "has_largeobject_privilege",
        found: "SELECT oid, lomacl AS acl FROM pg_largeobject_metadata WHERE oid = 99999",
    },
];

/// Foresees what so many creators make next, and lets them make it.
pub(crate) async fn compared(
    session: &Session,
    rights: &Snapshot,
    answers: &Answers,
    random: &Random,
    count: usize,
) -> Tally {
    let mut tally = Tally::default();
    let creators: Vec<RoleId> = rights
        .roles()
        .filter(|(_, role)| role.predefined().is_none())
        .map(|(role, _)| role)
        .collect();
    let schemas: Vec<_> = rights
        .objects()
        .filter(|(_, object)| object.kind == ObjectKind::Schema)
        .filter(|(_, object)| {
            !object.name.starts_with("pg_") && object.name != "information_schema"
        })
        .map(|(schema, _)| schema)
        .collect();
    for _ in 0..count {
        let creator = *random.of_all(&creators);
        // Default privileges are rare, and so is the right to create: look for both.
        let able: Vec<_> = schemas
            .iter()
            .copied()
            .filter(|schema| {
                rights
                    .privileges(creator, *schema)
                    .held
                    .has(Privilege::Create)
            })
            .collect();
        let schema = match able.as_slice() {
            some @ [_, ..] if random.percent(90) => *random.of_all(some),
            _ => *random.of_all(&schemas),
        };
        for maker in &MAKERS {
            if maker.kind == DefaultKind::LargeObjects && rights.version() < 18 {
                continue;
            }
            let schema = maker.create.contains("SCHEMA.").then_some(schema);
            let privilege = applicable(maker.kind, rights.version());
            let next = Next {
                kind: maker.kind,
                creator,
                schema,
                privilege: *random.of_all(&privilege),
                reader: creator,
            };
            let trial = Trial {
                session,
                rights,
                answers,
                maker,
                next,
            };
            trial.compared(&mut tally).await;
        }
    }
    tally
}

fn applicable(kind: DefaultKind, version: u32) -> Vec<Privilege> {
    Privileges::applicable(kind.object_kind(), version)
        .iter()
        .collect()
}

struct Trial<'a> {
    session: &'a Session,
    rights: &'a Snapshot,
    answers: &'a Answers,
    maker: &'a Maker,
    next: Next,
}

impl Trial<'_> {
    async fn compared(&self, tally: &mut Tally) {
        let creator = ident::quoted(self.rights.role_name(self.next.creator));
        let schema = self
            .next
            .schema
            .map(|schema| self.rights.object_name(schema));
        let create = self.maker.create.replace(
            "SCHEMA.",
            &format!("{}.", schema.as_deref().unwrap_or_default()),
        );
        let script = format!("BEGIN; SET LOCAL ROLE {creator}; {create}; RESET ROLE");
        let made = self.session.query(&script).await.is_ok();
        let may = self
            .rights
            .forecast(&self.next)
            .obstacles
            .iter()
            .all(|obstacle| *obstacle != Obstacle::CreatorMayNotCreate);
        tally.compare(&may, &made, || format!("{create} as {creator}"));
        if made {
            self.look(&create, tally).await;
        }
        self.session.query("ROLLBACK").await.unwrap();
    }

    async fn look(&self, create: &str, tally: &mut Tally) {
        let found = self.maker.found;
        let keyword = self.next.privilege.keyword();
        let sql = format!(
            "SELECT r.oid, {}(r.oid, o.oid, '{keyword}') FROM pg_roles r, ({found}) o",
            self.maker.function
        );
        let mut given: BTreeMap<RoleId, bool> = BTreeMap::new();
        for row in self.session.query(&sql).await.unwrap().rows {
            let role = self.role(row[0].as_deref());
            let in_reach = self.next.schema.is_none_or(|schema| {
                let rights = self.answers.rights[&(role, schema)];
                rights.held.has(Privilege::Usage)
            });
            given.insert(role, in_reach && row[1].as_deref() == Some("t"));
        }
        for (reader, works) in &given {
            let next = Next {
                reader: *reader,
                ..self.next
            };
            let others = self.answers.settable.get(reader);
            let server = if *works {
                Outlook::Works
            } else if others.into_iter().flatten().any(|other| given[other]) {
                Outlook::AfterSetRole
            } else {
                Outlook::Refused
            };
            let forecast = self.rights.forecast(&next);
            tally.compare(&forecast.outlook, &server, || {
                let reader = self.rights.role_name(*reader);
                format!(
                    "{keyword} for {reader} after {create} as {:?}",
                    next.creator
                )
            });
        }
        self.acl(create, tally).await;
    }

    /// The ACL written, against the one foreseen.
    async fn acl(&self, create: &str, tally: &mut Tally) {
        let sql = format!(
            "SELECT x.grantee, x.grantor, x.privilege_type, x.is_grantable FROM ({}) o, \
             aclexplode(coalesce(o.acl, acldefault('{}', {}))) x",
            self.maker.found,
            match self.maker.kind {
                DefaultKind::Tables => "r",
                DefaultKind::Sequences => "s",
                DefaultKind::Functions => "f",
                DefaultKind::Types => "T",
                DefaultKind::Schemas => "n",
                DefaultKind::LargeObjects => "L",
            },
            self.rights.role(self.next.creator).unwrap().oid
        );
        let mut server: Vec<String> = self
            .session
            .query(&sql)
            .await
            .unwrap()
            .rows
            .iter()
            .map(|row| format!("{row:?}"))
            .collect();
        let oid = |role: RoleId| self.rights.role(role).unwrap().oid.to_string();
        let mut model: Vec<String> = self
            .rights
            .next_acl(self.next.kind, self.next.creator, self.next.schema)
            .iter()
            .flat_map(|item| {
                let grantee = match item.grantee {
                    Grantee::Public => "0".to_owned(),
                    Grantee::Role(role) => oid(role),
                };
                item.rights.held.iter().map(move |privilege| {
                    let option = if item.rights.grantable.has(privilege) {
                        "t"
                    } else {
                        "f"
                    };
                    let row = [
                        grantee.clone(),
                        oid(item.grantor),
                        privilege.keyword().to_owned(),
                        option.to_owned(),
                    ];
                    format!("{:?}", row.map(Some))
                })
            })
            .collect();
        server.sort_unstable();
        model.sort_unstable();
        tally.compare(&model, &server, || format!("the ACL after {create}"));
    }

    fn role(&self, oid: Option<&str>) -> RoleId {
        let oid = oid.unwrap().parse().unwrap();
        self.rights.role_by_oid(oid).unwrap()
    }
}
