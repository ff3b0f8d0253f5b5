-- Disputes that are the same as another: they keep their facts, and count as nothing.
CREATE TABLE chargebook.dispute_aliases (
    account            text        NOT NULL,
    dispute_id         text        NOT NULL,
    same_as_account    text        NOT NULL,
    same_as_dispute_id text        NOT NULL,
    joined_by          text        NOT NULL,
    joined_at          timestamptz NOT NULL,
    reason             text        NOT NULL,
    CONSTRAINT dispute_aliases_pkey PRIMARY KEY (account, dispute_id),
    CONSTRAINT dispute_aliases_other_check CHECK ((account, dispute_id) <> (same_as_account, same_as_dispute_id)),
    CONSTRAINT dispute_aliases_dispute_fkey FOREIGN KEY (account, dispute_id) REFERENCES chargebook.disputes
);

CREATE INDEX dispute_aliases_same_as_idx ON chargebook.dispute_aliases (same_as_account, same_as_dispute_id);

CREATE TRIGGER dispute_aliases_no_delete BEFORE DELETE OR TRUNCATE ON chargebook.dispute_aliases
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER dispute_aliases_no_update BEFORE UPDATE ON chargebook.dispute_aliases
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();

-- Set once the entries of a double are reversed.
ALTER TABLE chargebook.disputes
    ADD COLUMN same_as_account text,
    ADD COLUMN same_as_dispute_id text,
    ADD CONSTRAINT disputes_same_as_check CHECK ((same_as_account IS NULL) = (same_as_dispute_id IS NULL));

-- The same dispute in other books is looked for by its id.
CREATE INDEX disputes_id_idx ON chargebook.disputes (dispute_id);

CREATE OR REPLACE VIEW chargebook.dispute_report AS
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
LEFT JOIN matched o ON o.account = d.account AND o.dispute_id = d.dispute_id
WHERE d.same_as_dispute_id IS NULL;
