//! What OR REPLACE replaces, which must be owned.

use super::{place_of, signature};
use crate::adapters::rehearsal::maintenance::{self, Right};
use crate::adapters::rehearsal::need::{Need, cell};
use crate::adapters::rehearsal::ownership::{Ownership, Way, ownership};
use crate::adapters::rehearsal::resolution;
use crate::adapters::rehearsal::stage::Stage;
use crate::domain::diagnosis::ObjectKind;
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// Ownership of a view that is there already: OR REPLACE finds it where it would create it, by OID.
pub(super) async fn to_replace_view(
    stage: &Stage<'_>,
    name: &[String],
) -> Result<Vec<Need>, Failure> {
    let (Some(schema), Some(last)) = (place_of(stage, name).await?, name.last()) else {
        return Ok(Vec::new());
    };
    let mut needs = maintenance::table(stage, &[schema, last.clone()], Right::Own).await?;
    needs.retain(|need| need.missing.object.kind != ObjectKind::Schema);
    Ok(needs)
}

/// Ownership of the routine that is there already under the name and arguments of a new one.
pub(super) async fn to_replace_routine(
    stage: &Stage<'_>,
    statement: &str,
    name: &[String],
) -> Result<Vec<Need>, Failure> {
    let (Some(schema), Some(last)) = (place_of(stage, name).await?, name.last()) else {
        return Ok(Vec::new());
    };
    let name = format!("{schema}.{last}");
    let way = Way::Membership;
    let Ownership::Ways(mut needs) =
        ownership(stage.session, stage.role, "function", &name, way).await?
    else {
        return Ok(Vec::new());
    };
    let meant = replaced(stage, statement, &schema, last).await?;
    needs.retain(|need| {
        let object = &need.missing.object;
        meant.is_some() && (object.kind == ObjectKind::Role || meant.as_ref() == Some(&object.name))
    });
    Ok(needs)
}

/// The routine that OR REPLACE would replace, with its arguments. What names its parameters no function of
/// the server's reads: then it is the only one of the name, with as many.
async fn replaced(
    stage: &Stage<'_>,
    statement: &str,
    schema: &str,
    name: &str,
) -> Result<Option<String>, Failure> {
    let Some(signature) = signature(statement, name) else {
        return Ok(None);
    };
    let arguments = match signature.split_once('(') {
        Some((_, given)) if given.trim() != ")" => given.matches(',').count() + 1,
        _ => 0,
    };
    let alone = format!(
        "SELECT min(p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')') FROM pg_catalog.pg_proc p \
         JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = {} AND p.proname = {} \
         HAVING count(*) = 1 AND min(p.pronargs) = {arguments}",
        literal(schema),
        literal(name)
    );
    let told = format!(
        "SELECT p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' FROM pg_catalog.pg_proc p \
         WHERE p.oid = pg_catalog.to_regprocedure({})",
        literal(&signature)
    );
    let rows = match resolution::asked(stage, &[], &told).await? {
        Some(rows) => rows,
        None => stage.session.query(&alone).await?.rows,
    };
    Ok(rows.first().map(|row| cell(row, 0)))
}
