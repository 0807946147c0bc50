//! What a role really has.
