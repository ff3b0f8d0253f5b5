-- Disputes that must be read again at the source, and who does so until when. A dispute is here once, or not at all.
CREATE TABLE chargebook.dispute_reads (
    account       text        NOT NULL,
    dispute_id    text        NOT NULL,
    reason        text        NOT NULL,
    due_at        timestamptz NOT NULL,
    attempt       integer     NOT NULL,
    claimed_until timestamptz,
    CONSTRAINT dispute_reads_pkey PRIMARY KEY (account, dispute_id),
    CONSTRAINT dispute_reads_reason_check CHECK (reason IN ('ambiguous', 'order_unknown', 'money_missing')),
    CONSTRAINT dispute_reads_dispute_fkey FOREIGN KEY (account, dispute_id) REFERENCES chargebook.disputes
);

CREATE INDEX dispute_reads_due_idx ON chargebook.dispute_reads (due_at);
