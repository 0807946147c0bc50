//! The person's files: atomic, mode 0600, versioned; never overwritten when they do not parse.

pub mod atomic;
pub mod directories;
pub mod drafts;
pub mod export;
pub mod history;
pub mod profiles;
pub mod settings;
pub mod spill;
