//! How wide columns are.
