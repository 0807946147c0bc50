//! A statement tried as a role in a transaction that is always rolled back.
