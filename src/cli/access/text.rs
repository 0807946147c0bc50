//! The answers of `pgiam access` for a person.

use std::io::{self, Write};

use super::json::would_give;
use super::{Asked, Consequences, Thing, View};
use crate::cli::context::wrapped_lines;
use crate::domain::access::{
    Account, Accounts, Attribute, Becoming, Gate, Grantee, Line, Next, ObjectId, Outlook, Rights,
    RoleId, Search, Source, shortened,
};

/// Paths of one privilege in a list, and where only one role and object are asked about.
const FEW: usize = 1;
/// See [`FEW`].
const MANY: usize = 16;

pub(super) fn write(view: &View, asked: &Asked, out: &mut impl Write) -> io::Result<()> {
    match asked {
        Asked::Overview => view.overview(out),
        Asked::Role(role) => view.of_role(*role, out),
        Asked::Object(Thing::Role(group)) => view.members(*group, out),
        Asked::Object(thing) => view.holders(thing, out),
        Asked::Pair { role, thing } => view.pair(*role, thing, out),
        Asked::Compare { first, second } => view.compare(*first, *second, out),
        Asked::Next(next) => view.next(next, out),
        Asked::If(consequences) => view.consequences(consequences, out),
    }
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

impl View {
    fn heading(&self, out: &mut impl Write, about: &str) -> io::Result<()> {
        wrapped_lines(out, "", about)?;
        let place = format!(
            "database {}, PostgreSQL {}, seen by {}",
            self.facts.database,
            self.facts.version.short(),
            self.facts.user
        );
        wrapped_lines(out, "  ", &place)
    }

    fn overview(&self, out: &mut impl Write) -> io::Result<()> {
        let rights = &self.rights;
        self.heading(out, "rights")?;
        let with = |attribute: Attribute| {
            rights
                .roles()
                .filter(|(role, _)| rights.has_attribute(*role, attribute))
                .map(|(role, _)| self.name(role).to_owned())
                .collect::<Vec<_>>()
        };
        let logins = with(Attribute::Login).len();
        writeln!(
            out,
            "\n  {}, {logins} of them may log in",
            count(rights.roles().len(), "role")
        )?;
        for (attribute, says) in [
            (
                Attribute::Superuser,
                "superusers, for whom nothing is checked",
            ),
            (Attribute::BypassRls, "not bound by row-level security"),
            (Attribute::CreateRole, "may create roles"),
        ] {
            let names = with(attribute);
            if !names.is_empty() {
                wrapped_lines(out, "  ", &format!("{says}: {}", shortened(&names)))?;
            }
        }
        let mut kinds: Vec<(&str, usize)> = Vec::new();
        for (_, object) in rights
            .objects()
            .filter(|(id, object)| self.filter.takes(*id, object))
        {
            match kinds
                .iter_mut()
                .find(|(noun, _)| *noun == object.kind.noun())
            {
                Some((_, count)) => *count += 1,
                None => kinds.push((object.kind.noun(), 1)),
            }
        }
        let kinds: Vec<String> = kinds
            .into_iter()
            .map(|(noun, number)| count(number, noun))
            .collect();
        wrapped_lines(out, "  ", &kinds.join(", "))?;
        self.everybody(out)?;
        writeln!(
            out,
            "\nAsk on: --role R (what can it do), --object O (who can do what), --role R --object O (by\n\
             which paths), --compare R1 R2, --next table --creator C --schema S --role R, --if 'GRANT …'"
        )
    }

    /// What PUBLIC was granted: the surprises of most databases.
    fn everybody(&self, out: &mut impl Write) -> io::Result<()> {
        let rights = &self.rights;
        let granted: Vec<(ObjectId, Rights)> = rights
            .objects()
            .filter(|(id, object)| self.filter.takes(*id, object))
            .filter(|(id, _)| !rights.is_hard_wired(*id))
            .map(|(id, _)| (id, rights.public_rights(id)))
            .filter(|(_, held)| !held.is_empty())
            .collect();
        if granted.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n  granted to PUBLIC, and so to every role:")?;
        for (object, held) in granted.iter().take(self.limit) {
            let text = format!("{}: {}", rights.described(*object), held.words());
            wrapped_lines(out, "    ", &text)?;
        }
        left_out(out, granted.len().saturating_sub(self.limit), "object")
    }

    fn of_role(&self, role: RoleId, out: &mut impl Write) -> io::Result<()> {
        self.heading(out, self.name(role))?;
        told(out, &self.rights.portrait(role))?;
        let mut accounts = Accounts::of(&self.rights, role, Search::Best);
        let becoming = accounts.becoming().to_vec();
        let narrowed = self.filter.privilege.is_some() || !self.filter.kinds.is_empty();
        let (mut shown, mut left, mut common) = (0, 0, 0);
        for held in self.rights.held_by(role, &self.filter, &becoming) {
            let account = accounts.account(held.object, self.filter.privilege);
            if !narrowed && is_common(&account) {
                common += 1;
            } else if shown == self.limit {
                left += 1;
            } else {
                shown += 1;
                let owner = self.owned(held.object);
                wrapped_lines(
                    out,
                    "\n",
                    &format!("{}{owner}", self.rights.described(held.object)),
                )?;
                told(out, &account.told(&self.rights, FEW))?;
            }
        }
        if shown == 0 {
            writeln!(out, "\n  It can do nothing here that not everybody can.")?;
        }
        if common > 0 {
            writeln!(
                out,
                "\n{} everybody can use by default are left out; --kind shows them",
                count(common, "object")
            )?;
        }
        left_out(out, left, "object")
    }

    fn owned(&self, object: ObjectId) -> String {
        self.rights
            .object(object)
            .and_then(|known| known.owner)
            .map(|owner| format!(" · owner {}", self.name(owner)))
            .unwrap_or_default()
    }

    fn holders(&self, thing: &Thing, out: &mut impl Write) -> io::Result<()> {
        let (Thing::Object(object) | Thing::Column { table: object, .. }) = thing else {
            return Ok(());
        };
        let about = format!("{}{}", self.rights.described(*object), self.owned(*object));
        self.heading(out, &about)?;
        plain_column(thing, out)?;
        let becoming = Becoming::of(&self.rights);
        let holders = self
            .rights
            .holders(*object, self.filter.privilege, &becoming);
        for holding in holders.iter().take(self.limit) {
            let login = if self.rights.has_attribute(holding.role, Attribute::Login) {
                ""
            } else {
                " (no login)"
            };
            wrapped_lines(out, "\n", &format!("{}{login}", self.name(holding.role)))?;
            let account = self
                .rights
                .account(holding.role, *object, self.filter.privilege);
            told(out, &account.told(&self.rights, FEW))?;
        }
        if holders.is_empty() {
            writeln!(out, "\n  Nobody can.")?;
        }
        left_out(out, holders.len().saturating_sub(self.limit), "role")
    }

    fn members(&self, group: RoleId, out: &mut impl Write) -> io::Result<()> {
        self.heading(out, &format!("role {}", self.name(group)))?;
        told(out, &self.rights.portrait(group))?;
        writeln!(out)?;
        let members = self.rights.belonging_to(group);
        for member in members.iter().take(self.limit) {
            wrapped_lines(out, "  ", &member.words(&self.rights))?;
        }
        if members.is_empty() {
            writeln!(out, "  Nobody is a member of it.")?;
        }
        left_out(out, members.len().saturating_sub(self.limit), "member")
    }

    fn pair(&self, role: RoleId, thing: &Thing, out: &mut impl Write) -> io::Result<()> {
        let object = match thing {
            Thing::Role(group) => return self.membership(role, *group, out),
            Thing::Object(object) | Thing::Column { table: object, .. } => *object,
        };
        let account = self.rights.account(role, object, self.filter.privilege);
        let about = format!("{} on {}", self.name(role), self.rights.described(object));
        self.heading(out, &format!("{about}{}", self.owned(object)))?;
        plain_column(thing, out)?;
        told(out, &account.told(&self.rights, MANY))?;
        told(out, account.lacking_told().as_slice())?;
        for statement in would_give(self, &account) {
            wrapped_lines(out, "  would give it: ", &format!("{statement};"))?;
        }
        Ok(())
    }

    fn membership(&self, role: RoleId, group: RoleId, out: &mut impl Write) -> io::Result<()> {
        let about = format!("{} in role {}", self.name(role), self.name(group));
        self.heading(out, &about)?;
        let belonging = self
            .rights
            .belonging_to(group)
            .into_iter()
            .find(|belonging| belonging.role == role);
        match belonging {
            Some(belonging) => {
                wrapped_lines(out, "  ", &belonging.words(&self.rights))?;
                wrapped_lines(out, "  in all: ", &belonging.options.words())
            }
            None if self.rights.is_superuser(role) => wrapped_lines(
                out,
                "  ",
                "superuser: may do all that the role may, and become it",
            ),
            None => wrapped_lines(out, "  ✗ ", "it is not a member"),
        }
    }

    fn compare(&self, first: RoleId, second: RoleId, out: &mut impl Write) -> io::Result<()> {
        let comparison = self.rights.compare(first, second, &self.filter);
        self.heading(
            out,
            &format!("{} and {}", self.name(first), self.name(second)),
        )?;
        told(
            out,
            &self.rights.surplus_told(first, &comparison.only_first),
        )?;
        told(
            out,
            &self.rights.surplus_told(second, &comparison.only_second),
        )?;
        for found in comparison.objects.iter().take(self.limit) {
            wrapped_lines(out, "\n", &self.rights.described(found.object))?;
            for (role, only) in [(first, found.only_first), (second, found.only_second)] {
                if !only.is_empty() {
                    let text = format!("{}: {}", self.name(role), only.words());
                    wrapped_lines(out, "  only ", &text)?;
                }
            }
        }
        if comparison.is_empty() {
            writeln!(out, "  They can do the same.")?;
        }
        let left = comparison.objects.len().saturating_sub(self.limit);
        left_out(out, left, "object")
    }

    fn next(&self, next: &Next, out: &mut impl Write) -> io::Result<()> {
        let forecast = self.rights.forecast(next);
        self.heading(out, &self.rights.next_in_words(next))?;
        let (sign, says) = match forecast.outlook {
            Outlook::Works => ("  ✓ ", "it will work"),
            Outlook::AfterSetRole => ("  ! ", "it will work only after SET ROLE"),
            Outlook::Refused => ("  ✗ ", "it will be refused"),
        };
        wrapped_lines(out, sign, says)?;
        if let Some(path) = &forecast.path {
            wrapped_lines(out, "    ", &path.words(&self.rights))?;
        }
        for obstacle in &forecast.obstacles {
            let text = self.rights.obstacle_in_words(next, obstacle);
            wrapped_lines(out, "  · ", &text)?;
        }
        for statement in self.rights.preparing(next, &forecast) {
            wrapped_lines(out, "  would give it: ", &format!("{statement};"))?;
        }
        Ok(())
    }

    fn consequences(&self, found: &Consequences, out: &mut impl Write) -> io::Result<()> {
        self.heading(out, &format!("if {}", found.statements))?;
        for shift in &found.shifts {
            for (verb, roles) in [
                ("gains the rights of", &shift.rights_of.gained),
                ("loses the rights of", &shift.rights_of.lost),
                ("may then SET ROLE to", &shift.set_role.gained),
                ("may no longer SET ROLE to", &shift.set_role.lost),
            ] {
                if !roles.is_empty() {
                    let names: Vec<String> = roles
                        .iter()
                        .map(|role| self.name(*role).to_owned())
                        .collect();
                    let text = format!("{} {verb} {}", self.name(shift.role), shortened(&names));
                    wrapped_lines(out, "  ", &text)?;
                }
            }
        }
        for impact in found.impacts.iter().take(self.limit) {
            let object = self.rights.described(impact.object);
            for (verb, moved) in [("gains", impact.gained), ("loses", impact.lost)] {
                if !moved.is_empty() {
                    let who = self.name(impact.role);
                    let text = format!("{who} {verb} {} on {object}", moved.words());
                    wrapped_lines(out, "  ", &text)?;
                }
            }
            if let Gate::Shut(schema) = found.after.gate(impact.role, impact.object)
                && !impact.gained.held.is_empty()
            {
                let name = self.rights.object_name(schema);
                let text = format!("still no USAGE on schema {name}, so it is of no use yet");
                wrapped_lines(out, "    ! ", &text)?;
            }
        }
        if found.impacts.is_empty() && found.shifts.is_empty() {
            writeln!(out, "  Nothing changes for any role.")?;
        }
        left_out(
            out,
            found.impacts.len().saturating_sub(self.limit),
            "change",
        )
    }
}

/// Lines as they were told, indented.
fn told(out: &mut impl Write, lines: &[Line]) -> io::Result<()> {
    for line in lines {
        wrapped_lines(out, &format!("  {}", line.lead), &line.text)?;
    }
    Ok(())
}

/// Whether all there is comes from what everybody has by default.
fn is_common(account: &Account) -> bool {
    account.claims.iter().all(|claim| {
        claim
            .paths
            .first()
            .is_some_and(|path| matches!(path.source, Source::HardWired(Grantee::Public)))
    })
}

/// Says how many were not told.
fn left_out(out: &mut impl Write, left: usize, noun: &str) -> io::Result<()> {
    if left == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "\n… and {} more; narrow with --schema, --kind, --privilege, or see all with --limit 0",
        count(left, noun)
    )
}

fn plain_column(thing: &Thing, out: &mut impl Write) -> io::Result<()> {
    if let Thing::Column { name, .. } = thing {
        let text = format!(
            "column {name} has no rights of its own: those of the table are told, which hold for \
             every column"
        );
        wrapped_lines(out, "  ", &text)?;
    }
    Ok(())
}
