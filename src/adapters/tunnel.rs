//! A route that is opened first and closed afterwards.
