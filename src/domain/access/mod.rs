//! Who may do what, and why: one database's rights as a [`Snapshot`], asked offline.
//!
//! - A **role** has attributes and is a member of groups; a **membership** has options.
//! - An **object** has an owner and an ACL; an **ACL item** gives rights to a **grantee**.
//! - **Rights** are privileges held, and privileges that may be granted on.
//!
//! What is in a snapshot: every role of the cluster with its memberships; every database, schema,
//! relation, function, type, language, foreign-data wrapper, foreign server and tablespace;
//! parameters on which something was granted; large objects up to a number; columns with an ACL of
//! their own; policies; default privileges. What is not: TOAST and temporary schemas; indexes; of
//! the system's schemas relations that everybody reads as on the first day, and functions and types
//! whose ACL was never written; row types of tables, array and multirange types, which follow the
//! type they belong to, unless they have an ACL of their own.
//!
//! Source for every rule: PostgreSQL source, `aclchk.c` and `acl.c` of 13 to 18;
//! `tests/access_agreement.rs` compares the answers with real servers.

mod account;
mod acl;
mod belonging;
mod build;
mod change;
mod default;
mod effective;
mod explain;
mod find;
mod grants;
mod model;
mod object;
mod outlook;
mod plainest;
mod reach;
mod remark;
mod report;
mod role;
mod route;
mod row_security;
#[cfg(test)]
mod scene;
mod search;
mod standing;
mod statement;
mod telling;
mod ways;

pub use account::{Account, Accounts, Claim, Search};
pub use acl::{AclItem, Grantee, HardWired, Privilege, Privileges, Rights};
pub use belonging::Belonging;
pub use build::{Builder, DefaultRecord, MembershipRecord, ObjectRecord, PolicyRecord};
pub use change::{Change, ChangeError, Extent, GrantOption, Impact, RoleShift, Shift};
pub use default::{Forecast, Next, Obstacle, Outlook};
pub use explain::{Bond, Carry, Holder, Hop, Path, Source, Wish};
pub use find::{FindError, Found};
pub use model::{Completeness, DefaultAcl, DefaultKind, LeftOut, Snapshot};
pub use object::{
    Expression, Object, ObjectId, ObjectKind, Policy, PolicyCommand, PolicyKind, Realm, Trait,
    Traits,
};
pub use reach::{Comparison, Difference, Filter, Reached, Surplus};
pub use remark::Remark;
pub use report::{Objects, Report};
pub use role::{
    Attribute, Attributes, Membership, MembershipOption, MembershipOptions, Predefined, Role,
    RoleId,
};
pub use row_security::{Bypass, RowSecurity};
pub use standing::{Becoming, Gate, Held, Holding, Power, Standing};
pub use statement::{Scope, StatementError, names};
pub use telling::{Line, Tone, shortened};
