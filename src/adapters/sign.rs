//! SigV4 to a token; the clock is an argument.
