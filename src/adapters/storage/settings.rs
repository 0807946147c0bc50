//! settings.toml.
