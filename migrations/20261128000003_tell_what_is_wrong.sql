-- What somebody was told of, each once: `subject` names it within its kind.
CREATE TABLE chargebook.alerts (
    kind       text        NOT NULL,
    subject    text        NOT NULL,
    message_id text        NOT NULL,
    told_at    timestamptz NOT NULL,
    CONSTRAINT alerts_pkey PRIMARY KEY (kind, subject),
    CONSTRAINT alerts_kind_check CHECK (kind IN
        ('summary_late', 'webhooks_silent', 'quarantined', 'not_reinstated', 'evidence_due', 'orphaned'))
);

-- Few disputes are open, and fewer need evidence.
CREATE INDEX disputes_evidence_due_idx ON chargebook.disputes (evidence_due_by)
    WHERE closed_at IS NULL AND evidence_due_by IS NOT NULL;
