//! What is known about what the cursor of the access screen is on.

use super::{AccessScreen, Item, View};
use crate::domain::access::{Account, Filter, ObjectId, Privilege, RoleId, Snapshot, Tone};

/// Paths shown for one privilege.
const PATHS: usize = 6;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A heading.
    Heading,
    /// Something told.
    Told(Tone),
    /// A statement that would change it.
    Statement,
}

/// A line of what is known. May hold server text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What it is.
    pub kind: Kind,
    /// What stands before it.
    pub lead: String,
    /// The line.
    pub text: String,
}

fn heading(text: String) -> Detail {
    Detail {
        kind: Kind::Heading,
        lead: String::new(),
        text,
    }
}

fn told(
    lines: impl IntoIterator<Item = crate::domain::access::Line>,
) -> impl Iterator<Item = Detail> {
    lines.into_iter().map(|line| Detail {
        kind: Kind::Told(line.tone),
        lead: line.lead,
        text: line.text,
    })
}

/// What is known about what the cursor is on.
pub(super) fn detail(rights: &Snapshot, screen: &AccessScreen) -> Vec<Detail> {
    match (screen.view, screen.role(), screen.object()) {
        (View::Compare(first, second), _, object) => {
            let mut lines = compared(rights, first, second);
            if let Some(object) = object {
                lines.extend(pair(rights, screen, first, object));
                lines.extend(pair(rights, screen, second, object));
            }
            lines
        }
        (View::Roles, Some(role), _) => about_role(rights, role),
        (_, Some(role), Some(object)) => pair(rights, screen, role, object),
        (View::Role(role), _, None) => about_role(rights, role),
        _ => Vec::new(),
    }
}

/// The account of a role and an object.
fn pair(rights: &Snapshot, screen: &AccessScreen, role: RoleId, object: ObjectId) -> Vec<Detail> {
    let account = rights.account(role, object, None);
    let owner = rights
        .object(object)
        .and_then(|known| known.owner)
        .map(|owner| format!(" · owner {}", rights.role_name(owner)))
        .unwrap_or_default();
    let mut lines = vec![heading(format!(
        "{} on {}{owner}",
        rights.role_name(role),
        rights.described(object)
    ))];
    lines.extend(told(account.told(rights, PATHS)));
    lines.extend(told(account.lacking_told()));
    if let Some(wanted) = wanted(screen, &account) {
        lines.extend(
            rights
                .giving(role, object, wanted)
                .into_iter()
                .map(|statement| Detail {
                    kind: Kind::Statement,
                    lead: "would give it: ".to_owned(),
                    text: format!("{statement};"),
                }),
        );
    }
    lines
}

/// The privilege that would be given: the one filtered by, else what comes first of what is lacking.
pub(crate) fn wanted(screen: &AccessScreen, account: &Account) -> Option<Privilege> {
    screen
        .filters
        .privilege
        .filter(|privilege| !account.allows(Some(*privilege)))
        // Without CONNECT nothing else of a database can be used.
        .or_else(|| {
            let connect = Privilege::Connect;
            account.lacking.has(connect).then_some(connect)
        })
        .or_else(|| account.lacking.iter().next())
        .or_else(|| {
            // All is held, but the schema is shut.
            let shut = matches!(account.standing.gate, crate::domain::access::Gate::Shut(_));
            account.standing.now.held.iter().next().filter(|_| shut)
        })
}

fn about_role(rights: &Snapshot, role: RoleId) -> Vec<Detail> {
    let mut lines = vec![heading(format!("role {}", rights.role_name(role)))];
    lines.extend(told(rights.portrait(role)));
    lines.extend(told(rights.following(role)));
    lines
}

/// How two roles differ besides objects.
fn compared(rights: &Snapshot, first: RoleId, second: RoleId) -> Vec<Detail> {
    // Only attributes and groups are wanted here: no object is of no kind and in no schema.
    let nothing = Filter {
        privilege: Some(Privilege::AlterSystem),
        kinds: vec![crate::domain::access::ObjectKind::Tablespace],
        ..Filter::default()
    };
    let comparison = rights.compare(first, second, &nothing);
    let mut lines = vec![heading(format!(
        "{} and {}",
        rights.role_name(first),
        rights.role_name(second)
    ))];
    lines.extend(told(rights.surplus_told(first, &comparison.only_first)));
    lines.extend(told(rights.surplus_told(second, &comparison.only_second)));
    if lines.len() == 1 {
        lines.push(Detail {
            kind: Kind::Told(Tone::Remark),
            lead: String::new(),
            text: "the same attributes and the rights of the same roles".to_owned(),
        });
    }
    lines
}

impl AccessScreen {
    /// The account of what the cursor is on, if that is a role and an object.
    #[must_use]
    pub fn account(&self) -> Option<Account> {
        let known = self.known.as_ref()?;
        Some(known.rights.account(self.role()?, self.object()?, None))
    }

    /// What is known as plain text, for the clipboard.
    #[must_use]
    pub fn detail_text(&self) -> String {
        self.detail.iter().fold(String::new(), |text, line| {
            text + &line.lead + &line.text + "\n"
        })
    }

    /// The heading of the list: what is asked, in words. Untrusted text.
    #[must_use]
    pub fn question(&self) -> String {
        let Some(known) = &self.known else {
            return "access".to_owned();
        };
        let rights = &known.rights;
        match self.view {
            View::Matrix => "roles × objects".to_owned(),
            View::Roles => match self.growth {
                super::Growth::Groups => "roles and what they are members of".to_owned(),
                super::Growth::Members => "roles and their members".to_owned(),
            },
            View::Role(role) => format!("what {} can do", rights.role_name(role)),
            View::Object(object) => match self.filters.privilege {
                Some(privilege) => format!(
                    "who can {} on {}",
                    privilege.keyword(),
                    rights.described(object)
                ),
                None => format!("who can do what to {}", rights.described(object)),
            },
            View::Compare(first, second) => format!(
                "{} against {}",
                rights.role_name(first),
                rights.role_name(second)
            ),
        }
    }

    /// How many lines there are, in words.
    #[must_use]
    pub fn count(&self) -> String {
        let lines = self.items.len();
        let of = |noun: &str| format!("{lines} {noun}{}", if lines == 1 { "" } else { "s" });
        match (self.view, self.items.first()) {
            (View::Matrix, _) => format!("{} × {} roles", of("object"), self.columns.len()),
            (View::Role(_), _) if self.common > 0 => {
                format!("{} + {} everybody can use", of("object"), self.common)
            }
            (View::Role(_), _) => of("object"),
            (View::Compare(..), _) => of("difference"),
            (View::Object(_) | View::Roles, Some(Item::Node(_) | Item::Holder(_)) | None) => {
                of("role")
            }
            (View::Object(_) | View::Roles, Some(_)) => of("line"),
        }
    }
}
