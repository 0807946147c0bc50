//! profiles.toml, with comments and order kept.
