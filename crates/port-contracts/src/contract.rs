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
//! expression stands in an async function, and what it makes lives as long as the case. The macros are
//! [`ledger_contract!`](crate::ledger_contract), [`order_book_contract!`](crate::order_book_contract),
//! [`sealing_contract!`](crate::sealing_contract), [`deliveries_contract!`](crate::deliveries_contract),
//! [`read_queue_contract!`](crate::read_queue_contract), [`sweeps_contract!`](crate::sweeps_contract),
//! [`backfills_contract!`](crate::backfills_contract) and [`completeness_contract!`](crate::completeness_contract); put
//! each into a module of its own.

pub mod backfills;
pub mod completeness;
pub mod deliveries;
pub mod ledger;
pub mod ledger_races;
pub mod order_book;
pub mod read_queue;
pub mod sealing;
pub mod sweeps;

use chargebook_domain::ports::{
    Answer, Backfills, Completeness, Entry, Ledger, Lookup, OrderBook, ReadQueue, Summaries, Sweeps,
};
use chargebook_domain::{BookRules, Change, DisputeKey, Observation, Stored, decide};
use chrono::{DateTime, Utc};

use crate::samples::{change_entry, day};

/// All the ports of a ledger: the cases write through one and look through another.
pub trait Books: Ledger + OrderBook + Summaries + ReadQueue + Sweeps + Backfills + Completeness {}

impl<T: Ledger + OrderBook + Summaries + ReadQueue + Sweeps + Backfills + Completeness> Books for T {}

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
                a_known_cause_that_brings_news_is_recorded
                a_cause_without_news_leaves_the_dispute_as_it_is
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

/// Tests that a type keeps the promises of `ReadQueue`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! read_queue_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[read_queue]
                a_read_is_due_as_long_after_the_change_as_that_says
                a_change_that_owes_nothing_queues_nothing
                every_change_of_a_batch_queues_its_own_read
                a_stale_change_owes_nothing
                on_an_error_nothing_is_owed
                what_was_recorded_before_owes_nothing_again
                what_is_due_longest_is_claimed_first
                a_read_is_handed_out_once_for_as_long_as_the_lease
                a_claim_whose_lease_ran_out_is_handed_out_again
                a_read_that_was_settled_is_not_made_again
                a_read_that_is_put_off_is_due_again_at_its_time
                settling_another_claim_changes_nothing
                a_read_that_is_owed_twice_is_made_once_at_the_earlier_time
                a_read_that_is_owed_while_claimed_outlives_the_claim
                a_read_that_is_owed_while_one_is_due_has_its_own_time
                of_racing_claims_each_read_is_handed_out_once
                a_read_that_is_owed_while_its_claim_is_settled_is_not_lost;
        }
    };
}

/// Tests that a type keeps the promises of `Sweeps`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! sweeps_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[sweeps]
                what_was_never_swept_is_due
                a_sweep_is_begun_by_one_for_as_long_as_the_lease
                a_finished_sweep_is_due_again_after_the_interval
                a_finished_sweep_is_nobodys
                a_sweep_that_was_not_finished_is_made_again
                finishing_another_sweep_changes_nothing
                kinds_and_accounts_are_swept_by_themselves
                of_racing_beginnings_one_wins
                nothing_is_known_to_be_whole_at_first
                stretches_that_meet_or_overlap_are_one
                of_stretches_that_do_not_meet_the_later_counts
                of_racing_stretches_none_is_lost;
        }
    };
}

/// Tests that a type keeps the promises of `Backfills`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! backfills_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[backfills]
                a_new_backfill_has_the_slices_that_are_given
                a_backfill_that_was_killed_goes_on
                a_slice_is_kept_as_it_was_last
                a_backfill_with_another_end_is_another
                without_an_end_the_one_that_is_not_done_goes_on
                a_backfill_that_is_done_is_followed_by_a_new_one
                backfills_of_other_accounts_and_beginnings_are_their_own
                of_racing_openings_one_is_new;
        }
    };
}

/// Tests that a type keeps the promises of `Completeness`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! completeness_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[completeness]
                events_that_were_never_received_are_answered_in_the_order_asked
                an_event_of_another_account_is_not_received
                movements_that_are_not_in_the_books_are_answered_in_the_order_asked
                a_movement_of_another_account_is_not_in_the_books
                the_disputes_of_a_charge_are_answered_by_id
                the_oldest_open_dispute_is_the_one_filed_first
                an_open_dispute_that_changed_lately_is_left_out
                an_open_dispute_without_a_filing_is_left_out
                the_principal_of_a_period_is_by_time_and_id
                fees_and_others_are_not_principal
                principal_of_other_times_and_accounts_is_left_out;
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
