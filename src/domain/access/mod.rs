//! Who may do what, and why: one database's rights as a [`Snapshot`], asked offline.
//!
//! - A **role** has attributes and is a member of groups; a **membership** has options.
//! - An **object** has an owner and an ACL; an **ACL item** gives rights to a **grantee**.
//! - **Rights** are privileges held, and privileges that may be granted on.
//!
//! What is in a snapshot: every role of the cluster with its memberships; every database, schema,
//! relation, function, type, language, foreign-data wrapper, foreign server and tablespace;
//! parameters on which something was granted; large objects up to a number; columns with an ACL of
//! their own; policies; default privileges. What is not: relations of `pg_catalog`,
//! `information_schema` and TOAST; functions and types of those schemas whose ACL was never
//! written; temporary schemas; indexes; row types of tables and array and multirange types, which
//! follow the type they belong to, unless they have an ACL of their own.
//!
//! Source for every rule: PostgreSQL source, `aclchk.c` and `acl.c` of 13 to 18; `tests/access.rs`
//! compares the answers with real servers.

mod acl;
mod build;
mod change;
mod default;
mod effective;
mod explain;
mod model;
mod object;
mod reach;
mod role;
mod row_security;
#[cfg(test)]
mod scene;

pub use acl::{AclItem, Grantee, HardWired, Privilege, Privileges, Rights};
pub use build::{Builder, DefaultRecord, MembershipRecord, ObjectRecord, PolicyRecord};
pub use change::{Change, ChangeError, Extent, GrantOption, Impact, RoleShift, Shift};
pub use default::{Forecast, Next, Obstacle, Outlook};
pub use explain::{Bond, Carry, Holder, Hop, Path, Source, Wish};
pub use model::{Completeness, DefaultAcl, DefaultKind, LeftOut, Snapshot};
pub use object::{
    Expression, Object, ObjectId, ObjectKind, Policy, PolicyCommand, PolicyKind, Realm, Trait,
    Traits,
};
pub use reach::{Comparison, Difference, Filter, Reached, Surplus};
pub use role::{
    Attribute, Attributes, Membership, MembershipOption, MembershipOptions, Predefined, Role,
    RoleId,
};
pub use row_security::{Bypass, RowSecurity};
