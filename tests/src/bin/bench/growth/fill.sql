-- The disputes {from} to {to} of the past, {a_day} to a day, closed, with everything that is kept of them but bodies. Number 0
-- was closed on {last}, larger ones before, negative ones after; what happened until {sealed} is sealed. Ids are as if random,
-- as those of a source are: they fall on any page of an index.
SET session_replication_role = replica;
CREATE TEMPORARY TABLE past AS
SELECT n, 'du_' || md5('dispute ' || n) AS dispute, 'ch_' || md5('charge ' || n) AS charge,
       'pi_' || md5('payment ' || n) AS payment,
       'txn_' || md5('withdrawal ' || n) AS withdrawal, 'txn_' || md5('reinstatement ' || n) AS reinstatement,
       'evt_' || md5('event ' || n) AS event, 'R' || md5('order ' || n) AS order_ref,
       1000 + abs(n) % 9000 AS amount, 1500 AS fee, (ARRAY['usd', 'eur', 'gbp'])[1 + abs(n) % 3] AS currency,
       (ARRAY['won', 'lost', 'lost'])[1 + abs(n) / 3 % 3] AS outcome, closed_at, closed_at - interval '30 days' AS opened_at
FROM (SELECT n, (date '{last}' - floor(n / {a_day}.0)::integer)::timestamp AT TIME ZONE 'UTC' + interval '6 hours'
                + (n % {a_day} + {a_day}) % {a_day} * interval '16 hours' / {a_day} AS closed_at
      FROM generate_series({from}::bigint, {to}::bigint) n) n;

INSERT INTO chargebook.orders (order_ref, payment_key, charge_id, payment_intent_id, amount_minor, currency, placed_at)
SELECT order_ref, charge, charge, payment, amount, currency, opened_at - interval '40 days' FROM past;

INSERT INTO chargebook.source_events (account, event_id, event_type, received_at, disposition)
SELECT 'default', event || nth,
       'charge.dispute.' || (ARRAY['created', 'funds_withdrawn', 'closed'])[nth],
       CASE WHEN nth < 3 THEN opened_at ELSE closed_at END, 'recorded'
FROM past, generate_series(1, 3) nth;

INSERT INTO chargebook.disputes (account, dispute_id, charge_id, payment_intent_id, amount_minor, currency, reason, case_type,
    card_brand, status, status_as_of, outcome, bucket, opened_at, closed_at, evidence_due_by, evidence_submitted, order_match,
    convention, version, filed_at, paid_at, is_counted)
SELECT 'default', dispute, charge, payment, amount, currency, 'fraudulent', 'chargeback', 'visa', outcome, closed_at, outcome,
       CASE outcome WHEN 'won' THEN 'recovered' ELSE 'confirmed_loss' END, opened_at, closed_at,
       opened_at + interval '20 days', outcome = 'won', 'matched', 'holding', 3, opened_at, opened_at - interval '40 days', true
FROM past;

INSERT INTO chargebook.dispute_history (account, dispute_id, status, as_of, cause, basis, recorded_at, amount_minor, currency,
    charge_id, payment_intent_id, reason, case_type, card_brand, opened_at, evidence_due_by, evidence_submitted,
    latest_movement_at)
SELECT 'default', dispute, status, at, event || nth, 'event', at, amount, currency, charge, payment, 'fraudulent', 'chargeback',
       'visa', opened_at, opened_at + interval '20 days', outcome = 'won',
       CASE WHEN outcome = 'won' THEN at ELSE opened_at END
FROM past, LATERAL (VALUES (1, 'needs_response', opened_at), (3, outcome, closed_at)) line (nth, status, at);

INSERT INTO chargebook.order_resolutions (account, dispute_id, order_ref, settlement_currency, outcome, bucket, disputed_minor,
    disputed_currency, recovered_minor, loss_minor, fee_minor, net_minor, closed_at, ambiguous)
SELECT 'default', dispute, order_ref, currency, outcome, CASE outcome WHEN 'won' THEN 'recovered' ELSE 'confirmed_loss' END,
       amount, currency, recovered, amount - recovered, fee, -(amount - recovered + fee), closed_at, false
FROM past, LATERAL (SELECT CASE outcome WHEN 'won' THEN amount ELSE 0 END AS recovered) figures;

INSERT INTO chargebook.resolutions (account, dispute_id, revision, currency, kind, outcome, recovered_delta_minor,
    loss_delta_minor, fee_delta_minor, fx_delta_minor, pending_delta_minor, suspense_delta_minor, net_delta_minor, closed_delta,
    won_delta, lost_delta, occurred_at, recorded_at, sealed_in)
SELECT 'default', dispute, 0, currency, 'decided', outcome, recovered, amount - recovered, fee, 0, 0, 0,
       -(amount - recovered + fee), 1, (outcome = 'won')::integer, (outcome = 'lost')::integer, closed_at, closed_at,
       CASE WHEN day <= '{sealed}' THEN day END
FROM past, LATERAL (SELECT CASE outcome WHEN 'won' THEN amount ELSE 0 END AS recovered,
                           (closed_at AT TIME ZONE 'UTC')::date AS day) figures;

INSERT INTO chargebook.movements (account, movement_id, dispute_id, category, amount_minor, fee_minor, net_minor, currency,
    occurred_at, available_on, reporting_category, stripe_type, source)
SELECT 'default', withdrawal, dispute, 'withdrawal', -amount, fee, -amount - fee, currency, opened_at, opened_at::date,
       'dispute', 'adjustment', dispute
FROM past
UNION ALL
SELECT 'default', reinstatement, dispute, 'reinstatement', amount, 0, amount, currency, closed_at, closed_at::date,
       'dispute_reversal', 'adjustment', dispute
FROM past WHERE outcome = 'won';

CREATE TEMPORARY TABLE past_entries AS
SELECT past.*, entry_id, kind, narration, at, (at AT TIME ZONE 'UTC')::date AS day
FROM past, LATERAL (VALUES
    ('movement', 'movement:' || withdrawal, opened_at, 'Withdrawal for ' || dispute || ', ' || withdrawal),
    ('movement', CASE outcome WHEN 'won' THEN 'movement:' || reinstatement END, closed_at,
     'Reinstatement for ' || dispute || ', ' || reinstatement),
    ('close_out', CASE outcome WHEN 'lost'
                  THEN 'close_out:' || dispute || ':' || extract(epoch FROM closed_at)::bigint || ':0' END, closed_at,
     'Close-out of ' || dispute || ', lost')) entry (kind, entry_id, at, narration)
WHERE entry_id IS NOT NULL;

INSERT INTO chargebook.journal_entries (account, entry_id, dispute_id, kind, occurred_at, posted_on, recorded_at, narration,
    sealed_in)
SELECT 'default', entry_id, dispute, kind, at, day, at, narration, CASE WHEN day <= '{sealed}' THEN day END FROM past_entries;

INSERT INTO chargebook.postings (account, entry_id, line, ledger_account, amount_minor, currency)
SELECT 'default', entry_id, line, ledger_account, posted, currency
FROM past_entries e, LATERAL (VALUES
    (at = opened_at, 1, 'assets:stripe-balance', -amount - fee),
    (at = opened_at, 2, 'assets:disputes-receivable', amount),
    (at = opened_at, 3, 'expenses:dispute-fees', fee),
    (at = closed_at AND outcome = 'won', 1, 'assets:stripe-balance', amount),
    (at = closed_at AND outcome = 'lost', 1, 'expenses:chargeback-losses', amount),
    (at = closed_at, 2, 'assets:disputes-receivable', -amount)) posting (is_made, line, ledger_account, posted)
WHERE is_made;

-- Every day until then is sealed, and its mail was sent.
INSERT INTO chargebook.summaries (business_date, time_zone, state, sealed_at)
SELECT day, 'UTC', 'sealed', day + interval '31 hours'
FROM generate_series((SELECT min(opened_at)::date FROM past), date '{sealed}', interval '1 day') day
ON CONFLICT DO NOTHING;
INSERT INTO chargebook.summary_deliveries (business_date, channel, state, attempt, updated_at)
SELECT business_date, 'file', 'accepted', 1, sealed_at FROM chargebook.summaries WHERE state = 'sealed'
ON CONFLICT DO NOTHING;
DROP TABLE past, past_entries;
RESET session_replication_role;
