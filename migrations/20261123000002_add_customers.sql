-- Customers, by a keyed hash of their e-mail; cards, by a keyed hash of their fingerprint. No other trace of either is kept.
ALTER TABLE chargebook.dispute_history ADD COLUMN card_hash text;

ALTER TABLE chargebook.disputes
    ADD COLUMN card_hash text,
    ADD COLUMN customer text;

CREATE INDEX disputes_customer_idx ON chargebook.disputes (customer, opened_at, outcome) WHERE customer IS NOT NULL;
CREATE INDEX disputes_latest_idx ON chargebook.disputes (opened_at, account, dispute_id)
    WHERE customer IS NOT NULL AND same_as_dispute_id IS NULL AND opened_at IS NOT NULL;
CREATE INDEX disputes_card_hash_idx ON chargebook.disputes (card_hash) WHERE card_hash IS NOT NULL AND customer IS NOT NULL;
CREATE INDEX disputes_card_last4_idx ON chargebook.disputes (card_last4, card_brand) WHERE customer IS NOT NULL;

ALTER TABLE chargebook.orders
    ADD COLUMN card_brand text,
    ADD COLUMN updated_at timestamptz,
    ADD COLUMN customer text;

CREATE INDEX orders_customer_idx ON chargebook.orders (customer, order_ref) WHERE customer IS NOT NULL;
CREATE INDEX orders_placed_idx ON chargebook.orders (placed_at, order_ref);

-- Every customer who had a dispute. The hash that one was known by under another key has `replaced_by`, always the present
-- one, and only decisions name it any more.
CREATE TABLE chargebook.customers (
    customer    text        NOT NULL,
    key_id      text        NOT NULL,
    known_since timestamptz NOT NULL,
    replaced_by text,
    CONSTRAINT customers_pkey PRIMARY KEY (customer),
    CONSTRAINT customers_hash_check CHECK (customer ~ '^[0-9a-f]{64}$')
);

CREATE INDEX customers_replaced_idx ON chargebook.customers (replaced_by) WHERE replaced_by IS NOT NULL;

-- The key under which everybody is known, or how far: up to this order and payment or, where orders are in a view, up to
-- this account and dispute. Whoever writes under another key, or without one, removes the row, and all is looked at again.
CREATE TABLE chargebook.customer_keys (
    key_id     text    NOT NULL,
    done_first text    NOT NULL,
    done_then  text    NOT NULL,
    is_done    boolean NOT NULL,
    CONSTRAINT customer_keys_pkey PRIMARY KEY (key_id)
);

-- `disputes` and `lost` are those of `customer_report` at that moment. They order lists, and are never shown.
CREATE TABLE chargebook.customer_scores (
    customer  text        NOT NULL,
    score     smallint    NOT NULL,
    reasons   text[]      NOT NULL,
    scored_at timestamptz NOT NULL,
    disputes  bigint      NOT NULL,
    lost      bigint      NOT NULL,
    CONSTRAINT customer_scores_pkey PRIMARY KEY (customer),
    CONSTRAINT customer_scores_score_check CHECK (score BETWEEN 0 AND 100)
);

CREATE INDEX customer_scores_score_idx ON chargebook.customer_scores (score, customer);
CREATE INDEX customer_scores_disputes_idx ON chargebook.customer_scores (disputes DESC, customer);
CREATE INDEX customer_scores_lost_idx ON chargebook.customer_scores (lost DESC, customer);

-- Every decision about a customer; the latest counts.
CREATE TABLE chargebook.customer_decisions (
    customer   text        NOT NULL,
    decided_at timestamptz NOT NULL,
    decided_by text        NOT NULL,
    is_blocked boolean     NOT NULL,
    reason     text        NOT NULL,
    CONSTRAINT customer_decisions_pkey PRIMARY KEY (customer, decided_at, decided_by)
);

CREATE INDEX customer_decisions_blocked_idx ON chargebook.customer_decisions (decided_at) WHERE is_blocked;

-- For a checkout. A hash under a former key is blocked with the present one.
CREATE VIEW chargebook.blocked_customers AS
SELECT c.customer, d.decided_at AS blocked_at, d.reason
FROM chargebook.customers c
CROSS JOIN LATERAL (SELECT decided_at, is_blocked, reason FROM chargebook.customer_decisions d
    WHERE d.customer = coalesce(c.replaced_by, c.customer) ORDER BY decided_at DESC, decided_by DESC LIMIT 1) d
WHERE d.is_blocked;

CREATE TABLE chargebook.customer_tags (
    customer  text        NOT NULL,
    tag       text        NOT NULL,
    tagged_at timestamptz NOT NULL,
    tagged_by text        NOT NULL,
    CONSTRAINT customer_tags_pkey PRIMARY KEY (customer, tag)
);

-- A customer's disputes and orders, counted where they are: nothing is counted up, so that nothing is ever adjusted. A
-- dispute belongs to the customer of its one order; one without is nobody's.
CREATE VIEW chargebook.customer_report AS
SELECT c.customer, c.known_since, d.disputes, d.open, d.won, d.lost, d.other_closed, d.inquiries, d.disputed_orders,
       o.orders, d.first_at, d.last_at
FROM chargebook.customers c
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE d.outcome NOT IN ('inquiry_open', 'inquiry_closed')) AS disputes,
           count(*) FILTER (WHERE d.outcome = 'open') AS open,
           count(*) FILTER (WHERE d.outcome = 'won') AS won,
           count(*) FILTER (WHERE d.outcome = 'lost') AS lost,
           count(*) FILTER (WHERE d.outcome IN ('refunded', 'prevented')) AS other_closed,
           count(*) FILTER (WHERE d.outcome IN ('inquiry_open', 'inquiry_closed')) AS inquiries,
           count(DISTINCT r.order_ref) FILTER (WHERE d.outcome NOT IN ('inquiry_open', 'inquiry_closed'))
               AS disputed_orders,
           min(d.opened_at) AS first_at, max(d.opened_at) AS last_at
    FROM chargebook.disputes d
    LEFT JOIN LATERAL (SELECT min(r.order_ref) AS order_ref FROM chargebook.order_resolutions r
        WHERE r.account = d.account AND r.dispute_id = d.dispute_id AND NOT r.ambiguous) r ON true
    WHERE d.customer = c.customer AND d.same_as_dispute_id IS NULL) d
CROSS JOIN LATERAL (
    SELECT count(DISTINCT o.order_ref) AS orders FROM chargebook.orders o WHERE o.customer = c.customer) o
WHERE c.replaced_by IS NULL;

-- What a customer's formal disputes are for, and what they came to.
CREATE VIEW chargebook.customer_amounts AS
SELECT d.customer, d.currency, sum(d.amount_minor)::bigint AS disputed_minor,
       coalesce(sum(d.amount_minor) FILTER (WHERE d.outcome = 'lost'), 0)::bigint AS lost_minor,
       coalesce(sum(d.amount_minor) FILTER (WHERE d.outcome = 'won'), 0)::bigint AS won_minor
FROM chargebook.disputes d
WHERE d.customer IS NOT NULL AND d.same_as_dispute_id IS NULL
  AND d.outcome NOT IN ('inquiry_open', 'inquiry_closed')
GROUP BY d.customer, d.currency;

CREATE FUNCTION chargebook.count_for_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT count(*) FILTER (WHERE outcome NOT IN ('inquiry_open', 'inquiry_closed')),
           count(*) FILTER (WHERE outcome = 'lost')
    INTO NEW.disputes, NEW.lost
    FROM chargebook.disputes WHERE customer = NEW.customer AND same_as_dispute_id IS NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER customer_scores_order BEFORE INSERT OR UPDATE ON chargebook.customer_scores
    FOR EACH ROW EXECUTE FUNCTION chargebook.count_for_order();

CREATE TRIGGER customer_decisions_no_update BEFORE UPDATE ON chargebook.customer_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER customer_decisions_no_delete BEFORE DELETE OR TRUNCATE ON chargebook.customer_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
