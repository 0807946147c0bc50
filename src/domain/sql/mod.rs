//! SQL text: boundaries, tokens, what a statement does, what the cursor wants.

pub mod cascade;
pub mod classify;
pub mod complete;
pub mod cursor;
pub mod danger;
pub mod explain;
pub mod guard;
pub mod keywords;
pub mod lexer;
pub mod placeholders;
pub mod prepared;
pub mod psql;
pub mod read_only;
pub mod role_change;
pub mod row_locks;
pub mod search_path;
pub mod split;
pub mod transaction;
pub mod variables;
pub mod words;
