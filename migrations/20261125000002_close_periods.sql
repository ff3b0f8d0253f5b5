-- Accounting periods that are closed: nothing is booked into them any more, by whatever process. What arrives for them later is
-- posted on the first day after them.
CREATE TABLE chargebook.closed_periods (
    closed_through date        NOT NULL,
    closed_by      text        NOT NULL,
    closed_at      timestamptz NOT NULL,
    reason         text        NOT NULL,
    CONSTRAINT closed_periods_pkey PRIMARY KEY (closed_through)
);

CREATE TRIGGER closed_periods_no_delete BEFORE DELETE OR TRUNCATE ON chargebook.closed_periods
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER closed_periods_no_update BEFORE UPDATE ON chargebook.closed_periods
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();

-- Whoever closes waits for those who book, and they for whoever closes: this lock is the one under which orders are imported.
CREATE FUNCTION chargebook.close_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(109299962637170);
    IF EXISTS (SELECT FROM chargebook.closed_periods WHERE closed_through >= NEW.closed_through) THEN
        RAISE EXCEPTION 'the books are closed through % already', NEW.closed_through
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_periods_in_order';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER closed_periods_in_order BEFORE INSERT ON chargebook.closed_periods
    FOR EACH ROW EXECUTE FUNCTION chargebook.close_in_order();

-- Not a refusal of the content: what a server of the version before wants to book comes again, when that server is gone.
-- And it looks as the owner, since the role of such a server has no rights on the new table yet.
CREATE FUNCTION chargebook.refuse_in_closed_period() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(109299962637170);
    IF (SELECT min(posted_on) FROM added) <= (SELECT max(closed_through) FROM chargebook.closed_periods) THEN
        RAISE EXCEPTION 'the period of a journal entry is closed'
            USING ERRCODE = 'object_not_in_prerequisite_state', CONSTRAINT = 'journal_entries_in_open_period';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER journal_entries_in_open_period AFTER INSERT ON chargebook.journal_entries
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_in_closed_period();

-- What people adjust, which no figure says.
CREATE INDEX journal_entries_adjustments_idx ON chargebook.journal_entries (account) WHERE kind = 'adjustment';
