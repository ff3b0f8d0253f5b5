-- What the roles of a server, of reports and of a checkout may do: what they need, and nothing else. Run it by psql as the
-- owner of the schema, after each `chargebook migrate`; the roles must be there (docs/operations.md, "Database roles"):
--
--   psql "$OWNER_URL" -v server=chargebook_server -v reader=chargebook_reader -v checkout=shop_checkout -f docs/role.sql
--
-- Whatever else they were given in the schema is taken from them, in the same transaction, so that servers may run meanwhile.
\set ON_ERROR_STOP on
BEGIN;

REVOKE ALL ON SCHEMA chargebook FROM PUBLIC, :"server", :"reader", :"checkout";
REVOKE ALL ON ALL TABLES IN SCHEMA chargebook FROM PUBLIC, :"server", :"reader", :"checkout";
REVOKE ALL ON _sqlx_migrations FROM PUBLIC, :"server", :"reader", :"checkout";
GRANT USAGE ON SCHEMA chargebook TO :"server", :"reader", :"checkout";

-- The server reads everything, and which migrations were applied.
GRANT SELECT ON ALL TABLES IN SCHEMA chargebook TO :"server";
GRANT SELECT ON _sqlx_migrations TO :"server";
GRANT INSERT ON
    chargebook.source_events, chargebook.source_event_bodies, chargebook.disputes, chargebook.dispute_history,
    chargebook.discrepancies, chargebook.movements, chargebook.journal_entries, chargebook.postings,
    chargebook.resolutions, chargebook.orders, chargebook.order_book, chargebook.order_links,
    chargebook.order_resolutions, chargebook.summaries, chargebook.summary_deliveries, chargebook.dispute_reads,
    chargebook.sweeps, chargebook.whole_stretches, chargebook.backfill_slices, chargebook.delivery_counts,
    chargebook.customers, chargebook.customer_keys, chargebook.customer_scores, chargebook.customer_decisions,
    chargebook.customer_tags, chargebook.follow_ups, chargebook.rule_log, chargebook.outbox,
    chargebook.dispute_aliases, chargebook.order_counts, chargebook.fraud_warnings, chargebook.payment_counts,
    chargebook.monitor_alerts, chargebook.carried_balances, chargebook.carried_figures, chargebook.movement_ties,
    chargebook.reclassifications, chargebook.closed_periods, chargebook.convention_changes, chargebook.summary_attempts,
    chargebook.summary_contents, chargebook.alerts
    TO :"server";

-- Rows that say how something stands now.
GRANT UPDATE ON
    chargebook.disputes, chargebook.orders, chargebook.order_book, chargebook.order_resolutions,
    chargebook.summary_deliveries, chargebook.dispute_reads, chargebook.sweeps, chargebook.whole_stretches,
    chargebook.backfill_slices, chargebook.delivery_counts, chargebook.customers, chargebook.customer_keys,
    chargebook.customer_scores, chargebook.follow_ups, chargebook.outbox
    TO :"server";
GRANT DELETE ON
    chargebook.discrepancies, chargebook.order_resolutions, chargebook.dispute_reads, chargebook.backfill_slices,
    chargebook.customer_keys, chargebook.customer_scores, chargebook.customer_tags, chargebook.follow_ups,
    chargebook.outbox, chargebook.order_counts
    TO :"server";

-- Of what is appended only: a replay books what was quarantined, a day is sealed, a customer's key is
-- changed, an attempt ends.
GRANT UPDATE (disposition, reason) ON chargebook.source_events TO :"server";
GRANT UPDATE (sealed_in) ON chargebook.journal_entries, chargebook.resolutions, chargebook.movement_ties TO :"server";
GRANT UPDATE (customer) ON chargebook.rule_log TO :"server";
GRANT UPDATE (ended_at, outcome, receipt, reason, looked_at, found) ON chargebook.summary_attempts TO :"server";

-- Reports: figures, without customers and bodies.
GRANT SELECT ON
    chargebook.dispute_report, chargebook.closed_disputes, chargebook.trial_balance, chargebook.order_totals
    TO :"reader";

-- A checkout that asks who is blocked: hashes, and no names.
GRANT SELECT ON chargebook.blocked_customers TO :"checkout";

COMMIT;
