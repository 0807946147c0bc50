//! Who may do what, and by which path.

pub mod acl;
pub mod effective;
pub mod explain;
pub mod model;
pub mod role;
