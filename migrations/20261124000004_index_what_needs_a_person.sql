-- What needs a person is counted for every summary, which must not read every dispute for that.
CREATE INDEX IF NOT EXISTS disputes_ambiguous_idx ON chargebook.disputes (account) WHERE order_match = 'ambiguous';
CREATE INDEX IF NOT EXISTS disputes_recovery_pending_idx ON chargebook.disputes (account) WHERE bucket = 'recovery_pending';
CREATE INDEX IF NOT EXISTS discrepancies_kind_idx ON chargebook.discrepancies (kind, account, dispute_id);
CREATE INDEX IF NOT EXISTS summary_deliveries_undelivered_idx ON chargebook.summary_deliveries (business_date)
    WHERE state IN ('failed', 'unknown');
