//! The JSON contract of `pgiam access`, documented in the README. Lists are written as they are
//! found, so that memory stays bounded whatever the size of the database.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::{Asked, Consequences, Thing, View};
use crate::domain::access::{
    Account, Accounts, Attribute, Becoming, Bypass, Claim, Grantee, Impact, MembershipOption, Next,
    ObjectId, ObjectKind, Outlook, Path, Privilege, Privileges, Remark, Rights, RoleId, Search,
    Source, Surplus,
};

/// Version of the contract.
const VERSION: u32 = 1;

type Json<'w, W> = &'w mut serde_json::Serializer<W, serde_json::ser::PrettyFormatter<'static>>;

/// Writes the answer as one object.
pub(super) fn write(view: &View, asked: &Asked, out: &mut impl Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::pretty(out);
    answer(view, asked, &mut serializer).map_err(io::Error::from)
}

fn answer<W: Write>(view: &View, asked: &Asked, out: Json<'_, W>) -> serde_json::Result<()> {
    let mut map = out.serialize_map(None)?;
    map.serialize_entry("version", &VERSION)?;
    map.serialize_entry("target", &view.target())?;
    let mut entries = |fields: Value| -> serde_json::Result<()> {
        for (name, value) in fields.as_object().into_iter().flatten() {
            map.serialize_entry(name, value)?;
        }
        Ok(())
    };
    match asked {
        Asked::Overview => {
            entries(
                json!({"question": "overview", "objects": view.census(), "superusers": view.superusers()}),
            )?;
            view.list(&mut map, "roles", view.rights.roles(), |(role, _)| {
                Some(view.role(role))
            })?;
        }
        Asked::Role(role) => {
            entries(json!({"question": "role", "role": view.role(*role)}))?;
            let accounts = RefCell::new(Accounts::of(&view.rights, *role, Search::Best));
            let becoming = accounts.borrow().becoming().to_vec();
            let held = view.rights.held_by(*role, &view.filter, &becoming);
            view.list(&mut map, "objects", held, |held| {
                let account = accounts
                    .borrow_mut()
                    .account(held.object, view.filter.privilege);
                Some(view.account(&account, Side::Object))
            })?;
        }
        Asked::Object(Thing::Role(group)) => {
            entries(json!({"question": "object", "object": view.group(*group)}))?;
            let members = view.rights.belonging_to(*group);
            view.list(&mut map, "members", members.iter(), |member| {
                Some(view.belonging(member))
            })?;
        }
        Asked::Object(Thing::Object(object) | Thing::Column { table: object, .. }) => {
            entries(
                json!({"question": "object", "object": view.object(*object), "owner": view.owner(*object)}),
            )?;
            let becoming = Becoming::of(&view.rights);
            let holders = view
                .rights
                .holders(*object, view.filter.privilege, &becoming);
            view.list(&mut map, "holders", holders.iter(), |holding| {
                let account = Accounts::of(&view.rights, holding.role, Search::Best)
                    .account(*object, view.filter.privilege);
                Some(view.account(&account, Side::Role))
            })?;
        }
        Asked::Pair { role, thing } => entries(view.pair_json(*role, thing))?,
        Asked::Compare { first, second } => {
            let comparison = view.rights.compare(*first, *second, &view.filter);
            entries(json!({
                "question": "compare",
                "first": view.surplus_json(*first, &comparison.only_first),
                "second": view.surplus_json(*second, &comparison.only_second),
            }))?;
            view.list(&mut map, "objects", comparison.objects.iter(), |found| {
                Some(json!({
                    "object": view.object(found.object),
                    "only_first": rights(found.only_first),
                    "only_second": rights(found.only_second),
                }))
            })?;
        }
        Asked::Next(next) => entries(view.next_json(next))?,
        Asked::If(consequences) => {
            entries(view.consequences_json(consequences))?;
            view.list(&mut map, "changes", consequences.impacts.iter(), |impact| {
                Some(view.impact(impact))
            })?;
        }
    }
    map.end()
}

/// A list whose members are made when they are written.
struct Written<F>(RefCell<F>);

impl<F: Iterator<Item = Value>> Serialize for Written<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&mut *self.0.borrow_mut())
    }
}

/// What a list of accounts has in common, and so leaves out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// All are of one role: the object is told.
    Object,
    /// All are of one object: the role is told.
    Role,
    /// There is only one: both are told.
    Both,
}

impl View {
    /// Writes a list up to the limit, and how many were left out.
    fn list<M: SerializeMap, T>(
        &self,
        map: &mut M,
        name: &'static str,
        found: impl Iterator<Item = T>,
        each: impl Fn(T) -> Option<Value>,
    ) -> Result<(), M::Error> {
        let left_out = Cell::new(0_usize);
        let mut told = 0;
        let list = found.filter_map(|one| {
            if told == self.limit {
                left_out.set(left_out.get() + 1);
                return None;
            }
            told += 1;
            each(one)
        });
        map.serialize_entry(name, &Written(RefCell::new(list)))?;
        map.serialize_entry("left_out", &left_out.get())
    }

    fn target(&self) -> Value {
        json!({
            "host": self.profile.host,
            "port": self.profile.port,
            "database": self.facts.database,
            "server_version": self.facts.version.short(),
            "looked_as": self.facts.user,
        })
    }

    fn census(&self) -> Value {
        let mut counts: Vec<(ObjectKind, usize)> = Vec::new();
        for (_, object) in self
            .rights
            .objects()
            .filter(|(id, object)| self.filter.takes(*id, object))
        {
            match counts.iter_mut().find(|(kind, _)| *kind == object.kind) {
                Some((_, count)) => *count += 1,
                None => counts.push((object.kind, 1)),
            }
        }
        counts
            .iter()
            .map(|(kind, count)| json!({"kind": kind.noun(), "count": count}))
            .collect()
    }

    fn superusers(&self) -> Vec<&str> {
        self.rights
            .roles()
            .filter(|(_, role)| role.is_superuser())
            .map(|(role, _)| self.name(role))
            .collect()
    }

    fn role(&self, role: RoleId) -> Value {
        let member_of: Vec<Value> = self
            .rights
            .groups_of(role)
            .map(|membership| {
                json!({
                    "role": self.name(membership.role),
                    "inherits": membership.options.has(MembershipOption::Inherit),
                    "set": membership.options.has(MembershipOption::Set),
                    "admin": membership.options.has(MembershipOption::Admin),
                    "granted_by": membership.grantor.map(|by| self.name(by)),
                })
            })
            .collect();
        json!({
            "name": self.name(role),
            "attributes": self.rights.role(role).map(|known| {
                known.attributes.iter().map(Attribute::keyword).collect::<Vec<_>>()
            }),
            "member_of": member_of,
            "only_after_set_role": self
                .rights
                .worth_becoming(role)
                .into_iter()
                .map(|other| self.name(other))
                .collect::<Vec<_>>(),
        })
    }

    fn owner(&self, object: ObjectId) -> Option<&str> {
        let owner = self.rights.object(object)?.owner?;
        Some(self.name(owner))
    }

    fn group(&self, role: RoleId) -> Value {
        json!({"kind": "role", "schema": null, "name": self.name(role), "columns": []})
    }

    fn object(&self, object: ObjectId) -> Value {
        let Some(known) = self.rights.object(object) else {
            return Value::Null;
        };
        let schema = known
            .schema
            .and_then(|schema| self.rights.object(schema))
            .map(|schema| schema.name.as_str());
        let (name, columns) = match known.kind {
            ObjectKind::Column => {
                let table = known.parent.and_then(|table| self.rights.object(table));
                (
                    table.map(|table| table.name.clone()).unwrap_or_default(),
                    vec![known.name.as_str()],
                )
            }
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => {
                (format!("{}({})", known.name, known.arguments), Vec::new())
            }
            _ => (known.name.clone(), Vec::new()),
        };
        json!({"kind": known.kind.noun(), "schema": schema, "name": name, "columns": columns})
    }

    fn account(&self, account: &Account, side: Side) -> Value {
        Value::Object(self.account_fields(account, side))
    }

    fn account_fields(&self, account: &Account, side: Side) -> Map<String, Value> {
        let mut told = Map::new();
        let mut say = |name: &str, value: Value| drop(told.insert(name.to_owned(), value));
        if side != Side::Object {
            say("role", json!(self.name(account.role)));
        }
        if side != Side::Role {
            say("object", self.object(account.object));
            say("owner", json!(self.owner(account.object)));
        }
        let usage = self.schema_usage(account.object, account.standing.gate);
        say("schema_usage", json!(usage));
        let can = account.claims.iter();
        say("can", can.map(|claim| self.claim(account, claim)).collect());
        say("cannot", json!(keywords(account.lacking)));
        let remarks = account.remarks.iter();
        say(
            "remarks",
            remarks
                .map(
                    |remark| json!({"kind": remark_kind(remark), "text": remark.words(&self.rights)}),
                )
                .collect(),
        );
        told
    }

    fn claim(&self, account: &Account, claim: &Claim) -> Value {
        json!({
            "privilege": claim.privilege.keyword(),
            "columns": claim.column_names(&self.rights),
            "at_once": claim.paths.iter().any(|path| path.set_role().is_none()),
            "grantable": account.standing.now.grantable.has(claim.privilege),
            "paths": claim.paths.iter().map(|path| self.path(path)).collect::<Vec<_>>(),
            "paths_left_out": claim.paths_left_out,
        })
    }

    fn path(&self, path: &Path) -> Value {
        let steps: Vec<Value> = path
            .hops
            .iter()
            .map(|hop| {
                let granted_by = match hop.bond {
                    crate::domain::access::Bond::GrantedBy(Some(by)) => Some(self.name(by)),
                    _ => None,
                };
                json!({
                    "role": self.name(hop.role),
                    "inherits": hop.carry == crate::domain::access::Carry::Inherits,
                    "granted_by": granted_by,
                })
            })
            .collect();
        json!({
            "words": path.words(&self.rights),
            "set_role": path.set_role().map(|role| self.name(role)),
            "steps": steps,
            "source": self.source(path),
        })
    }

    fn source(&self, path: &Path) -> Value {
        let grantee = |grantee: Grantee| match grantee {
            Grantee::Public => "PUBLIC".to_owned(),
            Grantee::Role(role) => self.name(role).to_owned(),
        };
        match path.source {
            Source::Superuser => json!({"kind": "superuser"}),
            Source::Owner => json!({"kind": "owner"}),
            Source::HardWired(to) => json!({"kind": "default", "grantee": grantee(to)}),
            Source::Predefined(role) => json!({"kind": "predefined-role", "role": role.name()}),
            Source::Granted(item) => json!({
                "kind": "grant",
                "grantee": grantee(item.grantee),
                "granted_by": self.name(item.grantor),
                "grant_option": item.rights.grantable.has(path.privilege),
            }),
        }
    }

    fn pair_json(&self, role: RoleId, thing: &Thing) -> Value {
        match thing {
            Thing::Role(group) => {
                let belonging = self
                    .rights
                    .belonging_to(*group)
                    .into_iter()
                    .find(|belonging| belonging.role == role);
                json!({
                    "question": "pair",
                    "role": self.name(role),
                    "object": self.group(*group),
                    "member": belonging.map(|belonging| self.belonging(&belonging)),
                })
            }
            Thing::Object(object) | Thing::Column { table: object, .. } => {
                let account = self.rights.account(role, *object, self.filter.privilege);
                let mut told = Map::from_iter([("question".to_owned(), json!("pair"))]);
                told.extend(self.account_fields(&account, Side::Both));
                if let Thing::Column { name, .. } = thing {
                    drop(told.insert("column".to_owned(), json!(name)));
                }
                drop(told.insert("would_give".to_owned(), json!(would_give(self, &account))));
                Value::Object(told)
            }
        }
    }

    fn belonging(&self, belonging: &crate::domain::access::Belonging) -> Value {
        json!({
            "role": self.name(belonging.role),
            "inherits": belonging.options.has(MembershipOption::Inherit),
            "set": belonging.options.has(MembershipOption::Set),
            "admin": belonging.options.has(MembershipOption::Admin),
            "path": belonging.words(&self.rights),
        })
    }

    fn surplus_json(&self, role: RoleId, surplus: &Surplus) -> Value {
        json!({
            "role": self.name(role),
            "only_attributes": surplus.attributes.iter().map(Attribute::keyword).collect::<Vec<_>>(),
            "only_rights_of": surplus.groups.iter().map(|group| self.name(*group)).collect::<Vec<_>>(),
        })
    }

    fn next_json(&self, next: &Next) -> Value {
        let forecast = self.rights.forecast(next);
        json!({
            "question": "next",
            "kind": next.kind.noun(),
            "creator": self.name(next.creator),
            "schema": next.schema.and_then(|schema| Some(&self.rights.object(schema)?.name)),
            "role": self.name(next.reader),
            "privilege": next.privilege.keyword(),
            "outlook": match forecast.outlook {
                Outlook::Works => "works",
                Outlook::AfterSetRole => "after-set-role",
                Outlook::Refused => "refused",
            },
            "path": forecast.path.as_ref().map(|path| self.path(path)),
            "because": forecast
                .obstacles
                .iter()
                .map(|obstacle| self.rights.obstacle_in_words(next, obstacle))
                .collect::<Vec<_>>(),
            "would_give": self.rights.preparing(next, &forecast),
        })
    }

    fn consequences_json(&self, consequences: &Consequences) -> Value {
        let names =
            |roles: &[RoleId]| -> Vec<&str> { roles.iter().map(|role| self.name(*role)).collect() };
        let roles: Vec<Value> = consequences
            .shifts
            .iter()
            .map(|shift| {
                json!({
                    "role": self.name(shift.role),
                    "gains_rights_of": names(&shift.rights_of.gained),
                    "loses_rights_of": names(&shift.rights_of.lost),
                    "gains_set_role": names(&shift.set_role.gained),
                    "loses_set_role": names(&shift.set_role.lost),
                })
            })
            .collect();
        json!({"question": "if", "statements": consequences.statements, "roles": roles})
    }

    fn impact(&self, impact: &Impact) -> Value {
        json!({
            "role": self.name(impact.role),
            "object": self.object(impact.object),
            "gains": rights(impact.gained),
            "loses": rights(impact.lost),
        })
    }
}

/// The statements that would give what is lacking: the privilege asked about, else the first.
pub(super) fn would_give(view: &View, account: &Account) -> Vec<String> {
    let wanted = view
        .filter
        .privilege
        .or_else(|| account.lacking.iter().next());
    wanted.map_or_else(Vec::new, |wanted| {
        view.rights.giving(account.role, account.object, wanted)
    })
}

fn keywords(privileges: Privileges) -> Vec<&'static str> {
    privileges.iter().map(Privilege::keyword).collect()
}

fn rights(rights: Rights) -> Value {
    json!({"privileges": keywords(rights.held), "grantable": keywords(rights.grantable)})
}

const fn remark_kind(remark: &Remark) -> &'static str {
    match remark {
        Remark::Superuser => "superuser",
        Remark::Owner(_) => "owner",
        Remark::RowsUnlimited(Bypass::Superuser | Bypass::Attribute | Bypass::Owner) => {
            "row-level-security-bypassed"
        }
        Remark::RowsLimited(_) => "rows-limited",
        Remark::NoRows => "no-rows",
        Remark::RunsAsOwner(_) => "runs-as-owner",
        Remark::RunsAsCaller => "runs-as-caller",
        Remark::SecurityDefiner(_) => "security-definer",
        Remark::Partition(_) => "partition",
    }
}
