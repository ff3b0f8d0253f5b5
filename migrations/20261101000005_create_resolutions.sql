-- What the decided figures of a dispute changed by. Their sum is how the dispute stands.
CREATE TABLE chargebook.resolutions (
    account               text        NOT NULL,
    dispute_id            text        NOT NULL,
    revision              integer     NOT NULL,
    currency              text        NOT NULL,
    kind                  text        NOT NULL,
    outcome               text        NOT NULL,
    recovered_delta_minor bigint      NOT NULL,
    loss_delta_minor      bigint      NOT NULL,
    fee_delta_minor       bigint      NOT NULL,
    fx_delta_minor        bigint      NOT NULL,
    pending_delta_minor   bigint      NOT NULL,
    suspense_delta_minor  bigint      NOT NULL,
    net_delta_minor       bigint      NOT NULL,
    closed_delta          bigint      NOT NULL,
    won_delta             bigint      NOT NULL,
    lost_delta            bigint      NOT NULL,
    occurred_at           timestamptz NOT NULL,
    recorded_at           timestamptz NOT NULL,
    sealed_in             date,
    CONSTRAINT resolutions_pkey PRIMARY KEY (account, dispute_id, revision, currency),
    CONSTRAINT resolutions_kind_check CHECK (kind IN ('decided', 'redecided', 'reopened', 'money', 'corrected')),
    CONSTRAINT resolutions_outcome_check CHECK
        (outcome IN ('open', 'inquiry_open', 'won', 'lost', 'inquiry_closed', 'refunded', 'prevented')),
    CONSTRAINT resolutions_net_check CHECK (net_delta_minor =
        -(loss_delta_minor + fee_delta_minor + fx_delta_minor + pending_delta_minor + suspense_delta_minor)),
    CONSTRAINT resolutions_dispute_fkey FOREIGN KEY (account, dispute_id) REFERENCES chargebook.disputes
);

CREATE INDEX resolutions_sealed_idx ON chargebook.resolutions (sealed_in);
CREATE INDEX resolutions_unsealed_idx ON chargebook.resolutions (occurred_at) WHERE sealed_in IS NULL;
