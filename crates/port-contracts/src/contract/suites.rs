//! The cases of each suite, and the macros that make tests of them.

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

/// Tests that a type keeps the promises of `Customers`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! customers_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[customers]
                what_is_hashed_already_is_left_as_it_is
                the_disputes_of_known_orders_get_their_customers_when_a_key_is_set
                under_another_key_customers_are_known_by_their_new_hash
                a_former_key_can_come_back
                an_import_before_the_hashing_does_not_cut_a_customer_off
                an_order_with_another_address_is_another_customers
                what_is_written_meanwhile_under_another_key_is_found;
        }
    };
}

/// Tests that a type keeps the promises of `Monitoring`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! monitoring_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[monitoring]
                nothing_is_counted_at_first
                a_dispute_counts_when_it_was_filed
                an_inquiry_counts_when_it_becomes_a_dispute
                winning_takes_nothing_away_and_a_prevented_dispute_never_counts
                what_names_no_brand_is_counted_apart
                payments_count_when_their_order_was_placed
                the_rate_is_by_the_day_of_the_payment
                a_fraud_warning_is_of_the_brand_of_its_payment
                the_store_wide_ratio_is_over_all_orders
                a_double_counts_as_nothing
                what_was_typed_in_last_counts
                an_alert_is_kept_once_with_what_it_owes
                an_alert_that_cannot_be_kept_whole_is_not_kept
                of_racing_alerts_one_is_kept;
        }
    };
}

/// Tests that a type keeps the promises of `Aliases`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! aliases_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[aliases]
                no_double_has_doubles_and_nothing_is_a_double_twice
                of_racing_joins_one_is_kept
                a_double_is_decided_again_and_counts_as_nothing
                a_double_of_the_same_id_is_at_home_at_the_other
                twins_are_found_until_they_are_joined;
        }
    };
}

/// Tests that a type keeps the promises of `FollowUps`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! follow_ups_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[follow_ups]
                a_change_queues_what_it_triggers
                a_change_that_triggers_nothing_queues_nothing
                a_stale_change_queues_nothing
                on_an_error_nothing_is_queued
                what_was_recorded_before_queues_nothing_again
                what_is_due_longest_is_claimed_first
                while_a_claim_holds_nothing_is_handed_out
                a_claim_whose_lease_ran_out_is_handed_out_again
                of_racing_claims_one_gets_the_batch
                what_is_put_off_is_due_again_at_its_time
                what_was_given_up_is_not_handed_out_again;
            #[conclusions]
                a_subject_is_the_dispute_its_order_and_its_customer
                an_orphan_has_no_customer
                the_figures_of_a_customer_are_counted
                of_a_double_there_is_no_subject
                what_was_concluded_is_found_by_the_next
                the_last_decision_counts
                what_was_concluded_stays
                a_claim_that_is_not_the_present_one_keeps_nothing
                a_batch_that_cannot_be_stored_keeps_nothing;
        }
    };
}

/// Tests that a type keeps the promises of `Outbox`. See [`contract`](crate::contract).
#[macro_export]
macro_rules! outbox_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[outbox]
                a_message_is_handed_out_as_it_was_owed
                what_is_owed_twice_under_one_id_is_sent_as_one
                what_is_due_longest_is_claimed_first
                a_message_is_handed_out_once_for_as_long_as_the_lease
                a_claim_whose_lease_ran_out_is_handed_out_again
                what_was_taken_is_not_sent_again
                what_was_not_taken_is_due_again_at_its_time
                a_dead_message_is_sent_when_a_person_says_so
                settling_another_claim_changes_nothing
                of_racing_claims_each_message_is_handed_out_once
                what_was_taken_long_ago_is_forgotten;
        }
    };
}

/// Tests that a type keeps the promises of `Movements` and `Periods`, and of what people say and adjust. See
/// [`contract`](crate::contract).
#[macro_export]
macro_rules! by_hand_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[by_hand]
                a_movement_is_found_with_its_dispute
                what_people_say_loads_back_equal
                a_movement_is_tied_once
                what_has_ties_is_no_double
                periods_are_closed_in_order
                nothing_is_posted_in_a_closed_period
                an_adjustment_is_booked_once;
        }
    };
}

/// Tests that a type keeps the promises of `Notifier`: of the [`OtherSide`](crate::contract::notifier::OtherSide) that the
/// expression makes. See [`contract`](crate::contract).
#[macro_export]
macro_rules! notifier_contract {
    ($($setting:tt)+) => {
        $crate::contract_cases! { { $($setting)+ }
            #[notifier]
                its_channel_is_a_plain_word
                a_mail_arrives_once_and_whole
                a_mail_without_files_arrives
                mails_of_two_days_are_two
                what_was_accepted_and_is_said_not_to_be_there_is_known_again
                what_was_never_sent_is_never_said_to_be_there
                a_refused_mail_leaves_nothing_and_arrives_later;
        }
    };
}

/// As [`notifier_contract!`](crate::notifier_contract), for a [`Remote`](crate::contract::notifier::Remote).
#[macro_export]
macro_rules! remote_notifier_contract {
    ($($setting:tt)+) => {
        $crate::notifier_contract! { $($setting)+ }
        $crate::contract_cases! { { $($setting)+ }
            #[notifier]
                a_lost_answer_never_makes_two_mails
                what_is_not_there_after_a_lost_answer_is_sent_again_and_there_once
                what_a_person_has_sent_again_is_there_beside_the_first
                a_lost_answer_to_what_a_person_has_sent_again_leaves_it_unknown;
        }
    };
}
