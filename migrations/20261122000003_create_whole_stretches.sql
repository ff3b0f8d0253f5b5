-- For which stretch of time the record of events is known to be whole: an account has one stretch, or none is known.
CREATE TABLE chargebook.whole_stretches (
    account  text        NOT NULL,
    from_at  timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    CONSTRAINT whole_stretches_pkey PRIMARY KEY (account),
    CONSTRAINT whole_stretches_order_check CHECK (from_at <= until_at)
);
