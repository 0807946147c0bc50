//! Ranked completion candidates.
