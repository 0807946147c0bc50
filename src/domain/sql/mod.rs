//! SQL text: boundaries, tokens, what a statement does, what the cursor wants.

pub mod classify;
pub mod complete;
pub mod cursor;
pub mod guard;
pub mod keywords;
pub mod lexer;
pub mod split;
