use super::*;
use crate::domain::access::{
    Attribute, Builder, MembershipOption, MembershipRecord, ObjectKind, ObjectRecord, Privilege,
    Role,
};

const RECORD: ObjectRecord<'static> = ObjectRecord {
    kind: ObjectKind::Table,
    oid: 0,
    schema: 0,
    parent: 0,
    number: 0,
    name: "",
    arguments: "",
    owner: 10,
    acl: None,
    traits: "",
};

/// Roles dba (10), readers (11), ana (12, of readers), bo (13, of readers after SET ROLE); `s` with
/// tables `a`, `b` and a type everybody can use.
fn known(extra: &[&str]) -> Known {
    let mut roles: Vec<Role> = ["dba", "readers", "ana", "bo", "pg_monitor"]
        .into_iter()
        .zip(10..)
        .map(|(name, oid)| Role {
            oid,
            name: name.to_owned(),
            attributes: [Attribute::Inherit].into_iter().collect(),
            ..Role::default()
        })
        .collect();
    roles.extend(extra.iter().zip(50..).map(|(name, oid)| Role {
        oid,
        name: (*name).to_owned(),
        ..Role::default()
    }));
    let mut builder = Builder::new("shop", 16, roles);
    for (member, inherit) in [(12, true), (13, false)] {
        builder.membership(&MembershipRecord {
            member,
            role: 11,
            grantor: 10,
            options: [MembershipOption::Set]
                .into_iter()
                .chain(inherit.then_some(MembershipOption::Inherit))
                .collect(),
        });
    }
    for record in [
        ObjectRecord {
            kind: ObjectKind::Schema,
            oid: 100,
            name: "s",
            acl: Some("{10=UC/10,11=U/10}"),
            ..RECORD
        },
        ObjectRecord {
            oid: 101,
            schema: 100,
            name: "a",
            acl: Some("{10=arwd/10,11=r/10}"),
            ..RECORD
        },
        ObjectRecord {
            oid: 102,
            schema: 100,
            name: "b",
            ..RECORD
        },
        ObjectRecord {
            kind: ObjectKind::Type,
            oid: 103,
            schema: 100,
            name: "mood",
            ..RECORD
        },
        ObjectRecord {
            kind: ObjectKind::Schema,
            oid: 104,
            name: "pg_catalog",
            acl: Some("{10=UC/10}"),
            ..RECORD
        },
        ObjectRecord {
            oid: 105,
            schema: 104,
            name: "pg_authid",
            ..RECORD
        },
    ] {
        let acl = record
            .acl
            .map(|acl| acl.replace("10", "dba").replace("11", "readers"));
        builder.object(&ObjectRecord {
            acl: acl.as_deref(),
            ..record
        });
    }
    Known::new(builder.finish())
}

fn screen() -> AccessScreen {
    let mut screen = AccessScreen::default();
    let _ = screen.arrived(known(&[]));
    screen
}

fn role(screen: &AccessScreen, name: &str) -> RoleId {
    screen
        .known
        .as_ref()
        .unwrap()
        .rights
        .role_named(name)
        .unwrap()
}

fn object(screen: &AccessScreen, name: &str) -> ObjectId {
    let rights = &screen.known.as_ref().unwrap().rights;
    let mut objects = rights.objects().map(|(object, _)| object);
    objects
        .find(|object| rights.object_name(*object) == name)
        .unwrap()
}

fn names(screen: &AccessScreen) -> Vec<String> {
    let rights = &screen.known.as_ref().unwrap().rights;
    screen
        .items
        .iter()
        .map(|item| match item {
            Item::Object(object) => rights.object_name(*object),
            Item::Held(held) => rights.object_name(held.object),
            Item::Holder(holding) => rights.role_name(holding.role).to_owned(),
            Item::Node(node) => "  ".repeat(node.branch.len() - 1) + rights.role_name(node.role),
            Item::Difference(difference) => rights.object_name(difference.object),
        })
        .collect()
}

#[test]
fn what_everybody_can_is_counted_not_listed() {
    let mut screen = screen();
    let ana = role(&screen, "ana");
    screen.go(View::Role(ana));
    assert_eq!(names(&screen), ["s", "s.a"]);
    assert_eq!(screen.common, 1);
    screen.filters.kinds = Kinds::Others;
    screen.refresh();
    assert_eq!(names(&screen), ["s.mood"]);
}

#[test]
fn the_catalogs_of_the_server_are_hidden_until_they_are_asked_for() {
    let mut screen = screen();
    screen.go(View::Matrix);
    let hidden =
        |screen: &AccessScreen| !names(screen).contains(&"pg_catalog.pg_authid".to_owned());
    assert!(hidden(&screen), "{:?}", names(&screen));
    let ana = role(&screen, "ana");
    let catalog = object(&screen, "pg_catalog.pg_authid");
    screen.go_to_pair(ana, catalog);
    assert!(!hidden(&screen));
    assert_eq!(screen.object(), Some(catalog));
}

#[test]
fn filters_narrow_objects_and_roles() {
    let mut screen = screen();
    let shown = |screen: &AccessScreen| screen.columns.len();
    assert_eq!(shown(&screen), 4, "the server's own roles are hidden");
    screen.toggle_system_parts();
    assert_eq!(shown(&screen), 5);
    screen.filters.words = crate::app::model::line::Line::new("S.A @an");
    screen.refresh();
    assert_eq!(
        (names(&screen), shown(&screen)),
        (vec!["s.a".to_owned()], 1)
    );
    screen.toggle_schema();
    screen.filters.words.clear();
    screen.next_privilege();
    assert_eq!(screen.filters.privilege, Some(Privilege::Select));
    assert_eq!(names(&screen), ["s.a", "s.b"]);
    screen.clear_filters();
    assert_eq!(names(&screen).len(), 4);
}

#[test]
fn the_role_tree_opens_branch_by_branch_and_turns() {
    let mut screen = screen();
    screen.go(View::Roles);
    assert_eq!(names(&screen), ["ana", "bo", "dba", "readers"]);
    screen.toggle();
    assert_eq!(names(&screen)[..2], ["ana", "  readers"]);
    screen.turn();
    screen.select(3);
    screen.toggle();
    assert_eq!(
        names(&screen),
        ["ana", "bo", "dba", "readers", "  ana", "  bo"]
    );
}

#[test]
fn going_back_finds_the_cursor_where_it_was() {
    let mut screen = screen();
    screen.select(1);
    let object = screen.object().unwrap();
    screen.go(View::Object(object));
    assert_eq!(names(&screen), ["ana", "dba", "readers", "bo"]);
    screen.back();
    assert_eq!((screen.view, screen.selected), (View::Matrix, 1));
    assert!(!screen.has_before());
}

#[test]
fn rights_read_again_are_asked_the_same() {
    let mut screen = screen();
    let ana = role(&screen, "ana");
    screen.go(View::Role(ana));
    // Another role of an earlier name moves all places.
    let _ = screen.arrived(known(&["aaa"]));
    let moved = role(&screen, "ana");
    assert_ne!(moved, ana);
    assert_eq!(screen.view, View::Role(moved));
    assert_eq!(names(&screen), ["s", "s.a"]);
}

#[test]
fn the_detail_tells_paths_and_what_would_give_more() {
    let mut screen = screen();
    screen.sought = Some(Sought::Pair {
        role: "bo".to_owned(),
        object: SoughtObject::Oid {
            realm: crate::domain::access::Realm::Relation,
            oid: 101,
        },
    });
    assert_eq!(screen.seek(), None);
    let text = screen.detail_text();
    assert!(
        text.contains("SELECT     bo → member of readers (only after SET ROLE)"),
        "{text}"
    );
    assert!(
        text.contains("would give it: GRANT INSERT ON TABLE s.a TO bo;"),
        "{text}"
    );
    assert!(text.contains("✗ not INSERT"), "{text}");
}

#[test]
fn two_roles_are_compared_one_after_the_other() {
    let mut screen = screen();
    screen.go(View::Roles);
    let _ = screen.compare();
    screen.select(2);
    let _ = screen.compare();
    let (ana, dba) = (role(&screen, "ana"), role(&screen, "dba"));
    assert_eq!(screen.view, View::Compare(ana, dba));
    assert_eq!(names(&screen), ["s", "s.a", "s.b", "s.mood"]);
}

#[test]
fn the_cursor_stays_in_sight() {
    let mut screen = screen();
    screen.select(3);
    screen.column = 3;
    let room = Room {
        lines: 2,
        cells: 20,
    };
    screen.keep_in_sight(room);
    assert_eq!((screen.top, screen.left), (2, 2));
    screen.select(0);
    screen.column = 0;
    screen.keep_in_sight(room);
    assert_eq!((screen.top, screen.left), (0, 0));
    screen.keep_in_sight(Room::default());
}
