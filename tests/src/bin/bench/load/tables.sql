-- What one statement an event is written into: shaped like the tables of the books, with their primary keys and nothing else.
DROP SCHEMA IF EXISTS baseline CASCADE;
CREATE SCHEMA baseline;
CREATE TABLE baseline.events (
    account text, event_id text, event_type text NOT NULL, received_at timestamptz NOT NULL, disposition text NOT NULL,
    body text COMPRESSION lz4 NOT NULL,
    PRIMARY KEY (account, event_id)
);
CREATE TABLE baseline.disputes (
    account text, dispute_id text, charge_id text NOT NULL, payment_intent_id text NOT NULL, amount_minor bigint NOT NULL,
    currency text NOT NULL, reason text NOT NULL, case_type text NOT NULL, card_brand text NOT NULL, status text NOT NULL,
    status_as_of timestamptz NOT NULL, outcome text NOT NULL, bucket text NOT NULL, opened_at timestamptz NOT NULL,
    evidence_due_by timestamptz NOT NULL, order_match text NOT NULL, version bigint NOT NULL,
    PRIMARY KEY (account, dispute_id)
);
CREATE TABLE baseline.orders (
    account text, dispute_id text, order_ref text, settlement_currency text, outcome text NOT NULL, bucket text NOT NULL,
    disputed_minor bigint NOT NULL, recovered_minor bigint NOT NULL, loss_minor bigint NOT NULL, fee_minor bigint NOT NULL,
    net_minor bigint NOT NULL,
    PRIMARY KEY (account, dispute_id, order_ref, settlement_currency)
);
CREATE TABLE baseline.entries (
    account text, entry_id text, dispute_id text NOT NULL, kind text NOT NULL, occurred_at timestamptz NOT NULL,
    posted_on date NOT NULL, recorded_at timestamptz NOT NULL, narration text NOT NULL,
    PRIMARY KEY (account, entry_id)
);
CREATE TABLE baseline.postings (
    account text, entry_id text, line smallint, ledger_account text NOT NULL, amount_minor bigint NOT NULL,
    currency text NOT NULL,
    PRIMARY KEY (account, entry_id, line)
);
