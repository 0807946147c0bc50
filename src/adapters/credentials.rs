//! The AWS credential chain: keys, where they came from, until when they last.
