//! Rights as rows, for a spreadsheet: a row for each role, object and privilege, with the path a
//! person would tell first.

use std::io::{self, Write};

use super::account::{Account, Accounts, Claim, Search};
use super::model::Snapshot;
use super::object::ObjectId;
use super::reach::Filter;
use super::remark::Remark;
use super::role::RoleId;
use super::standing::{Becoming, Gate};
use crate::domain::export::Exporter;
use crate::domain::rows::Cell;
use crate::domain::run::Column;

/// Of whom and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// These roles.
    pub roles: Vec<RoleId>,
    /// On these objects.
    pub objects: Objects,
    /// Narrows the objects and the privileges.
    pub filter: Filter,
}

/// On which objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objects {
    /// All that the filter takes.
    All,
    /// These alone.
    These(Vec<ObjectId>),
}

/// The names of the columns.
const COLUMNS: [&str; 10] = [
    "role",
    "kind",
    "object",
    "columns",
    "privilege",
    "when",
    "grantable",
    "schema_usage",
    "rows",
    "path",
];

impl Report {
    /// What a report's columns are; all are text.
    #[must_use]
    pub fn columns() -> Vec<Column> {
        const TEXT: u32 = 25;
        COLUMNS
            .iter()
            .map(|name| Column::computed(*name, TEXT, "text"))
            .collect()
    }

    /// Writes a row for each role, object and privilege, as they are found.
    pub fn write<W: Write>(&self, rights: &Snapshot, out: &mut Exporter<W>) -> io::Result<()> {
        for role in &self.roles {
            let mut accounts = Accounts::of(rights, *role, Search::Best);
            match &self.objects {
                Objects::These(objects) => {
                    for object in objects {
                        let account = accounts.account(*object, self.filter.privilege);
                        rows(rights, &account, out)?;
                    }
                }
                Objects::All => {
                    let becoming = accounts.becoming().to_vec();
                    for held in rights.held_by(*role, &self.filter, &becoming) {
                        let account = accounts.account(held.object, self.filter.privilege);
                        rows(rights, &account, out)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Roles that may do something to an object, or one thing, as [`Snapshot::holders`] has them.
    #[must_use]
    pub fn who_can(rights: &Snapshot, object: ObjectId, filter: Filter) -> Self {
        let becoming = Becoming::of(rights);
        Self {
            roles: rights
                .holders(object, filter.privilege, &becoming)
                .into_iter()
                .map(|holding| holding.role)
                .collect(),
            objects: Objects::These(vec![object]),
            filter,
        }
    }
}

fn rows<W: Write>(rights: &Snapshot, account: &Account, out: &mut Exporter<W>) -> io::Result<()> {
    let Some(known) = rights.object(account.object) else {
        return Ok(());
    };
    let object = rights.object_name(account.object);
    let usage = match (account.standing.gate, known.schema) {
        (_, None) => "",
        (Gate::Open, Some(_)) => "yes",
        (Gate::Shut(_), Some(_)) => "no",
    };
    let limits: Vec<String> = account
        .remarks
        .iter()
        .filter(|remark| matches!(remark, Remark::RowsLimited(_) | Remark::NoRows))
        .map(|remark| remark.words(rights))
        .collect();
    for claim in &account.claims {
        let Some(best) = claim.paths.first() else {
            continue;
        };
        let when = best.set_role().map_or("at once".to_owned(), |role| {
            format!("after SET ROLE {}", rights.role_name(role))
        });
        let grantable = if account.standing.now.grantable.has(claim.privilege) {
            "yes"
        } else {
            "no"
        };
        let cells = [
            rights.role_name(account.role).to_owned(),
            known.kind.noun().to_owned(),
            object.clone(),
            claim.column_names(rights).join(", "),
            claim.privilege.keyword().to_owned(),
            when,
            grantable.to_owned(),
            usage.to_owned(),
            limits.join("; "),
            best.words(rights),
        ];
        // What does not apply is NULL: CSV would put an empty text into quotes.
        out.row(cells.iter().map(|cell| match cell.as_str() {
            "" => Cell::Null,
            text => Cell::Text(text),
        }))?;
    }
    Ok(())
}

impl Claim {
    /// The names of its columns.
    #[must_use]
    pub fn column_names(&self, rights: &Snapshot) -> Vec<String> {
        self.columns
            .iter()
            .filter_map(|column| rights.object(*column))
            .map(|column| column.name.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{relation, role, scene};
    use super::*;
    use crate::domain::export::Format;

    const SHOP: &str = "
        role dba
        role readers
        role analyst
        role clerk
        member analyst readers dba noinherit
        schema - app dba {dba=UC/dba,readers=U/dba}
        table app orders dba {dba=arwd/dba,readers=r*/dba}
        table app lines dba {dba=arwd/dba,readers=r*/dba}
        column orders total dba {clerk=w/dba}
    ";

    fn written(report: &Report) -> String {
        let rights = scene(16, SHOP);
        let mut out = Exporter::begin(Vec::new(), Format::Csv, &Report::columns()).unwrap();
        report.write(&rights, &mut out).unwrap();
        let text = String::from_utf8(out.end().unwrap()).unwrap();
        text.lines().skip(1).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_privilege_is_a_row() {
        let rights = scene(16, SHOP);
        let report = Report {
            roles: vec![role(&rights, "analyst"), role(&rights, "clerk")],
            objects: Objects::All,
            filter: Filter {
                schema: rights.schema_named("app"),
                ..Filter::default()
            },
        };
        assert_eq!(
            written(&report).lines().collect::<Vec<_>>(),
            [
                "analyst,schema,app,,USAGE,after SET ROLE readers,no,,,analyst → member of readers \
                 (only after SET ROLE) → USAGE granted by dba",
                "analyst,table,app.lines,,SELECT,after SET ROLE readers,no,yes,,analyst → member of \
                 readers (only after SET ROLE) → SELECT granted by dba with grant option",
                "analyst,table,app.orders,,SELECT,after SET ROLE readers,no,yes,,analyst → member of \
                 readers (only after SET ROLE) → SELECT granted by dba with grant option",
                "clerk,table,app.orders,total,UPDATE,at once,no,no,,clerk → UPDATE granted by dba",
            ]
        );
    }

    #[test]
    fn who_can_is_a_report_of_one_object() {
        let rights = scene(16, SHOP);
        let filter = Filter {
            privilege: Some(super::super::Privilege::Select),
            ..Filter::default()
        };
        let text = written(&Report::who_can(
            &rights,
            relation(&rights, "app.orders"),
            filter,
        ));
        let roles: Vec<&str> = text
            .lines()
            .filter_map(|row| row.split(',').next())
            .collect();
        assert_eq!(roles, ["dba", "readers", "analyst"]);
    }
}
