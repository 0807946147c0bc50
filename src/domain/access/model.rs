//! The snapshot of a database's rights.
