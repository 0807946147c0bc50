//! Raw mode as a guard; panic hook; suspend.
