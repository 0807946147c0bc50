//! A change foreseen is the change that comes: made on the server, read back, taken back.

use std::collections::BTreeSet;

use pgiam::adapters::access;
use pgiam::adapters::session::Session;
use pgiam::domain::access::{
    Change, Extent, GrantOption, Grantee, MembershipOption, MembershipOptions, ObjectId,
    ObjectKind, Privilege, Privileges, RoleId, Snapshot,
};
use pgiam::domain::ident;

use super::Tally;
use super::random::Random;

/// Foresees so many changes and makes each.
pub(crate) async fn compared(
    session: &Session,
    rights: &Snapshot,
    random: &Random,
    count: usize,
) -> Tally {
    let mut tally = Tally::default();
    let choice = Choice { rights, random };
    for number in 0..count {
        let change = match number % 5 {
            0 => Some(choice.join()),
            1 => Some(choice.leave()),
            2 | 3 => Some(choice.grant()),
            _ => choice.revoke(),
        };
        let Some(change) = change else { continue };
        let statement = choice.statement(&change);
        session.query("BEGIN").await.unwrap();
        let made = session.query(&statement).await;
        match (rights.with_change(&change), made) {
            (Ok(foreseen), Ok(_)) => {
                let found = access::load(session).await.unwrap();
                compare(&foreseen, &found, &statement, &mut tally);
                shifts(rights, &foreseen, &found, &statement, &mut tally);
            }
            (Err(error), made) => {
                tally.compare(&true, &made.is_err(), || format!("{error} for {statement}"));
            }
            (Ok(_), Err(failure)) => tally.compare(&"made", &&*failure.message, || {
                format!("refused: {statement}")
            }),
        }
        session.query("ROLLBACK").await.unwrap();
    }
    tally
}

/// Every ACL and every membership.
fn compare(foreseen: &Snapshot, found: &Snapshot, statement: &str, tally: &mut Tally) {
    for (object, known) in found.objects() {
        let place = match known.kind {
            ObjectKind::Column => foreseen
                .object_by_oid(
                    found.object(known.parent.unwrap()).unwrap().kind.realm(),
                    known.oid,
                )
                .and_then(|table| {
                    let columns = foreseen.columns_of(table);
                    columns
                        .iter()
                        .copied()
                        .find(|column| foreseen.object(*column).unwrap().number == known.number)
                }),
            kind => foreseen.object_by_oid(kind.realm(), known.oid),
        };
        let Some(place) = place else {
            tally.compare(&"unknown", &"known", || {
                format!("{} after {statement}", found.object_name(object))
            });
            continue;
        };
        tally.compare(&acl(foreseen, place), &acl(found, object), || {
            format!("{} after {statement}", found.object_name(object))
        });
    }
    tally.compare(&memberships(foreseen), &memberships(found), || {
        format!("memberships after {statement}")
    });
}

fn acl(rights: &Snapshot, object: ObjectId) -> BTreeSet<String> {
    rights
        .acl(object)
        .map(|item| {
            let grantee = match item.grantee {
                Grantee::Public => "",
                Grantee::Role(role) => rights.role_name(role),
            };
            format!(
                "{grantee}={} *{} /{}",
                item.rights.held.letters(),
                item.rights.grantable.letters(),
                rights.role_name(item.grantor)
            )
        })
        .collect()
}

fn memberships(rights: &Snapshot) -> BTreeSet<String> {
    rights
        .roles()
        .flat_map(|(role, _)| rights.groups_of(role))
        .map(|membership| {
            // Before 16 the grantor is only a note.
            let grantor = match membership.grantor {
                Some(grantor) if rights.version() >= 16 => rights.role_name(grantor),
                _ => "",
            };
            format!(
                "{} in {} by {grantor}: {:?}",
                rights.role_name(membership.member),
                rights.role_name(membership.role),
                membership.options
            )
        })
        .collect()
}

/// Who gains and loses what, told from the foreseen and from the found.
fn shifts(
    before: &Snapshot,
    foreseen: &Snapshot,
    found: &Snapshot,
    statement: &str,
    tally: &mut Tally,
) {
    let told = |after: &Snapshot| -> BTreeSet<String> {
        before
            .role_shifts(foreseen)
            .iter()
            .flat_map(|shift| {
                let gained = shift.rights_of.gained.iter().map(|group| ("has", group));
                let lost = shift.rights_of.lost.iter().map(|group| ("has", group));
                let set = shift.set_role.gained.iter().chain(&shift.set_role.lost);
                let all = gained.chain(lost).chain(set.map(|group| ("sets", group)));
                all.map(|(how, group)| {
                    let now = match how {
                        "has" => after.has_rights_of(shift.role, *group),
                        _ => after.may_set_role(shift.role, *group),
                    };
                    format!("{:?} {how} {group:?}: {now}", shift.role)
                })
                .collect::<Vec<_>>()
            })
            .collect()
    };
    tally.compare(&told(foreseen), &told(found), || {
        format!("who has whose rights after {statement}")
    });
}

struct Choice<'a> {
    rights: &'a Snapshot,
    random: &'a Random,
}

impl Choice<'_> {
    fn role(&self) -> RoleId {
        let roles: Vec<RoleId> = self
            .rights
            .roles()
            .filter(|(_, role)| role.predefined().is_none())
            .map(|(role, _)| role)
            .collect();
        *self.random.of_all(&roles)
    }

    /// An object that was made here.
    fn object(&self) -> ObjectId {
        let system = |object: ObjectId| {
            let name = self.rights.object_name(object);
            name.starts_with("pg_") || name.starts_with("information_schema")
        };
        let known: Vec<ObjectId> = self
            .rights
            .objects()
            .filter(|(id, object)| {
                let untrusted = object.kind == ObjectKind::Language
                    && ["c", "internal"].contains(&object.name.as_str());
                !system(*id) && !untrusted
            })
            .map(|(id, _)| id)
            .collect();
        *self.random.of_all(&known)
    }

    fn privileges(&self, object: ObjectId) -> Privileges {
        let kind = self.rights.object(object).unwrap().kind;
        let all: Vec<Privilege> = Privileges::applicable(kind, self.rights.version())
            .iter()
            .collect();
        self.random.some(&all).into_iter().collect()
    }

    /// Somebody who was given all of them to pass on, and is not as good as the owner.
    fn grantor(&self, object: ObjectId, privileges: Privileges) -> Option<RoleId> {
        let owner = self.rights.object(object)?.owner?;
        let able: Vec<RoleId> = self
            .rights
            .acl(object)
            .filter(|item| item.rights.grantable.contains(privileges))
            .filter_map(|item| match item.grantee {
                Grantee::Role(role) => Some(role),
                Grantee::Public => None,
            })
            .filter(|role| !self.rights.has_rights_of(*role, owner))
            .filter(|role| self.names(*role, object))
            .collect();
        (!able.is_empty() && self.random.percent(70)).then(|| *self.random.of_all(&able))
    }

    /// Whether a statement of the role may name the object at all.
    fn names(&self, role: RoleId, object: ObjectId) -> bool {
        let known = self.rights.object(object).unwrap();
        let relation = match known.kind {
            ObjectKind::Column => known.parent.unwrap(),
            _ => object,
        };
        self.rights.is_within_reach(role, relation)
    }

    fn grantee(&self) -> Grantee {
        match self.random.percent(15) {
            true => Grantee::Public,
            false => Grantee::Role(self.role()),
        }
    }

    fn grant(&self) -> Change {
        let object = self.object();
        let privileges = self.privileges(object);
        Change::Grant {
            object,
            privileges,
            grantee: self.grantee(),
            option: match self.random.percent(40) {
                true => GrantOption::With,
                false => GrantOption::Without,
            },
            grantor: self.grantor(object, privileges),
        }
    }

    /// Most often something that is there.
    fn revoke(&self) -> Option<Change> {
        let object = self.object();
        let items: Vec<_> = self.rights.acl(object).collect();
        let extent = match self.random.percent(30) {
            true => Extent::PassingOn,
            false => Extent::Whole,
        };
        if items.is_empty() || self.random.percent(20) {
            let privileges = self.privileges(object);
            return Some(Change::Revoke {
                object,
                privileges,
                grantee: self.grantee(),
                extent,
                grantor: self.grantor(object, privileges),
            });
        }
        let item = self.random.of_all(&items);
        let owner = self.rights.object(object)?.owner?;
        let granted: Vec<Privilege> = item.rights.held.and(item.rights.grantable).iter().collect();
        let privileges: Privileges = self.random.some(&granted).into_iter().collect();
        let grantor = (item.grantor != owner).then_some(item.grantor);
        let holds = |grantor: RoleId| {
            let may = self.rights.acl(object).any(|other| {
                other.grantee == Grantee::Role(grantor)
                    && other.rights.grantable.contains(privileges)
            });
            let alone = !self.rights.has_rights_of(grantor, owner);
            may && alone && self.names(grantor, object)
        };
        grantor.is_none_or(holds).then_some(Change::Revoke {
            object,
            privileges,
            grantee: item.grantee,
            extent,
            grantor,
        })
    }

    /// Who may grant a role: whoever was given it to pass on, or the bootstrap superuser.
    fn administrator(&self, role: RoleId) -> Option<RoleId> {
        let able: Vec<RoleId> = self
            .rights
            .members_of(role)
            .filter(|membership| membership.options.has(MembershipOption::Admin))
            .map(|membership| membership.member)
            .collect();
        if able.is_empty() || self.random.percent(40) {
            return self.rights.role_by_oid(10);
        }
        Some(*self.random.of_all(&able))
    }

    fn join(&self) -> Change {
        let role = self.role();
        let options: MembershipOptions = [
            MembershipOption::Admin,
            MembershipOption::Inherit,
            MembershipOption::Set,
        ]
        .into_iter()
        .filter(|_| self.random.percent(50))
        .collect();
        Change::Join {
            role,
            member: self.role(),
            options,
            grantor: self.administrator(role),
        }
    }

    fn leave(&self) -> Change {
        let memberships: Vec<_> = self
            .rights
            .roles()
            .filter(|(_, role)| role.predefined().is_none())
            .flat_map(|(role, _)| self.rights.groups_of(role).copied().collect::<Vec<_>>())
            .collect();
        let membership = self.random.of_all(&memberships);
        let mut extents = vec![Extent::Whole, Extent::PassingOn];
        if self.rights.version() >= 16 {
            extents.extend([Extent::Inheriting, Extent::SettingRole]);
        }
        Change::Leave {
            role: membership.role,
            member: membership.member,
            extent: *self.random.of_all(&extents),
            grantor: membership.grantor.filter(|_| self.rights.version() >= 16),
        }
    }

    fn name(&self, role: RoleId) -> String {
        ident::quoted(self.rights.role_name(role)).into_owned()
    }

    fn grantee_name(&self, grantee: Grantee) -> String {
        match grantee {
            Grantee::Public => "PUBLIC".into(),
            Grantee::Role(role) => self.name(role),
        }
    }

    fn statement(&self, change: &Change) -> String {
        match *change {
            Change::Grant {
                object,
                privileges,
                grantee,
                option,
                grantor,
            } => {
                let option = match option {
                    GrantOption::With => " WITH GRANT OPTION",
                    GrantOption::Without => "",
                };
                let statement = format!(
                    "GRANT {} TO {}{option}",
                    self.on(object, privileges),
                    self.grantee_name(grantee)
                );
                self.spoken_by(grantor, &statement)
            }
            Change::Revoke {
                object,
                privileges,
                grantee,
                extent,
                grantor,
            } => {
                let only = match extent {
                    Extent::PassingOn => "GRANT OPTION FOR ",
                    _ => "",
                };
                let statement = format!(
                    "REVOKE {only}{} FROM {} CASCADE",
                    self.on(object, privileges),
                    self.grantee_name(grantee)
                );
                self.spoken_by(grantor, &statement)
            }
            Change::Join {
                role,
                member,
                options,
                grantor,
            } => {
                let statement = format!("GRANT {} TO {}", self.name(role), self.name(member));
                if self.rights.version() >= 16 {
                    let set = |option| match options.has(option) {
                        true => "TRUE",
                        false => "FALSE",
                    };
                    format!(
                        "{statement} WITH ADMIN {}, INHERIT {}, SET {} GRANTED BY {}",
                        set(MembershipOption::Admin),
                        set(MembershipOption::Inherit),
                        set(MembershipOption::Set),
                        self.name(grantor.unwrap())
                    )
                } else if options.has(MembershipOption::Admin) {
                    format!("{statement} WITH ADMIN OPTION")
                } else {
                    statement
                }
            }
            Change::Leave {
                role,
                member,
                extent,
                grantor,
            } => {
                let only = match extent {
                    Extent::Whole => "",
                    Extent::PassingOn => "ADMIN OPTION FOR ",
                    Extent::Inheriting => "INHERIT OPTION FOR ",
                    Extent::SettingRole => "SET OPTION FOR ",
                };
                let by = grantor.map_or_else(String::new, |grantor| {
                    format!(" GRANTED BY {}", self.name(grantor))
                });
                format!(
                    "REVOKE {only}{} FROM {}{by} CASCADE",
                    self.name(role),
                    self.name(member)
                )
            }
        }
    }

    fn on(&self, object: ObjectId, privileges: Privileges) -> String {
        let known = self.rights.object(object).unwrap();
        let (column, table) = match known.kind {
            ObjectKind::Column => (format!(" ({})", known.sql_name()), known.parent.unwrap()),
            _ => (String::new(), object),
        };
        let words: Vec<String> = privileges
            .iter()
            .map(|privilege| format!("{}{column}", privilege.keyword()))
            .collect();
        format!(
            "{} ON {} {}",
            words.join(", "),
            known.kind.grant_word(),
            self.rights.object_name(table)
        )
    }

    fn spoken_by(&self, grantor: Option<RoleId>, statement: &str) -> String {
        match grantor {
            Some(role) => format!(
                "SET LOCAL ROLE {}; {statement}; RESET ROLE",
                self.name(role)
            ),
            None => statement.to_owned(),
        }
    }
}
