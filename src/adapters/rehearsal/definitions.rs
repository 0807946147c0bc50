//! What a role lacks for a definition, looked up: for when it cannot be tried.

mod replaced;

use super::candidates::{self, Reach};
use super::derived::{first_of, lifting, relation};
use super::maintenance::{self, Right};
use super::met;
use super::need::{GrantOption, Need, add, attribute_of, cell, need, object};
use super::ownership::{
    Member, Ownership, Way, extension_member, out_of_reach, ownership, schema_of,
};
use super::play;
use super::referring;
use super::resolution;
use super::roles;
use super::runners::known_role;
use super::stage::Stage;
use crate::domain::diagnosis::definitions::{Demanded, IN_SCHEMAS, demanded, drops_from_schema};
use crate::domain::diagnosis::denial::Denial;
use crate::domain::diagnosis::granting::Given;
use crate::domain::diagnosis::saying;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::diagnosis::wants::{Columns, Wanted};
use crate::domain::diagnosis::{Breadth, NotByGrant, NotByGrantKind, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident;
use crate::domain::ident::literal;
use crate::domain::sql::words::Words;

/// Everything that is missing, as far as the words tell.
pub(super) async fn needed(stage: &Stage<'_>, statement: &str) -> Result<Vec<Need>, Failure> {
    let mut needs = Vec::new();
    for demand in demanded(statement, stage.role) {
        let more = for_demand(stage, statement, demand).await?;
        add(&mut needs, more);
    }
    add(&mut needs, types_used(stage, statement).await?);
    add(&mut needs, referring::lacking(stage, statement).await?);
    // What lies in a schema was asked for by OID: by name only who may look into the schema may ask.
    let (within, outside): (Vec<Need>, Vec<Need>) = needs
        .into_iter()
        .partition(|need| need.missing.object.schema.is_some());
    let mut lacking = met::lacking(stage.session, outside).await?;
    add(&mut lacking, within);
    Ok(without_moving(stage, statement, lacking))
}

/// Who owns a thing may give it to themselves, which changes nothing: then no place for it is wanted.
fn without_moving(stage: &Stage<'_>, statement: &str, mut needs: Vec<Need>) -> Vec<Need> {
    let keeps = Demanded::Refused(Denial::Becoming(stage.role.to_owned()));
    let owns = |need: &Need| need.missing.privilege == "OWNER";
    if needs.iter().any(owns) && demanded(statement, stage.role).contains(&keeps) {
        let looks = |need: &Need| {
            need.missing.object.kind == ObjectKind::Schema && need.missing.privilege == "USAGE"
        };
        needs.retain(|need| owns(need) || looks(need));
    }
    needs
}

/// What is missing of one demand.
async fn for_demand(
    stage: &Stage<'_>,
    statement: &str,
    demand: Demanded,
) -> Result<Vec<Need>, Failure> {
    Ok(match demand {
        Demanded::CreateIn(name) => create_in(stage, &name).await?,
        Demanded::CreateBeside { kind, name, role } => {
            let role = role.as_deref().unwrap_or(stage.role);
            create_beside(stage, role, kind, &name).await?
        }
        Demanded::OwnRelation(name) => {
            let right = if drops_from_schema(statement) {
                Right::Drop
            } else {
                Right::Own
            };
            maintenance::table(stage, &name, right).await?
        }
        Demanded::OwnIfThere { kind, name, of } => {
            if is_there(stage, kind, &name, &of).await? {
                maintenance::table(stage, &of, Right::Own).await?
            } else {
                to_look_for(stage, &of).await?
            }
        }
        Demanded::ReplaceView(name) => replaced::to_replace_view(stage, &name).await?,
        Demanded::ReplaceRoutine(name) => {
            replaced::to_replace_routine(stage, statement, &name).await?
        }
        Demanded::LookFor(name) => to_look_for(stage, &name).await?,
        Demanded::WrapperOf { server, role } => {
            wrapper_of(&stage.of(&role), statement, &server).await?
        }
        Demanded::Maintain(name) => maintenance::table(stage, &name, Right::Maintain).await?,
        Demanded::Trigger(name) => {
            let wanted = Wanted {
                relation: name,
                privilege: "TRIGGER",
                columns: Columns::All,
            };
            relation(stage.session, stage.role, &wanted).await?
        }
        Demanded::Like(name) => {
            let wanted = Wanted {
                relation: name,
                privilege: "SELECT",
                columns: Columns::All,
            };
            let needs = relation(stage.session, stage.role, &wanted).await?;
            needs.into_iter().map(Need::on_the_whole).collect()
        }
        Demanded::Execute(name) => executable(stage, &name).await?,
        Demanded::GrantOption { name, privileges } => {
            let mut all = to_look_for(stage, &name).await?;
            let more = grantable(stage, statement, &name, &privileges).await?;
            add(&mut all, more);
            all
        }
        Demanded::GrantOptionOnAll {
            kind,
            schema,
            privileges,
        } => {
            let mut all = in_schema(stage, &schema, "USAGE").await?;
            for name in all_of(stage, &kind, &schema).await? {
                let name = [schema.clone(), name];
                let more = grantable(stage, statement, &name, &privileges).await?;
                add(&mut all, more);
            }
            all
        }
        Demanded::Attribute(attribute) if stage.major() >= 16 => {
            vec![attribute_of(stage.role, attribute)]
        }
        // Barred, or CREATEROLE is enough.
        Demanded::Attribute(_) => Vec::new(),
        Demanded::ManageOneself => vec![attribute_of(stage.role, "CREATEROLE")],
        // Before 16 CREATEROLE grants every role but superusers (PostgreSQL source, `user.c`,
        // `AddRoleMems`).
        Demanded::Refused(Denial::Administration(_))
            if stage.major() < 16
                && (creates_role(statement)
                    || roles::has_attribute(stage.session, stage.role, "rolcreaterole")
                        .await?) =>
        {
            Vec::new()
        }
        Demanded::Refused(denial) => {
            if !roles_are_known(stage, &denial).await? {
                return Ok(Vec::new());
            }
            let mut all = looked_into(stage, &denial).await?;
            let more = lifting(stage, statement, &denial, Reach::Role).await?;
            add(&mut all, more);
            all
        }
    })
}

/// Why no grant helps, where the words of a definition alone tell that.
pub(super) async fn barred(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<Option<NotByGrant>, Failure> {
    let reason = reason(stage, statement).await?;
    if reason.is_none() || roles::is_superuser(stage.session, stage.role).await? {
        return Ok(None);
    }
    Ok(reason)
}

/// The same for who is no superuser.
async fn reason(stage: &Stage<'_>, statement: &str) -> Result<Option<NotByGrant>, Failure> {
    let by_words = demanded(statement, stage.role)
        .into_iter()
        .find_map(|demand| match demand {
            Demanded::Refused(denial @ (Denial::Superuser | Denial::System)) => {
                play::not_by_grant(&denial, stage.major())
            }
            Demanded::Attribute("REPLICATION" | "BYPASSRLS") if stage.major() < 16 => {
                Some(play::beyond())
            }
            Demanded::ManageOneself if stage.major() >= 16 => Some(play::beyond()),
            _ => None,
        });
    if by_words.is_some() {
        return Ok(by_words);
    }
    let managed = superuser_managed(stage, statement).await?;
    if managed.is_some() {
        return Ok(managed);
    }
    if in_untrusted_language(stage, statement).await? {
        return Ok(Some(play::beyond()));
    }
    let catalog = maintenance::barred(stage, statement).await?;
    if catalog.is_some() {
        return Ok(catalog);
    }
    if of_system(stage, statement).await?.is_some() {
        return Ok(play::not_by_grant(&Denial::System, stage.major()));
    }
    if let Some(member) = of_extension(stage, statement).await? {
        return Ok(Some(play::for_nobody(&member.message)));
    }
    of_a_superuser(stage, statement).await
}

/// What a statement would drop that an extension holds on to.
pub(super) async fn of_extension(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<Option<Member>, Failure> {
    if word_at(statement, 0) != "drop" {
        return Ok(None);
    }
    for demand in demanded(statement, stage.role) {
        let (kind, name) = match demand {
            Demanded::Refused(Denial::Ownership { kind, name }) => (kind, name),
            // What hangs on a relation is dropped by its owner.
            Demanded::OwnRelation(name) if !drops_a_part(statement) => {
                ("relation".to_owned(), name.join("."))
            }
            _ => continue,
        };
        let member = extension_member(stage.session, stage.role, &kind, &name).await?;
        if member.is_some() {
            return Ok(member);
        }
    }
    Ok(None)
}

/// Whether it drops a trigger, rule or policy.
fn drops_a_part(statement: &str) -> bool {
    ["trigger", "rule", "policy"].contains(&word_at(statement, 1).as_str())
}

/// Says so where a definition wants to own what only superusers do.
async fn of_a_superuser(stage: &Stage<'_>, statement: &str) -> Result<Option<NotByGrant>, Failure> {
    for demand in demanded(statement, stage.role) {
        let Demanded::Refused(Denial::Ownership { kind, name }) = &demand else {
            continue;
        };
        if out_of_reach(stage.session, stage.role, kind, name).await? {
            return Ok(Some(play::by_ownership(kind, name)));
        }
    }
    Ok(None)
}

/// What a definition is refused for want of owning, where that is PostgreSQL's own.
pub(super) async fn of_system(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<Option<Failure>, Failure> {
    for demand in demanded(statement, stage.role) {
        let Demanded::Refused(Denial::Ownership { kind, name }) = &demand else {
            continue;
        };
        let way = Way::Membership;
        if let Ownership::System = ownership(stage.session, stage.role, kind, name, way).await? {
            return Ok(Some(saying::owner_refusal(kind, name)));
        }
    }
    Ok(None)
}

/// Whether a statement is CREATE ROLE or one of its other names.
fn creates_role(statement: &str) -> bool {
    word_at(statement, 0) == "create"
        && ["role", "user", "group"].contains(&word_at(statement, 1).as_str())
}

/// Only superusers change, drop, describe or grant superusers (PostgreSQL source, `user.c`,
/// `AlterRole`, `DropRole`, `AddRoleMems`).
async fn superuser_managed(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<Option<NotByGrant>, Failure> {
    let mut all = Vec::new();
    for demand in demanded(statement, stage.role) {
        match demand {
            Demanded::Refused(Denial::RoleManagement(_)) => {
                all.extend(roles::named(stage.session, stage.role, statement).await?);
            }
            Demanded::Refused(Denial::Administration(Some(name))) => all.push(name),
            _ => {}
        }
    }
    if all.is_empty() {
        return Ok(None);
    }
    let all: Vec<String> = all.iter().map(|name| literal(name)).collect();
    let sql = format!(
        "SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper \
         AND rolname = ANY ('{{}}'::name[] || ARRAY[{}]::name[]) ORDER BY rolname LIMIT 1",
        all.join(", ")
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows.first().map(|row| NotByGrant {
        kind: NotByGrantKind::Superuser,
        explanation: format!(
            "{} is a superuser: only a superuser changes, drops or grants one.",
            cell(row, 0)
        ),
    }))
}

/// Whether a routine is to be of a language that is not trusted, in which superusers alone make some
/// (PostgreSQL source, `functioncmds.c`, `CreateFunction`).
async fn in_untrusted_language(stage: &Stage<'_>, statement: &str) -> Result<bool, Failure> {
    let kind = ObjectKind::Language;
    for demand in demanded(statement, stage.role) {
        let Demanded::Refused(Denial::Privilege { kind: of, name }) = demand else {
            continue;
        };
        let sql = format!(
            "SELECT FROM pg_catalog.pg_language WHERE lanname = {} AND NOT lanpltrusted",
            literal(&name)
        );
        if of == kind && !stage.session.query(&sql).await?.rows.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// USAGE on the types that a new object is made of, and on the schemas that their names say (PostgreSQL
/// source, `heap.c`, `AddNewAttributeTuples`; `functioncmds.c`, `interpret_function_parameter_list`).
async fn types_used(stage: &Stage<'_>, statement: &str) -> Result<Vec<Need>, Failure> {
    const MADE_OF_TYPES: [&str; 7] = [
        "table",
        "function",
        "procedure",
        "type",
        "domain",
        "aggregate",
        "cast",
    ];
    let words = Words::of_statement(statement);
    let defines = words.is(0, "create") || words.is(0, "alter");
    if !defines || !(1..5).any(|at| MADE_OF_TYPES.iter().any(|kind| words.is(at, kind))) {
        return Ok(Vec::new());
    }
    let part = |at: usize| ident::parts(words.text(at)).and_then(|mut parts| parts.pop());
    let mut named: Vec<String> = Vec::new();
    for at in 1..words.len() {
        let Some(name) = part(at).filter(|_| words.text(at + 1) != ".") else {
            continue;
        };
        let schema = part(at.saturating_sub(2)).filter(|_| words.text(at - 1) == ".");
        let schema = schema.map_or_else(|| "NULL".to_owned(), |schema| literal(&schema));
        named.push(format!("({schema}, {})", literal(&name)));
    }
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let who = literal(stage.role);
    let sql = format!(
        "SELECT DISTINCT n.nspname, t.typname, pg_catalog.pg_get_userbyid(t.typowner), pg_catalog.pg_get_userbyid(n.nspowner), \
         pg_catalog.has_schema_privilege({who}, n.oid, 'USAGE'), pg_catalog.has_type_privilege({who}, t.oid, 'USAGE') \
         FROM (VALUES {}) AS w(schema, name) JOIN pg_catalog.pg_type u ON u.typname = w.name::name \
         JOIN pg_catalog.pg_namespace n ON n.oid = u.typnamespace JOIN pg_catalog.pg_type t ON t.oid = {} \
         WHERE coalesce(n.nspname = w.schema::name, n.nspname = ANY (current_schemas(true))) AND t.oid >= 16384 \
         AND (t.typtype IN ('b', 'd', 'e', 'r', 'm') OR w.schema IS NOT NULL OR EXISTS (SELECT \
         FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')) ORDER BY 1, 2",
        named.join(", "),
        candidates::judged_by("u.oid", stage.major())
    );
    let mut needs = Vec::new();
    for row in stage.session.query(&sql).await?.rows {
        if cell(&row, 4) != "t" {
            let schema = object(ObjectKind::Schema, None, cell(&row, 0));
            let looks = need(stage.role, "USAGE", schema, Breadth::Schema, &cell(&row, 3));
            add(&mut needs, vec![looks]);
        }
        if cell(&row, 5) != "t" {
            let kind = object(ObjectKind::Type, Some(cell(&row, 0)), cell(&row, 1));
            let uses = need(stage.role, "USAGE", kind, Breadth::Object, &cell(&row, 2));
            add(&mut needs, vec![uses]);
        }
    }
    Ok(needs)
}

/// CREATE on the schema of a new object.
async fn create_in(stage: &Stage<'_>, name: &[String]) -> Result<Vec<Need>, Failure> {
    match place_of(stage, name).await? {
        Some(schema) => in_schema(stage, &schema, "CREATE").await,
        None => Ok(Vec::new()),
    }
}

/// CREATE on the schema that a thing is in, for a role.
async fn create_beside(
    stage: &Stage<'_>,
    role: &str,
    kind: &str,
    name: &[String],
) -> Result<Vec<Need>, Failure> {
    if kind == "publication" {
        return Ok(vec![
            candidates::database(stage.session, role, "CREATE").await?,
        ]);
    }
    if !known_role(stage.session, role).await? {
        return Ok(Vec::new());
    }
    let Some(schema) = schema_of(stage.session, kind, name).await? else {
        return Ok(Vec::new());
    };
    in_schema(&stage.of(role), &schema, "CREATE").await
}

/// Whether a relation has a policy, rule or trigger of a name.
async fn is_there(
    stage: &Stage<'_>,
    kind: &str,
    name: &str,
    of: &[String],
) -> Result<bool, Failure> {
    let (catalog, named, relation) = match kind {
        "policy" => ("pg_policy", "polname", "polrelid"),
        "rule" => ("pg_rewrite", "rulename", "ev_class"),
        _ => ("pg_trigger", "tgname", "tgrelid"),
    };
    let Some(of) = first_of(of) else {
        return Ok(false);
    };
    let sql = format!(
        "SELECT FROM pg_catalog.{catalog} WHERE {named} = {} AND {relation} = {of}",
        literal(name)
    );
    Ok(!stage.session.query(&sql).await?.rows.is_empty())
}

/// USAGE of the foreign-data wrapper that a server is of, for the stage's role.
async fn wrapper_of(
    stage: &Stage<'_>,
    statement: &str,
    server: &str,
) -> Result<Vec<Need>, Failure> {
    let sql = format!(
        "SELECT w.fdwname FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper w \
         ON w.oid = s.srvfdw JOIN pg_catalog.pg_roles r ON r.rolname = {} WHERE s.srvname = {}",
        literal(stage.role),
        literal(server)
    );
    let rows = stage.session.query(&sql).await?.rows;
    let Some(name) = rows.first().map(|row| cell(row, 0)) else {
        return Ok(Vec::new());
    };
    let kind = ObjectKind::ForeignDataWrapper;
    let denial = Denial::Privilege { kind, name };
    lifting(stage, statement, &denial, Reach::Role).await
}

/// USAGE of the schema in which something is looked for that must be owned.
async fn looked_into(stage: &Stage<'_>, denial: &Denial) -> Result<Vec<Need>, Failure> {
    let Denial::Ownership { kind, name } = denial else {
        return Ok(Vec::new());
    };
    match name.split_once('.') {
        Some((schema, _)) if IN_SCHEMAS.contains(&kind.as_str()) => {
            in_schema(stage, schema, "USAGE").await
        }
        _ => Ok(Vec::new()),
    }
}

/// EXECUTE on the only function of a name. Of several the arguments decide, which are not told.
async fn executable(stage: &Stage<'_>, name: &[String]) -> Result<Vec<Need>, Failure> {
    let Some((last, schema)) = name.split_last() else {
        return Ok(Vec::new());
    };
    let place = schema.last().map_or_else(
        || "n.nspname = ANY (current_schemas(true))".to_owned(),
        |schema| format!("n.nspname = {}", literal(schema)),
    );
    let sql = format!(
        "SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         WHERE p.proname = {} AND {place} LIMIT 2",
        literal(last)
    );
    match stage.session.query(&sql).await?.rows.as_slice() {
        [row] => candidates::to_execute(stage.session, stage.role, &cell(row, 0)).await,
        _ => Ok(Vec::new()),
    }
}

/// One privilege on a schema.
async fn in_schema(stage: &Stage<'_>, schema: &str, privilege: &str) -> Result<Vec<Need>, Failure> {
    let without = GrantOption::Without;
    let mut needs = candidates::schema(stage.session, stage.role, schema, without).await?;
    needs.retain(|need| need.missing.privilege == privilege);
    Ok(needs)
}

/// USAGE on the schema that a name says.
pub(super) async fn to_look_for(stage: &Stage<'_>, name: &[String]) -> Result<Vec<Need>, Failure> {
    match name {
        [.., schema, _] => in_schema(stage, schema, "USAGE").await,
        _ => Ok(Vec::new()),
    }
}

/// The schema in which a new object of a name would be created for the role: its own, or the first of
/// the path.
async fn place_of(stage: &Stage<'_>, name: &[String]) -> Result<Option<String>, Failure> {
    if let [.., schema, _] = name {
        return Ok(Some(schema.clone()));
    }
    let path = stage.search_path().await?;
    let path: Vec<String> = path
        .split(',')
        .filter_map(|part| ident::parts(part.trim())?.pop())
        .map(|schema| {
            literal(if schema == "$user" {
                stage.role
            } else {
                &schema
            })
        })
        .collect();
    let sql = format!(
        "SELECT n.nspname FROM unnest('{{}}'::name[] || ARRAY[{}]::name[]) WITH ORDINALITY AS p(schema, place) \
         JOIN pg_catalog.pg_namespace n ON n.nspname = p.schema ORDER BY p.place LIMIT 1",
        path.join(", ")
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows.first().map(|row| cell(row, 0)))
}

/// The grant option for what a GRANT gives away: of ALL any one privilege is enough (PostgreSQL source,
/// `aclchk.c`, `restrict_and_check_grant`).
async fn grantable(
    stage: &Stage<'_>,
    statement: &str,
    name: &[String],
    privileges: &[Given],
) -> Result<Vec<Need>, Failure> {
    let Some((last, schema)) = name.split_last() else {
        return Ok(Vec::new());
    };
    let denial = Denial::GrantOption(last.clone());
    let mut needs = lifting(stage, statement, &denial, Reach::Role).await?;
    needs.retain(|need| schema.is_empty() || need.missing.object.schema.as_ref() == schema.last());
    if needs.len() > 1
        && let Some(signature) = signature(statement, last)
    {
        resolution::of_signature(stage, &signature, &mut needs).await?;
    }
    let mut found = Vec::new();
    for given in privileges {
        let named = |need: &&Need| need.missing.privilege == given.privilege;
        let wanted: Vec<&Need> = match (given.privilege.as_str(), needs.first()) {
            ("ALL", Some(first)) if given.columns.is_empty() => {
                let some_are_held =
                    needs.len() < all_of_kind(first.missing.object.kind, stage.major());
                if some_are_held {
                    Vec::new()
                } else {
                    vec![first]
                }
            }
            ("ALL", Some(first)) => vec![first],
            _ => needs.iter().filter(named).collect(),
        };
        for need in wanted {
            if given.columns.is_empty() {
                add(&mut found, vec![need.clone()]);
                continue;
            }
            let mut columns = candidates::columns(stage.session, need).await?.columns;
            columns.retain(|column| given.columns.contains(column));
            if !columns.is_empty() {
                add(&mut found, vec![need.on_columns(&columns)]);
            }
        }
    }
    Ok(found)
}

/// A routine with its arguments, as a statement names it.
fn signature(statement: &str, name: &str) -> Option<String> {
    let words = Words::of_statement(statement);
    let at = (1..words.len()).find(|at| {
        words.name(*at).is_some_and(|found| found == name) && words.text(at + 1) == "("
    })?;
    let from = if words.text(at - 1) == "." {
        at - 2
    } else {
        at
    };
    Some(words.span(from, words.closing(at + 1)? + 1).to_owned())
}

/// How many privileges there are on a kind of object.
const fn all_of_kind(kind: ObjectKind, major: u32) -> usize {
    match kind {
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::ForeignTable => {
            if major >= 17 {
                8
            } else {
                7
            }
        }
        ObjectKind::Sequence | ObjectKind::Database => 3,
        ObjectKind::Schema | ObjectKind::LargeObject | ObjectKind::Parameter => 2,
        _ => 1,
    }
}

/// Objects of a schema that are looked up one by one, at most.
const MOST: usize = 300;

/// The names of all objects of a kind in a schema (PostgreSQL source, `aclchk.c`,
/// `objectsInSchemaToOids`).
async fn all_of(stage: &Stage<'_>, kind: &str, schema: &str) -> Result<Vec<String>, Failure> {
    let schema = literal(schema);
    let relations = |kinds: &str| {
        format!(
            "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {schema} AND c.relkind IN ({kinds}) ORDER BY c.oid LIMIT {MOST}"
        )
    };
    let routines = |condition: &str| {
        format!(
            "SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n \
             ON n.oid = p.pronamespace WHERE n.nspname = {schema} AND {condition} LIMIT {MOST}"
        )
    };
    let sql = match kind {
        "tables" => relations("'r', 'v', 'm', 'f', 'p'"),
        "sequences" => relations("'S'"),
        "functions" => routines("p.prokind <> 'p'"),
        "procedures" => routines("p.prokind = 'p'"),
        "routines" => routines("true"),
        _ => return Ok(Vec::new()),
    };
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

/// Whether the roles that a demand names exist: `CURRENT_USER` and misspelt ones do not.
async fn roles_are_known(stage: &Stage<'_>, denial: &Denial) -> Result<bool, Failure> {
    match denial {
        Denial::Becoming(name)
        | Denial::Acting(Some(name))
        | Denial::Administration(Some(name)) => known_role(stage.session, name).await,
        _ => Ok(true),
    }
}
