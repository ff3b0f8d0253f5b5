-- What is looked for at intervals, by one process at a time: when the last that was finished was begun, and who does it until when.
CREATE TABLE chargebook.sweeps (
    account       text    NOT NULL,
    kind          text    NOT NULL,
    attempt       integer NOT NULL,
    claimed_until timestamptz,
    last_begun_at timestamptz,
    CONSTRAINT sweeps_pkey PRIMARY KEY (account, kind),
    CONSTRAINT sweeps_kind_check CHECK (kind IN ('gaps', 'money', 'open'))
);
