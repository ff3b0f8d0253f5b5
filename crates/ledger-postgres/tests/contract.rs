//! The ports' promises, kept by PostgreSQL.

use chargebook_ledger_postgres::{OrderSource, PostgresLedger};
use sqlx::PgPool;

fn ledger(pool: PgPool) -> PostgresLedger {
    PostgresLedger::new(pool, OrderSource::Table)
}

mod ledger {
    use super::{PgPool, ledger};

    chargebook_port_contracts::ledger_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) => ledger(pool)
    );
}

mod order_book {
    use super::{PgPool, ledger};

    chargebook_port_contracts::order_book_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) => ledger(pool)
    );
}

mod sealing {
    use super::{PgPool, ledger};

    chargebook_port_contracts::sealing_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) => ledger(pool)
    );
}

mod deliveries {
    use super::{PgPool, ledger};

    chargebook_port_contracts::deliveries_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) => ledger(pool)
    );
}

mod read_queue {
    use super::{PgPool, ledger};

    chargebook_port_contracts::read_queue_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) => ledger(pool)
    );
}

mod sweeps {
    use super::{PgPool, ledger};

    chargebook_port_contracts::sweeps_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) => ledger(pool)
    );
}

mod backfills {
    use super::{PgPool, ledger};

    chargebook_port_contracts::backfills_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) => ledger(pool)
    );
}

mod completeness {
    use super::{PgPool, ledger};

    chargebook_port_contracts::completeness_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) => ledger(pool)
    );
}

mod customers {
    use chargebook_port_contracts::samples::customer_key;

    use super::{PgPool, ledger};

    chargebook_port_contracts::customers_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) =>
            ledger(pool).with_customers(customer_key("the first key"))
    );
}

mod monitoring {
    use super::{PgPool, ledger};

    chargebook_port_contracts::monitoring_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) => ledger(pool)
    );
}

mod aliases {
    use super::{PgPool, ledger};

    chargebook_port_contracts::aliases_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) =>
            ledger(pool)
    );
}

mod follow_ups {
    use chargebook_port_contracts::contract::conclusions::key;

    use super::{PgPool, ledger};

    chargebook_port_contracts::follow_ups_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) =>
            ledger(pool).following_up().with_customers(key())
    );
}

mod outbox {
    use super::{PgPool, ledger};

    chargebook_port_contracts::outbox_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) =>
            ledger(pool).following_up()
    );
}

mod by_hand {
    use super::{PgPool, ledger};

    chargebook_port_contracts::by_hand_contract!(
        #[sqlx::test(migrator = "chargebook_ledger_postgres::MIGRATOR")] (pool: PgPool) => ledger(pool)
    );
}
