//! Chords to commands, overrides, conflicts.
