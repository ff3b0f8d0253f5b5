-- What a sealed day's mail is written from, as JSON, and its SHA-256: so the same mail can be shown for ever, whatever becomes of the
-- disputes. Of all books together (an empty `book`) it is kept right after the seal; of one
-- book, when its mail is first written.
CREATE TABLE chargebook.summary_contents (
    business_date date        NOT NULL,
    book          text        NOT NULL,
    content       text        NOT NULL,
    sha256        text        NOT NULL,
    kept_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT summary_contents_pkey PRIMARY KEY (business_date, book),
    CONSTRAINT summary_contents_date_fkey FOREIGN KEY (business_date) REFERENCES chargebook.summaries,
    CONSTRAINT summary_contents_sha256_check CHECK (sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex'))
);

CREATE TRIGGER summary_contents_no_delete BEFORE DELETE OR TRUNCATE ON chargebook.summary_contents
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER summary_contents_no_update BEFORE UPDATE ON chargebook.summary_contents
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
