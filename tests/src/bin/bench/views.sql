-- Fills empty tables by the set: {disputes} disputes of {orders} orders of {customers} customers. Customer 1 has a great
-- many. No money, no history: what is measured counts disputes, orders and customers.
CREATE FUNCTION pg_temp.customer(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN encode(sha256(convert_to('customer ' || n, 'UTF8')), 'hex');
CREATE FUNCTION pg_temp.customer_of(ordered bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN ordered <= {orders} / 1000 THEN 1 ELSE 2 + ordered * 7919 % ({customers} - 1) END;
-- The order of a dispute.
CREATE FUNCTION pg_temp.disputed(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN n * ({orders} / {disputes});

INSERT INTO chargebook.orders (order_ref, payment_key, charge_id, payment_intent_id, amount_minor, currency,
    customer_email, placed_at, card_brand, customer)
SELECT 'R' || n, 'ch_' || n, 'ch_' || n, 'pi_' || n, 1000 + n % 9000, (ARRAY['usd', 'eur', 'gbp'])[1 + n % 3],
       pg_temp.customer_of(n) || '@example.com',
       timestamptz '2026-11-01' - n * interval '3 years' / {orders}, (ARRAY['visa', 'mastercard', 'amex'])[1 + n % 3],
       pg_temp.customer(pg_temp.customer_of(n))
FROM generate_series(1, {orders}::bigint) n;

INSERT INTO chargebook.disputes (account, dispute_id, charge_id, payment_intent_id, amount_minor, currency, reason,
    card_brand, card_last4, status, status_as_of, outcome, bucket, opened_at, closed_at, order_match, version, card_hash,
    customer, filed_at, paid_at)
SELECT 'default', 'du_' || n, 'ch_' || o, 'pi_' || o, 1000 + o % 9000, (ARRAY['usd', 'eur', 'gbp'])[1 + o % 3],
       (ARRAY['fraudulent', 'product_not_received', 'duplicate'])[1 + n % 3],
       (ARRAY['visa', 'mastercard', 'amex'])[1 + o % 3], lpad((c * 31 % 10000)::text, 4, '0'),
       outcome, opened_at + interval '30 days', outcome,
       CASE outcome WHEN 'open' THEN 'undecided' WHEN 'won' THEN 'recovered' ELSE 'confirmed_loss' END,
       opened_at, CASE WHEN outcome <> 'open' THEN opened_at + interval '30 days' END, 'matched', 1,
       encode(sha256(convert_to('card ' || CASE WHEN n % 50 = 0 THEN n % 5000 ELSE c END, 'UTF8')), 'hex'),
       pg_temp.customer(c), opened_at, timestamptz '2026-11-01' - o * interval '3 years' / {orders}
FROM (SELECT n, o, pg_temp.customer_of(o) AS c, (ARRAY['open', 'won', 'lost', 'lost'])[1 + n % 4] AS outcome,
             timestamptz '2026-11-20' - o * interval '3 years' / {orders} AS opened_at
      FROM (SELECT n, pg_temp.disputed(n) AS o FROM generate_series(1, {disputes}::bigint) n) n) d;

INSERT INTO chargebook.order_resolutions (account, dispute_id, order_ref, settlement_currency, outcome, bucket,
    disputed_minor, disputed_currency, recovered_minor, loss_minor, fee_minor, net_minor, closed_at, ambiguous)
SELECT account, dispute_id, 'R' || substr(charge_id, 4), currency, outcome, bucket, amount_minor, currency, 0, 0, 0, 0,
       closed_at, false
FROM chargebook.disputes;

ANALYZE chargebook.disputes;
INSERT INTO chargebook.customers (customer, key_id, known_since)
SELECT customer, 'the only key', min(opened_at) FROM chargebook.disputes GROUP BY customer;
INSERT INTO chargebook.customer_scores (customer, score, reasons, scored_at)
SELECT customer, get_byte(decode(customer, 'hex'), 0) % 101, ARRAY['it is made up'], known_since FROM chargebook.customers;
INSERT INTO chargebook.customer_decisions (customer, decided_at, decided_by, is_blocked, reason)
SELECT customer, known_since + step * interval '1 day', 'a rule', step = 2, 'it is made up'
FROM chargebook.customers, generate_series(1, 2) step WHERE get_byte(decode(customer, 'hex'), 1) < 5 * step;
ANALYZE;
