//! One server session: run, stream batches, cancel, notices.
