-- What changes owe to those who act on them, written with the change, and what rules made of it.
CREATE TABLE chargebook.follow_ups (
    account       text        NOT NULL,
    dispute_id    text        NOT NULL,
    version       bigint      NOT NULL,
    triggers      text[]      NOT NULL,
    state         text        NOT NULL,
    attempt       integer     NOT NULL,
    queued_at     timestamptz NOT NULL,
    due_at        timestamptz NOT NULL,
    claimed_until timestamptz,
    ended_at      timestamptz,
    reason        text,
    CONSTRAINT follow_ups_pkey PRIMARY KEY (account, dispute_id, version),
    CONSTRAINT follow_ups_state_check CHECK (state IN ('queued', 'running', 'done', 'failed')),
    CONSTRAINT follow_ups_claim_check CHECK ((state = 'running') = (claimed_until IS NOT NULL)),
    CONSTRAINT follow_ups_end_check CHECK ((state IN ('done', 'failed')) = (ended_at IS NOT NULL))
);

CREATE INDEX follow_ups_due_idx ON chargebook.follow_ups (due_at, account, dispute_id, version)
    WHERE state IN ('queued', 'running');
CREATE INDEX follow_ups_running_idx ON chargebook.follow_ups (claimed_until) WHERE state = 'running';
CREATE INDEX follow_ups_ended_idx ON chargebook.follow_ups (ended_at) WHERE ended_at IS NOT NULL;

-- Each rule that was looked at, and why it fired or did not. `follow_up` is `account/dispute/version`, or the alert.
CREATE TABLE chargebook.rule_log (
    follow_up    text        NOT NULL,
    rule         text        NOT NULL,
    account      text,
    dispute_id   text,
    customer     text,
    evaluated_at timestamptz NOT NULL,
    fired        boolean     NOT NULL,
    why          text        NOT NULL,
    CONSTRAINT rule_log_pkey PRIMARY KEY (follow_up, rule)
);

CREATE INDEX rule_log_dispute_idx ON chargebook.rule_log (account, dispute_id);
CREATE INDEX rule_log_evaluated_idx ON chargebook.rule_log (evaluated_at);
CREATE INDEX rule_log_fired_for_customer_idx ON chargebook.rule_log (customer, rule, evaluated_at) WHERE fired;
CREATE INDEX rule_log_fired_for_dispute_idx ON chargebook.rule_log (account, dispute_id, rule, evaluated_at) WHERE fired;

-- Mails and webhooks that are owed. The id is the idempotency key, for those who receive them as well.
CREATE TABLE chargebook.outbox (
    message_id    text        NOT NULL,
    kind          text        NOT NULL,
    endpoint      text,
    subject       text        NOT NULL,
    body          text        NOT NULL,
    state         text        NOT NULL,
    attempt       integer     NOT NULL,
    queued_at     timestamptz NOT NULL,
    due_at        timestamptz NOT NULL,
    claimed_until timestamptz,
    ended_at      timestamptz,
    reason        text,
    CONSTRAINT outbox_pkey PRIMARY KEY (message_id),
    CONSTRAINT outbox_kind_check CHECK (kind IN ('mail', 'webhook')),
    CONSTRAINT outbox_endpoint_check CHECK ((kind = 'webhook') = (endpoint IS NOT NULL)),
    CONSTRAINT outbox_state_check CHECK (state IN ('queued', 'running', 'done', 'dead')),
    CONSTRAINT outbox_claim_check CHECK ((state = 'running') = (claimed_until IS NOT NULL)),
    CONSTRAINT outbox_end_check CHECK ((state IN ('done', 'dead')) = (ended_at IS NOT NULL))
);

CREATE INDEX outbox_due_idx ON chargebook.outbox (due_at, message_id) WHERE state IN ('queued', 'running');
CREATE INDEX outbox_ended_idx ON chargebook.outbox (ended_at) WHERE ended_at IS NOT NULL;
