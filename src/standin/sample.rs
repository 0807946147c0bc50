//! Roles, data and profiles of the demo.
