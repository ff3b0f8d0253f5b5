-- Orders, a row per payment, and what disputes mean for them.
CREATE TABLE chargebook.orders (
    order_ref         text   NOT NULL,
    payment_key       text   NOT NULL,
    charge_id         text,
    payment_intent_id text,
    amount_minor      bigint NOT NULL,
    currency          text   NOT NULL,
    refunded_minor    bigint,
    customer_email    text,
    placed_at         timestamptz,
    CONSTRAINT orders_pkey PRIMARY KEY (order_ref, payment_key),
    CONSTRAINT orders_currency_check CHECK (currency ~ '^[a-z]{3}$')
);

-- At most one row: counts the imports. What is decided while an import is under way is told by it, and decided again.
CREATE TABLE chargebook.order_book (
    only_row boolean NOT NULL DEFAULT true,
    version  bigint  NOT NULL,
    CONSTRAINT order_book_pkey PRIMARY KEY (only_row),
    CONSTRAINT order_book_only_row_check CHECK (only_row)
);

CREATE INDEX orders_charge_idx ON chargebook.orders (charge_id);
CREATE INDEX orders_payment_intent_idx ON chargebook.orders (payment_intent_id);

-- A person's choices; the latest counts.
CREATE TABLE chargebook.order_links (
    account    text        NOT NULL,
    dispute_id text        NOT NULL,
    linked_at  timestamptz NOT NULL,
    order_ref  text        NOT NULL,
    linked_by  text        NOT NULL,
    reason     text        NOT NULL,
    CONSTRAINT order_links_pkey PRIMARY KEY (account, dispute_id, linked_at),
    CONSTRAINT order_links_dispute_fkey FOREIGN KEY (account, dispute_id) REFERENCES chargebook.disputes
);

CREATE TABLE chargebook.order_resolutions (
    account             text        NOT NULL,
    dispute_id          text        NOT NULL,
    order_ref           text        NOT NULL,
    settlement_currency text        NOT NULL,
    outcome             text        NOT NULL,
    bucket              text        NOT NULL,
    disputed_minor      bigint      NOT NULL,
    disputed_currency   text        NOT NULL,
    recovered_minor     bigint      NOT NULL,
    loss_minor          bigint      NOT NULL,
    fee_minor           bigint      NOT NULL,
    net_minor           bigint      NOT NULL,
    closed_at           timestamptz,
    ambiguous           boolean     NOT NULL,
    CONSTRAINT order_resolutions_pkey PRIMARY KEY (account, dispute_id, order_ref, settlement_currency),
    CONSTRAINT order_resolutions_dispute_fkey FOREIGN KEY (account, dispute_id) REFERENCES chargebook.disputes
);

CREATE INDEX order_resolutions_order_idx ON chargebook.order_resolutions (order_ref);
