//! The token check, from the SigV4 specification.
