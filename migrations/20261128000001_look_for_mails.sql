-- What may have gone is looked for on the other side: by what it was sent as, and what the last look has shown. Several days can
-- go as one, and a day goes on several channels, each by itself: `beside` is that it was to go on others as well from the start.
ALTER TABLE chargebook.summary_attempts
    ADD COLUMN reference text,
    ADD COLUMN looked_at timestamptz,
    ADD COLUMN found     text,
    ADD CONSTRAINT summary_attempts_found_check CHECK (found IN ('there', 'not_there', 'cannot_tell')),
    ADD CONSTRAINT summary_attempts_look_check CHECK ((looked_at IS NULL) = (found IS NULL));

ALTER TABLE chargebook.summary_deliveries ADD COLUMN beside boolean NOT NULL DEFAULT false;

DROP TRIGGER summary_attempts_no_update ON chargebook.summary_attempts;
CREATE TRIGGER summary_attempts_no_update BEFORE UPDATE OF
    business_date, channel, attempt, request_id, by_person, state_before, begun_at, reference ON chargebook.summary_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
DROP TRIGGER summary_attempts_ended_once ON chargebook.summary_attempts;
CREATE TRIGGER summary_attempts_ended_once BEFORE UPDATE OF ended_at, outcome, receipt, reason ON chargebook.summary_attempts
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL)
    EXECUTE FUNCTION chargebook.refuse_change();
