//! What VACUUM, ANALYZE, CLUSTER and REINDEX want: they refuse transaction blocks or leave traces, so
//! it is looked up.

use super::candidates::{self, Reach};
use super::definitions;
use super::derived::{by_name, lifting};
use super::need::{Need, Purpose, add, cell, membership, need, object, relation_kind};
use super::ownership::{Ownership, Way, ownership};
use super::roles;
use super::stage::Stage;
use crate::domain::diagnosis::denial::Denial;
use crate::domain::diagnosis::maintained::{
    Extent, Keeper, Maintained, maintained, moved_to, skipping,
};
use crate::domain::diagnosis::saying;
use crate::domain::diagnosis::trial::word_at;
use crate::domain::diagnosis::{Breadth, NotByGrant, NotByGrantKind, ObjectKind};
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::ident::literal;
use crate::domain::sql::lexer::tokens;

/// VACUUM and its kin want ownership, from 17 on MAINTAIN (PostgreSQL source, `vacuum.c`,
/// `vacuum_is_permitted_for_relation`); without it some of them only warn and skip the table.
pub(super) async fn needed(stage: &Stage<'_>, statement: &str) -> Result<Vec<Need>, Failure> {
    let targets = maintained(statement);
    let reindexes = word_at(statement, 0) == "reindex";
    let mut needs = to_move(stage, statement).await?;
    if targets.is_empty() && reindexes {
        add(&mut needs, everything_maintained(stage).await?);
    }
    for target in targets {
        if target.kind == "table" {
            for part in told_apart(stage, &target, right_for(statement)).await? {
                add(&mut needs, part.needs);
            }
            continue;
        }
        let denial = Denial::Ownership {
            kind: target.kind.to_owned(),
            name: target.name.join("."),
        };
        // From 17 on pg_maintain may too (PostgreSQL source, `indexcmds.c`, `ReindexMultipleTables`).
        if stage.major() >= 17 {
            let owns = lifting(stage, statement, &denial, Reach::Role).await?;
            if !owns.is_empty() && !pg_has_role(stage, "pg_maintain").await? {
                let to_maintain = maintainer(stage).await?;
                add(&mut needs, vec![to_maintain]);
            }
            continue;
        }
        add(
            &mut needs,
            lifting(stage, statement, &denial, Reach::Role).await?,
        );
    }
    Ok(needs)
}

/// CREATE on the tablespace that REINDEX moves indexes to, but the database's own (PostgreSQL source,
/// `indexcmds.c`, `ExecReindex`).
async fn to_move(stage: &Stage<'_>, statement: &str) -> Result<Vec<Need>, Failure> {
    let Some(tablespace) = moved_to(statement) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT pg_catalog.pg_get_userbyid(t.spcowner) FROM pg_catalog.pg_tablespace t WHERE t.spcname = {} \
         AND NOT pg_catalog.has_tablespace_privilege({}, t.oid, 'CREATE') AND t.oid <> (SELECT d.dattablespace \
         FROM pg_catalog.pg_database d WHERE d.datname = current_database())",
        literal(&tablespace),
        literal(stage.role)
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows
        .iter()
        .map(|row| {
            let object = object(ObjectKind::Tablespace, None, tablespace.clone());
            need(stage.role, "CREATE", object, Breadth::Object, &cell(row, 0))
        })
        .collect())
}

/// A table that a target means, and what the role lacks for it.
struct Told {
    name: String,
    needs: Vec<Need>,
}

/// The tables of a target that the role may not maintain, its partitions by themselves. Those are not
/// looked up by name, so their schemas do not matter.
async fn told_apart(
    stage: &Stage<'_>,
    target: &Maintained,
    right: Right,
) -> Result<Vec<Told>, Failure> {
    let mut told = vec![Told {
        name: target.name.last().cloned().unwrap_or_default(),
        needs: table(stage, &target.name, right).await?,
    }];
    let leaves = match target.extent {
        Extent::WithPartitions => false,
        Extent::WithLeaves if stage.major() >= 17 => true,
        Extent::WithLeaves | Extent::Alone => return Ok(told),
    };
    let Some(condition) = by_name(&target.name) else {
        return Ok(told);
    };
    let sql = format!(
        "WITH RECURSIVE part(oid) AS (SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = \
         (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} AND c.relkind = 'p' \
         ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1) \
         UNION SELECT i.inhrelid FROM part JOIN pg_catalog.pg_inherits i ON i.inhparent = part.oid) \
         SELECT n.nspname, c.relname FROM part JOIN pg_catalog.pg_class c ON c.oid = part.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT ({leaves} AND c.relkind = 'p') ORDER BY 1, 2 LIMIT 200"
    );
    for row in stage.session.query(&sql).await?.rows {
        let part = [cell(&row, 0), cell(&row, 1)];
        let mut needs = table(stage, &part, right).await?;
        needs.retain(|need| need.missing.object.kind != ObjectKind::Schema);
        told.push(Told {
            name: cell(&row, 1),
            needs,
        });
    }
    told.retain(|one| !one.needs.is_empty());
    Ok(told)
}

/// What is done to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// What takes ownership.
    Own,
    /// The same, or to own the schema.
    Drop,
    /// What takes ownership, from 17 on MAINTAIN.
    Maintain,
    /// The same where the owner of the database may too: VACUUM and ANALYZE.
    Vacuum,
}

/// What the role lacks to own or maintain one table, or the table of one index, found as the server
/// would find it along the path.
pub(super) async fn table(
    stage: &Stage<'_>,
    name: &[String],
    right: Right,
) -> Result<Vec<Need>, Failure> {
    let role = stage.role;
    let Some(condition) = by_name(name) else {
        return Ok(Vec::new());
    };
    // Asked by OID: by name only who may look into the schema may ask.
    let maintaining = !matches!(right, Right::Own | Right::Drop) && stage.major() >= 17;
    let maintains = if maintaining {
        format!(
            ", pg_catalog.has_table_privilege({}, t.oid, 'MAINTAIN')",
            literal(role)
        )
    } else {
        String::new()
    };
    let sql = format!(
        "SELECT n.nspname, t.relname, t.relkind, pg_catalog.pg_get_userbyid(t.relowner), \
         pg_catalog.pg_get_userbyid(n.nspowner), pg_catalog.has_schema_privilege({0}, n.oid, 'USAGE'), \
         pg_catalog.has_schema_privilege(t.relowner, n.oid, 'USAGE'), c.relkind IN ('i', 'I'), c.relname, \
         t.relisshared{maintains} \
         FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
         JOIN pg_catalog.pg_class t ON t.oid = coalesce(i.indrelid, c.oid) \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace WHERE {condition} \
         ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1",
        literal(role)
    );
    let rows = stage.session.query(&sql).await?.rows;
    let Some(row) = rows.first() else {
        // Whether it is there only who may look into the schema is told.
        return definitions::to_look_for(stage, name).await;
    };
    let text = |at: usize| cell(row, at);
    let (schema, table, owner) = (text(0), text(1), text(3));
    let mut needs = if maintaining {
        let object = object(relation_kind(&text(2)), Some(schema.clone()), table);
        if text(10) == "t" {
            Vec::new()
        } else {
            vec![need(role, "MAINTAIN", object, Breadth::Object, &owner)]
        }
    } else {
        let kind = if text(7) == "t" { "index" } else { "table" };
        let name = format!("{schema}.{}", text(8));
        let way = if right == Right::Drop {
            Way::Dropping
        } else {
            Way::Membership
        };
        match ownership(stage.session, role, kind, &name, way).await? {
            Ownership::Ways(needs) => needs,
            // The database's owner maintains its catalogs, but not what the cluster shares.
            Ownership::System if right == Right::Vacuum && text(9) != "t" => {
                everything_maintained(stage).await?
            }
            Ownership::System => Vec::new(),
        }
    };
    // A member of the owner finds the table where the owner does.
    let joins = needs.iter().any(|need| need.missing.privilege == "MEMBER");
    if text(5) != "t" && !(joins && text(6) == "t") {
        let schema = object(ObjectKind::Schema, None, schema);
        needs.insert(0, need(role, "USAGE", schema, Breadth::Schema, &text(4)));
    }
    Ok(needs)
}

/// The schema of a target that the role may not look into: then the statement fails before it looks
/// at the table.
pub(super) async fn hidden_schema(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<Option<Failure>, Failure> {
    for target in maintained(statement) {
        let [schema, _] = target.name.as_slice() else {
            continue;
        };
        let sql = format!(
            "SELECT FROM pg_catalog.pg_namespace WHERE nspname = {} \
             AND NOT pg_catalog.has_schema_privilege({}, oid, 'USAGE')",
            literal(schema),
            literal(stage.role)
        );
        if !stage.session.query(&sql).await?.rows.is_empty() {
            return Ok(Some(saying::schema_refusal(schema)));
        }
    }
    Ok(None)
}

/// The warning with which VACUUM, ANALYZE and CLUSTER skip a table that the role may not maintain; the
/// statement itself succeeds (PostgreSQL source, `vacuum.c`, `vacuum_is_permitted_for_relation`). CLUSTER
/// refuses the table that it names and skips partitions.
pub(super) async fn skipped(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<Option<Failure>, Failure> {
    let verb = word_at(statement, 0);
    if !["vacuum", "analyze", "cluster"].contains(&verb.as_str()) {
        return Ok(None);
    }
    for target in maintained(statement) {
        let keeper = keeper(stage, &target.name).await?;
        let told = told_apart(stage, &target, right_for(statement)).await?;
        let named = |one: &Told| Some(&one.name) == target.name.last();
        let shared = keeper == Keeper::Cluster && stage.major() < 17;
        let name = match told.first() {
            // A table that is not even found makes it fail.
            Some(first)
                if first
                    .needs
                    .iter()
                    .any(|need| need.missing.object.kind == ObjectKind::Schema) =>
            {
                return Ok(None);
            }
            Some(first) if verb == "cluster" && named(first) => return Ok(None),
            Some(first) => &first.name,
            None if shared && verb != "cluster" => match target.name.last() {
                Some(name) => name,
                None => continue,
            },
            None => continue,
        };
        let message = skipping(&verb, name, keeper, stage.major());
        let mut warning = Failure::new(Phase::Statement, Origin::Server, message);
        warning.severity = Some("WARNING".to_owned());
        warning.sqlstate = Some("01000".to_owned());
        return Ok(Some(warning));
    }
    Ok(None)
}

/// The refusal of REINDEX and CLUSTER to who does not own what they name.
pub(super) fn not_owned(statement: &str) -> Option<Failure> {
    if right_for(statement) == Right::Vacuum {
        return None;
    }
    let name = maintained(statement).into_iter().next()?.name.pop()?;
    let indexes = tokens(statement)
        .iter()
        .any(|token| token.is(statement, "index"));
    Some(saying::owner_refusal(
        if indexes { "index" } else { "table" },
        &name,
    ))
}

/// Whose a table is.
async fn keeper(stage: &Stage<'_>, name: &[String]) -> Result<Keeper, Failure> {
    let Some(condition) = by_name(name) else {
        return Ok(Keeper::Owner);
    };
    let sql = format!(
        "SELECT c.relisshared, n.nspname = 'pg_catalog' FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {condition} \
         ORDER BY array_position(current_schemas(true), n.nspname) LIMIT 1"
    );
    let rows = stage.session.query(&sql).await?.rows;
    let is = |at: usize| rows.first().is_some_and(|row| cell(row, at) == "t");
    Ok(match (is(0), is(1)) {
        (true, _) => Keeper::Cluster,
        (false, true) => Keeper::Database,
        (false, false) => Keeper::Owner,
    })
}

/// What a statement takes.
fn right_for(statement: &str) -> Right {
    match word_at(statement, 0).as_str() {
        "vacuum" | "analyze" => Right::Vacuum,
        _ => Right::Maintain,
    }
}

/// What all databases share was a superuser's alone to maintain before MAINTAIN came with 17, and so was
/// every catalog for REINDEX and CLUSTER of one table: those ask for its owner (PostgreSQL source,
/// `indexcmds.c`, `RangeVarCallbackForReindexIndex`; `cluster.c`, `cluster`).
pub(super) async fn barred(
    stage: &Stage<'_>,
    statement: &str,
) -> Result<Option<NotByGrant>, Failure> {
    if stage.major() >= 17 {
        return Ok(None);
    }
    for target in maintained(statement) {
        if target.kind != "table" {
            continue;
        }
        let keeper = keeper(stage, &target.name).await?;
        let by_owner = right_for(statement) != Right::Vacuum;
        if keeper == Keeper::Cluster || (keeper == Keeper::Database && by_owner) {
            let above = roles::is_superuser(stage.session, stage.role).await?;
            return Ok((!above).then(|| NotByGrant {
                kind: NotByGrantKind::Superuser,
                explanation: format!(
                    "{} is a catalog{}: before PostgreSQL 17 only a superuser {} it.",
                    target.name.join("."),
                    match keeper {
                        Keeper::Cluster => " that all databases share",
                        Keeper::Owner | Keeper::Database => "",
                    },
                    if by_owner {
                        "reindexes or clusters"
                    } else {
                        "vacuums or analyzes"
                    }
                ),
            }));
        }
    }
    Ok(None)
}

/// VACUUM, ANALYZE and CLUSTER without a table's name pass for everybody: they skip what the role may not
/// maintain, most versions with a warning each (PostgreSQL source, `vacuum.c`, `get_all_vacuum_rels`;
/// `cluster.c`, `get_tables_to_cluster`).
pub(super) fn passes_over(statement: &str) -> Option<String> {
    let verb = word_at(statement, 0);
    (["vacuum", "analyze", "cluster"].contains(&verb.as_str()) && maintained(statement).is_empty())
        .then(|| {
            format!(
                "without a table's name {} is refused to nobody: it skips what the role may not maintain",
                verb.to_uppercase()
            )
        })
}

/// The owner of the database may maintain all of it but what the cluster shares.
async fn everything_maintained(stage: &Stage<'_>) -> Result<Vec<Need>, Failure> {
    let here = candidates::database(stage.session, stage.role, "OWNER").await?;
    let owner = pg_has_role(stage, &here.owner).await?;
    if owner || (stage.major() >= 17 && pg_has_role(stage, "pg_maintain").await?) {
        return Ok(Vec::new());
    }
    if stage.major() >= 17 {
        return Ok(vec![maintainer(stage).await?]);
    }
    let ways = ownership(
        stage.session,
        stage.role,
        "database",
        &here.missing.object.name,
        Way::Membership,
    )
    .await?;
    Ok(match ways {
        Ownership::Ways(needs) => needs,
        Ownership::System => Vec::new(),
    })
}

/// Membership in the role that maintains everything.
async fn maintainer(stage: &Stage<'_>) -> Result<Need, Failure> {
    membership(stage.session, stage.role, "pg_maintain", Purpose::Inherit).await
}

/// Whether the stage's role has the privileges of another.
async fn pg_has_role(stage: &Stage<'_>, of: &str) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT pg_catalog.pg_has_role({}, {}, 'USAGE')",
        literal(stage.role),
        literal(of)
    );
    let rows = stage.session.query(&sql).await?.rows;
    Ok(rows.first().is_some_and(|row| cell(row, 0) == "t"))
}
