-- What people say that money is for. A tie counts from the day on that it is sealed in, like the resolution row that it makes.
ALTER TABLE chargebook.movement_ties ADD COLUMN sealed_in date;

DROP TRIGGER movement_ties_no_update ON chargebook.movement_ties;
CREATE TRIGGER movement_ties_no_update BEFORE UPDATE OF account, movement_id, dispute_id, tied_by, tied_at, reason
    ON chargebook.movement_ties FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER movement_ties_sealed_once BEFORE UPDATE OF sealed_in ON chargebook.movement_ties
    FOR EACH ROW WHEN (OLD.sealed_in IS NOT NULL OR NEW.sealed_in IS NULL)
    EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER movement_ties_made_unsealed BEFORE INSERT ON chargebook.movement_ties
    FOR EACH ROW WHEN (NEW.sealed_in IS NOT NULL) EXECUTE FUNCTION chargebook.refuse_change();

-- What a movement left in suspense and what it is: `amount_minor` is what was missing, and negative where there was too much.
CREATE TABLE chargebook.reclassifications (
    account         text        NOT NULL,
    movement_id     text        NOT NULL,
    dispute_id      text        NOT NULL,
    meaning         text        NOT NULL,
    amount_minor    bigint      NOT NULL,
    currency        text        NOT NULL,
    occurred_at     timestamptz NOT NULL,
    reclassified_by text        NOT NULL,
    reclassified_at timestamptz NOT NULL,
    reason          text        NOT NULL,
    CONSTRAINT reclassifications_pkey PRIMARY KEY (account, movement_id),
    CONSTRAINT reclassifications_movement_fkey FOREIGN KEY (account, movement_id) REFERENCES chargebook.movements,
    CONSTRAINT reclassifications_dispute_fkey FOREIGN KEY (account, dispute_id) REFERENCES chargebook.disputes,
    CONSTRAINT reclassifications_meaning_check CHECK (meaning IN ('fee', 'principal')),
    CONSTRAINT reclassifications_amount_check CHECK (amount_minor <> 0),
    CONSTRAINT reclassifications_currency_check CHECK (currency ~ '^[a-z]{3}$')
);

CREATE INDEX reclassifications_dispute_idx ON chargebook.reclassifications (account, dispute_id);

CREATE TRIGGER reclassifications_no_delete BEFORE DELETE OR TRUNCATE ON chargebook.reclassifications
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER reclassifications_no_update BEFORE UPDATE ON chargebook.reclassifications
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();

-- What waits for a person: money of the account, and money in suspense.
CREATE INDEX movements_of_account_idx ON chargebook.movements (occurred_at) WHERE dispute_id IS NULL;
CREATE INDEX movements_suspense_idx ON chargebook.movements (occurred_at)
    WHERE category = 'other' OR amount_minor - fee_minor <> net_minor;

-- All that a dispute's figures are made of: its movements, those of the account that were tied to it, and what was taken out of
-- suspense, by which the balance did not change.
CREATE OR REPLACE VIEW chargebook.dispute_movements AS
SELECT m.account, coalesce(m.dispute_id, t.dispute_id) AS dispute_id, m.movement_id, m.category, m.amount_minor,
       m.fee_minor, m.net_minor, m.currency, m.occurred_at, m.available_on, m.reporting_category, m.stripe_type,
       m.description, m.source, t.movement_id IS NOT NULL AS tied
FROM chargebook.movements m
LEFT JOIN chargebook.movement_ties t ON t.account = m.account AND t.movement_id = m.movement_id
WHERE coalesce(m.dispute_id, t.dispute_id) IS NOT NULL
UNION ALL
SELECT r.account, r.dispute_id, 'reclassification:' || r.movement_id,
       CASE WHEN r.meaning = 'fee' THEN 'fee' WHEN r.amount_minor > 0 THEN 'withdrawal' ELSE 'reinstatement' END,
       CASE WHEN r.meaning = 'fee' THEN 0 ELSE -r.amount_minor END,
       CASE WHEN r.meaning = 'fee' THEN r.amount_minor ELSE 0 END, 0, r.currency, r.occurred_at, NULL, NULL,
       'reclassification', r.reason, NULL, false
FROM chargebook.reclassifications r;
