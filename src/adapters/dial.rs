//! Name resolution and TCP, each with a time-out.
