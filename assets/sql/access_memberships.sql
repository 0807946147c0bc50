-- Memberships. The options INHERIT and SET came with 16: read as JSON they are NULL before.
SELECT m.roleid,
       m.member,
       m.grantor,
       m.admin_option,
       pg_catalog.to_jsonb(m) ->> 'inherit_option' AS inherit_option,
       pg_catalog.to_jsonb(m) ->> 'set_option' AS set_option
FROM pg_catalog.pg_auth_members AS m
