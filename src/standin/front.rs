//! The TLS front: clear-text password exchange, relay, cancel.
