-- What reports are made of: a row for each closed dispute and settlement currency. `is_counted` is true for one row of each, so
-- that disputes are counted once.
CREATE VIEW chargebook.closed_disputes AS
SELECT account, dispute_id, settlement_currency,
       row_number() OVER (PARTITION BY account, dispute_id ORDER BY settlement_currency) = 1 AS is_counted,
       reason, card_brand, outcome, evidence_submitted, opened_at, closed_at, recovered_minor, loss_minor, fee_minor,
       fx_minor, pending_minor, suspense_minor, net_minor
FROM chargebook.dispute_report
WHERE closed_at IS NOT NULL;
