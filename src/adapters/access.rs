//! Rights of a database, loaded in a handful of set-based queries.
