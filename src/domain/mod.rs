//! Rules that are true without a computer: no I/O, no clock, no async, no colours.
//!
//! The vocabulary, one sentence a word:
//!
//! - A **profile** is a saved way to reach a database.
//! - An **endpoint** is what a host name says: kind, region, partition.
//! - A **stage** is one of the nine steps of a connection; its **report** says how it went.
//! - A **link** is the state of being connected; a **session** is the live server conversation.
//! - A **statement** is one SQL command; a **batch** is rows that arrived together; a
//!   **result set** is all rows so far.
//! - A **failure** says what went wrong; a **diagnosis** says why; a **remedy** would lift it;
//!   **evidence** is what was looked up to decide.

pub mod access;
pub mod aftermath;
pub mod catalog;
pub mod diagnosis;
pub mod edit;
pub mod endpoint;
pub mod export;
pub mod failure;
pub mod history;
pub mod ident;
pub mod link;
pub mod plan;
pub mod profile;
pub mod rows;
pub mod run;
pub mod sql;
pub mod stage;
pub mod target;
pub mod text;
pub mod time;
pub mod timeouts;
pub mod token;
mod validation;
