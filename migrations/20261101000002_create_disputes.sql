-- Disputes as they stand, every statement that was ever made of them, and what is odd.
CREATE TABLE chargebook.disputes (
    account            text        NOT NULL,
    dispute_id         text        NOT NULL,
    charge_id          text,
    payment_intent_id  text,
    order_hint         text,
    amount_minor       bigint      NOT NULL,
    currency           text        NOT NULL,
    reason             text,
    case_type          text,
    card_brand         text,
    card_last4         text,
    status             text        NOT NULL,
    status_as_of       timestamptz NOT NULL,
    outcome            text        NOT NULL,
    bucket             text        NOT NULL,
    opened_at          timestamptz,
    closed_at          timestamptz,
    evidence_due_by    timestamptz,
    evidence_submitted boolean,
    order_match        text        NOT NULL,
    convention         text,
    match_due          boolean     NOT NULL DEFAULT false,
    version            bigint      NOT NULL,
    CONSTRAINT disputes_pkey PRIMARY KEY (account, dispute_id),
    CONSTRAINT disputes_currency_check CHECK (currency ~ '^[a-z]{3}$'),
    CONSTRAINT disputes_outcome_check CHECK
        (outcome IN ('open', 'inquiry_open', 'won', 'lost', 'inquiry_closed', 'refunded', 'prevented')),
    CONSTRAINT disputes_bucket_check CHECK
        (bucket IN ('undecided', 'recovered', 'recovery_pending', 'confirmed_loss', 'no_loss')),
    CONSTRAINT disputes_closed_check CHECK ((closed_at IS NULL) = (outcome IN ('open', 'inquiry_open'))),
    CONSTRAINT disputes_order_match_check CHECK (order_match IN ('matched', 'ambiguous', 'orphan')),
    CONSTRAINT disputes_convention_check CHECK (convention IN ('holding', 'contra')),
    CONSTRAINT disputes_version_check CHECK (version > 0)
);

CREATE INDEX disputes_charge_idx ON chargebook.disputes (charge_id);
CREATE INDEX disputes_payment_intent_idx ON chargebook.disputes (payment_intent_id);
CREATE INDEX disputes_unmatched_idx ON chargebook.disputes (account, dispute_id) WHERE match_due OR order_match = 'orphan';
CREATE INDEX disputes_open_idx ON chargebook.disputes (opened_at) WHERE closed_at IS NULL;
CREATE INDEX disputes_closed_idx ON chargebook.disputes (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE chargebook.dispute_history (
    account            text        NOT NULL,
    dispute_id         text        NOT NULL,
    status             text        NOT NULL,
    as_of              timestamptz NOT NULL,
    cause              text        NOT NULL,
    basis              text        NOT NULL,
    recorded_at        timestamptz NOT NULL,
    amount_minor       bigint      NOT NULL,
    currency           text        NOT NULL,
    charge_id          text,
    payment_intent_id  text,
    order_hint         text,
    reason             text,
    case_type          text,
    card_brand         text,
    card_last4         text,
    opened_at          timestamptz,
    evidence_due_by    timestamptz,
    evidence_submitted boolean,
    latest_movement_at timestamptz,
    CONSTRAINT dispute_history_pkey PRIMARY KEY (account, dispute_id, as_of, cause),
    CONSTRAINT dispute_history_basis_check CHECK (basis IN ('event', 'read')),
    CONSTRAINT dispute_history_dispute_fkey FOREIGN KEY (account, dispute_id) REFERENCES chargebook.disputes
);

CREATE TABLE chargebook.discrepancies (
    account    text        NOT NULL,
    dispute_id text        NOT NULL,
    kind       text        NOT NULL,
    detail     text        NOT NULL,
    noticed_at timestamptz NOT NULL,
    CONSTRAINT discrepancies_pkey PRIMARY KEY (account, dispute_id, kind, detail),
    CONSTRAINT discrepancies_dispute_fkey FOREIGN KEY (account, dispute_id) REFERENCES chargebook.disputes
);
