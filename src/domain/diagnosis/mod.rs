//! From a symptom to its causes and the smallest remedy.

pub mod advice;
pub mod body;
pub mod building;
pub mod calls;
pub mod checked;
pub mod definitions;
pub mod demands;
pub mod denial;
pub mod draws;
pub mod evaluable;
mod expressions;
pub mod extensions;
pub mod findings;
pub mod granting;
pub mod heirs;
pub mod links;
pub mod login;
pub mod maintained;
pub mod new_database;
pub mod node_tree;
pub mod qualifiers;
pub mod referring;
pub mod remedy;
pub mod report;
pub mod restricted;
pub mod saying;
pub mod server_path;
mod token_refusal;
pub mod trial;
pub mod view_text;
pub mod wants;
pub mod writing;

pub use findings::{Certainty, Finding, Fix, FixKind};
pub use report::{
    Applied, Avoid, Breadth, Check, CheckAnswer, Mark, MissingPrivilege, NotByGrant,
    NotByGrantKind, ObjectKind, ObjectName, Outcome, Reason, Remedy, Verdict, WhyReport,
};
