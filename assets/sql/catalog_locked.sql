-- Relations that the role may not read. A role that may read one column may use the table, so column
-- grants are looked at as well, but only where they exist: has_any_column_privilege() walks every
-- column of every table, which takes seconds on a catalog of 10,000. The subquery runs once, and only
-- if some table needs the second question. A superuser may read everything.
SELECT c.oid
FROM pg_catalog.pg_class AS c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND (SELECT NOT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user)
  AND CASE
          WHEN c.relkind = 'S' THEN
              NOT has_sequence_privilege(c.oid, 'USAGE')
              AND NOT has_sequence_privilege(c.oid, 'SELECT')
          ELSE NOT has_table_privilege(c.oid, 'SELECT')
               AND NOT (c.oid IN (SELECT a.attrelid
                                  FROM pg_catalog.pg_attribute AS a
                                  WHERE a.attacl IS NOT NULL)
                        AND has_any_column_privilege(c.oid, 'SELECT'))
      END
