//! What could lift a refusal, from the catalogs. Too many are no harm: the rehearsal takes away what
//! is not needed.

use super::need::{
    GrantOption, Need, Purpose, Row, add, attribute_of, cell, has_columns, membership, need,
    object, relation_kind,
};
use super::ownership::{Ownership, Way, ownership};
use super::roles;
use crate::adapters::session::Session;
use crate::domain::diagnosis::definitions::{Demanded, demanded, drops_from_schema};
use crate::domain::diagnosis::denial::Denial;
use crate::domain::diagnosis::draws::Draw;
use crate::domain::diagnosis::qualifiers::qualifiers;
use crate::domain::diagnosis::trial::{granted_kind, word_at};
use crate::domain::diagnosis::wants::Call;
use crate::domain::diagnosis::{Breadth, ObjectKind, remedy};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// Who may turn out to lack something, and how far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The role itself.
    Role,
    /// What was given to the role did not help: owners of views over the relation, roles that the
    /// statement names, a change of owner.
    Others,
    /// No privilege helps: the server words some demands for ownership as for a privilege.
    Owner,
}

/// What was asked and refused.
#[derive(Clone, Copy)]
pub(super) struct Refused<'a> {
    pub(super) session: &'a Session,
    pub(super) role: &'a str,
    pub(super) statement: &'a str,
    pub(super) reach: Reach,
}

/// What could lift a refusal.
#[derive(Debug, Default)]
pub(super) struct Lifting {
    pub(super) needs: Vec<Need>,
    /// Whether the object turned out to be the system's own.
    pub(super) system: bool,
    /// Whether there was something to give and who looks may give none of it.
    pub(super) withheld: bool,
}

impl From<Vec<Need>> for Lifting {
    fn from(needs: Vec<Need>) -> Self {
        Self {
            needs,
            ..Self::default()
        }
    }
}

impl Refused<'_> {
    fn major(&self) -> u32 {
        self.session.facts().version.major()
    }

    async fn rows(&self, sql: &str) -> Result<Vec<Row>, Failure> {
        Ok(self.session.query(sql).await?.rows)
    }

    /// What could lift one refusal.
    pub(super) async fn lifting(&self, denial: &Denial) -> Result<Lifting, Failure> {
        let role = self.role;
        let (session, statement) = (self.session, self.statement);
        Ok(match denial {
            Denial::Privilege { kind, name } if self.reach == Reach::Owner => {
                self.owned(kind.word(), name, Way::Membership).await?
            }
            Denial::Privilege { kind, name } => self.privilege(*kind, name).await?.into(),
            Denial::Ownership { kind, name } => {
                let way = match self.reach {
                    Reach::Role if drops_from_schema(statement) => Way::Dropping,
                    Reach::Role => Way::Membership,
                    Reach::Others | Reach::Owner => Way::Change,
                };
                self.owned(kind, name, way).await?
            }
            Denial::GrantOption(name) => match granted_kind(statement) {
                Some(ObjectKind::Parameter) => self.parameter(name).into(),
                // The warning calls it `large object 42` in one piece.
                Some(ObjectKind::LargeObject) => {
                    let oid = name.trim_start_matches("large object ");
                    self.privilege(ObjectKind::LargeObject, oid).await?.into()
                }
                Some(kind) => self.privilege(kind, name).await?.into(),
                // DROP OWNED warns where somebody else granted: the owner may take it back.
                None => self.owned("table", name, Way::Membership).await?,
            },
            Denial::Temporary => vec![database(session, role, "TEMPORARY").await?].into(),
            Denial::CreateInDatabase => vec![database(session, role, "CREATE").await?].into(),
            Denial::Becoming(of) => {
                vec![membership(session, role, of, Purpose::Become).await?].into()
            }
            Denial::Predefined(of) => {
                vec![membership(session, role, of, Purpose::Inherit).await?].into()
            }
            Denial::Acting(of) => roles::act(session, role, of.as_deref(), statement)
                .await?
                .into(),
            Denial::Administration(of) => {
                roles::administer(session, role, of.as_deref(), statement)
                    .await?
                    .into()
            }
            Denial::RoleManagement(of) => roles::manage(session, role, of.as_deref(), statement)
                .await?
                .into(),
            Denial::Attribute(attribute) => vec![attribute_of(role, attribute)].into(),
            Denial::Parameter(name) => self.parameter(name).into(),
            Denial::System => Lifting {
                system: true,
                ..Lifting::default()
            },
            Denial::RowLevelSecurity(_) | Denial::RowSecurityOff(_) | Denial::Superuser => {
                Lifting::default()
            }
        })
    }

    async fn owned(&self, kind: &str, name: &str, way: Way) -> Result<Lifting, Failure> {
        let meant = self.meant(name);
        Ok(
            match ownership(self.session, self.role, kind, &meant, way).await? {
                Ownership::Ways(needs) => needs.into(),
                Ownership::System => Lifting {
                    system: true,
                    ..Lifting::default()
                },
            },
        )
    }

    /// The name with its schema, where the statement would own one relation called so: the message leaves the
    /// schema out, and the statement may name another of the name that it need not own.
    fn meant(&self, name: &str) -> String {
        let mut of_name: Vec<Vec<String>> = demanded(self.statement, self.role)
            .into_iter()
            .filter_map(|demand| match demand {
                Demanded::OwnRelation(owned) => Some(owned),
                _ => None,
            })
            .filter(|owned| owned.last().is_some_and(|last| last == name))
            .collect();
        of_name.dedup();
        match of_name.as_slice() {
            [owned] => owned.join("."),
            _ => name.to_owned(),
        }
    }

    async fn privilege(&self, kind: ObjectKind, name: &str) -> Result<Vec<Need>, Failure> {
        let mut grantees = vec![self.role.to_owned()];
        if self.reach != Reach::Role {
            grantees.extend(roles::named(self.session, self.role, self.statement).await?);
            if kind == ObjectKind::Function {
                grantees.extend(self.owners_of_aggregates(name).await?);
            }
        }
        let granted =
            granted_kind(self.statement).is_some_and(|granted| same_family(granted, kind));
        let option = if granted {
            GrantOption::With
        } else {
            GrantOption::Without
        };
        let mut needs = Vec::new();
        for who in &grantees {
            add(&mut needs, self.of_grantee(who, kind, name, option).await?);
        }
        if granted {
            needs = needs.into_iter().map(Need::grantable).collect();
        }
        Ok(needs)
    }

    /// Aggregates call the functions they are made of as their owner (PostgreSQL source,
    /// `nodeAgg.c`, `ExecInitAgg`).
    async fn owners_of_aggregates(&self, function: &str) -> Result<Vec<String>, Failure> {
        let sql = format!(
            "SELECT DISTINCT pg_catalog.pg_get_userbyid(p.proowner) FROM pg_catalog.pg_aggregate a \
             JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid JOIN pg_catalog.pg_proc f \
             ON f.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn, \
             a.aggmfinalfn, a.aggserialfn, a.aggdeserialfn) WHERE f.proname = {}",
            literal(function)
        );
        let rows = self.rows(&sql).await?;
        Ok(rows.iter().map(|row| cell(row, 0)).collect())
    }

    async fn of_grantee(
        &self,
        who: &str,
        kind: ObjectKind,
        name: &str,
        option: GrantOption,
    ) -> Result<Vec<Need>, Failure> {
        let simple = |privileges: &[&str]| {
            let of = |privilege: &&str| {
                let object = object(kind, None, name.to_owned());
                need(who, privilege, object, Breadth::Object, "")
            };
            privileges.iter().map(of).collect::<Vec<Need>>()
        };
        Ok(match kind {
            ObjectKind::Schema => schema(self.session, who, name, option).await?,
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => {
                routine(self.session, who, name, option).await?
            }
            ObjectKind::Type => types(self.session, who, name, option).await?,
            ObjectKind::Database => self.databases(who, name).await?,
            kind if has_columns(kind) || kind == ObjectKind::Sequence => {
                self.relation(who, name, option).await?
            }
            ObjectKind::Tablespace => simple(&["CREATE"]),
            _ => self.owned_elsewhere(who, kind, name).await?,
        })
    }

    /// Privileges on a language, wrapper, server or large object.
    async fn owned_elsewhere(
        &self,
        who: &str,
        kind: ObjectKind,
        name: &str,
    ) -> Result<Vec<Need>, Failure> {
        let (from, column, owner) = match kind {
            ObjectKind::Language => ("pg_language", "lanname", "lanowner"),
            ObjectKind::ForeignServer => ("pg_foreign_server", "srvname", "srvowner"),
            ObjectKind::ForeignDataWrapper => ("pg_foreign_data_wrapper", "fdwname", "fdwowner"),
            ObjectKind::LargeObject => ("pg_largeobject_metadata", "oid::text", "lomowner"),
            _ => return Ok(Vec::new()),
        };
        let privileges: &[&str] = match kind {
            ObjectKind::LargeObject => &["SELECT", "UPDATE"],
            _ => &["USAGE"],
        };
        let sql = format!(
            "SELECT pg_catalog.pg_get_userbyid({owner}) FROM pg_catalog.{from} WHERE {column} = {}",
            literal(name)
        );
        let owner = self.rows(&sql).await?.first().map(|row| cell(row, 0));
        let owner = owner.unwrap_or_default();
        let of = |privilege: &&str| {
            let object = object(kind, None, name.to_owned());
            need(who, privilege, object, Breadth::Object, &owner)
        };
        Ok(privileges.iter().map(of).collect())
    }

    async fn databases(&self, who: &str, name: &str) -> Result<Vec<Need>, Failure> {
        let sql = format!(
            "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = {}",
            literal(name)
        );
        let owner = self.rows(&sql).await?.first().map(|row| cell(row, 0));
        let owner = owner.unwrap_or_default();
        let sizes = self.statement.to_lowercase().contains("pg_database_size");
        let privileges: &[&str] = match granted_kind(self.statement) {
            Some(ObjectKind::Database) => &["CONNECT", "CREATE", "TEMPORARY"],
            _ if sizes => &["CONNECT"],
            _ => &["CREATE"],
        };
        let of = |privilege: &&str| {
            let object = object(ObjectKind::Database, None, name.to_owned());
            need(who, privilege, object, Breadth::Database, &owner)
        };
        Ok(privileges.iter().map(of).collect())
    }

    /// Parameters can be granted from 15 on.
    fn parameter(&self, name: &str) -> Vec<Need> {
        if self.major() < 15 || name.is_empty() {
            return Vec::new();
        }
        let granted = granted_kind(self.statement) == Some(ObjectKind::Parameter);
        let system =
            word_at(self.statement, 0) == "alter" && word_at(self.statement, 1) == "system";
        let privileges: &[&str] = match (granted, system) {
            (true, _) => &["SET", "ALTER SYSTEM"],
            (false, true) => &["ALTER SYSTEM"],
            (false, false) => &["SET"],
        };
        let of = |privilege: &&str| {
            let object = object(ObjectKind::Parameter, None, name.to_owned());
            let need = need(self.role, privilege, object, Breadth::Object, "");
            if granted { need.grantable() } else { need }
        };
        privileges.iter().map(of).collect()
    }

    async fn relation(
        &self,
        who: &str,
        name: &str,
        option: GrantOption,
    ) -> Result<Vec<Need>, Failure> {
        let who = literal(who);
        let grantees = match self.reach {
            Reach::Role => format!("SELECT {who}::name"),
            // Views check the relations under them as their owner (rewriteHandler.c).
            Reach::Others | Reach::Owner => format!(
                "SELECT {who}::name UNION SELECT pg_catalog.pg_get_userbyid(v.relowner) \
                 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid \
                 JOIN pg_catalog.pg_class v ON v.oid = w.ev_class \
                 WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refobjid = c.oid \
                 AND v.oid <> c.oid"
            ),
        };
        // The message leaves the schema out, and a hundred schemas may have a table of that name: those
        // that the statement can mean come first, and alone where a right of the role may be all.
        let only = match self.reach {
            Reach::Role => "WHERE tier = nearest",
            Reach::Others | Reach::Owner => "",
        };
        // Of relations that the statement does not name, a view's owner is the likelier one to lack it.
        // The last are taken away first: to lock, MAINTAIN is less than a right to the rows.
        let maintain = if self.major() >= 17 { "MAINTAIN," } else { "" };
        let held = format!(" || {}", literal(option.suffix()));
        // One role must hold the options for all that a GRANT gives away: what the groups of who grants
        // hold for some of it does not add up (PostgreSQL source, `acl.c`, `select_best_grantor`).
        let shared = match (option, self.reach) {
            (GrantOption::With, Reach::Others) => format!(
                "AND NOT (g.who = {who} AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) a \
                 JOIN pg_catalog.pg_roles r ON r.oid = a.grantee AND r.rolname = g.who \
                 WHERE a.privilege_type = p.p AND a.is_grantable))"
            ),
            _ => String::new(),
        };
        let spoken_of: Vec<String> = qualifiers(self.statement)
            .iter()
            .map(|schema| literal(schema))
            .collect();
        let sql = format!(
            "SELECT nspname, relname, relkind, owner, who, p FROM (SELECT n.nspname, c.relname, c.relkind, \
             pg_catalog.pg_get_userbyid(c.relowner) AS owner, g.who, p.p, p.place, t.tier, \
             min(t.tier) OVER () AS nearest \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, \
             LATERAL (SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) \
             OR n.nspname = ANY (ARRAY[{}]::name[]) THEN 0 ELSE 1 END) t(tier), \
             LATERAL ({grantees}) g(who), LATERAL unnest(CASE c.relkind \
             WHEN 'S' THEN '{{USAGE,SELECT,UPDATE}}'::text[] ELSE \
             '{{SELECT,INSERT,{maintain}UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}}'::text[] END) WITH ORDINALITY p(p, place) \
             WHERE c.relname = {} AND c.relkind IN ('r','p','v','m','f','S') \
             AND NOT (CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(g.who, c.oid, p.p{held}) \
             ELSE pg_catalog.has_table_privilege(g.who, c.oid, p.p{held}) END {shared})) lacking {only} \
             ORDER BY tier, (tier = 0) <> (who = {who}), nspname, who, place LIMIT 700",
            spoken_of.join(", "),
            literal(name)
        );
        let of = |row: &Row| {
            let kind = relation_kind(&cell(row, 2));
            let object = object(kind, Some(cell(row, 0)), cell(row, 1));
            need(
                &cell(row, 4),
                &cell(row, 5),
                object,
                Breadth::Object,
                &cell(row, 3),
            )
        };
        Ok(self.rows(&sql).await?.iter().map(of).collect())
    }
}

/// Whether a GRANT on one kind of object is refused for the other.
fn same_family(granted: ObjectKind, refused: ObjectKind) -> bool {
    let routine = |kind| {
        matches!(
            kind,
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate
        )
    };
    let relation = |kind| has_columns(kind) || kind == ObjectKind::Sequence;
    granted == refused
        || (relation(granted) && relation(refused))
        || (routine(granted) && routine(refused))
}

/// A privilege on the present database.
pub(super) async fn database(
    session: &Session,
    role: &str,
    privilege: &str,
) -> Result<Need, Failure> {
    let sql = "SELECT datname, pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database \
               WHERE datname = current_database()";
    let answer = session.query(sql).await?;
    let row = answer.rows.into_iter().next().unwrap_or_default();
    let object = object(ObjectKind::Database, None, cell(&row, 0));
    Ok(need(
        role,
        privilege,
        object,
        Breadth::Database,
        &cell(&row, 1),
    ))
}

pub(super) async fn schema(
    session: &Session,
    role: &str,
    name: &str,
    option: GrantOption,
) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT p, pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace, \
         unnest('{{USAGE,CREATE}}'::text[]) p WHERE nspname = {} \
         AND NOT pg_catalog.has_schema_privilege({}, oid, p || {})",
        literal(name),
        literal(role),
        literal(option.suffix())
    );
    let answer = session.query(&sql).await?;
    let of = |row: &Row| {
        let object = object(ObjectKind::Schema, None, name.to_owned());
        need(role, &cell(row, 0), object, Breadth::Schema, &cell(row, 1))
    };
    Ok(answer.rows.iter().map(of).collect())
}

/// The SQL condition that a routine is one that a call may mean.
pub(super) fn fits(call: &Call, routine: &str) -> String {
    format!(
        "({routine}.proname = {} AND ({routine}.provariadic <> 0 \
         OR {given} BETWEEN {routine}.pronargs - {routine}.pronargdefaults AND {routine}.pronargs \
         OR ({routine}.prokind = 'p' AND {given} = cardinality({routine}.proallargtypes))))",
        literal(&call.name),
        given = call.arguments
    )
}

/// EXECUTE on the routine that a call means, if the role lacks it. Of several that fit, the call's
/// types decide, which its words do not tell: then nothing is said.
pub(super) async fn called(
    session: &Session,
    role: &str,
    call: &Call,
) -> Result<Vec<Need>, Failure> {
    let place = match &call.schema {
        Some(schema) => format!("n.nspname = {}", literal(schema)),
        None => "n.nspname = ANY (current_schemas(true))".to_owned(),
    };
    let sql = format!(
        "SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         WHERE {place} AND {} LIMIT 2",
        fits(call, "p")
    );
    match session.query(&sql).await?.rows.as_slice() {
        [row] => to_execute(session, role, &cell(row, 0)).await,
        _ => Ok(Vec::new()),
    }
}

/// EXECUTE on one routine and USAGE on its schema, where the role lacks them.
pub(super) async fn to_execute(
    session: &Session,
    role: &str,
    oid: &str,
) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT n.nspname, p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')', p.prokind, \
         pg_catalog.pg_get_userbyid(p.proowner), pg_catalog.has_function_privilege({who}, p.oid, 'EXECUTE'), \
         pg_catalog.has_schema_privilege({who}, n.oid, 'USAGE'), pg_catalog.pg_get_userbyid(n.nspowner) \
         FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         WHERE p.oid = {}::oid",
        literal(oid),
        who = literal(role)
    );
    let rows = session.query(&sql).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(Vec::new());
    };
    let mut needs = Vec::new();
    if cell(row, 5) != "t" {
        let schema = object(ObjectKind::Schema, None, cell(row, 0));
        needs.push(need(role, "USAGE", schema, Breadth::Schema, &cell(row, 6)));
    }
    if cell(row, 4) != "t" {
        let kind = routine_kind(&cell(row, 2));
        let object = object(kind, Some(cell(row, 0)), cell(row, 1));
        needs.push(need(
            role,
            "EXECUTE",
            object,
            Breadth::Object,
            &cell(row, 3),
        ));
    }
    Ok(needs)
}

fn routine_kind(prokind: &str) -> ObjectKind {
    match prokind {
        "p" => ObjectKind::Procedure,
        "a" => ObjectKind::Aggregate,
        _ => ObjectKind::Function,
    }
}

/// EXECUTE on every routine of the name that the role may not run.
pub(super) async fn routine(
    session: &Session,
    role: &str,
    name: &str,
    option: GrantOption,
) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT n.nspname, p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')', \
         p.prokind, pg_catalog.pg_get_userbyid(p.proowner) FROM pg_catalog.pg_proc p \
         JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         WHERE {0} IN (p.proname, n.nspname || '.' || p.proname) \
         AND NOT pg_catalog.has_function_privilege({1}, p.oid, 'EXECUTE' || {2}) LIMIT 50",
        literal(name),
        literal(role),
        literal(option.suffix())
    );
    let answer = session.query(&sql).await?;
    let of = |row: &Row| {
        let kind = routine_kind(&cell(row, 2));
        let object = object(kind, Some(cell(row, 0)), cell(row, 1));
        need(role, "EXECUTE", object, Breadth::Object, &cell(row, 3))
    };
    Ok(answer.rows.iter().map(of).collect())
}

/// The OID of the type whose ACL counts for another: an array's element's, and from 17 on a multirange's
/// range's (PostgreSQL source, `aclchk.c`, `object_aclmask_ext`), which alone can be granted.
pub(super) fn judged_by(oid: &str, major: u32) -> String {
    let element = format!(
        "coalesce((SELECT e.oid FROM pg_catalog.pg_type e WHERE e.typarray = {oid}), {oid})"
    );
    if major < 17 {
        return element;
    }
    format!(
        "coalesce((SELECT g.rngtypid FROM pg_catalog.pg_range g WHERE g.rngmultitypid = {element}), {element})"
    )
}

async fn types(
    session: &Session,
    role: &str,
    name: &str,
    option: GrantOption,
) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT DISTINCT n.nspname, t.typname, pg_catalog.pg_get_userbyid(t.typowner) \
         FROM pg_catalog.pg_type w JOIN pg_catalog.pg_namespace m ON m.oid = w.typnamespace \
         JOIN pg_catalog.pg_type t ON t.oid = {} \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
         WHERE {} IN (w.typname, m.nspname || '.' || w.typname, pg_catalog.format_type(w.oid, NULL)) \
         AND NOT pg_catalog.has_type_privilege({}, t.oid, 'USAGE' || {}) LIMIT 50",
        judged_by("w.oid", session.facts().version.major()),
        literal(name),
        literal(role),
        literal(option.suffix())
    );
    let answer = session.query(&sql).await?;
    let of = |row: &Row| {
        let object = object(ObjectKind::Type, Some(cell(row, 0)), cell(row, 1));
        need(role, "USAGE", object, Breadth::Object, &cell(row, 2))
    };
    Ok(answer.rows.iter().map(of).collect())
}

/// The columns of a relation on which a grantee lacks a privilege.
pub(super) struct Columns {
    pub(super) columns: Vec<String>,
    /// `ctid`, `xmin` and their kin, which can be granted too; only to be read.
    pub(super) system: Vec<String>,
}

/// The columns on which the grantee lacks the privilege.
pub(super) async fn columns(session: &Session, need: &Need) -> Result<Columns, Failure> {
    let missing = &need.missing;
    let sql = format!(
        "SELECT attname, attnum < 0 FROM pg_catalog.pg_attribute WHERE attrelid = {} \
         AND (attnum > 0 OR {}) AND NOT attisdropped \
         AND NOT pg_catalog.has_column_privilege({}, attrelid, attnum, {}) ORDER BY attnum",
        remedy::oid(&missing.object).unwrap_or_else(|| "0".to_owned()),
        missing.privilege == "SELECT",
        literal(&missing.grantee),
        literal(&format!("{}{}", missing.privilege, need.option.suffix()))
    );
    let rows = session.query(&sql).await?.rows;
    let of = |system: &str| {
        rows.iter()
            .filter(|row| cell(row, 1) == system)
            .map(|row| cell(row, 0))
            .collect()
    };
    Ok(Columns {
        columns: of("f"),
        system: of("t"),
    })
}

/// A sequence a statement draws from, if the role may not. Identity columns need no grant unless the
/// statement names the function itself.
pub(super) async fn sequence(
    session: &Session,
    role: &str,
    name: &str,
    draw: Draw,
    named: bool,
) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.oid = {}::regclass AND c.relkind = 'S' \
         AND NOT pg_catalog.has_sequence_privilege({}, c.oid, {}) AND ({named} OR NOT EXISTS (SELECT \
         FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i' \
         AND d.classid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0))",
        literal(name),
        literal(role),
        literal(draw.enough())
    );
    let answer = session.query(&sql).await?;
    let of = |row: &Row| {
        let object = object(ObjectKind::Sequence, Some(cell(row, 0)), cell(row, 1));
        need(
            role,
            draw.privilege(),
            object,
            Breadth::Object,
            &cell(row, 2),
        )
    };
    Ok(answer.rows.iter().map(of).collect())
}
