//! Statements with their byte ranges, split as psql would.
