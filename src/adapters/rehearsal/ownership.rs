//! Who owns what the role must own, and the ways to act as the owner.

use super::circles;
use super::need::{Need, Purpose, Row, Wanted, add, cell, membership, need, object, relation_kind};
use crate::adapters::session::Session;
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};

/// How the owner's rights may be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As a member of the owner, where the owner is an ordinary role.
    Membership,
    /// The same for who wants to drop: the owner of the schema may drop what is in it.
    Dropping,
    /// By becoming the owner.
    Change,
}

/// One object of the name that was refused, and who owns it.
struct Owned {
    /// What ALTER calls its kind.
    keyword: String,
    /// Its name as SQL writes it.
    written: String,
    kind: ObjectKind,
    schema: Option<String>,
    name: String,
    owner: String,
    /// Whether a membership in the owner can be given and is worth something.
    ordinary: bool,
    /// The owner of its schema, where that is an ordinary role.
    host: Option<String>,
    /// Whether the role has the rights of that owner already: it may drop what is in the schema, and no more
    /// (PostgreSQL source, `dropcmds.c`, `RemoveObjects`).
    is_hosts: bool,
    /// Whether the object belongs to PostgreSQL itself.
    system: bool,
}

/// What was found.
pub(super) enum Ownership {
    /// Ways to the owner's rights; empty where the role has them all or nothing was found.
    Ways(Vec<Need>),
    /// It is the system's own.
    System,
}

/// What lifts `must be owner of KIND NAME`.
pub(super) async fn ownership(
    session: &Session,
    role: &str,
    kind: &str,
    name: &str,
    way: Way,
) -> Result<Ownership, Failure> {
    let owned = find(session, role, kind, name).await?;
    if !owned.is_empty() && owned.iter().all(|one| one.system) {
        return Ok(Ownership::System);
    }
    let mut needs: Vec<Need> = Vec::new();
    let dropped = |one: &&Owned| way == Way::Dropping && one.is_hosts;
    for one in owned.iter().filter(|one| !one.system && !dropped(one)) {
        let host = one.host.as_ref().filter(|_| way == Way::Dropping);
        let mut next = if way != Way::Change && one.ordinary {
            membership(session, role, &one.owner, Purpose::Inherit).await?
        } else if let Some(host) = host {
            membership(session, role, host, Purpose::Inherit).await?
        } else if one.keyword.is_empty() {
            continue;
        } else {
            one.change(role)
        };
        next.wanted = Some(Wanted {
            kind: kind.to_owned(),
            name: name.to_owned(),
        });
        add(&mut needs, vec![next]);
    }
    Ok(Ownership::Ways(needs))
}

/// Whether it is a superuser's and of a kind that cannot be given away: an extension, a foreign-data
/// wrapper, an event trigger.
pub(super) async fn out_of_reach(
    session: &Session,
    role: &str,
    kind: &str,
    name: &str,
) -> Result<bool, Failure> {
    let owned = find(session, role, kind, name).await?;
    let kept = |one: &Owned| one.keyword.is_empty() && !one.ordinary;
    Ok(!owned.is_empty() && owned.iter().all(kept))
}

/// The schema of the first object of a kind and name along the path, or where its name says.
pub(super) async fn schema_of(
    session: &Session,
    kind: &str,
    name: &[String],
) -> Result<Option<String>, Failure> {
    let Some((last, schema)) = name.split_last() else {
        return Ok(None);
    };
    let Source { from, letters, .. } = source(kind);
    let place = schema.last().map_or_else(
        || "n.nspname = ANY (current_schemas(true))".to_owned(),
        |schema| format!("n.nspname = {}", literal(schema)),
    );
    let sql = format!(
        "SELECT n.nspname FROM {from} o JOIN pg_catalog.pg_namespace n ON n.oid = o.{letters}namespace \
         WHERE o.{letters}name = {} AND {place} ORDER BY array_position(current_schemas(true), n.nspname) LIMIT 1",
        literal(last)
    );
    let rows = session.query(&sql).await?.rows;
    Ok(rows.first().map(|row| cell(row, 0)))
}

/// What an extension holds on to: it is dropped with the extension or not at all (PostgreSQL source,
/// `dependency.c`, `findDependentObjects`).
pub(super) struct Member {
    /// What the server says of an attempt.
    pub(super) message: String,
    /// Whether the role owns it or its schema, so that nothing else is in the way.
    pub(super) owned: bool,
}

/// The member of an extension that a name means, where every object of the name is one.
pub(super) async fn extension_member(
    session: &Session,
    role: &str,
    kind: &str,
    name: &str,
) -> Result<Option<Member>, Failure> {
    let rows = session.query(&source(kind).members(role, name)).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let all = rows.iter().all(|row| !cell(row, 1).is_empty());
    Ok(all.then(|| Member {
        message: format!(
            "cannot drop {} because {} requires it",
            cell(row, 0),
            cell(row, 1)
        ),
        owned: cell(row, 2) == "t",
    }))
}

impl Owned {
    fn change(&self, role: &str) -> Need {
        let object = object(self.kind, self.schema.clone(), self.name.clone());
        let mut change = need(role, "OWNER", object, Breadth::Ownership, &self.owner);
        change.statement = format!(
            "ALTER {} {} OWNER TO {}",
            self.keyword,
            self.written,
            ident::role(role)
        );
        change
    }
}

/// The objects of a name that the role does not own, wherever they are.
async fn find(
    session: &Session,
    role: &str,
    kind: &str,
    name: &str,
) -> Result<Vec<Owned>, Failure> {
    let mut found = Vec::new();
    // CREATE CAST names two types of which one must be owned.
    for name in name.split(" or type ") {
        let sql = source(kind).sql(role, name, session.facts().version.major());
        found.extend(session.query(&sql).await?.rows.iter().map(owned));
    }
    Ok(found)
}

fn owned(row: &Row) -> Owned {
    let keyword = cell(row, 0);
    let kind = match keyword.as_str() {
        "TABLE" => relation_kind("r"),
        "VIEW" => ObjectKind::View,
        "MATERIALIZED VIEW" => ObjectKind::MaterializedView,
        "FOREIGN TABLE" => ObjectKind::ForeignTable,
        "SEQUENCE" => ObjectKind::Sequence,
        "SCHEMA" => ObjectKind::Schema,
        "DATABASE" => ObjectKind::Database,
        "FUNCTION" => ObjectKind::Function,
        "PROCEDURE" => ObjectKind::Procedure,
        "AGGREGATE" => ObjectKind::Aggregate,
        "TYPE" | "DOMAIN" => ObjectKind::Type,
        "LANGUAGE" => ObjectKind::Language,
        "FOREIGN DATA WRAPPER" => ObjectKind::ForeignDataWrapper,
        "SERVER" => ObjectKind::ForeignServer,
        "TABLESPACE" => ObjectKind::Tablespace,
        "LARGE OBJECT" => ObjectKind::LargeObject,
        _ => ObjectKind::Other,
    };
    Owned {
        kind,
        written: cell(row, 1),
        schema: row.get(2).cloned().flatten(),
        name: cell(row, 3),
        owner: cell(row, 4),
        ordinary: cell(row, 5) == "t",
        system: cell(row, 6) == "t",
        host: row.get(7).cloned().flatten(),
        is_hosts: cell(row, 8) == "t",
        keyword,
    }
}

/// Where objects of a kind are kept. The columns of a catalog begin with letters of its own:
/// `nspname`, `nspowner`.
struct Source {
    kinds: &'static [&'static str],
    /// An SQL expression for ALTER's word; empty text where the owner cannot be changed.
    keyword: &'static str,
    from: &'static str,
    letters: &'static str,
    /// The column of the owner, without the letters.
    owner: &'static str,
    /// The column with the name that the server prints, where that is another.
    called: &'static str,
    place: Place,
    /// What stands behind the name.
    arguments: &'static str,
    /// Which of the objects made with the cluster may still be given away.
    exempt: &'static str,
}

/// Whether names are told apart by schemas.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    InSchema,
}

impl Source {
    const fn outside(
        kinds: &'static [&'static str],
        keyword: &'static str,
        from: &'static str,
        letters: &'static str,
    ) -> Self {
        Self {
            kinds,
            keyword,
            from,
            letters,
            owner: "owner",
            called: "",
            place: Place::Outside,
            arguments: "",
            exempt: "false",
        }
    }

    const fn within(
        kinds: &'static [&'static str],
        keyword: &'static str,
        from: &'static str,
        letters: &'static str,
    ) -> Self {
        Self {
            place: Place::InSchema,
            ..Self::outside(kinds, keyword, from, letters)
        }
    }

    /// The join to the schema, and the condition that an object is of a name, a literal.
    fn named(&self, wanted: &str) -> (String, String) {
        let letters = self.letters;
        let name = format!("{letters}name");
        let called = if self.called.is_empty() {
            &name
        } else {
            self.called
        };
        match self.place {
            Place::Outside => (
                String::new(),
                format!("o.{called}::text IN ({wanted}, trim(both '\"' from {wanted}))"),
            ),
            Place::InSchema => (
                format!("JOIN pg_catalog.pg_namespace n ON n.oid = o.{letters}namespace"),
                format!(
                    "(o.{called}::text = {wanted} OR n.nspname || '.' || o.{called} = {wanted} \
                     OR quote_ident(n.nspname) || '.' || quote_ident(o.{called}) = {wanted} \
                     OR quote_ident(o.{called}) = {wanted})"
                ),
            ),
        }
    }

    /// The catalog that the objects are kept in.
    fn catalog(&self) -> &str {
        let from = self.from.split("FROM ").nth(1).unwrap_or(self.from);
        from.split([' ', ')']).next().unwrap_or_default()
    }

    /// Objects of a name with the extension that each is a member of, and whether the role owns them.
    fn members(&self, role: &str, wanted: &str) -> String {
        let (join, matches) = self.named(&literal(wanted));
        let host = match self.place {
            Place::Outside => "NULL::oid",
            Place::InSchema => "n.nspowner",
        };
        format!(
            "SELECT pg_catalog.pg_describe_object(c.class, o.oid, 0), \
             pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0), \
             pg_catalog.pg_has_role({role}, o.{letters}{owner}, 'USAGE') \
             OR coalesce(pg_catalog.pg_has_role({role}, {host}, 'USAGE'), false) FROM {from} o {join} \
             CROSS JOIN (SELECT '{catalog}'::pg_catalog.regclass::oid) c(class) \
             LEFT JOIN pg_catalog.pg_depend d ON d.classid = c.class AND d.objid = o.oid AND d.objsubid = 0 AND d.deptype = 'e' \
             WHERE {matches} LIMIT 20",
            role = literal(role),
            letters = self.letters,
            owner = self.owner,
            from = self.from,
            catalog = self.catalog()
        )
    }

    fn sql(&self, role: &str, wanted: &str, major: u32) -> String {
        let who = literal(role);
        let wanted = literal(wanted);
        let Self {
            keyword,
            from,
            letters,
            arguments,
            exempt,
            ..
        } = self;
        let (name, owner) = (format!("{letters}name"), format!("{letters}{}", self.owner));
        // A member that does not inherit is no owner; until 15 the role's own INHERIT decides.
        let inherits = if major < 16 { "m.rolinherit" } else { "true" };
        let ordinary = |role: &str| {
            format!(
                "NOT {role}.rolsuper AND {inherits} \
                 AND NOT {} AND {role}.rolname NOT IN ('pg_database_owner', 'rds_superuser', 'rdsadmin')",
                circles::closes(role, "m")
            )
        };
        // An operator's name and a large object's number are not quoted.
        let own = if ["lom", "opr"].contains(letters) {
            format!("o.{name}::text")
        } else {
            format!("quote_ident(o.{name}::text)")
        };
        let host = match self.place {
            Place::Outside => "NULL::text, false".to_owned(),
            Place::InSchema => format!(
                "(SELECT h.rolname::text FROM pg_catalog.pg_roles h WHERE h.oid = n.nspowner AND {}), \
                 pg_catalog.pg_has_role(m.oid, n.nspowner, 'USAGE')",
                ordinary("h")
            ),
        };
        let (join, matches) = self.named(&wanted);
        let (namespace, written) = match self.place {
            Place::Outside => ("NULL::text", own),
            Place::InSchema => (
                "n.nspname",
                format!("quote_ident(n.nspname) || '.' || {own}{arguments}"),
            ),
        };
        format!(
            "SELECT {keyword}, {written}, {namespace}, o.{name}::text{arguments}, r.rolname, \
             {ordinary}, o.oid < 16384 AND r.oid = 10 AND NOT {exempt}, {host} \
             FROM {from} o {join} JOIN pg_catalog.pg_roles r ON r.oid = o.{owner}, pg_catalog.pg_roles m \
             WHERE {matches} AND m.rolname = {who} AND NOT pg_catalog.pg_has_role(m.oid, r.oid, 'USAGE') \
             LIMIT 20",
            ordinary = ordinary("r")
        )
    }
}

/// The kinds of `pg_class.relkind` in ALTER's words. An index and the sequence of a column have no
/// owner of their own: their table's counts.
const RELATION: &str = "CASE o.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' \
     WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END";

/// Each table once: itself, or the one that an index or a column's sequence hangs on.
const RELATIONS: &str = "(SELECT t.oid, t.relname, t.relowner, t.relnamespace, t.relkind, c.relname AS called \
     FROM pg_catalog.pg_class c \
     LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
     LEFT JOIN pg_catalog.pg_depend d ON c.relkind = 'S' AND d.objid = c.oid AND d.deptype IN ('a', 'i') \
     AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
     JOIN pg_catalog.pg_class t ON t.oid = coalesce(i.indrelid, d.refobjid, c.oid))";

const ROUTINE: &str =
    "CASE o.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END";

/// Where to look for a kind, in the server's word for it.
fn source(kind: &str) -> &'static Source {
    SOURCES
        .iter()
        .find(|source| source.kinds.contains(&kind))
        .unwrap_or(&RELATIONAL)
}

/// Relations of every kind: the server calls them by many words.
const RELATIONAL: Source = Source {
    called: "called",
    ..Source::within(&[], RELATION, RELATIONS, "rel")
};

const SOURCES: [Source; 23] = [
    Source {
        exempt: "(o.nspname = 'public')",
        ..Source::outside(&["schema"], "'SCHEMA'", "pg_catalog.pg_namespace", "nsp")
    },
    Source {
        exempt: "true",
        owner: "dba",
        ..Source::outside(&["database"], "'DATABASE'", "pg_catalog.pg_database", "dat")
    },
    Source {
        arguments: " || '(' || pg_catalog.oidvectortypes(o.proargtypes) || ')'",
        ..Source::within(
            &["function", "procedure", "aggregate", "routine"],
            ROUTINE,
            "pg_catalog.pg_proc",
            "pro",
        )
    },
    Source {
        called: "called",
        ..Source::within(
            &["type", "domain"],
            "CASE o.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END",
            "(SELECT *, pg_catalog.format_type(oid, NULL) AS called FROM pg_catalog.pg_type)",
            "typ",
        )
    },
    Source {
        exempt: "true",
        ..Source::outside(&["language"], "'LANGUAGE'", "pg_catalog.pg_language", "lan")
    },
    Source::outside(
        &["tablespace"],
        "'TABLESPACE'",
        "pg_catalog.pg_tablespace",
        "spc",
    ),
    Source {
        exempt: "true",
        ..Source::outside(&["extension"], "''", "pg_catalog.pg_extension", "ext")
    },
    Source {
        arguments: " || ' (' || coalesce(pg_catalog.format_type(nullif(o.oprleft, 0), NULL), 'NONE') || ', ' \
             || coalesce(pg_catalog.format_type(nullif(o.oprright, 0), NULL), 'NONE') || ')'",
        ..Source::within(&["operator"], "'OPERATOR'", "pg_catalog.pg_operator", "opr")
    },
    Source {
        arguments: " || ' USING ' || (SELECT quote_ident(m.amname) FROM pg_catalog.pg_am m WHERE m.oid = o.opcmethod)",
        ..Source::within(
            &["operator class"],
            "'OPERATOR CLASS'",
            "pg_catalog.pg_opclass",
            "opc",
        )
    },
    Source {
        arguments: " || ' USING ' || (SELECT quote_ident(m.amname) FROM pg_catalog.pg_am m WHERE m.oid = o.opfmethod)",
        ..Source::within(
            &["operator family"],
            "'OPERATOR FAMILY'",
            "pg_catalog.pg_opfamily",
            "opf",
        )
    },
    Source::outside(
        &["publication"],
        "'PUBLICATION'",
        "pg_catalog.pg_publication",
        "pub",
    ),
    Source::outside(
        &["subscription"],
        // Before 16 only superusers own subscriptions.
        "CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SUBSCRIPTION' ELSE '' END",
        "pg_catalog.pg_subscription",
        "sub",
    ),
    Source::outside(
        &["event trigger"],
        "''",
        "pg_catalog.pg_event_trigger",
        "evt",
    ),
    Source::outside(
        &["foreign-data wrapper"],
        "''",
        "pg_catalog.pg_foreign_data_wrapper",
        "fdw",
    ),
    Source::outside(
        &["foreign server"],
        "'SERVER'",
        "pg_catalog.pg_foreign_server",
        "srv",
    ),
    // A large object's OID may be any number; none is made with the cluster.
    Source {
        exempt: "true",
        ..Source::outside(
            &["large object"],
            "'LARGE OBJECT'",
            "(SELECT oid, oid AS lomname, lomowner FROM pg_catalog.pg_largeobject_metadata)",
            "lom",
        )
    },
    Source::within(
        &["collation"],
        "'COLLATION'",
        "pg_catalog.pg_collation",
        "coll",
    ),
    Source::within(
        &["conversion"],
        "'CONVERSION'",
        "pg_catalog.pg_conversion",
        "con",
    ),
    Source::within(
        &["statistics object"],
        "'STATISTICS'",
        "pg_catalog.pg_statistic_ext",
        "stx",
    ),
    Source::within(
        &["text search configuration"],
        "'TEXT SEARCH CONFIGURATION'",
        "pg_catalog.pg_ts_config",
        "cfg",
    ),
    // No owner is kept of these: superusers make them.
    Source::within(
        &["text search parser"],
        "''",
        "(SELECT oid, prsname, prsnamespace, 10::oid AS prsowner FROM pg_catalog.pg_ts_parser)",
        "prs",
    ),
    Source::within(
        &["text search template"],
        "''",
        "(SELECT oid, tmplname, tmplnamespace, 10::oid AS tmplowner FROM pg_catalog.pg_ts_template)",
        "tmpl",
    ),
    Source::within(
        &["text search dictionary"],
        "'TEXT SEARCH DICTIONARY'",
        "pg_catalog.pg_ts_dict",
        "dict",
    ),
];
