//! Catalog queries from assets/sql into the domain's catalog.
