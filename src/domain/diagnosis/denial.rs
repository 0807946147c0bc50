//! Rules for refused statements.
