//! What ALTER demands besides owning what it changes.

use super::{Demanded, Reader, beside};
use crate::domain::diagnosis::denial::Denial;
use crate::domain::diagnosis::report::ObjectKind;

impl Reader<'_> {
    pub(super) fn altered(&self, role: &str) -> Vec<Demanded> {
        let (mut found, behind) = self.owned(1, role);
        let of_roles = ["role", "user"].iter().any(|word| self.is(1, word));
        if of_roles && !self.is(2, "mapping") {
            let oneself = found.is_empty() && self.changes_options(behind);
            found.extend(self.attributes(behind, "no"));
            found.extend(oneself.then_some(Demanded::ManageOneself));
        }
        if found.is_empty() {
            return found;
        }
        found.extend(self.moved(behind, &found));
        found.extend(self.joined(behind));
        if let Some(at) = self.behind(behind, "set schema") {
            let to = self.name(at).and_then(|(mut name, _)| name.pop());
            found.extend(to.map(|to| Demanded::CreateIn(vec![to, String::new()])));
        }
        // Files of a whole database, even where new objects go without saying (PostgreSQL source,
        // `dbcommands.c`, `movedb`).
        if self.is(1, "database")
            && let Some(at) = self.behind(behind, "set tablespace")
        {
            let kind = ObjectKind::Tablespace;
            let to = self.name(at).and_then(|(mut name, _)| name.pop());
            found.extend(to.map(|name| Demanded::Refused(Denial::Privilege { kind, name })));
        }
        found
    }

    /// What it takes besides to give a thing away, to rename it, or to add a key to it (PostgreSQL source,
    /// `tablecmds.c`, `ATExecChangeOwner`, `RangeVarCallbackForAlterRelation`; `alter.c`,
    /// `AlterObjectOwner_internal`, `AlterObjectRename_internal`; `schemacmds.c`, `dbcommands.c`,
    /// `foreigncmds.c`; `indexcmds.c`, `DefineIndex`).
    fn moved(&self, behind: usize, owned: &[Demanded]) -> Vec<Demanded> {
        let to = self
            .behind(behind, "owner to")
            .and_then(|at| self.name(at))
            .and_then(|(mut name, _)| name.pop());
        let renamed = self.behind(behind, "rename to").is_some();
        let mut found = Vec::new();
        found.extend(to.clone().map(|to| Demanded::Refused(Denial::Becoming(to))));
        if to.is_none() && !renamed {
            let keys = ["primary", "unique", "exclude"];
            let keyed = self.is(1, "table")
                && self.is(behind, "add")
                && (behind..self.0.len()).any(|at| keys.iter().any(|key| self.is(at, key)));
            found.extend(beside(owned, None).filter(|_| keyed));
            return found;
        }
        let kind = self.text(1).to_lowercase();
        match kind.as_str() {
            "database" => found.push(Demanded::Refused(Denial::Attribute("CREATEDB"))),
            "schema" => found.push(Demanded::Refused(Denial::CreateInDatabase)),
            // To rename these takes no place for them.
            "type" | "domain" | "publication" | "server" if to.is_none() => {}
            "publication" => {
                let role = to;
                let (kind, name) = ("publication", Vec::new());
                found.push(Demanded::CreateBeside { kind, name, role });
            }
            "server" => found.extend(served(owned, to)),
            _ => found.extend(beside(owned, to)),
        }
        found
    }

    /// Other relations that must be owned too: parents, partitions, what a publication gets (PostgreSQL
    /// source, `tablecmds.c`, `ATExecAddInherit`, `ATExecAttachPartition`; `publicationcmds.c`,
    /// `PublicationAddTables`).
    fn joined(&self, behind: usize) -> Vec<Demanded> {
        let first = |words: &str| {
            let at = (behind..self.0.len()).find_map(|at| self.behind(at, words))?;
            self.name(at).map(|(name, _)| name)
        };
        let names: Vec<Vec<String>> = if self.is(1, "table") || self.is(1, "foreign") {
            let inherits = first("inherit").filter(|_| {
                self.is(behind, "inherit")
                    || (behind..self.0.len()).any(|at| self.behind(at, ", inherit").is_some())
            });
            inherits
                .into_iter()
                .chain(first("attach partition"))
                .collect()
        } else if self.is(1, "publication")
            && (self.is(behind, "add") || self.is(behind, "set"))
            && self.is(behind + 1, "table")
        {
            self.names(behind + 2).0
        } else {
            Vec::new()
        };
        names.into_iter().map(Demanded::OwnRelation).collect()
    }

    /// Whether ALTER ROLE says more than a password or a setting.
    fn changes_options(&self, from: usize) -> bool {
        const OPTIONS: [&str; 9] = [
            "superuser",
            "createdb",
            "createrole",
            "login",
            "inherit",
            "replication",
            "bypassrls",
            "connection",
            "valid",
        ];
        if self.is(from, "set") || self.is(from, "reset") || self.is(from, "in") {
            return false;
        }
        (from..self.0.len()).any(|at| {
            let word = self.text(at).to_lowercase();
            let word = word.strip_prefix("no").unwrap_or(&word);
            OPTIONS.contains(&word)
        })
    }
}

/// USAGE of the wrapper of a server for its new owner.
fn served(owned: &[Demanded], role: Option<String>) -> Option<Demanded> {
    let Demanded::Refused(Denial::Ownership { name, .. }) = owned.first()? else {
        return None;
    };
    let (server, role) = (name.clone(), role?);
    Some(Demanded::WrapperOf { server, role })
}
