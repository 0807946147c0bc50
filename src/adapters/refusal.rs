//! Driver, TLS, DNS and AWS errors become failures; the only such place.
