-- Double entry: debit positive, credit negative. The database itself refuses an entry that does not balance.
CREATE TABLE chargebook.journal_entries (
    account     text        NOT NULL,
    entry_id    text        NOT NULL,
    dispute_id  text,
    kind        text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    posted_on   date        NOT NULL,
    recorded_at timestamptz NOT NULL,
    narration   text        NOT NULL,
    sealed_in   date,
    CONSTRAINT journal_entries_pkey PRIMARY KEY (account, entry_id),
    CONSTRAINT journal_entries_kind_check CHECK (kind IN ('movement', 'close_out', 'adjustment', 'reclassification'))
);

CREATE INDEX journal_entries_dispute_idx ON chargebook.journal_entries (account, dispute_id);
CREATE INDEX journal_entries_posted_idx ON chargebook.journal_entries (posted_on);
CREATE INDEX journal_entries_sealed_idx ON chargebook.journal_entries (sealed_in);
CREATE INDEX journal_entries_unsealed_idx ON chargebook.journal_entries (occurred_at) WHERE sealed_in IS NULL;

CREATE TABLE chargebook.postings (
    account        text     NOT NULL,
    entry_id       text     NOT NULL,
    line           smallint NOT NULL,
    ledger_account text     NOT NULL,
    amount_minor   bigint   NOT NULL,
    currency       text     NOT NULL,
    CONSTRAINT postings_pkey PRIMARY KEY (account, entry_id, line),
    CONSTRAINT postings_ledger_account_check CHECK (ledger_account IN (
        'assets:stripe-balance', 'assets:disputes-receivable', 'assets:disputes-suspense', 'expenses:dispute-fees',
        'expenses:chargeback-losses', 'expenses:fx-difference', 'income:disputes-contra')),
    CONSTRAINT postings_amount_check CHECK (amount_minor <> 0),
    CONSTRAINT postings_currency_check CHECK (currency ~ '^[a-z]{3}$'),
    CONSTRAINT postings_entry_fkey FOREIGN KEY (account, entry_id) REFERENCES chargebook.journal_entries
);

-- An entry gets its postings when it is made, and is complete then.
CREATE FUNCTION chargebook.refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added GROUP BY account, entry_id, currency HAVING sum(amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'an entry does not sum to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_balanced_check';
    END IF;
    IF EXISTS (
        SELECT FROM added JOIN chargebook.journal_entries e USING (account, entry_id) WHERE e.sealed_in IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a sealed entry gets no more postings'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'postings_append_only';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER postings_balanced AFTER INSERT ON chargebook.postings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_unbalanced();
