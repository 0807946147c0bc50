//! Finds PostgreSQL and starts it as an unprivileged user.
