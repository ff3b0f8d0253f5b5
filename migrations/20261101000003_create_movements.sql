-- Settled money, as the source states it. Without a dispute it is the account's own, until somebody ties it.
CREATE TABLE chargebook.movements (
    account            text        NOT NULL,
    movement_id        text        NOT NULL,
    dispute_id         text,
    category           text        NOT NULL,
    amount_minor       bigint      NOT NULL,
    fee_minor          bigint      NOT NULL,
    net_minor          bigint      NOT NULL,
    currency           text        NOT NULL,
    occurred_at        timestamptz NOT NULL,
    available_on       date,
    reporting_category text,
    stripe_type        text        NOT NULL,
    description        text,
    source             text,
    CONSTRAINT movements_pkey PRIMARY KEY (account, movement_id),
    CONSTRAINT movements_category_check CHECK (category IN ('withdrawal', 'reinstatement', 'fee', 'other')),
    CONSTRAINT movements_currency_check CHECK (currency ~ '^[a-z]{3}$'),
    CONSTRAINT movements_dispute_fkey FOREIGN KEY (account, dispute_id) REFERENCES chargebook.disputes
);

CREATE INDEX movements_dispute_idx ON chargebook.movements (account, dispute_id);

CREATE TABLE chargebook.movement_ties (
    account     text        NOT NULL,
    movement_id text        NOT NULL,
    dispute_id  text        NOT NULL,
    tied_by     text        NOT NULL,
    tied_at     timestamptz NOT NULL,
    reason      text        NOT NULL,
    CONSTRAINT movement_ties_pkey PRIMARY KEY (account, movement_id),
    CONSTRAINT movement_ties_movement_fkey FOREIGN KEY (account, movement_id) REFERENCES chargebook.movements,
    CONSTRAINT movement_ties_dispute_fkey FOREIGN KEY (account, dispute_id) REFERENCES chargebook.disputes
);

CREATE INDEX movement_ties_dispute_idx ON chargebook.movement_ties (account, dispute_id);
