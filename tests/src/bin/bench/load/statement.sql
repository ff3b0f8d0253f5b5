-- What is written of an event, or of several, in one statement and one transaction. Ids come at random, as Stripe's do.
\set n :n + 1
\set id hash_murmur2(:client_id * 1000000000 + :n)
WITH source AS ({source}),
event AS (
    INSERT INTO baseline.events
    SELECT '', 'evt_1' || id, 'charge.dispute.funds_withdrawn', now(), 'recorded', CAST(:body AS text)
    FROM source ON CONFLICT DO NOTHING),
dispute AS (
    INSERT INTO baseline.disputes AS d
    SELECT '', 'du_1' || id, 'ch_1' || id, 'pi_1' || id, 10000, 'usd', 'fraudulent', 'chargeback', 'visa', 'needs_response',
           now(), 'open', 'undecided', now(), now(), 'matched', 1
    FROM source
    ON CONFLICT (account, dispute_id) DO UPDATE
    SET status = excluded.status, status_as_of = excluded.status_as_of, outcome = excluded.outcome, bucket = excluded.bucket,
        version = d.version + 1),
of_order AS (
    INSERT INTO baseline.orders
    SELECT '', 'du_1' || id, 'order-' || id, 'usd', 'open', 'undecided', 10000, 0, 0, 1500, -1500
    FROM source
    ON CONFLICT (account, dispute_id, order_ref, settlement_currency) DO UPDATE
    SET outcome = excluded.outcome, bucket = excluded.bucket, net_minor = excluded.net_minor),
entry AS (
    INSERT INTO baseline.entries
    SELECT '', 'txn_1' || id, 'du_1' || id, 'movement', now(), current_date, now(), 'withdrawal'
    FROM source)
INSERT INTO baseline.postings
SELECT '', 'txn_1' || id, line, ledger_account, amount_minor, 'usd'
FROM source, (VALUES (CAST(1 AS smallint), 'assets/stripe-balance', -11500),
                     (CAST(2 AS smallint), 'assets/disputes-receivable', 10000),
                     (CAST(3 AS smallint), 'expenses/dispute-fees', 1500)) AS p(line, ledger_account, amount_minor);
