//! ACL items: grantee, privileges, grantor.
