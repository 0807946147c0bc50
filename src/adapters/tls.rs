//! native-tls, the RDS roots, and libpq's five modes.
