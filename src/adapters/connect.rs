//! The walk through the nine stages, from a profile to a session.
