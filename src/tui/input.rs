//! Terminal events become keys.
