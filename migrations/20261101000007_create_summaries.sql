-- Sealed business days, who sends their mails, and what this database is for.
CREATE TABLE chargebook.summaries (
    business_date date        NOT NULL,
    time_zone     text        NOT NULL,
    state         text        NOT NULL,
    sealed_at     timestamptz NOT NULL,
    CONSTRAINT summaries_pkey PRIMARY KEY (business_date),
    CONSTRAINT summaries_state_check CHECK (state IN ('opening', 'sealed'))
);

CREATE TABLE chargebook.summary_deliveries (
    business_date date        NOT NULL,
    channel       text        NOT NULL,
    state         text        NOT NULL,
    attempt       integer     NOT NULL,
    claimed_until timestamptz,
    retry_at      timestamptz,
    receipt       text,
    reason        text,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT summary_deliveries_pkey PRIMARY KEY (business_date, channel),
    CONSTRAINT summary_deliveries_date_fkey FOREIGN KEY (business_date) REFERENCES chargebook.summaries,
    CONSTRAINT summary_deliveries_state_check CHECK (state IN ('pending', 'sending', 'accepted', 'failed', 'unknown')),
    CONSTRAINT summary_deliveries_claim_check CHECK ((state = 'sending') = (claimed_until IS NOT NULL))
);

-- At most one row: `demo` marks a database that no real server may use.
CREATE TABLE chargebook.deployment (
    only_row boolean NOT NULL DEFAULT true,
    purpose  text    NOT NULL,
    CONSTRAINT deployment_pkey PRIMARY KEY (only_row),
    CONSTRAINT deployment_only_row_check CHECK (only_row),
    CONSTRAINT deployment_purpose_check CHECK (purpose IN ('demo'))
);
