-- What programs and people read.
CREATE VIEW chargebook.trial_balance AS
SELECT account, ledger_account, currency, sum(amount_minor)::bigint AS balance_minor
FROM chargebook.postings
GROUP BY account, ledger_account, currency;

-- The movements of a dispute: its own, and those of the account that were tied to it.
CREATE VIEW chargebook.dispute_movements AS
SELECT m.account, coalesce(m.dispute_id, t.dispute_id) AS dispute_id, m.movement_id, m.category, m.amount_minor,
       m.fee_minor, m.net_minor, m.currency, m.occurred_at, m.available_on, m.reporting_category, m.stripe_type,
       m.description, m.source, t.movement_id IS NOT NULL AS tied
FROM chargebook.movements m
LEFT JOIN chargebook.movement_ties t ON t.account = m.account AND t.movement_id = m.movement_id
WHERE coalesce(m.dispute_id, t.dispute_id) IS NOT NULL;

CREATE VIEW chargebook.dispute_report AS
WITH moved AS (
    SELECT account, dispute_id, currency,
           coalesce(sum(-amount_minor) FILTER (WHERE category = 'withdrawal'), 0)::bigint AS withdrawn_minor,
           coalesce(sum(amount_minor) FILTER (WHERE category = 'reinstatement'), 0)::bigint AS reinstated_minor,
           sum(fee_minor - CASE WHEN category = 'fee' THEN amount_minor ELSE 0 END)::bigint AS fee_minor,
           sum(net_minor)::bigint AS net_minor
    FROM chargebook.dispute_movements
    GROUP BY account, dispute_id, currency
), resolved AS (
    SELECT account, dispute_id, currency,
           sum(recovered_delta_minor)::bigint AS recovered_minor, sum(loss_delta_minor)::bigint AS loss_minor,
           sum(fx_delta_minor)::bigint AS fx_minor, sum(pending_delta_minor)::bigint AS pending_minor,
           sum(suspense_delta_minor)::bigint AS suspense_minor
    FROM chargebook.resolutions
    GROUP BY account, dispute_id, currency
), money AS (
    SELECT account, dispute_id, currency, withdrawn_minor, reinstated_minor, fee_minor, net_minor,
           recovered_minor, loss_minor, fx_minor, pending_minor, suspense_minor
    FROM moved FULL JOIN resolved USING (account, dispute_id, currency)
    WHERE moved.currency IS NOT NULL
       OR (recovered_minor, loss_minor, fx_minor, pending_minor, suspense_minor) <> (0, 0, 0, 0, 0)
), matched AS (
    SELECT account, dispute_id, min(order_ref) AS order_ref
    FROM chargebook.order_resolutions
    WHERE NOT ambiguous
    GROUP BY account, dispute_id
)
SELECT d.account, d.dispute_id, d.charge_id, d.payment_intent_id, o.order_ref, d.order_match,
       d.amount_minor AS disputed_minor, d.currency AS disputed_currency, d.reason, d.case_type, d.card_brand,
       d.status, d.outcome, d.bucket, d.opened_at, d.closed_at, d.evidence_due_by, d.evidence_submitted,
       coalesce(m.currency, d.currency) AS settlement_currency,
       coalesce(m.withdrawn_minor, 0) AS withdrawn_minor, coalesce(m.reinstated_minor, 0) AS reinstated_minor,
       coalesce(m.recovered_minor, 0) AS recovered_minor, coalesce(m.loss_minor, 0) AS loss_minor,
       coalesce(m.fee_minor, 0) AS fee_minor, coalesce(m.fx_minor, 0) AS fx_minor,
       coalesce(m.pending_minor, 0) AS pending_minor, coalesce(m.suspense_minor, 0) AS suspense_minor,
       coalesce(m.net_minor, 0) AS net_minor
FROM chargebook.disputes d
LEFT JOIN money m ON m.account = d.account AND m.dispute_id = d.dispute_id
LEFT JOIN matched o ON o.account = d.account AND o.dispute_id = d.dispute_id;

CREATE VIEW chargebook.order_totals AS
SELECT order_ref, settlement_currency, count(DISTINCT (account, dispute_id)) AS disputes,
       count(DISTINCT (account, dispute_id)) FILTER (WHERE closed_at IS NULL) AS open_disputes,
       sum(recovered_minor)::bigint AS recovered_minor, sum(loss_minor)::bigint AS loss_minor,
       sum(fee_minor)::bigint AS fee_minor, sum(net_minor)::bigint AS net_minor,
       CASE WHEN count(*) FILTER (WHERE closed_at IS NULL) = 0 THEN max(closed_at) END AS closed_at
FROM chargebook.order_resolutions
WHERE NOT ambiguous
GROUP BY order_ref, settlement_currency;
