-- What the networks count: disputes, early fraud warnings, payments.
CREATE TABLE chargebook.fraud_warnings (
    account           text        NOT NULL,
    warning_id        text        NOT NULL,
    charge_id         text,
    payment_intent_id text,
    fraud_type        text,
    card_brand        text,
    occurred_at       timestamptz NOT NULL,
    actionable        boolean,
    recorded_at       timestamptz NOT NULL,
    CONSTRAINT fraud_warnings_pkey PRIMARY KEY (account, warning_id)
);

CREATE INDEX fraud_warnings_occurred_idx ON chargebook.fraud_warnings (occurred_at);
CREATE INDEX fraud_warnings_charge_idx ON chargebook.fraud_warnings (charge_id);

-- Payments of a month as a person typed them in; the latest counts. `month` is its first day.
CREATE TABLE chargebook.payment_counts (
    network    text        NOT NULL,
    month      date        NOT NULL,
    counted_at timestamptz NOT NULL,
    payments   bigint      NOT NULL,
    counted_by text        NOT NULL,
    reason     text        NOT NULL,
    CONSTRAINT payment_counts_pkey PRIMARY KEY (network, month, counted_at),
    CONSTRAINT payment_counts_month_check CHECK (extract(day FROM month) = 1),
    CONSTRAINT payment_counts_payments_check CHECK (payments >= 0)
);

-- Which levels were told of: each once.
CREATE TABLE chargebook.monitor_alerts (
    network    text        NOT NULL,
    programme  text        NOT NULL,
    month      date        NOT NULL,
    level      text        NOT NULL,
    alerted_at timestamptz NOT NULL,
    CONSTRAINT monitor_alerts_pkey PRIMARY KEY (network, programme, month, level)
);

-- How deliveries were answered, by day: `source` is `stripe` or `woocommerce/<shop>`.
CREATE TABLE chargebook.delivery_counts (
    source     text        NOT NULL,
    day        date        NOT NULL,
    answer     text        NOT NULL,
    deliveries bigint      NOT NULL,
    last_at    timestamptz NOT NULL,
    CONSTRAINT delivery_counts_pkey PRIMARY KEY (source, day, answer)
);

-- What networks count by: when a dispute became a formal one, null for what is none, and when its payment was made. A dispute
-- that was last written by a program which knows neither is not counted, and is decided again, which fills them.
ALTER TABLE chargebook.disputes
    ADD COLUMN filed_at timestamptz,
    ADD COLUMN paid_at timestamptz,
    ADD COLUMN is_counted boolean NOT NULL DEFAULT false;

DROP INDEX chargebook.disputes_unmatched_idx;
CREATE INDEX disputes_due_idx ON chargebook.disputes (account, dispute_id)
    WHERE match_due OR order_match = 'orphan' OR NOT is_counted;

CREATE INDEX disputes_filed_idx ON chargebook.disputes (filed_at) INCLUDE (card_brand, currency, amount_minor)
    WHERE filed_at IS NOT NULL AND same_as_dispute_id IS NULL;
CREATE INDEX disputes_paid_idx ON chargebook.disputes (paid_at) INCLUDE (card_brand)
    WHERE filed_at IS NOT NULL AND same_as_dispute_id IS NULL;
CREATE INDEX disputes_opened_idx ON chargebook.disputes (opened_at) WHERE same_as_dispute_id IS NULL;

-- Payments and orders of each quarter of an hour, which no zone's days cut: a month of millions is not counted on the fly.
-- An order counts at its first payment. `card_brand` is empty where the order names none.
CREATE TABLE chargebook.order_counts (
    slot_at    timestamptz NOT NULL,
    card_brand text        NOT NULL,
    payments   bigint      NOT NULL,
    orders     bigint      NOT NULL,
    CONSTRAINT order_counts_pkey PRIMARY KEY (slot_at, card_brand) INCLUDE (payments, orders)
);

CREATE FUNCTION chargebook.order_slot(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_timestamp(floor(extract(epoch FROM at) / 900) * 900)
$$;

-- Counts these slots again. Who writes orders holds the lock of imports, so that nobody else counts meanwhile.
CREATE FUNCTION chargebook.count_orders(slots timestamptz[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM chargebook.order_counts WHERE slot_at = ANY(slots);
    INSERT INTO chargebook.order_counts (slot_at, card_brand, payments, orders)
    SELECT slot_at, coalesce(card_brand, ''), count(*), count(*) FILTER (WHERE nth = 1)
    FROM (SELECT s.slot_at, o.card_brand,
                 row_number() OVER (PARTITION BY s.slot_at, o.order_ref ORDER BY o.payment_key) AS nth
          FROM unnest(slots) AS s(slot_at)
          JOIN chargebook.orders o ON o.placed_at >= s.slot_at AND o.placed_at < s.slot_at + interval '15 minutes') o
    GROUP BY 1, 2;
$$;

CREATE FUNCTION chargebook.count_changed_orders() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    slots timestamptz[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT chargebook.order_slot(placed_at)) INTO slots FROM after WHERE placed_at IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT chargebook.order_slot(placed_at)) INTO slots FROM before WHERE placed_at IS NOT NULL;
    ELSE
        SELECT array_agg(DISTINCT chargebook.order_slot(placed_at)) INTO slots
        FROM (SELECT order_ref, payment_key, placed_at, card_brand FROM after
              EXCEPT SELECT order_ref, payment_key, placed_at, card_brand FROM before
              UNION ALL
              (SELECT order_ref, payment_key, placed_at, card_brand FROM before
               EXCEPT SELECT order_ref, payment_key, placed_at, card_brand FROM after)) changed
        WHERE placed_at IS NOT NULL;
    END IF;
    IF slots IS NOT NULL THEN
        PERFORM chargebook.count_orders(slots);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER orders_count_inserted AFTER INSERT ON chargebook.orders
    REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION chargebook.count_changed_orders();
CREATE TRIGGER orders_count_updated AFTER UPDATE ON chargebook.orders
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.count_changed_orders();
CREATE TRIGGER orders_count_deleted AFTER DELETE ON chargebook.orders
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION chargebook.count_changed_orders();

SELECT chargebook.count_orders(array_agg(DISTINCT chargebook.order_slot(placed_at)))
FROM chargebook.orders WHERE placed_at IS NOT NULL;
