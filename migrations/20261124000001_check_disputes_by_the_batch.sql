-- That a row's dispute exists is checked once a statement and not once a row, which was a tenth of what a webhook took. A
-- dispute is never deleted or renamed, so that what had its dispute once has it always. OFFSET 0 keeps the disputes apart
-- from the join: a plan that was made while there were few must not read all of them for every batch.
CREATE FUNCTION chargebook.refuse_without_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added a
        LEFT JOIN LATERAL (
            SELECT d.dispute_id FROM chargebook.disputes d
            WHERE d.account = a.account AND d.dispute_id = a.dispute_id OFFSET 0) d ON true
        WHERE a.dispute_id IS NOT NULL AND d.dispute_id IS NULL
    ) THEN
        RAISE EXCEPTION 'a row of chargebook.% has no dispute', TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_TABLE_NAME || '_dispute_fkey';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER disputes_no_delete BEFORE DELETE OR TRUNCATE ON chargebook.disputes
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER disputes_no_rename BEFORE UPDATE OF account, dispute_id ON chargebook.disputes
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();

DO $$
DECLARE
    child text;
BEGIN
    FOREACH child IN ARRAY ARRAY['dispute_history', 'discrepancies', 'movements', 'resolutions', 'order_resolutions'] LOOP
        EXECUTE format('ALTER TABLE chargebook.%I DROP CONSTRAINT %I', child, child || '_dispute_fkey');
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON chargebook.%I REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_without_dispute()', child || '_of_disputes', child);
    END LOOP;
    -- The others are append-only already.
    FOREACH child IN ARRAY ARRAY['discrepancies', 'order_resolutions'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OF account, dispute_id ON chargebook.%I
            FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change()', child || '_no_rename', child);
    END LOOP;
END $$;

-- A dispute changes a few times, at first mostly in what no index has. With room left on its page, such a change writes no
-- index.
ALTER TABLE chargebook.disputes SET (fillfactor = 70);
ALTER TABLE chargebook.order_resolutions SET (fillfactor = 80);
