//! Unsaved editor text, one file a profile.
