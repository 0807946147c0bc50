//! Accounts, roles and comparisons line by line, for a person. Names are as they are, so every
//! line is untrusted text.

use super::account::Account;
use super::acl::{Privilege, Rights};
use super::model::Snapshot;
use super::object::Realm;
use super::reach::Surplus;
use super::role::{Attribute, MembershipOption, RoleId};
use super::standing::Gate;

/// Names listed one after another; more are counted.
const NAMED: usize = 24;

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It is so.
    Held,
    /// Only after SET ROLE, or only in part.
    Later,
    /// It is not so.
    Lacking,
    /// What else there is to know.
    Remark,
}

/// A line with what stands before it: a privilege, a sign, a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How it is meant.
    pub tone: Tone,
    /// What stands before it; as many blanks where it goes on from the line above.
    pub lead: String,
    /// The line.
    pub text: String,
}

impl Line {
    fn new(tone: Tone, lead: &str, text: impl Into<String>) -> Self {
        Self {
            tone,
            lead: lead.to_owned(),
            text: text.into(),
        }
    }
}

/// The first names of a list, and how many more.
#[must_use]
pub fn shortened<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

impl Rights {
    /// `SELECT, UPDATE, the right to grant SELECT`.
    #[must_use]
    pub fn words(self) -> String {
        let mut words: Vec<&str> = self.held.iter().map(Privilege::keyword).collect();
        let grantable: Vec<&str> = self.grantable.iter().map(Privilege::keyword).collect();
        let grant = format!("the right to grant {}", grantable.join(", "));
        if !grantable.is_empty() {
            words.push(&grant);
        }
        words.join(", ")
    }
}

/// What is said behind the last path of how many there are besides.
fn others(paths: u64) -> String {
    match paths {
        0 => String::new(),
        1 => " (and 1 more path)".to_owned(),
        many => format!(" (and {many} more paths)"),
    }
}

impl Account {
    /// What the role may do, by `most` paths a privilege, what keeps it from that, and what else
    /// decides.
    #[must_use]
    pub fn told(&self, rights: &Snapshot, most: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for claim in &self.claims {
            let columns = claim.column_names(rights);
            let columns = if columns.is_empty() {
                String::new()
            } else {
                format!("({}) ", shortened(&columns))
            };
            let shown = claim.paths.len().min(most);
            let hidden = claim
                .paths_left_out
                .saturating_add((claim.paths.len() - shown) as u64);
            for (at, path) in claim.paths.iter().take(most).enumerate() {
                let tone = if path.set_role().is_some() || !claim.columns.is_empty() {
                    Tone::Later
                } else {
                    Tone::Held
                };
                let keyword = if at == 0 {
                    claim.privilege.keyword()
                } else {
                    ""
                };
                let others = if at + 1 == shown {
                    others(hidden)
                } else {
                    String::new()
                };
                let text = format!("{columns}{}{others}", path.words(rights));
                lines.push(Line::new(tone, &format!("{keyword:<10} "), text));
            }
        }
        if let Gate::Shut(schema) = self.standing.gate {
            let name = rights.object_name(schema);
            let text = format!("no USAGE on schema {name}: it cannot get as far as the object");
            lines.push(Line::new(Tone::Lacking, "! ", text));
        }
        lines.extend(
            self.remarks
                .iter()
                .map(|remark| Line::new(Tone::Remark, "· ", remark.words(rights))),
        );
        lines
    }

    /// What it may not do, in one line.
    #[must_use]
    pub fn lacking_told(&self) -> Option<Line> {
        let lacking: Vec<&str> = self.lacking.iter().map(Privilege::keyword).collect();
        (!lacking.is_empty()).then(|| Line::new(Tone::Lacking, "✗ not ", lacking.join(", ")))
    }
}

impl Snapshot {
    /// A role's attributes, memberships and whom it must become to have more.
    #[must_use]
    pub fn portrait(&self, role: RoleId) -> Vec<Line> {
        let mut lines = Vec::new();
        let Some(known) = self.role(role) else {
            return lines;
        };
        let attributes: Vec<&str> = known.attributes.iter().map(Attribute::keyword).collect();
        lines.push(Line::new(Tone::Held, "attributes: ", attributes.join(", ")));
        if let Some(predefined) = known.predefined() {
            lines.push(Line::new(Tone::Held, "predefined: ", predefined.gives()));
        }
        for membership in self.groups_of(role) {
            let by = membership
                .grantor
                .map_or("a role that is gone", |by| self.role_name(by));
            let tone = if membership.options.has(MembershipOption::Inherit) {
                Tone::Held
            } else {
                Tone::Later
            };
            let group = self.role_name(membership.role);
            let text = format!("{group} ({}), granted by {by}", membership.options.words());
            lines.push(Line::new(tone, "member of ", text));
        }
        let becoming: Vec<&str> = self
            .worth_becoming(role)
            .into_iter()
            .map(|other| self.role_name(other))
            .collect();
        if !becoming.is_empty() {
            let text = shortened(&becoming);
            lines.push(Line::new(
                Tone::Later,
                "has more only after SET ROLE ",
                text,
            ));
        }
        lines
    }

    /// Who is in a role, and how much it owns.
    #[must_use]
    pub fn following(&self, role: RoleId) -> Vec<Line> {
        let mut lines = Vec::new();
        let members: Vec<&str> = self
            .members_of(role)
            .map(|membership| self.role_name(membership.member))
            .collect();
        if !members.is_empty() {
            lines.push(Line::new(
                Tone::Remark,
                "its members: ",
                shortened(&members),
            ));
        }
        let owned = self
            .objects()
            .filter(|(_, object)| object.owner == Some(role))
            .filter(|(_, object)| object.kind.realm() != Realm::Column)
            .count();
        let noun = if owned == 1 { "object" } else { "objects" };
        let text = format!("{owned} {noun} of this database");
        lines.push(Line::new(Tone::Remark, "owns ", text));
        lines
    }

    /// What only one of two compared roles has besides rights on objects.
    #[must_use]
    pub fn surplus_told(&self, role: RoleId, surplus: &Surplus) -> Vec<Line> {
        let attributes: Vec<&str> = surplus.attributes.iter().map(Attribute::keyword).collect();
        let groups: Vec<&str> = surplus
            .groups
            .iter()
            .map(|group| self.role_name(*group))
            .collect();
        [("has", attributes), ("has the rights of", groups)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| {
                let text = format!("{} {what} {}", self.role_name(role), shortened(&names));
                Line::new(Tone::Held, "only ", text)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{relation, role, scene};
    use super::*;

    #[test]
    fn paths_that_are_not_shown_are_counted() {
        let rights = scene(
            16,
            "
            role dba
            role readers
            role staff
            role analyst
            member analyst readers dba
            member analyst staff dba
            schema - app dba {dba=UC/dba,=U/dba}
            table app orders dba {dba=arwd/dba,readers=r/dba,staff=r/dba}
            ",
        );
        let analyst = role(&rights, "analyst");
        let orders = relation(&rights, "app.orders");
        let account = rights.account(analyst, orders, Some(Privilege::Select));
        let one: Vec<String> = account
            .told(&rights, 1)
            .into_iter()
            .map(|line| line.text)
            .collect();
        assert_eq!(
            one,
            ["analyst → member of readers (inherits) → SELECT granted by dba (and 1 more path)"]
        );
        let both = account.told(&rights, 2);
        assert!(both.iter().all(|line| !line.text.contains("more path")));
    }

    #[test]
    fn an_account_reads_from_top_to_bottom() {
        let rights = scene(
            16,
            "
            role dba
            role readers
            role analyst
            member analyst readers dba noinherit
            schema - app dba {dba=UC/dba}
            table app orders dba {dba=arwd/dba,readers=r/dba} r
            ",
        );
        let analyst = role(&rights, "analyst");
        let account = rights.account(analyst, relation(&rights, "app.orders"), None);
        let lines: Vec<String> = account
            .told(&rights, 4)
            .into_iter()
            .chain(account.lacking_told())
            .map(|line| format!("{:?} {}{}", line.tone, line.lead, line.text))
            .collect();
        assert_eq!(
            lines,
            [
                "Later SELECT     analyst → member of readers (only after SET ROLE) → SELECT granted \
                 by dba",
                "Lacking ! no USAGE on schema app: it cannot get as far as the object",
                "Remark · row-level security is on and no policy lets it see or write a row",
                "Lacking ✗ not INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER",
            ]
        );
        let portrait: Vec<String> = rights
            .portrait(analyst)
            .into_iter()
            .map(|line| line.lead + &line.text)
            .collect();
        assert_eq!(
            portrait,
            [
                "attributes: INHERIT",
                "member of readers (does not inherit, SET), granted by dba",
                "has more only after SET ROLE readers"
            ]
        );
        assert_eq!(others(1), " (and 1 more path)");
        let names: Vec<String> = (0..30).map(|number| number.to_string()).collect();
        assert!(shortened(&names).ends_with("23 and 6 more"));
    }
}
