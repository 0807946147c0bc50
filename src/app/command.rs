//! The one table of verbs: name, keys, help, and why a verb is unavailable.
