//! Tokens of SQL text; never fails, not even on half-typed text.
