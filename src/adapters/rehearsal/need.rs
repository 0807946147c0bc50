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
    /// What it is for, where it is a membership.
    pub(super) joining: Option<Joining>,
}

/// What a membership must allow, and how GRANT has to say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joining {
    purposes: Vec<Purpose>,
    dialect: Dialect,
}

/// How GRANT words the options of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Until 15 there is ADMIN alone.
    Admin,
    /// A new one: all three options are said, for they have defaults.
    New,
    /// One that is there: options left out stay as they are.
    Present,
    /// One that who looks granted: whoever else runs the statement grants a new one, so all options are
    /// said, those that are there already too.
    Stated {
        inherits: Option<Purpose>,
        becomes: Option<Purpose>,
    },
}

impl Dialect {
    /// Whether a membership that is there is for a purpose.
    fn has_already(self, purpose: Purpose) -> bool {
        match self {
            Self::Stated { inherits, becomes } => [inherits, becomes].contains(&Some(purpose)),
            Self::Admin | Self::New | Self::Present => false,
        }
    }
}

impl Joining {
    /// What it is wanted for most of all.
    pub(super) fn widest(&self) -> Option<Purpose> {
        [Purpose::Administer, Purpose::Inherit, Purpose::Become]
            .into_iter()
            .find(|purpose| self.purposes.contains(purpose))
    }

    /// The clause behind `GRANT role TO role`.
    fn clause(&self) -> String {
        let wants = |purpose| self.purposes.contains(&purpose);
        let options = [
            ("ADMIN", Purpose::Administer),
            ("INHERIT", Purpose::Inherit),
            ("SET", Purpose::Become),
        ];
        let said: Vec<String> = match self.dialect {
            Dialect::Admin if wants(Purpose::Administer) => vec!["ADMIN OPTION".to_owned()],
            Dialect::Admin => Vec::new(),
            Dialect::Present => options
                .into_iter()
                .filter(|(_, purpose)| wants(*purpose))
                .map(|(word, _)| format!("{word} TRUE"))
                .collect(),
            Dialect::New | Dialect::Stated { .. } => options
                .into_iter()
                .filter(|(_, purpose)| wants(*purpose) || *purpose != Purpose::Administer)
                .map(|(word, purpose)| {
                    let said = wants(purpose) || self.dialect.has_already(purpose);
                    format!("{word} {}", if said { "TRUE" } else { "FALSE" })
                })
                .collect(),
        };
        if said.is_empty() {
            String::new()
        } else {
            format!(" WITH {}", said.join(", "))
        }
    }
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
            joining: None,
        }
    }

    /// A membership for some purposes.
    fn joined(mut self, joining: Joining) -> Self {
        self.statement = format!("{}{}", remedy::grant(&self.missing), joining.clause());
        self.joining = Some(joining);
        self
    }

    /// The condition that tells whether a membership is there already for all it is for.
    pub(super) fn joined_already(&self) -> Option<String> {
        let joining = self.joining.as_ref()?;
        let asked = joining.purposes.iter().map(|purpose| {
            let how = match (purpose, joining.dialect) {
                (Purpose::Administer, _) => "MEMBER WITH ADMIN OPTION",
                (Purpose::Inherit, _) => "USAGE",
                (Purpose::Become, Dialect::Admin) => "MEMBER",
                (Purpose::Become, _) => "SET",
            };
            format!(
                "pg_catalog.pg_has_role({}, {}, '{how}')",
                literal(&self.missing.grantee),
                literal(&self.missing.object.name)
            )
        });
        Some(asked.collect::<Vec<String>>().join(" AND "))
    }

    /// The same membership with each of its purposes left out; none where it has but one.
    pub(super) fn with_fewer_purposes(&self) -> Vec<Self> {
        let Some(joining) = self
            .joining
            .as_ref()
            .filter(|joining| joining.purposes.len() > 1)
        else {
            return Vec::new();
        };
        let without = |left_out: &Purpose| {
            let mut fewer = joining.clone();
            fewer.purposes.retain(|purpose| purpose != left_out);
            self.clone().joined(fewer)
        };
        joining.purposes.iter().map(without).collect()
    }

    /// The same, with the right to grant it on.
    pub(super) fn grantable(mut self) -> Self {
        self.statement = format!("{} WITH GRANT OPTION", remedy::grant(&self.missing));
        self.breadth = Breadth::GrantOption;
        self.option = GrantOption::With;
        self
    }

    /// Whether it is the same, or the same on the whole of a relation.
    fn covers(&self, other: &Self) -> bool {
        if self.statement == other.statement {
            return true;
        }
        let mut whole = other.missing.clone();
        whole.object.columns.clear();
        has_columns(whole.object.kind) && self.option == other.option && self.missing == whole
    }

    /// Whether both are the same privilege on columns of the same relation.
    fn differs_in_columns(&self, other: &Self) -> bool {
        let of_columns = |need: &Self| !need.missing.object.columns.is_empty();
        let bare = |need: &Self| {
            let mut missing = need.missing.clone();
            missing.object.columns.clear();
            missing
        };
        of_columns(self)
            && of_columns(other)
            && self.option == other.option
            && bare(self) == bare(other)
    }

    /// The same on the whole relation.
    pub(super) fn on_the_whole(self) -> Self {
        let mut missing = self.missing;
        missing.object.columns.clear();
        Self::of(missing, self.breadth.max(Breadth::Object), &self.owner)
    }

    /// The role whose privileges it brings along, where it is a membership that does.
    pub(super) fn inherits_from(&self) -> Option<&str> {
        let joining = self.joining.as_ref()?;
        let inherits =
            joining.dialect == Dialect::Admin || joining.purposes.contains(&Purpose::Inherit);
        inherits.then_some(self.missing.object.name.as_str())
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

/// Adds those that are not known yet; two memberships in one role become one with the options of
/// both, and two privileges on columns of one relation one on all of them.
pub(super) fn add(needs: &mut Vec<Need>, more: Vec<Need>) {
    let _ = grow(needs, more);
}

/// The same, and whether anything was new.
pub(super) fn grow(needs: &mut Vec<Need>, more: Vec<Need>) -> bool {
    let mut grown = false;
    for need in more {
        if needs.iter().any(|known| known.covers(&need)) {
            continue;
        }
        if let Some(known) = needs
            .iter_mut()
            .find(|known| known.differs_in_columns(&need))
        {
            let mut columns = known.missing.object.columns.clone();
            for column in need.missing.object.columns {
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
            *known = known.on_columns(&columns);
            grown = true;
            continue;
        }
        let same = needs
            .iter_mut()
            .find(|known| known.joining.is_some() && known.missing == need.missing);
        if let (Some(known), Some(joining)) = (same, &need.joining) {
            let mut both = known.joining.clone().unwrap_or_else(|| joining.clone());
            let new: Vec<Purpose> = joining
                .purposes
                .iter()
                .copied()
                .filter(|purpose| !both.purposes.contains(purpose))
                .collect();
            grown |= !new.is_empty();
            both.purposes.extend(new);
            *known = known.clone().joined(both);
        } else {
            needs.push(need);
            grown = true;
        }
    }
    grown
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
/// already are left alone: naming them would take something away. One that somebody else granted is
/// none of ours: from 16 on each grantor has its own (PostgreSQL source, `user.c`, `AddRoleMems`).
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
    let need = need(
        role,
        "MEMBER",
        object(ObjectKind::Role, None, of.to_owned()),
        breadth,
        of,
    );
    let dialect = if session.facts().version.major() < 16 {
        Dialect::Admin
    } else {
        let sql = format!(
            "SELECT g.grantor = 10, g.inherit_option, g.set_option FROM pg_catalog.pg_auth_members g \
             WHERE g.roleid = {}::pg_catalog.regrole AND g.member = {}::pg_catalog.regrole \
             AND g.grantor IN (10, current_user::pg_catalog.regrole) ORDER BY g.grantor = current_user::pg_catalog.regrole DESC",
            literal(&ident::role(of)),
            literal(&ident::role(role))
        );
        let rows = session.query(&sql).await?.rows;
        let when = |row: &Row, at, purpose| (cell(row, at) == "t").then_some(purpose);
        match rows.first() {
            None => Dialect::New,
            Some(row) if cell(row, 0) == "t" => Dialect::Present,
            Some(row) => Dialect::Stated {
                inherits: when(row, 1, Purpose::Inherit),
                becomes: when(row, 2, Purpose::Become),
            },
        }
    };
    let purposes = vec![purpose];
    Ok(need.joined(Joining { purposes, dialect }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(purpose: Purpose, dialect: Dialect) -> Need {
        let role = object(ObjectKind::Role, None, "readers".to_owned());
        let purposes = vec![purpose];
        need("ann", "MEMBER", role, Breadth::Membership, "readers")
            .joined(Joining { purposes, dialect })
    }

    #[test]
    fn two_memberships_in_one_role_become_one() {
        for (dialect, statement) in [
            (Dialect::Admin, "GRANT readers TO ann"),
            (
                Dialect::New,
                "GRANT readers TO ann WITH INHERIT TRUE, SET TRUE",
            ),
            (
                Dialect::Present,
                "GRANT readers TO ann WITH INHERIT TRUE, SET TRUE",
            ),
        ] {
            let mut needs = vec![member(Purpose::Inherit, dialect)];
            add(&mut needs, vec![member(Purpose::Become, dialect)]);
            assert_eq!(needs.len(), 1);
            assert_eq!(needs[0].statement, statement);
            assert!(!grow(&mut needs, vec![member(Purpose::Become, dialect)]));
        }
    }

    #[test]
    fn a_membership_says_no_more_than_it_is_for() {
        for (purpose, dialect, statement) in [
            (
                Purpose::Inherit,
                Dialect::New,
                "GRANT readers TO ann WITH INHERIT TRUE, SET FALSE",
            ),
            (
                Purpose::Become,
                Dialect::New,
                "GRANT readers TO ann WITH INHERIT FALSE, SET TRUE",
            ),
            (
                Purpose::Administer,
                Dialect::New,
                "GRANT readers TO ann WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
            ),
            (
                Purpose::Administer,
                Dialect::Admin,
                "GRANT readers TO ann WITH ADMIN OPTION",
            ),
            (
                Purpose::Inherit,
                Dialect::Present,
                "GRANT readers TO ann WITH INHERIT TRUE",
            ),
        ] {
            assert_eq!(member(purpose, dialect).statement, statement);
        }
    }
}
