//! The editor's buffer: text, cursor, selection, undo.
