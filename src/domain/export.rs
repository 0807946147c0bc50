//! Rows as CSV, TSV, JSON, JSON lines, Markdown and INSERT statements, into any writer.
