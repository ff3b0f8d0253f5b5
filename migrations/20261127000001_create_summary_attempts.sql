-- Every attempt to send a day's mail. It is begun here before anything is sent, and ends once; `summary_deliveries` says how the
-- last one stands. `state_before` is what the delivery was, unless it was to be sent anyway: what a person had sent and was
-- refused is that again.
CREATE TABLE chargebook.summary_attempts (
    business_date date        NOT NULL,
    channel       text        NOT NULL,
    attempt       integer     NOT NULL,
    request_id    text        NOT NULL,
    by_person     boolean     NOT NULL,
    state_before  text,
    begun_at      timestamptz NOT NULL,
    ended_at      timestamptz,
    outcome       text,
    receipt       text,
    reason        text,
    CONSTRAINT summary_attempts_pkey PRIMARY KEY (business_date, channel, attempt),
    CONSTRAINT summary_attempts_delivery_fkey FOREIGN KEY (business_date, channel)
        REFERENCES chargebook.summary_deliveries,
    CONSTRAINT summary_attempts_outcome_check CHECK (outcome IN ('accepted', 'refused', 'unknown')),
    CONSTRAINT summary_attempts_end_check CHECK ((ended_at IS NULL) = (outcome IS NULL))
);

CREATE TRIGGER summary_attempts_no_delete BEFORE DELETE OR TRUNCATE ON chargebook.summary_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER summary_attempts_no_update BEFORE UPDATE OF
    business_date, channel, attempt, request_id, by_person, state_before, begun_at ON chargebook.summary_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER summary_attempts_ended_once BEFORE UPDATE ON chargebook.summary_attempts
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL)
    EXECUTE FUNCTION chargebook.refuse_change();
