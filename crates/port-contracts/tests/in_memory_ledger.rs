//! The in-memory ledger keeps the promises of every port it stands for.

use chargebook_port_contracts::InMemoryLedger;

mod ledger {
    use super::InMemoryLedger;
    chargebook_port_contracts::ledger_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod order_book {
    use super::InMemoryLedger;
    chargebook_port_contracts::order_book_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod sealing {
    use super::InMemoryLedger;
    chargebook_port_contracts::sealing_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod deliveries {
    use super::InMemoryLedger;
    chargebook_port_contracts::deliveries_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod read_queue {
    use super::InMemoryLedger;
    chargebook_port_contracts::read_queue_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod sweeps {
    use super::InMemoryLedger;
    chargebook_port_contracts::sweeps_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod backfills {
    use super::InMemoryLedger;
    chargebook_port_contracts::backfills_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod completeness {
    use super::InMemoryLedger;
    chargebook_port_contracts::completeness_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod customers {
    use super::InMemoryLedger;
    chargebook_port_contracts::customers_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod monitoring {
    use super::InMemoryLedger;
    chargebook_port_contracts::monitoring_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod by_hand {
    use super::InMemoryLedger;
    chargebook_port_contracts::by_hand_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod aliases {
    use super::InMemoryLedger;
    chargebook_port_contracts::aliases_contract!(#[tokio::test] () => InMemoryLedger::default());
}

mod follow_ups {
    use chargebook_port_contracts::contract::conclusions::key;

    use super::InMemoryLedger;
    chargebook_port_contracts::follow_ups_contract!(
        #[tokio::test] () => InMemoryLedger::default().with_customers(key())
    );
}

mod outbox {
    use super::InMemoryLedger;
    chargebook_port_contracts::outbox_contract!(#[tokio::test] () => InMemoryLedger::default());
}
