//! What the ports promise, a case a sentence. An adapter runs them all on itself, and each becomes a test of its own
//! with the case's name.
//!
//! ```ignore
//! use chargebook_port_contracts::{deliveries_contract, ledger_contract, order_book_contract, sealing_contract};
//!
//! ledger_contract!(#[tokio::test] () => InMemoryLedger::default());
//! order_book_contract!(#[sqlx::test(migrations = "../../migrations")] (pool: PgPool) => PostgresLedger::new(pool));
//! sealing_contract!(#[tokio::test] () => connect().await);
//! ```
//!
//! That is: the attributes of each test, its arguments, and the expression that makes an empty ledger of them. The
//! expression stands in an async function, and what it makes lives as long as the case. The four macros are
//! [`ledger_contract!`](crate::ledger_contract), [`order_book_contract!`](crate::order_book_contract),
//! [`sealing_contract!`](crate::sealing_contract) and [`deliveries_contract!`](crate::deliveries_contract); put each
//! into a module of its own.

pub mod deliveries;
pub mod ledger;
pub mod ledger_races;
pub mod order_book;
pub mod sealing;

use chargebook_domain::ports::{Answer, Entry, Ledger, Lookup, OrderBook, Summaries};
use chargebook_domain::{BookRules, Change, DisputeKey, Observation, Stored, decide};
use chrono::{DateTime, Utc};

use crate::samples::{change_entry, day};

/// All the ports of a ledger: the cases write through one and look through another.
pub trait Books: Ledger + OrderBook + Summaries {}

impl<T: Ledger + OrderBook + Summaries> Books for T {}

/// Makes a test of every case of one suite. Used by the macros of the suites.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_cases {
    ($setting:tt $(#[$suite:ident] $($case:ident)+;)+) => {
        $($( $crate::contract_case! { $setting $suite $case } )+)+
    };
}

/// Makes a test of one case.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_case {
    ({ $(#[$attribute:meta])+ ($($argument:ident: $kind:ty),*) => $books:expr } $suite:ident $case:ident) => {
        $(#[$attribute])+
        async fn $case($($argument: $kind),*) {
            let books = $books;
            $crate::contract::$suite::$case(&books).await;
        }
    };
}

/// Tests that a type keeps the promises of `Ledger`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! ledger_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[ledger]
                a_dispute_that_was_never_seen_has_version_zero_and_no_facts
                what_was_recorded_loads_back_equal
                load_answers_in_the_order_asked
                the_convention_stays_that_of_the_first_movement
                a_point_whose_rows_cancel_out_is_still_booked
                recording_twice_is_a_no_op
                each_cause_is_said_to_be_known_or_new
                a_stale_entry_writes_nothing_and_the_others_are_recorded
                an_entry_without_causes_is_recorded
                on_an_error_nothing_of_the_batch_is_written
                a_movement_that_is_in_the_books_is_refused
                a_text_that_cannot_be_stored_is_refused
                an_ignored_event_leaves_no_dispute
                a_quarantined_cause_is_recorded_when_it_can_be_booked
                a_recorded_cause_is_not_quarantined_later
                a_cause_of_another_account_is_another_cause
                a_movement_of_the_account_is_booked_once;
            #[ledger_races]
                of_eight_racing_records_of_one_event_one_inserts
                of_eight_racing_events_of_one_dispute_none_is_lost
                racing_batches_that_name_disputes_in_opposite_order_all_end;
        }
    };
}

/// Tests that a type keeps the promises of `OrderBook`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! order_book_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[order_book]
                an_import_counts_what_is_new_changed_and_the_same
                an_import_is_all_or_none
                candidates_are_found_by_charge_intent_hint_and_link
                a_dispute_without_an_order_is_due_when_its_order_appears
                a_dispute_is_due_when_its_order_changed
                a_dispute_that_an_import_does_not_concern_is_not_due
                an_import_beside_a_new_dispute_is_not_lost
                an_import_meanwhile_is_not_lost
                disputes_are_due_by_key_in_pages
                a_link_is_kept_and_makes_the_dispute_due
                the_latest_link_counts
                a_link_needs_a_dispute_and_an_order;
        }
    };
}

/// Tests that a type keeps the promises of `Summaries` about sealing. See [`contract`](crate::contract).
#[macro_export]
macro_rules! sealing_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[sealing]
                nothing_is_sealed_at_first
                days_are_sealed_strictly_in_order
                of_racing_seals_of_one_day_one_seals
                each_row_is_sealed_once
                the_books_of_an_unsealed_day_are_what_sealing_it_makes_of_them
                the_books_of_a_sealed_day_stay
                a_row_that_commits_later_goes_into_the_next_day
                what_is_after_the_day_waits
                what_is_before_the_books_is_the_opening
                what_is_learnt_late_of_the_time_before_the_books_is_late
                an_account_that_cancels_out_is_in_the_opening
                business_dates_are_those_of_the_zone
                sealed_rows_and_open_movements_make_the_journal
                rows_tell_what_was_sealed_before
                windows_count_by_the_day_of_closing
                the_open_and_the_odd_are_counted;
        }
    };
}

/// Tests that a type keeps the promises of `Summaries` about sending. See [`contract`](crate::contract).
#[macro_export]
macro_rules! deliveries_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[deliveries]
                a_sealed_day_is_undelivered_until_it_was_accepted
                a_day_that_is_not_sealed_is_not_handed_out
                a_claim_is_handed_out_once
                of_racing_claims_one_wins
                a_day_that_went_on_another_channel_is_not_sent_again
                a_claim_whose_lease_ran_out_is_never_handed_out_again
                a_person_can_have_what_is_unknown_sent_again
                a_person_cannot_have_what_was_accepted_sent_again
                what_failed_waits_for_a_person
                what_can_be_tried_again_waits_for_its_time
                settling_another_claim_changes_nothing;
        }
    };
}

/// What is stored of one dispute.
pub(crate) async fn load(books: &dyn Books, key: &DisputeKey) -> Stored {
    let lookup = Lookup::recorded(key.clone());
    books.load(&[lookup]).await.unwrap().pop().unwrap()
}

/// What an observation changes now.
pub(crate) async fn decided(books: &dyn Books, observation: &Observation) -> Change {
    let stored = books.load(&[Lookup::of(observation)]).await.unwrap().pop().unwrap();
    decide(&observation.key, &stored, std::slice::from_ref(observation), BookRules::default()).unwrap()
}

/// Records one entry.
pub(crate) async fn record(books: &dyn Books, entry: Entry, at: DateTime<Utc>) -> Answer {
    books.record(&[entry], at).await.unwrap().pop().unwrap()
}

/// Decides an observation and records it at its own time.
pub(crate) async fn observe(books: &dyn Books, observation: &Observation) -> Answer {
    observe_at(books, observation, observation.as_of).await
}

/// Decides an observation and records it at `at`.
pub(crate) async fn observe_at(books: &dyn Books, observation: &Observation, at: DateTime<Utc>) -> Answer {
    let change = decided(books, observation).await;
    record(books, change_entry(change, &[observation.cause.as_str()]), at).await
}

/// Decides a dispute again from what is known, and records that.
pub(crate) async fn match_again(books: &dyn Books, key: &DisputeKey) -> Answer {
    let change = decide(key, &load(books, key).await, &[], BookRules::default()).unwrap();
    record(books, change_entry(change, &[]), day(100)).await
}

/// The answer to an entry whose causes were all new, or all known.
pub(crate) fn recorded(known_before: &[bool]) -> Answer {
    Answer::Recorded { known_before: known_before.to_vec() }
}
