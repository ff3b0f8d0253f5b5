-- A day's content is written while its mail waits: lz4 takes a fraction of the time of the usual compression. PostgreSQL 13, and a
-- later one that was built without it, keep the usual one.
DO $$
BEGIN
    EXECUTE 'ALTER TABLE chargebook.summary_contents ALTER COLUMN content SET COMPRESSION lz4';
EXCEPTION WHEN syntax_error OR feature_not_supported OR invalid_parameter_value THEN
    NULL;
END $$;
