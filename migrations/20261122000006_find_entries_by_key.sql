-- A plan that was made while the journal was empty must not read all of it for every batch: OFFSET 0 keeps the entries apart
-- from the join, so that they are found by their key.
CREATE OR REPLACE FUNCTION chargebook.refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added GROUP BY account, entry_id, currency HAVING sum(amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'an entry does not sum to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_balanced_check';
    END IF;
    IF EXISTS (
        SELECT FROM added a CROSS JOIN LATERAL (
            SELECT FROM chargebook.journal_entries e
            WHERE e.account = a.account AND e.entry_id = a.entry_id AND e.sealed_in IS NOT NULL OFFSET 0) sealed
    ) THEN
        RAISE EXCEPTION 'a sealed entry gets no more postings'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'postings_append_only';
    END IF;
    RETURN NULL;
END $$;
