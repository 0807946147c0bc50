//! Role attributes and memberships with their options.
