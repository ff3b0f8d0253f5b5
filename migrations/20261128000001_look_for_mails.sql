-- What may have gone is looked for on the other side: by what it was sent as and where, and what the last look has shown. Several days can
-- go as one, and a day goes on several channels, each by itself: `beside` is that it was to go on others as well from the start.
ALTER TABLE chargebook.summary_attempts
    ADD COLUMN reference text,
    ADD COLUMN place     text,
    ADD COLUMN looked_at timestamptz,
    ADD COLUMN found     text,
    ADD CONSTRAINT summary_attempts_found_check CHECK (found IN ('there', 'not_there', 'cannot_tell')),
    ADD CONSTRAINT summary_attempts_look_check CHECK ((looked_at IS NULL) = (found IS NULL));

ALTER TABLE chargebook.summary_deliveries ADD COLUMN beside boolean NOT NULL DEFAULT false;

DROP TRIGGER summary_attempts_no_update ON chargebook.summary_attempts;
CREATE TRIGGER summary_attempts_no_update BEFORE UPDATE OF
    business_date, channel, attempt, request_id, by_person, state_before, begun_at, reference, place ON chargebook.summary_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
DROP TRIGGER summary_attempts_ended_once ON chargebook.summary_attempts;
CREATE TRIGGER summary_attempts_ended_once BEFORE UPDATE OF ended_at, outcome, receipt, reason ON chargebook.summary_attempts
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL)
    EXECUTE FUNCTION chargebook.refuse_change();

-- What is under way is looked for at each turn.
CREATE INDEX summary_deliveries_sending_idx ON chargebook.summary_deliveries (claimed_until) WHERE state = 'sending';
CREATE INDEX summary_attempts_begun_idx ON chargebook.summary_attempts (business_date) WHERE ended_at IS NULL;
