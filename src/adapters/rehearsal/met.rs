//! Which needs are met already, or by others among them.

use super::need::{GrantOption, Need, cell};
use crate::adapters::session::Session;
use crate::domain::diagnosis::ObjectKind;
use crate::domain::diagnosis::remedy::{self, Held};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// Those of the needs that the server confirms: what is there already falls away.
pub(super) async fn lacking(session: &Session, needs: Vec<Need>) -> Result<Vec<Need>, Failure> {
    let mut found = Vec::new();
    for need in needs {
        let probe = need
            .joined_already()
            .map(|condition| format!("SELECT {condition}"))
            .or_else(|| {
                let how = match need.option {
                    GrantOption::Without => Held::Plainly,
                    GrantOption::With => Held::ToGrant,
                };
                remedy::held(&literal(&need.missing.grantee), &need.missing, how)
                    .map(|held| format!("SELECT {held}"))
            });
        let there = match probe {
            Some(sql) => {
                let rows = session.query(&sql).await?.rows;
                rows.first().is_some_and(|row| cell(row, 0) == "t")
            }
            None => false,
        };
        if !there {
            found.push(need);
        }
    }
    Ok(found)
}

/// Leaves out what memberships and new owners among the needs bring along.
pub(super) async fn without_inherited(
    session: &Session,
    needs: Vec<Need>,
) -> Result<Vec<Need>, Failure> {
    let mut found = Vec::new();
    for need in &needs {
        let groups = needs
            .iter()
            .filter(|group| group.missing.grantee == need.missing.grantee)
            .filter_map(Need::inherits_from);
        let owns = |change: &&Need| {
            let (owned, asked) = (&change.missing.object, &need.missing.object);
            change.missing.privilege == "OWNER"
                && need.missing.privilege != "OWNER"
                && change.missing.grantee == need.missing.grantee
                && (owned.kind, &owned.schema, &owned.name)
                    == (asked.kind, &asked.schema, &asked.name)
        };
        let mut brought = needs.iter().any(|change| owns(&change));
        for group in
            groups.filter(|_| need.joining.is_none() && need.option == GrantOption::Without)
        {
            if let Some(held) = remedy::held(&literal(group), &need.missing, Held::Plainly)
                && need.missing.object.kind != ObjectKind::Role
            {
                let rows = session.query(&format!("SELECT {held}")).await?.rows;
                brought |= rows.first().is_some_and(|row| cell(row, 0) == "t");
            }
        }
        if !brought {
            found.push(need.clone());
        }
    }
    Ok(found)
}
