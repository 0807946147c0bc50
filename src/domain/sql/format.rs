//! Layout of a statement.
