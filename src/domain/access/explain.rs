//! By which path a role has it.
