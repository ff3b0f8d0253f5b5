-- What was received, and what became of it. Bodies are apart, so that retention can delete them.
CREATE SCHEMA IF NOT EXISTS chargebook;

CREATE TABLE chargebook.source_events (
    account     text        NOT NULL,
    event_id    text        NOT NULL,
    event_type  text        NOT NULL,
    received_at timestamptz NOT NULL,
    disposition text        NOT NULL,
    reason      text,
    CONSTRAINT source_events_pkey PRIMARY KEY (account, event_id),
    CONSTRAINT source_events_disposition_check CHECK (disposition IN ('recorded', 'ignored', 'quarantined')),
    CONSTRAINT source_events_reason_check CHECK ((disposition = 'quarantined') = (reason IS NOT NULL))
);

CREATE INDEX source_events_received_idx ON chargebook.source_events (received_at);
CREATE INDEX source_events_quarantined_idx ON chargebook.source_events (received_at) WHERE disposition = 'quarantined';

CREATE TABLE chargebook.source_event_bodies (
    account  text  NOT NULL,
    event_id text  NOT NULL,
    body     bytea NOT NULL,
    CONSTRAINT source_event_bodies_pkey PRIMARY KEY (account, event_id)
);
