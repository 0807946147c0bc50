//! Places widgets.
