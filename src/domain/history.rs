//! What was run.
