//! Queries of catalogs that are run for what they refuse: functions in them look at what the rows name.

use super::checked::harmless;
use super::derived::by_name;
use super::stage::Stage;
use crate::domain::diagnosis::evaluable::worked_out;
use crate::domain::diagnosis::wants::wants;
use crate::domain::failure::Failure;

/// A query as it is run, where it reads catalogs alone and calls nothing that might do something.
pub(super) async fn looking(stage: &Stage<'_>, statement: &str) -> Result<Option<String>, Failure> {
    let Some(query) = worked_out(statement) else {
        return Ok(None);
    };
    stage.rewind().await?;
    let named: Vec<String> = wants(statement)
        .relations
        .iter()
        .filter_map(|wanted| by_name(&wanted.relation))
        .map(|condition| format!("({condition})"))
        .chain(["false".to_owned()])
        .collect();
    let elsewhere = format!(
        "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname <> 'pg_catalog' AND ({}) LIMIT 1",
        named.join(" OR ")
    );
    let catalogs = stage.session.query(&elsewhere).await?.rows.is_empty();
    Ok((catalogs && harmless(stage, &[statement]).await?).then_some(query))
}
