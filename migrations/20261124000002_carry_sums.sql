-- What the sealed past sums to, carried from each sealed day to the next, so that no summary reads all of history. Nothing is
-- filled in here: the first day that is sealed sums everything once. `is_carried` is false where that was not done, as by a
-- server of the version before; the next seal then sums from the last day on where it was. Sums are not bounded: what exceeds
-- 64 bits is told where it is read, and leaves no day unsealed.
ALTER TABLE chargebook.summaries ADD COLUMN is_carried boolean NOT NULL DEFAULT false;

-- Every ledger account that has postings, through the day; also where they cancel out, as in a summary's opening.
CREATE TABLE chargebook.carried_balances (
    account        text   NOT NULL,
    business_date  date   NOT NULL,
    ledger_account text   NOT NULL,
    currency       text   NOT NULL,
    balance_minor  numeric(38, 0) NOT NULL,
    CONSTRAINT carried_balances_pkey PRIMARY KEY (account, business_date, ledger_account, currency),
    CONSTRAINT carried_balances_currency_check CHECK (currency ~ '^[a-z]{3}$')
);

CREATE INDEX carried_balances_date_idx ON chargebook.carried_balances (business_date);

-- The resolution rows through the day, and the movements that name no dispute, whether they were tied to one or not: ties are
-- made later. What there is none of in a currency is null and not zero, as a sum over no rows is.
CREATE TABLE chargebook.carried_figures (
    account                text   NOT NULL,
    business_date          date   NOT NULL,
    currency               text   NOT NULL,
    recovered_minor        numeric(38, 0),
    loss_minor             numeric(38, 0),
    fee_minor              numeric(38, 0),
    fx_minor               numeric(38, 0),
    pending_minor          numeric(38, 0),
    suspense_minor         numeric(38, 0),
    net_minor              numeric(38, 0),
    closed_count           bigint,
    won_count              bigint,
    lost_count             bigint,
    account_fee_minor      numeric(38, 0),
    account_suspense_minor numeric(38, 0),
    CONSTRAINT carried_figures_pkey PRIMARY KEY (account, business_date, currency),
    CONSTRAINT carried_figures_currency_check CHECK (currency ~ '^[a-z]{3}$')
);

CREATE INDEX carried_figures_date_idx ON chargebook.carried_figures (business_date);

CREATE TRIGGER carried_balances_no_delete BEFORE DELETE OR TRUNCATE ON chargebook.carried_balances
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER carried_balances_no_update BEFORE UPDATE ON chargebook.carried_balances
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER carried_figures_no_delete BEFORE DELETE OR TRUNCATE ON chargebook.carried_figures
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
CREATE TRIGGER carried_figures_no_update BEFORE UPDATE ON chargebook.carried_figures
    FOR EACH STATEMENT EXECUTE FUNCTION chargebook.refuse_change();
