//! Small databases for unit tests, written down a line a fact.

use super::{
    Attribute, Attributes, Builder, DefaultKind, DefaultRecord, Expression, MembershipOption,
    MembershipRecord, ObjectId, ObjectKind, ObjectRecord, PolicyCommand, PolicyKind, PolicyRecord,
    Realm, Role, RoleId, Snapshot,
};

/// Lines: `role NAME [superuser noinherit bypassrls]`, `member MEMBER GROUP GRANTOR [admin noinherit
/// noset]`, `KIND SCHEMA NAME OWNER ACL [TRAITS]`, `default CREATOR SCHEMA ACL`, `policy TABLE NAME
/// ROLE`; `-` is none. The database `shop` belongs to `dba`; OIDs count up from 100.
pub(super) fn scene(version: u32, facts: &str) -> Snapshot {
    let lines: Vec<Vec<&str>> = facts
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| !words.is_empty())
        .collect();
    let of = |kind: &'static str| lines.iter().filter(move |words| words[0] == kind);
    let roles: Vec<Role> = of("role")
        .zip(100..)
        .map(|(words, oid)| Role {
            oid,
            name: words[1].to_owned(),
            attributes: attributes(&words[2..]),
            ..Role::default()
        })
        .collect();
    let role = |name: &str| {
        roles
            .iter()
            .find(|role| role.name == name)
            .map_or(0, |role| role.oid)
    };
    let mut builder = Builder::new("shop", version, roles.clone());
    builder.object(&ObjectRecord {
        owner: role("dba"),
        ..record(ObjectKind::Database, "shop")
    });
    for words in of("member") {
        let off = |word: &str| words.contains(&word);
        builder.membership(&MembershipRecord {
            member: role(words[1]),
            role: role(words[2]),
            grantor: role(words[3]),
            options: [
                (MembershipOption::Admin, off("admin")),
                (MembershipOption::Inherit, !off("noinherit")),
                (MembershipOption::Set, !off("noset")),
            ]
            .into_iter()
            .filter_map(|(option, on)| on.then_some(option))
            .collect(),
        });
    }
    let mut named = std::collections::HashMap::new();
    for (words, oid) in lines.iter().zip(1000..) {
        let Some(kind) = ObjectKind::of_noun(words[0]) else {
            continue;
        };
        let around = named.get(words[1]).copied().unwrap_or(0);
        named.insert(words[2], oid);
        let is_column = kind == ObjectKind::Column;
        builder.object(&ObjectRecord {
            oid: if is_column { around } else { oid },
            number: i16::from(is_column),
            schema: around,
            owner: role(words[3]),
            acl: Some(words[4]).filter(|acl| *acl != "-"),
            traits: words.get(5).copied().unwrap_or_default(),
            ..record(kind, words[2])
        });
    }
    for words in of("default") {
        builder.default_acl(&DefaultRecord {
            creator: role(words[1]),
            schema: named.get(words[2]).copied().unwrap_or(0),
            kind: DefaultKind::Tables,
            acl: words[3],
        });
    }
    for (words, oid) in of("policy").zip(5000..) {
        builder.policy(PolicyRecord {
            oid,
            relation: named[words[1]],
            name: words[2],
            command: PolicyCommand::All,
            kind: PolicyKind::Permissive,
            roles: &format!("{{{}}}", role(words[3])),
            using: Expression::Text("true".into()),
            check: Expression::Absent,
        });
    }
    builder.finish()
}

fn record(kind: ObjectKind, name: &str) -> ObjectRecord<'_> {
    ObjectRecord {
        kind,
        oid: 1,
        schema: 0,
        parent: 0,
        number: 0,
        name,
        arguments: "",
        owner: 0,
        acl: None,
        traits: "",
    }
}

fn attributes(words: &[&str]) -> Attributes {
    [
        (Attribute::Superuser, words.contains(&"superuser")),
        (Attribute::Inherit, !words.contains(&"noinherit")),
        (Attribute::BypassRls, words.contains(&"bypassrls")),
    ]
    .into_iter()
    .filter_map(|(attribute, on)| on.then_some(attribute))
    .collect()
}

/// The role of that name.
pub(super) fn role(rights: &Snapshot, name: &str) -> RoleId {
    rights.role_named(name).unwrap()
}

/// The relation `schema.name`.
pub(super) fn relation(rights: &Snapshot, name: &str) -> ObjectId {
    let (schema, name) = name.split_once('.').unwrap();
    let schema = rights.schema_named(schema);
    rights
        .objects_named(Realm::Relation, schema, name)
        .next()
        .unwrap()
}
