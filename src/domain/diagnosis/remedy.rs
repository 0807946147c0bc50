//! The narrowest fix and the check that proves it.
