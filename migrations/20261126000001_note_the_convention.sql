-- By which convention disputes are begun, and since when: a row whenever that is another than before. Each dispute keeps the one
-- it was begun by.
CREATE TABLE chargebook.convention_changes (
    changed_at timestamptz NOT NULL,
    convention text        NOT NULL,
    CONSTRAINT convention_changes_pkey PRIMARY KEY (changed_at, convention),
    CONSTRAINT convention_changes_convention_check CHECK (convention IN ('holding', 'contra'))
);

CREATE TRIGGER convention_changes_no_delete BEFORE DELETE OR TRUNCATE ON chargebook.convention_changes
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER convention_changes_no_update BEFORE UPDATE ON chargebook.convention_changes
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();

-- What is booked already says it as well.
INSERT INTO chargebook.convention_changes (changed_at, convention)
SELECT begun_at, convention
FROM (SELECT convention, begun_at, lag(convention) OVER (ORDER BY begun_at, convention) AS before
      FROM (SELECT d.convention, min(e.recorded_at) AS begun_at
            FROM chargebook.disputes d
            JOIN chargebook.journal_entries e ON e.account = d.account AND e.dispute_id = d.dispute_id
            WHERE d.convention IS NOT NULL
            GROUP BY d.account, d.dispute_id, d.convention) begun) ordered
WHERE before IS DISTINCT FROM convention;
