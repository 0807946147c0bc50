//! Statements that were run.
