//! The suites about days and their mails.

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
                the_open_and_the_odd_are_counted
                what_was_filed_on_the_day_is_counted;
            #[kept]
                a_day_that_was_kept_is_shown_for_ever
                what_is_kept_first_stays
                what_is_not_of_the_time_of_its_seal_is_not_kept
                what_arrived_is_counted_by_what_became_of_it
                how_far_the_record_is_compared_is_told;
            #[recent]
                a_trend_has_each_of_thirty_dates
                a_trend_has_the_dates_of_the_zone
                reasons_are_counted_by_number_and_then_by_name
                at_most_fifty_reasons_are_told_apart
                what_closed_lately_is_told_of_one_book;
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
                a_person_can_have_what_was_accepted_sent_again
                what_a_person_had_sent_stands_as_before_when_it_is_refused
                what_failed_waits_for_a_person
                what_can_be_tried_again_waits_for_its_time
                settling_another_claim_changes_nothing;
            #[apart]
                each_book_has_a_mail_of_its_own
                claiming_one_mail_keeps_the_others
                a_day_that_went_together_is_not_sent_apart
                a_day_that_went_apart_is_not_sent_together
                like_is_compared_with_like_when_the_channel_changes
                a_channel_that_is_added_gets_what_books_are_still_to_be_sent
                a_new_book_is_not_mailed_the_past
                every_part_is_narrowed_to_the_book
                nothing_quarantined_is_in_no_mail
                a_mail_that_failed_is_told_to_those_who_miss_it;
            #[channels]
                a_day_goes_on_each_of_several_channels
                a_channel_that_is_added_is_not_mailed_the_past
                each_books_mail_goes_on_each_channel
                days_that_go_as_one_are_claimed_and_end_together
                what_is_found_was_accepted
                what_is_not_there_is_sent_again
                what_can_not_be_told_is_looked_for_again
                what_a_person_had_sent_beside_another_is_not_looked_for
                what_a_person_had_sent_and_was_refused_is_not_looked_for
                what_went_elsewhere_is_not_looked_for_here
                a_channel_that_is_replaced_hands_over_what_is_left
                what_went_on_a_detour_does_not_go_again
                what_went_as_one_says_so;
            #[alerts]
                what_is_wrong_is_told_once
                a_dispute_without_an_order_is_wrong_after_a_while
                evidence_that_is_due_is_wrong_while_it_can_be_given
                money_that_was_won_and_is_not_back_is_wrong_after_a_while
                what_is_quarantined_is_wrong
                a_summary_that_was_not_accepted_is_late
                a_day_is_late_although_none_was_ever_sealed
                nobody_is_told_of_a_summary_that_was_due_long_ago;
        }
    };
}
