//! Borrowed data in, cells out.
