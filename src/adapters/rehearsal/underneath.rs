//! What views and rules touch besides what a statement names, and as whom: for when the server cannot
//! be asked to try.
//!
//! Source: PostgreSQL source, `rewriteHandler.c`, `ApplyRetrieveRule`, `rewriteTargetView`, `fireRules`:
//! relations of a rule are checked as the owner of what the rule is on, those under a view of
//! `security_invoker` as who asks; functions are called as who asks, whoever owns the view. Policies are
//! checked as who their table is read as (`rowsecurity.c`, `get_row_security_policies`).

use super::candidates;
use super::derived::{self, by_name};
use super::need::{Need, add, cell};
use super::stored::{self, Touches};
use crate::adapters::session::Session;
use crate::domain::diagnosis::ObjectKind;
use crate::domain::diagnosis::view_text::view_text;
use crate::domain::diagnosis::wants::{Columns, Wanted, wants};
use crate::domain::failure::Failure;
use crate::domain::ident::literal;

/// Views over views followed at most.
const DEEPEST: usize = 8;

/// What is lacking under one relation that a statement wants something of.
pub(super) async fn lacking(
    session: &Session,
    role: &str,
    wanted: &Wanted,
) -> Result<Vec<Need>, Failure> {
    Ok(found(session, role, wanted).await?.needs)
}

/// The OIDs of functions that are called under one relation, as who asks.
pub(super) async fn called(
    session: &Session,
    role: &str,
    wanted: &Wanted,
) -> Result<Vec<u32>, Failure> {
    Ok(found(session, role, wanted).await?.called)
}

async fn found(session: &Session, role: &str, wanted: &Wanted) -> Result<Found, Failure> {
    let descent = Descent {
        session,
        asker: role,
    };
    let mut found = Found::default();
    descent.below(role, wanted, 0, &mut found).await?;
    Ok(found)
}

/// What was found on the way down.
#[derive(Default)]
struct Found {
    needs: Vec<Need>,
    called: Vec<u32>,
}

/// The way down from a relation, for who asks.
struct Descent<'a> {
    session: &'a Session,
    asker: &'a str,
}

/// What rules and policies of one relation touch.
#[derive(Default)]
struct Below {
    /// What is wanted of relations, and whom of.
    relations: Vec<(String, Wanted)>,
    /// The OIDs of functions that who asks may not call.
    functions: Vec<u32>,
    /// Those of all that are called, as who asks.
    called: Vec<u32>,
}

impl Below {
    fn of(who: &str, touched: Touches) -> Self {
        let of = |wanted| (who.to_owned(), wanted);
        Self {
            relations: touched.relations.into_iter().map(of).collect(),
            functions: touched.functions,
            called: touched.called,
        }
    }
}

impl Descent<'_> {
    async fn below(
        &self,
        who: &str,
        wanted: &Wanted,
        depth: usize,
        found: &mut Found,
    ) -> Result<(), Failure> {
        if depth > DEEPEST {
            return Ok(());
        }
        let mut below = self.by_rules(wanted).await?;
        let mut trees = stored::policies(self.session, who, wanted).await?;
        if wanted.privilege == "INSERT" {
            trees.extend(stored::defaults(self.session, wanted).await?);
        }
        for tree in trees {
            let touched = stored::touches(self.session, self.asker, &tree, None).await?;
            let more = Below::of(who, touched);
            below.relations.extend(more.relations);
            below.functions.extend(more.functions);
            below.called.extend(more.called);
        }
        found.called.extend(below.called);
        // They are known by OID: their schemas do not matter.
        let relations = |need: &Need| need.missing.object.kind != ObjectKind::Schema;
        for (who, more) in below.relations {
            let lacks = derived::relation(self.session, &who, &more).await?;
            add(
                &mut found.needs,
                lacks.into_iter().filter(relations).collect(),
            );
            Box::pin(self.below(&who, &more, depth + 1, found)).await?;
        }
        for oid in below.functions {
            let oid = oid.to_string();
            let lacks = candidates::to_execute(self.session, self.asker, &oid).await?;
            add(
                &mut found.needs,
                lacks.into_iter().filter(relations).collect(),
            );
        }
        Ok(())
    }

    /// What the rules of a relation want for one deed.
    async fn by_rules(&self, wanted: &Wanted) -> Result<Below, Failure> {
        // `ev_type` (PostgreSQL source, `pg_rewrite.h`), and the bit of INSTEAD OF triggers.
        let event = match wanted.privilege {
            "SELECT" => '1',
            "UPDATE" => '2',
            "INSERT" => '3',
            "DELETE" => '4',
            _ => return Ok(Below::default()),
        };
        let Some(condition) = by_name(&wanted.relation) else {
            return Ok(Below::default());
        };
        // A security_invoker's view under another view is the asker's as well (PostgreSQL documentation,
        // "CREATE VIEW").
        let sql = format!(
            "SELECT c.oid, c.relkind, CASE WHEN c.reloptions::text ~ 'security_invoker=(true|on|1|yes)' \
             THEN {} ELSE pg_catalog.pg_get_userbyid(c.relowner) END, \
             (SELECT string_agg(pg_catalog.pg_get_ruledef(w.oid), E'\\n') FROM pg_catalog.pg_rewrite w \
             WHERE w.ev_class = c.oid AND w.ev_type = '{event}' AND {event} <> 1 AND w.ev_enabled IN ('O', 'A')), \
             EXISTS (SELECT FROM pg_catalog.pg_trigger i WHERE i.tgrelid = c.oid AND (i.tgtype & 64) <> 0) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE {condition} AND c.relkind IN ('r', 'p', 'v') \
             ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1",
            literal(self.asker)
        );
        let rows = self.session.query(&sql).await?.rows;
        let Some(row) = rows.first() else {
            return Ok(Below::default());
        };
        let (oid, owner, rules) = (cell(row, 0), cell(row, 2), cell(row, 3));
        if !rules.is_empty() {
            let touched = Touches {
                relations: wants(action(&rules)).relations,
                ..Touches::default()
            };
            return Ok(Below::of(&owner, touched));
        }
        if cell(row, 1) != "v" || (event != '1' && cell(row, 4) == "t") {
            return Ok(Below::default());
        }
        let tree = stored::query(self.session, &oid).await?;
        let answered = match event {
            '1' => stored::numbers(self.session, &oid, &wanted.columns).await?,
            _ => Some(Vec::new()),
        };
        let touched = stored::touches(self.session, self.asker, &tree, answered.as_deref()).await?;
        if event == '1' {
            return Ok(Below::of(&owner, touched));
        }
        // Locking the rows of a view locks those under it (PostgreSQL source, `rewriteHandler.c`,
        // `markQueryForLocking`).
        if event == '2' && wanted.columns == Columns::Named(Vec::new()) {
            let relations = touched.relations.into_iter().map(|below| Wanted {
                relation: below.relation,
                ..wanted.clone()
            });
            return Ok(Below {
                relations: relations.map(|below| (owner.clone(), below)).collect(),
                functions: touched.functions,
                called: touched.called,
            });
        }
        let [base] = touched.relations.as_slice() else {
            return Ok(Below::default());
        };
        let columns = written(self.session, &oid, &wanted.columns).await?;
        let relations = columns.map(|columns| {
            let relation = base.relation.clone();
            let privilege = wanted.privilege;
            let wanted = Wanted {
                relation,
                privilege,
                columns,
            };
            (owner, wanted)
        });
        Ok(Below {
            relations: relations.into_iter().collect(),
            functions: touched.functions,
            called: touched.called,
        })
    }
}

/// What a rule does, as its definition is printed.
pub(super) fn action(rule: &str) -> &str {
    [" DO INSTEAD ", " DO ALSO ", " DO "]
        .iter()
        .find_map(|before| rule.split_once(before))
        .map_or("", |(_, action)| action)
}

/// The query of a view, as the server prints it.
pub(super) async fn definition(session: &Session, oid: &str) -> Result<String, Failure> {
    let sql = format!("SELECT pg_catalog.pg_get_viewdef({oid}::pg_catalog.oid)");
    let rows = session.query(&sql).await?.rows;
    let text = rows.first().map(|row| cell(row, 0)).unwrap_or_default();
    Ok(text.trim().trim_end_matches(';').to_owned())
}

/// The columns under a view that some of its columns are; `None` where that is not understood.
async fn written(
    session: &Session,
    oid: &str,
    columns: &Columns,
) -> Result<Option<Columns>, Failure> {
    let Some(view) = view_text(&definition(session, oid).await?) else {
        return Ok(None);
    };
    let names: Vec<String> = match columns {
        Columns::All => view
            .columns
            .iter()
            .filter_map(|one| one.from.clone())
            .collect(),
        Columns::Named(names) => names.iter().filter_map(|name| view.from(name)).collect(),
    };
    Ok((!names.is_empty()).then_some(Columns::Named(names)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_rule_does_is_told() {
        assert_eq!(
            action(
                "CREATE RULE r AS ON INSERT TO s.v DO INSTEAD INSERT INTO s.t (a) VALUES (new.a);"
            ),
            "INSERT INTO s.t (a) VALUES (new.a);"
        );
        assert_eq!(
            action("CREATE RULE n AS ON DELETE TO t DO NOTHING;"),
            "NOTHING;"
        );
    }
}
