//! Quoting of identifiers and literals, and dotted names.
