//! Arguments as typed, by clap.
