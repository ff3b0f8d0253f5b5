-- Disputed money is compared with the source's by account and period, which must not read all of history.
CREATE INDEX movements_principal_idx ON chargebook.movements (account, occurred_at, movement_id)
    WHERE category IN ('withdrawal', 'reinstatement');
