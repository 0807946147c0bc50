//! The command line: one file a subcommand, exit codes, JSON contracts.

pub mod args;
pub mod demo;
pub mod exit;
