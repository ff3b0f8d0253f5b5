//! The words in which the books are stored. Programs outside read them, so that none may change.

use chargebook_domain::ports::DeliveryState;
use chargebook_domain::{
    Basis, Bucket, Category, Convention, EntryKind, LedgerAccount, Meaning, Outcome, ResolutionKind,
};

/// Each is written as its word and read back from it, and nothing else is read.
fn are_stored_as<T: Copy + PartialEq + std::fmt::Debug>(
    all: &[T],
    words: &[&str],
    write: fn(T) -> &'static str,
    read: fn(&str) -> Option<T>,
) {
    assert_eq!(all.iter().map(|one| write(*one)).collect::<Vec<_>>(), words);
    assert_eq!(
        words.iter().map(|word| read(word)).collect::<Vec<_>>(),
        all.iter().copied().map(Some).collect::<Vec<_>>()
    );
    assert_eq!(["", "else", "Holding"].map(read), [None; 3]);
}

#[test]
fn what_is_stored_keeps_its_name() {
    let accounts = [
        "assets:stripe-balance",
        "assets:disputes-receivable",
        "assets:disputes-suspense",
        "expenses:dispute-fees",
        "expenses:chargeback-losses",
        "expenses:fx-difference",
        "income:disputes-contra",
    ];
    are_stored_as(&LedgerAccount::ALL, &accounts, LedgerAccount::as_str, LedgerAccount::parse);
    let conventions = [Convention::Holding, Convention::Contra];
    are_stored_as(&conventions, &["holding", "contra"], Convention::as_str, Convention::parse);
    let kinds = ["movement", "close_out", "adjustment", "reclassification"];
    are_stored_as(&EntryKind::ALL, &kinds, EntryKind::as_str, EntryKind::parse);
    let outcomes = ["open", "inquiry_open", "won", "lost", "inquiry_closed", "refunded", "prevented"];
    are_stored_as(&Outcome::ALL, &outcomes, Outcome::as_str, Outcome::parse);
    let buckets = ["undecided", "recovered", "recovery_pending", "confirmed_loss", "no_loss"];
    are_stored_as(&Bucket::ALL, &buckets, Bucket::as_str, Bucket::parse);
    let resolutions = ["decided", "redecided", "reopened", "money", "corrected"];
    are_stored_as(&ResolutionKind::ALL, &resolutions, ResolutionKind::as_str, ResolutionKind::parse);
    let categories = ["withdrawal", "reinstatement", "fee", "other"];
    are_stored_as(&Category::ALL, &categories, Category::as_str, Category::parse);
    are_stored_as(&[Basis::Event, Basis::Read], &["event", "read"], Basis::as_str, Basis::parse);
    are_stored_as(&[Meaning::Fee, Meaning::Principal], &["fee", "principal"], Meaning::as_str, Meaning::parse);
    let states = ["pending", "sending", "accepted", "failed", "unknown"];
    are_stored_as(&DeliveryState::ALL, &states, DeliveryState::as_str, DeliveryState::parse);
}
