-- What is booked is never changed: only a seal is set, once, and a quarantined event becomes recorded.
CREATE FUNCTION chargebook.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'chargebook.% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;

DO $$
DECLARE
    guarded text;
BEGIN
    FOREACH guarded IN ARRAY ARRAY[
        'dispute_history', 'movements', 'movement_ties', 'journal_entries', 'postings', 'resolutions',
        'source_events', 'order_links'
    ] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE OR TRUNCATE ON chargebook.%I
            FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change()', guarded || '_no_delete', guarded);
    END LOOP;
    FOREACH guarded IN ARRAY ARRAY['dispute_history', 'movements', 'movement_ties', 'postings', 'order_links'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON chargebook.%I
            FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change()', guarded || '_no_update', guarded);
    END LOOP;
END $$;

CREATE TRIGGER journal_entries_no_update BEFORE UPDATE OF
    account, entry_id, dispute_id, kind, occurred_at, posted_on, recorded_at, narration ON chargebook.journal_entries
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER journal_entries_sealed_once BEFORE UPDATE OF sealed_in ON chargebook.journal_entries
    FOR EACH ROW WHEN (OLD.sealed_in IS NOT NULL OR NEW.sealed_in IS NULL)
    EXECUTE FUNCTION chargebook.refuse_change();

CREATE TRIGGER resolutions_no_update BEFORE UPDATE OF
    account, dispute_id, revision, currency, kind, outcome, recovered_delta_minor, loss_delta_minor, fee_delta_minor,
    fx_delta_minor, pending_delta_minor, suspense_delta_minor, net_delta_minor, closed_delta, won_delta, lost_delta,
    occurred_at, recorded_at ON chargebook.resolutions
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER resolutions_sealed_once BEFORE UPDATE OF sealed_in ON chargebook.resolutions
    FOR EACH ROW WHEN (OLD.sealed_in IS NOT NULL OR NEW.sealed_in IS NULL)
    EXECUTE FUNCTION chargebook.refuse_change();

-- Nothing is made sealed: a seal takes in what is there.
CREATE TRIGGER journal_entries_made_unsealed BEFORE INSERT ON chargebook.journal_entries
    FOR EACH ROW WHEN (NEW.sealed_in IS NOT NULL) EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER resolutions_made_unsealed BEFORE INSERT ON chargebook.resolutions
    FOR EACH ROW WHEN (NEW.sealed_in IS NOT NULL) EXECUTE FUNCTION chargebook.refuse_change();

-- Bodies can be deleted, by retention, and never be others; a sealed day stays sealed.
CREATE TRIGGER source_event_bodies_no_update BEFORE UPDATE ON chargebook.source_event_bodies
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER summaries_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON chargebook.summaries
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();

CREATE TRIGGER source_events_no_update BEFORE UPDATE OF account, event_id, event_type, received_at
    ON chargebook.source_events FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER source_events_only_heal BEFORE UPDATE OF disposition, reason ON chargebook.source_events
    FOR EACH ROW WHEN (NOT (OLD.disposition = 'quarantined' AND NEW.disposition = 'recorded'))
    EXECUTE FUNCTION chargebook.refuse_change();
