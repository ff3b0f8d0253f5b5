-- A dispute is read for its card, by which customers are linked.
ALTER TABLE chargebook.dispute_reads
    DROP CONSTRAINT dispute_reads_reason_check,
    ADD CONSTRAINT dispute_reads_reason_check CHECK
        (reason IN ('ambiguous', 'order_unknown', 'money_missing', 'card_unknown'));
