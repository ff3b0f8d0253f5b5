-- How far backfills have come, slice by slice, so that one that was killed goes on. A slice is from `from_at` on and
-- before `until_at`, and so is the backfill that it is a part of.
CREATE TABLE chargebook.backfill_slices (
    account           text        NOT NULL,
    backfill_from_at  timestamptz NOT NULL,
    backfill_until_at timestamptz NOT NULL,
    from_at           timestamptz NOT NULL,
    until_at          timestamptz NOT NULL,
    next_cursor       text,
    is_done           boolean     NOT NULL,
    new_count         bigint      NOT NULL,
    known_count       bigint      NOT NULL,
    changed_count     bigint      NOT NULL,
    orphaned_count    bigint      NOT NULL,
    quarantined_count bigint      NOT NULL,
    CONSTRAINT backfill_slices_pkey PRIMARY KEY (account, backfill_from_at, backfill_until_at, from_at),
    CONSTRAINT backfill_slices_period_check CHECK
        (backfill_from_at <= from_at AND from_at < until_at AND until_at <= backfill_until_at),
    CONSTRAINT backfill_slices_cursor_check CHECK (NOT is_done OR next_cursor IS NULL)
);
