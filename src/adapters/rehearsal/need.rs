//! One privilege that is missing and the statement that would give it.

use crate::adapters::session::Session;
use crate::domain::diagnosis::{Breadth, MissingPrivilege, ObjectKind, ObjectName, remedy};
use crate::domain::failure::Failure;
use crate::domain::ident::{self, literal};

/// One privilege that would have to be given, and the statement that gives it.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) missing: MissingPrivilege,
    pub(super) statement: String,
    pub(super) breadth: Breadth,
    /// Who owns the object; empty where nobody does.
    pub(super) owner: String,
    pub(super) option: GrantOption,
    /// What had to be owned, where this is a way to the owner's rights.
    pub(super) wanted: Option<Wanted>,
}

/// Something that must be owned, in the server's words.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) kind: String,
    pub(super) name: String,
}

/// Whether the grantee must be able to grant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GrantOption {
    Without,
    With,
}

impl GrantOption {
    /// What stands behind a privilege that is asked about.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Without => "",
            Self::With => " WITH GRANT OPTION",
        }
    }
}

impl Need {
    pub(super) fn of(missing: MissingPrivilege, breadth: Breadth, owner: &str) -> Self {
        Self {
            statement: remedy::grant(&missing),
            missing,
            breadth,
            owner: owner.to_owned(),
            option: GrantOption::Without,
            wanted: None,
        }
    }

    /// The same, with the right to grant it on.
    pub(super) fn grantable(mut self) -> Self {
        self.statement = format!("{} WITH GRANT OPTION", remedy::grant(&self.missing));
        self.breadth = Breadth::GrantOption;
        self.option = GrantOption::With;
        self
    }

    /// The same on these columns only.
    pub(super) fn on_columns(&self, columns: &[String]) -> Self {
        let mut missing = self.missing.clone();
        missing.object.columns = columns.to_vec();
        let narrow = Self::of(missing, Breadth::Column, &self.owner);
        match self.option {
            GrantOption::Without => narrow,
            GrantOption::With => narrow.grantable(),
        }
    }
}

/// A row of an answer.
pub(super) type Row = Vec<Option<String>>;

/// A cell as text; empty for NULL.
pub(super) fn cell(row: &Row, at: usize) -> String {
    row.get(at).cloned().flatten().unwrap_or_default()
}

pub(super) fn need(
    grantee: &str,
    privilege: &str,
    object: ObjectName,
    breadth: Breadth,
    owner: &str,
) -> Need {
    let missing = MissingPrivilege {
        privilege: privilege.to_owned(),
        grantee: grantee.to_owned(),
        object,
    };
    Need::of(missing, breadth, owner)
}

pub(super) fn object(kind: ObjectKind, schema: Option<String>, name: String) -> ObjectName {
    ObjectName {
        kind,
        schema,
        name,
        columns: Vec::new(),
    }
}

pub(super) fn relation_kind(relkind: &str) -> ObjectKind {
    match relkind {
        "v" => ObjectKind::View,
        "m" => ObjectKind::MaterializedView,
        "f" => ObjectKind::ForeignTable,
        "S" => ObjectKind::Sequence,
        _ => ObjectKind::Table,
    }
}

/// Whether privileges on columns exist for the kind.
pub(super) const fn has_columns(kind: ObjectKind) -> bool {
    matches!(
        kind,
        ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable
    )
}

/// Adds those that are not known yet.
pub(super) fn add(needs: &mut Vec<Need>, more: Vec<Need>) {
    for need in more {
        if !needs.iter().any(|known| known.statement == need.statement) {
            needs.push(need);
        }
    }
}

/// An attribute of the role itself.
pub(super) fn attribute_of(role: &str, attribute: &str) -> Need {
    let object = object(ObjectKind::Role, None, role.to_owned());
    need(role, attribute, object, Breadth::Attribute, "")
}

/// What a membership is wanted for. From 16 on each has an option of its own (commit e3ce2de09d).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To have the role's privileges without asking.
    Inherit,
    /// To become the role.
    Become,
    /// To grant the role to others.
    Administer,
}

/// A membership, with no more options than its purpose wants. Options of a membership that is there
/// already are left alone: naming them would take something away.
pub(super) async fn membership(
    session: &Session,
    role: &str,
    of: &str,
    purpose: Purpose,
) -> Result<Need, Failure> {
    let breadth = if of.starts_with("pg_") {
        Breadth::PredefinedRole
    } else {
        Breadth::Membership
    };
    let mut need = need(
        role,
        "MEMBER",
        object(ObjectKind::Role, None, of.to_owned()),
        breadth,
        of,
    );
    if session.facts().version.major() < 16 {
        if purpose == Purpose::Administer {
            need.statement.push_str(" WITH ADMIN OPTION");
        }
        return Ok(need);
    }
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_auth_members WHERE roleid = {}::pg_catalog.regrole \
         AND member = {}::pg_catalog.regrole",
        literal(&ident::role(of)),
        literal(&ident::role(role))
    );
    let there = !session.query(&sql).await?.rows.is_empty();
    need.statement.push_str(match (purpose, there) {
        (Purpose::Inherit, true) => " WITH INHERIT TRUE",
        (Purpose::Inherit, false) => " WITH INHERIT TRUE, SET FALSE",
        (Purpose::Become, true) => " WITH SET TRUE",
        (Purpose::Become, false) => " WITH INHERIT FALSE, SET TRUE",
        (Purpose::Administer, true) => " WITH ADMIN TRUE",
        (Purpose::Administer, false) => " WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
    });
    Ok(need)
}
