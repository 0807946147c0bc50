//! What may stand for a profile: a URL, a key=value string, a service entry, `PG*` variables.
