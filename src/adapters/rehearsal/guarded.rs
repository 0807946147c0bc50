//! Demands that a statement meets only when it runs, looked up for a role.

use super::candidates::database;
use super::derived;
use super::met::lacking;
use super::need::{Need, Purpose, add, attribute_of, cell, membership, need, object};
use super::ownership::{Ownership, Way, ownership};
use super::roles;
use super::stage::Stage;
use crate::domain::diagnosis::demands::{Demand, demands};
use crate::domain::diagnosis::extensions::{Available, Maker, made};
use crate::domain::diagnosis::saying;
use crate::domain::diagnosis::server_path::{ServerPath, leading};
use crate::domain::diagnosis::wants::wants;
use crate::domain::diagnosis::{Breadth, ObjectKind};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// What the demands of a statement come to.
#[derive(Default)]
pub(super) struct Guards {
    pub(super) needs: Vec<Need>,
    pub(super) notes: Vec<String>,
    /// Whether only a superuser gets past one of them.
    pub(super) superuser: bool,
    /// What the server says first, where its order is known.
    pub(super) refusal: Option<Failure>,
}

/// For the role that asked. Which backends are signalled is worked out with the other arguments
/// ([`super::checked`]).
pub(super) async fn guards(stage: &Stage<'_>, statement: &str) -> Result<Guards, Failure> {
    let mut demands = demands(statement);
    demands.retain(|demand| *demand != Demand::Signal(None));
    all_of(stage, stage.role, statement, demands).await
}

/// For the role that a body runs as.
pub(super) async fn guards_of(
    stage: &Stage<'_>,
    role: &str,
    statement: &str,
) -> Result<Guards, Failure> {
    all_of(stage, role, statement, demands(statement)).await
}

async fn all_of(
    stage: &Stage<'_>,
    role: &str,
    statement: &str,
    demands: Vec<Demand>,
) -> Result<Guards, Failure> {
    let mut guards = Guards::default();
    if demands.is_empty() || roles::is_superuser(stage.session, role).await? {
        return Ok(guards);
    }
    for demand in demands {
        meet(stage, role, statement, demand, &mut guards).await?;
    }
    Ok(guards)
}

/// One boolean.
async fn asks(stage: &Stage<'_>, sql: &str) -> Result<bool, Failure> {
    let rows = stage.session.query(sql).await?.rows;
    Ok(rows.first().is_some_and(|row| cell(row, 0) == "t"))
}

/// Whether the role has the privileges of another.
async fn acts_as(stage: &Stage<'_>, role: &str, of: &str) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT pg_catalog.pg_has_role({}, oid, 'USAGE') FROM pg_catalog.pg_roles WHERE rolname = {}",
        literal(role),
        literal(of)
    );
    asks(stage, &sql).await
}

async fn meet(
    stage: &Stage<'_>,
    role: &str,
    statement: &str,
    demand: Demand,
    guards: &mut Guards,
) -> Result<(), Failure> {
    let who = literal(role);
    match demand {
        Demand::Superuser => guards.superuser = true,
        Demand::SuperuserBefore(version) => guards.superuser |= stage.major() < version,
        Demand::SessionOf(name) => guards.superuser = name != role,
        Demand::Prepared(gid) => {
            let of_another = format!(
                "SELECT owner <> {who} FROM pg_catalog.pg_prepared_xacts WHERE gid = {}",
                literal(&gid)
            );
            guards.superuser |= asks(stage, &of_another).await?;
        }
        Demand::ServerFile(path) => server_file(stage, role, &path, guards).await?,
        Demand::Restart => guards
            .needs
            .extend(restarted(stage, role, statement).await?),
        Demand::Predefined { since, .. } if stage.major() < since => {
            guards.superuser = true;
        }
        Demand::Predefined { role: of, .. } => granted_role(stage, role, of, guards).await?,
        Demand::Attribute(attribute) => {
            let sql =
                format!("SELECT rolreplication FROM pg_catalog.pg_roles WHERE rolname = {who}");
            if !asks(stage, &sql).await? {
                guards.needs.push(attribute_of(role, attribute));
            }
        }
        Demand::LargeObject { oid, privilege } => {
            for privilege in privilege.split(", ") {
                let needs = large_object(stage, role, &oid, privilege).await?;
                add(&mut guards.needs, needs);
            }
        }
        Demand::Index(name) => {
            let way = Way::Membership;
            if let Ownership::Ways(ways) =
                ownership(stage.session, role, "index", &name, way).await?
            {
                add(&mut guards.needs, ways);
            }
        }
        Demand::Subscription(name) => {
            guards.superuser |= stage.major() < 16 && of_superuser(stage, role, &name).await?;
        }
        Demand::Looking(name) => {
            let object = object(ObjectKind::Schema, None, name);
            let look = need(role, "USAGE", object, Breadth::Schema, "");
            let needs = lacking(stage.session, vec![look]).await?;
            add(&mut guards.needs, needs);
        }
        Demand::Through(server) => through(stage, role, server, guards).await?,
        Demand::Import { server, schema } => {
            import(stage, role, (&server, &schema), guards).await?;
        }
        Demand::Parameter { name, privilege } => {
            parameter(stage, role, &name, privilege, guards).await?;
        }
        Demand::Stored(name) => stored(stage, role, &name, guards).await?,
        Demand::Examine(name) => {
            // GUC_SUPERUSER_ONLY parameters are not shown by pg_settings to who may not see them.
            let known = format!(
                "SELECT name IN ('data_directory', 'config_file', 'hba_file', 'ident_file', \
                 'external_pid_file', 'dynamic_library_path', 'session_preload_libraries', \
                 'shared_preload_libraries', 'local_preload_libraries', 'unix_socket_directories', \
                 'unix_socket_group', 'krb_server_keyfile', 'log_directory', 'log_filename', \
                 'ssl_passphrase_command', 'primary_conninfo', 'archive_command', 'restore_command', \
                 'stats_temp_directory', 'extension_control_path') \
                 FROM (SELECT lower({})) AS asked(name)",
                literal(&name)
            );
            if asks(stage, &known).await? {
                predefined(stage, role, "pg_read_all_settings", guards).await?;
            }
        }
        Demand::DatabaseSize(name) => database_size(stage, role, &name, guards).await?,
        Demand::TablespaceSize(name) => tablespace_size(stage, role, &name, guards).await?,
        Demand::Signal(Some(pid)) => signal(stage, role, &pid, guards).await?,
        Demand::Signal(None) => signal_some(stage, role, guards).await?,
        Demand::Extension { name, cascade } => {
            extension(stage, role, (&name, cascade), guards).await?;
        }
        Demand::Language(name) => language(stage, role, name, guards).await?,
    }
    Ok(())
}

/// A predefined role. Who makes a subscription makes it in the database as well.
async fn granted_role(
    stage: &Stage<'_>,
    role: &str,
    of: &str,
    guards: &mut Guards,
) -> Result<(), Failure> {
    predefined(stage, role, of, guards).await?;
    if of != "pg_create_subscription" || guards.superuser {
        return Ok(());
    }
    let may = format!(
        "SELECT pg_catalog.has_database_privilege({}, current_database(), 'CREATE')",
        literal(role)
    );
    if !asks(stage, &may).await? {
        let place = database(stage.session, role, "CREATE").await?;
        guards.needs.push(place);
    }
    Ok(())
}

/// Whether a subscription of this database is a superuser's as whom the role cannot act.
async fn of_superuser(stage: &Stage<'_>, role: &str, name: &str) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT r.rolsuper AND NOT pg_catalog.pg_has_role({}, r.oid, 'USAGE') \
         FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_roles r ON r.oid = s.subowner \
         JOIN pg_catalog.pg_database d ON d.oid = s.subdbid AND d.datname = current_database() \
         WHERE s.subname = {}",
        literal(role),
        literal(name)
    );
    asks(stage, &sql).await
}

/// A trusted language takes USAGE, any other a superuser, whatever is granted (PostgreSQL source,
/// `functioncmds.c`, `ExecuteDoStmt`).
async fn language(
    stage: &Stage<'_>,
    role: &str,
    name: String,
    guards: &mut Guards,
) -> Result<(), Failure> {
    let sql = format!(
        "SELECT lanpltrusted, pg_catalog.has_language_privilege({}, oid, 'USAGE') \
         FROM pg_catalog.pg_language WHERE lanname = {}",
        literal(role),
        literal(&name)
    );
    let rows = stage.session.query(&sql).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    if cell(row, 0) != "t" {
        guards.superuser = true;
    } else if cell(row, 1) != "t" {
        let object = object(ObjectKind::Language, None, name);
        guards
            .needs
            .push(need(role, "USAGE", object, Breadth::Object, ""));
    }
    Ok(())
}

async fn predefined(
    stage: &Stage<'_>,
    role: &str,
    of: &str,
    guards: &mut Guards,
) -> Result<(), Failure> {
    if !acts_as(stage, role, of).await? {
        guards
            .needs
            .push(membership(stage.session, role, of, Purpose::Inherit).await?);
    }
    Ok(())
}

/// Outside the directories of the cluster only `pg_read_server_files` reads (PostgreSQL source,
/// `genfile.c`, `convert_and_check_filename`).
async fn server_file(
    stage: &Stage<'_>,
    role: &str,
    path: &str,
    guards: &mut Guards,
) -> Result<(), Failure> {
    let outside = match leading(path, stage.major()) {
        ServerPath::Within => false,
        ServerPath::Above => true,
        ServerPath::FromRoot(path) => {
            let sql = format!(
                "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_settings \
                 WHERE name IN ('data_directory', 'log_directory') AND setting LIKE '/%' \
                 AND starts_with({} || '/', rtrim(setting, '/') || '/'))",
                literal(&path)
            );
            asks(stage, &sql).await?
        }
    };
    if outside {
        predefined(stage, role, "pg_read_server_files", guards).await?;
    }
    Ok(())
}

/// Large objects have no inquiry function before 18, so the ACL is looked into.
pub(super) async fn large_object(
    stage: &Stage<'_>,
    role: &str,
    oid: &str,
    privilege: &str,
) -> Result<Vec<Need>, Failure> {
    if privilege == "OWNER" {
        let ways = ownership(stage.session, role, "large object", oid, Way::Membership).await?;
        return Ok(match ways {
            Ownership::Ways(needs) => needs,
            Ownership::System => Vec::new(),
        });
    }
    let who = literal(role);
    let sql = format!(
        "SELECT pg_catalog.pg_get_userbyid(l.lomowner) FROM pg_catalog.pg_largeobject_metadata l \
         WHERE l.oid = {oid}::oid AND NOT pg_catalog.pg_has_role({who}, l.lomowner, 'USAGE') \
         AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(l.lomacl) a WHERE a.privilege_type = {} \
         AND (a.grantee = 0 OR pg_catalog.pg_has_role({who}, a.grantee, 'USAGE')))",
        literal(privilege)
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows
        .iter()
        .map(|row| {
            let object = object(ObjectKind::LargeObject, None, oid.to_owned());
            need(role, privilege, object, Breadth::Object, &cell(row, 0))
        })
        .collect())
}

/// TRUNCATE … RESTART IDENTITY takes ownership of the sequences (PostgreSQL source, `tablecmds.c`,
/// `ExecuteTruncateGuts`).
async fn restarted(stage: &Stage<'_>, role: &str, statement: &str) -> Result<Vec<Need>, Failure> {
    let mut needs = Vec::new();
    for wanted in wants(statement).relations {
        let Some(condition) = derived::by_name(&wanted.relation) else {
            continue;
        };
        let sql = format!(
            "SELECT s.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_depend d ON d.refobjid = c.oid AND d.deptype IN ('a', 'i') \
             AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
             JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' WHERE {condition}"
        );
        for row in stage.session.query(&sql).await?.rows {
            let ways = ownership(
                stage.session,
                role,
                "sequence",
                &cell(&row, 0),
                Way::Membership,
            )
            .await?;
            if let Ownership::Ways(ways) = ways {
                add(&mut needs, ways);
            }
        }
    }
    Ok(needs)
}

async fn parameter(
    stage: &Stage<'_>,
    role: &str,
    name: &str,
    privilege: &str,
    guards: &mut Guards,
) -> Result<(), Failure> {
    // Some are not shown to who may not see them, though superusers alone set them (`guc_tables.c`).
    let sql = format!(
        "SELECT context = 'superuser' FROM pg_catalog.pg_settings WHERE lower(name) = lower({0}) UNION ALL \
         SELECT true WHERE lower({0}) IN ('session_preload_libraries', 'dynamic_library_path', \
         'extension_control_path')",
        literal(name)
    );
    if privilege == "ALTER SYSTEM" || asks(stage, &sql).await? {
        to_set(stage, role, name, privilege, guards).await?;
    }
    Ok(())
}

/// The same for a setting that is kept: of parameters that nobody knows yet only who may set them keeps
/// any (PostgreSQL source, `guc.c`, `validate_option_array_item`).
async fn stored(
    stage: &Stage<'_>,
    role: &str,
    name: &str,
    guards: &mut Guards,
) -> Result<(), Failure> {
    let unknown = format!(
        "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_settings WHERE lower(name) = lower({}))",
        literal(name)
    );
    if name.contains('.') && asks(stage, &unknown).await? {
        return to_set(stage, role, name, "SET", guards).await;
    }
    parameter(stage, role, name, "SET", guards).await
}

/// The privilege on a parameter; before 15 there is none.
async fn to_set(
    stage: &Stage<'_>,
    role: &str,
    name: &str,
    privilege: &str,
    guards: &mut Guards,
) -> Result<(), Failure> {
    if stage.major() < 15 {
        guards.superuser = true;
        return Ok(());
    }
    let sql = format!(
        "SELECT pg_catalog.has_parameter_privilege({}, {}, {})",
        literal(role),
        literal(name),
        literal(privilege)
    );
    if !asks(stage, &sql).await? {
        let object = object(ObjectKind::Parameter, None, name.to_owned());
        guards
            .needs
            .push(need(role, privilege, object, Breadth::Object, ""));
    }
    Ok(())
}

async fn database_size(
    stage: &Stage<'_>,
    role: &str,
    name: &str,
    guards: &mut Guards,
) -> Result<(), Failure> {
    let sql = format!(
        "SELECT NOT pg_catalog.has_database_privilege({}, oid, 'CONNECT') FROM pg_catalog.pg_database \
         WHERE datname = {}",
        literal(role),
        literal(name)
    );
    if asks(stage, &sql).await? && !acts_as(stage, role, "pg_read_all_stats").await? {
        let object = object(ObjectKind::Database, None, name.to_owned());
        guards
            .needs
            .push(need(role, "CONNECT", object, Breadth::Database, ""));
    }
    Ok(())
}

async fn tablespace_size(
    stage: &Stage<'_>,
    role: &str,
    name: &str,
    guards: &mut Guards,
) -> Result<(), Failure> {
    let sql = format!(
        "SELECT NOT pg_catalog.has_tablespace_privilege({}, oid, 'CREATE') \
         FROM pg_catalog.pg_tablespace WHERE spcname = {} AND oid <> (SELECT dattablespace \
         FROM pg_catalog.pg_database WHERE datname = current_database())",
        literal(role),
        literal(name)
    );
    if asks(stage, &sql).await? && !acts_as(stage, role, "pg_read_all_stats").await? {
        let object = object(ObjectKind::Tablespace, None, name.to_owned());
        guards
            .needs
            .push(need(role, "CREATE", object, Breadth::Object, ""));
    }
    Ok(())
}

/// What of the server signals nobody: it is no backend to them (PostgreSQL source, `procarray.c`,
/// `BackendPidGetProc`).
const NO_BACKENDS: &str = "'checkpointer', 'background writer', 'walwriter', 'archiver', 'startup', \
     'walreceiver', 'walsummarizer', 'slotsync worker', 'io worker'";

/// Another's backend takes membership in its role or `pg_signal_backend`; a superuser's, or one of no
/// role, takes a superuser, but from 18 on a worker of autovacuum (PostgreSQL source, `signalfuncs.c`,
/// `pg_signal_backend`).
pub(super) async fn signal(
    stage: &Stage<'_>,
    role: &str,
    pid: &str,
    guards: &mut Guards,
) -> Result<(), Failure> {
    let sql = format!(
        "SELECT coalesce(r.rolname, ''), coalesce(r.rolsuper, true), a.backend_type FROM pg_catalog.pg_stat_activity a \
         LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid WHERE a.pid::text = {} \
         AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type NOT IN ({NO_BACKENDS}) \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles s WHERE s.rolname = {} AND s.rolsuper)",
        literal(pid),
        literal(role)
    );
    let rows = stage.session.query(&sql).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    if cell(row, 2) == "autovacuum worker" && stage.major() >= 18 {
        return predefined(stage, role, "pg_signal_autovacuum_worker", guards).await;
    }
    if cell(row, 1) == "t" {
        guards.superuser = true;
        return Ok(());
    }
    if acts_as(stage, role, &cell(row, 0)).await? {
        return Ok(());
    }
    predefined(stage, role, "pg_signal_backend", guards).await
}

/// The same where it is not known which backends are meant.
pub(super) async fn signal_some(
    stage: &Stage<'_>,
    role: &str,
    guards: &mut Guards,
) -> Result<(), Failure> {
    guards.notes.push(
        "which backends it reaches is known only when it runs; those of superusers stay out of reach"
            .to_owned(),
    );
    predefined(stage, role, "pg_signal_backend", guards).await
}

/// dblink takes USAGE of a server that it is given by name (PostgreSQL source, `dblink.c`,
/// `get_connect_string`); any other text is a connection string.
async fn through(
    stage: &Stage<'_>,
    role: &str,
    server: String,
    guards: &mut Guards,
) -> Result<(), Failure> {
    let sql = format!(
        "SELECT pg_catalog.pg_get_userbyid(srvowner) FROM pg_catalog.pg_foreign_server \
         WHERE srvname = {} AND NOT pg_catalog.has_server_privilege({}, oid, 'USAGE')",
        literal(&server),
        literal(role)
    );
    let rows = stage.session.query(&sql).await?.rows;
    if let Some(row) = rows.first() {
        let object = object(ObjectKind::ForeignServer, None, server);
        let owner = cell(row, 0);
        guards
            .needs
            .push(need(role, "USAGE", object, Breadth::Object, &owner));
    }
    Ok(())
}

/// The foreign tables are made as by CREATE FOREIGN TABLE, which looks at no more than CREATE of the
/// schema (PostgreSQL source, `namespace.c`, `LookupCreationNamespace`).
async fn import(
    stage: &Stage<'_>,
    role: &str,
    (server, schema): (&str, &str),
    guards: &mut Guards,
) -> Result<(), Failure> {
    let wants = [
        (ObjectKind::ForeignServer, server, "USAGE", Breadth::Object),
        (ObjectKind::Schema, schema, "CREATE", Breadth::Schema),
    ];
    let needs = wants
        .into_iter()
        .map(|(kind, name, privilege, breadth)| {
            need(
                role,
                privilege,
                object(kind, None, name.to_owned()),
                breadth,
                "",
            )
        })
        .collect();
    let needs = lacking(stage.session, needs).await?;
    add(&mut guards.needs, needs);
    Ok(())
}

/// A trusted extension takes CREATE on the database, any other a superuser, and so does each that is
/// made before it.
async fn extension(
    stage: &Stage<'_>,
    role: &str,
    (name, cascade): (&str, bool),
    guards: &mut Guards,
) -> Result<(), Failure> {
    let available = available(stage).await?;
    let Some(wanted) = available.iter().find(|one| one.name == name) else {
        let there = format!(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = {0}) \
             OR EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = {0})",
            literal(name)
        );
        if !asks(stage, &there).await? {
            guards.refusal = Some(saying::extension_unavailable(name));
        }
        return Ok(());
    };
    if let Some(required) = wanted.requires.first().filter(|_| !cascade) {
        guards.refusal = Some(saying::extension_required(required));
        return Ok(());
    }
    let creates = format!(
        "SELECT pg_catalog.has_database_privilege({}, current_database(), 'CREATE')",
        literal(role)
    );
    let creates = asks(stage, &creates).await?;
    let refused: Vec<&Available> = made(name, &available)
        .into_iter()
        .filter(|one| match one.maker {
            Maker::Anybody => false,
            Maker::Creator => !creates,
            Maker::Superuser => true,
        })
        .collect();
    guards.refusal = refused
        .first()
        .and_then(|one| saying::extension_refusal(&one.name, one.maker));
    guards.superuser |= refused.iter().any(|one| one.maker == Maker::Superuser);
    if refused.iter().any(|one| one.maker == Maker::Creator) {
        guards
            .needs
            .push(database(stage.session, role, "CREATE").await?);
    }
    Ok(())
}

/// The extensions that are not there yet, in the version that would be made.
async fn available(stage: &Stage<'_>) -> Result<Vec<Available>, Failure> {
    let sql = "SELECT v.name, v.superuser, v.trusted, array_to_string(ARRAY(SELECT r.name \
         FROM unnest(v.requires) WITH ORDINALITY AS r(name, place) WHERE NOT EXISTS \
         (SELECT FROM pg_catalog.pg_extension x WHERE x.extname = r.name) ORDER BY r.place), ',') \
         FROM pg_catalog.pg_available_extension_versions v JOIN pg_catalog.pg_available_extensions e \
         ON e.name = v.name AND e.default_version = v.version WHERE e.installed_version IS NULL";
    let rows = stage.session.query(sql).await?.rows;
    Ok(rows
        .iter()
        .map(|row| Available {
            name: cell(row, 0),
            maker: match (cell(row, 1).as_str(), cell(row, 2).as_str()) {
                ("t", "t") => Maker::Creator,
                ("t", _) => Maker::Superuser,
                _ => Maker::Anybody,
            },
            requires: cell(row, 3)
                .split(',')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        })
        .collect())
}
