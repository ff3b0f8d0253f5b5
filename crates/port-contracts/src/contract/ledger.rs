//! The sentences of [`Ledger`](chargebook_domain::ports::Ledger).

use chargebook_domain::ports::{Answer, Content, Entry, LedgerError, Lookup};
use chargebook_domain::{
    Basis, BookRules, BookedCloseOuts, BookedDeltas, Category, CloseOut, Convention, EntryKind, LedgerAccount,
    Movement, Observation, Stored, decide,
};

use super::{Books, decided, load, observe, record, recorded};
use crate::samples::{
    account, account_movement_entry, cause, change_entry, currency, day, dispute_key, movement, observation,
    reinstatement, sample_key, usd, withdrawal,
};

/// An observation of a dispute that is lost, with its withdrawal.
fn lost(cause: &str) -> Observation {
    let movements = vec![withdrawal("txn_1", day(1), 10_000, 1_500)];
    Observation { movements, ..observation(cause, "lost", day(40)) }
}

async fn refuses(books: &dyn Books, batch: &[Entry]) -> bool {
    matches!(books.record(batch, day(40)).await, Err(LedgerError::Refused { .. }))
}

/// A dispute that was never seen has version 0 and no facts.
pub async fn a_dispute_that_was_never_seen_has_version_zero_and_no_facts(books: &dyn Books) {
    assert_eq!(load(books, &sample_key()).await, Stored::default());
}

/// All that is recorded of each dispute and needed to decide.
pub async fn what_was_recorded_loads_back_equal(books: &dyn Books) {
    let mut odd = Movement { net_minor: -3, ..movement("txn_3", Category::Other, day(41), -250, 7) };
    odd.currency = currency("jpy");
    odd.available_on = None;
    odd.reporting_category = None;
    odd.description = Some("Überweisung, “quoted” — 💶".to_owned());
    odd.source = Some("du_1".to_owned());
    let mut second = observation("evt_2", "in_arbitration", day(42));
    second.movements = vec![odd, reinstatement("txn_4", day(42), 4_000)];
    second.claims.reason = Some("fraudulent".to_owned());
    second.claims.case_type = Some("chargeback".to_owned());
    second.claims.card_brand = Some("visa".to_owned());
    second.claims.card_last4 = Some("4242".to_owned());
    second.claims.evidence_due_by = Some(day(7));
    second.claims.evidence_submitted = Some(false);
    second.claims.order_hint = Some(crate::samples::order("#1001"));

    let mut expected = Stored { version: 0, ..Stored::default() };
    for observed in [lost("evt_1"), second] {
        let change = decided(books, &observed).await;
        assert!(change.has_news());
        expect(&mut expected, &change);
        assert_eq!(record(books, change_entry(change, &[observed.cause.as_str()]), day(50)).await, recorded(&[false]));
        let stored = load(books, &sample_key()).await;
        assert!(stored.version > expected.version, "a recorded change makes another version");
        expected.version = stored.version;
        assert_eq!(stored, expected);
    }
}

/// Adds a change to what should be loaded after it.
fn expect(stored: &mut Stored, change: &chargebook_domain::Change) {
    stored.facts = change.facts.clone();
    stored.convention = change.dispute.convention;
    for entry in change.entries.iter().filter(|entry| entry.kind() == EntryKind::CloseOut) {
        stored.close_out_count += 1;
        for posting in entry.postings() {
            let booked = stored.close_outs.entry((entry.occurred_at(), posting.currency)).or_default();
            match posting.account {
                LedgerAccount::ChargebackLosses => booked.loss += posting.amount_minor,
                LedgerAccount::FxDifference => booked.fx += posting.amount_minor,
                _ => {}
            }
        }
    }
    for row in &change.resolutions {
        stored.next_revision = stored.next_revision.max(row.revision + 1);
        let booked = stored.resolutions.entry((row.occurred_at, row.currency)).or_default();
        *booked = booked.plus(&row.deltas).unwrap();
        stored.outcomes.insert(row.occurred_at, row.outcome);
    }
}

/// In the order asked for.
pub async fn load_answers_in_the_order_asked(books: &dyn Books) {
    for (dispute, at) in [("du_a", 1), ("du_b", 2), ("du_c", 3)] {
        let seen = Observation { key: dispute_key(dispute), ..observation("evt_1", "lost", day(at)) };
        let causes = [format!("evt_{dispute}")];
        let change = decided(books, &seen).await;
        record(books, change_entry(change, &[causes[0].as_str()]), day(4)).await;
    }
    let asked = ["du_c", "du_never", "du_a", "du_b"];
    let lookups: Vec<_> = asked.map(|dispute| Lookup::recorded(dispute_key(dispute))).into();
    let answered = books.load(&lookups).await.unwrap();
    let times: Vec<_> = answered.iter().map(|stored| stored.facts.present().map(|line| line.as_of)).collect();
    assert_eq!(times, [Some(day(3)), None, Some(day(1)), Some(day(2))]);
    assert_eq!(books.load(&[]).await.unwrap(), []);
}

/// The convention is fixed for a dispute at its first movement.
pub async fn the_convention_stays_that_of_the_first_movement(books: &dyn Books) {
    let contra = BookRules { convention: Convention::Contra, ..BookRules::default() };
    let opened = observation("evt_1", "needs_response", day(0));
    observe(books, &opened).await;
    assert_eq!(load(books, &sample_key()).await.convention, None);
    let change = decide(&sample_key(), &load(books, &sample_key()).await, &[lost("evt_2")], contra).unwrap();
    record(books, change_entry(change, &["evt_2"]), day(40)).await;
    let stored = load(books, &sample_key()).await;
    assert_eq!(stored.convention, Some(Convention::Contra));
    assert_eq!(stored.close_out_count, 0, "against revenue a loss is an expense already");
}

/// A point that has rows is booked, also where their sum is zero: the next row there is a correction.
pub async fn a_point_whose_rows_cancel_out_is_still_booked(books: &dyn Books) {
    let mut read = lost("req_1");
    read.basis = Basis::Read;
    observe(books, &observation("evt_0", "needs_response", day(0))).await;
    observe(books, &read).await;
    // The event of the verdict arrives late: it was two days before the read.
    observe(books, &observation("evt_1", "lost", day(38))).await;
    let stored = load(books, &sample_key()).await;
    let (before, after) = ((day(38), usd()), (day(40), usd()));
    let loss = CloseOut { loss: 10_000, fx: 0 };
    assert_eq!(stored.close_outs, BookedCloseOuts::from([(before, loss), (after, CloseOut::default())]));
    assert_eq!(stored.resolutions.keys().copied().collect::<Vec<_>>(), [before, after]);
    assert!(stored.resolutions[&after].is_zero());
    assert_eq!((stored.close_out_count, stored.next_revision), (3, 3));
}

/// A cause that was recorded before changes nothing.
pub async fn recording_twice_is_a_no_op(books: &dyn Books) {
    let entry = change_entry(decided(books, &lost("evt_1")).await, &["evt_1"]);
    assert_eq!(record(books, entry.clone(), day(40)).await, recorded(&[false]));
    let once = load(books, &sample_key()).await;
    assert_eq!(record(books, entry, day(41)).await, recorded(&[true]));
    assert_eq!(load(books, &sample_key()).await, once);
}

/// A cause that was recorded before and still brings news is a read of the same bytes at a later moment: it is booked.
pub async fn a_known_cause_that_brings_news_is_recorded(books: &dyn Books) {
    let read = |at| Observation { basis: Basis::Read, ..observation("read_1", "needs_response", at) };
    observe(books, &read(day(1))).await;
    observe(books, &observation("evt_1", "under_review", day(2))).await;
    assert_eq!(observe(books, &read(day(3))).await, recorded(&[true]));
    let stored = load(books, &sample_key()).await;
    assert_eq!(stored.facts.lines().map(|line| line.as_of).collect::<Vec<_>>(), [day(1), day(2), day(3)]);
    assert_eq!(observe(books, &read(day(3))).await, recorded(&[true]));
    assert_eq!(load(books, &sample_key()).await, stored, "it brings no news now");
}

/// A cause without news is kept, and leaves the dispute as it is.
pub async fn a_cause_without_news_leaves_the_dispute_as_it_is(books: &dyn Books) {
    observe(books, &lost("evt_1")).await;
    let stored = load(books, &sample_key()).await;
    let change = decided(books, &lost("evt_1")).await;
    let entry = change_entry(change, &["evt_2"]);
    assert_eq!(record(books, entry.clone(), day(41)).await, recorded(&[false]));
    assert_eq!(record(books, entry, day(42)).await, recorded(&[true]));
    assert_eq!(load(books, &sample_key()).await, stored);
}

/// For each cause, in order: whether it was known before.
pub async fn each_cause_is_said_to_be_known_or_new(books: &dyn Books) {
    observe(books, &observation("evt_1", "needs_response", day(0))).await;
    let both = [observation("evt_1", "needs_response", day(0)), lost("evt_2")];
    let change = decide(&sample_key(), &load(books, &sample_key()).await, &both, BookRules::default()).unwrap();
    let causes = ["evt_0", "evt_1", "evt_2"];
    let entry = change_entry(change, &causes);
    assert_eq!(record(books, entry.clone(), day(40)).await, recorded(&[false, true, false]));
    let stored = load(books, &sample_key()).await;
    assert_eq!(stored.facts.lines().count(), 2);
    assert_eq!(record(books, entry, day(41)).await, recorded(&[true, true, true]));
    assert_eq!(load(books, &sample_key()).await, stored);
}

/// Nothing of a stale entry is written: its cause is new when it is decided again.
pub async fn a_stale_entry_writes_nothing_and_the_others_are_recorded(books: &dyn Books) {
    let other = Observation { key: dispute_key("du_2"), ..observation("evt_3", "won", day(40)) };
    let stale = change_entry(decided(books, &lost("evt_2")).await, &["evt_2"]);
    let fresh = change_entry(decided(books, &other).await, &["evt_3"]);
    observe(books, &observation("evt_1", "needs_response", day(0))).await;
    let before = load(books, &sample_key()).await;

    let answers = books.record(&[stale, fresh], day(40)).await.unwrap();
    assert_eq!(answers, [Answer::Stale, recorded(&[false])]);
    assert_eq!(load(books, &sample_key()).await, before);
    assert_eq!(load(books, &dispute_key("du_2")).await.facts.lines().count(), 1);
    assert_eq!(observe(books, &lost("evt_2")).await, recorded(&[false]));
    assert_eq!(load(books, &sample_key()).await.facts.movements().len(), 1);
}

/// An entry names no cause when no event caused it; it is stale as any other.
pub async fn an_entry_without_causes_is_recorded(books: &dyn Books) {
    observe(books, &lost("evt_1")).await;
    let stored = load(books, &sample_key()).await;
    let change = decide(&sample_key(), &stored, &[], BookRules::default()).unwrap();
    let entry = change_entry(change, &[]);
    assert_eq!(record(books, entry.clone(), day(41)).await, recorded(&[]));
    observe(books, &observation("evt_2", "won", day(42))).await;
    assert_eq!(record(books, entry, day(43)).await, Answer::Stale);
}

/// On any error nothing of the batch was written.
pub async fn on_an_error_nothing_of_the_batch_is_written(books: &dyn Books) {
    let mut poison = Observation { key: dispute_key("du_2"), ..observation("evt_2", "lost", day(40)) };
    poison.claims.reason = Some("a\0b".to_owned());
    let good = change_entry(decided(books, &lost("evt_1")).await, &["evt_1"]);
    let bad = change_entry(decided(books, &poison).await, &["evt_2"]);
    assert!(refuses(books, &[good.clone(), bad]).await);
    assert_eq!(load(books, &sample_key()).await, Stored::default());
    assert_eq!(record(books, good, day(40)).await, recorded(&[false]), "its cause was not kept either");
}

/// A movement is booked once: that another dispute claims it is for a person.
pub async fn a_movement_that_is_in_the_books_is_refused(books: &dyn Books) {
    observe(books, &lost("evt_1")).await;
    let thief = Observation { key: dispute_key("du_2"), ..lost("evt_2") };
    let change = decided(books, &thief).await;
    assert!(refuses(books, &[change_entry(change, &["evt_2"])]).await);
    assert_eq!(load(books, &dispute_key("du_2")).await, Stored::default());
}

/// The content of some entry can't be kept: recording the same again ends the same.
pub async fn a_text_that_cannot_be_stored_is_refused(books: &dyn Books) {
    let nul = || Some("a\0b".to_owned());
    let mut in_claims = lost("evt_1");
    in_claims.claims.card_brand = nul();
    let mut in_movement = lost("evt_1");
    in_movement.movements[0].description = nul();
    let in_status = Observation { status: chargebook_domain::Status::parse("a\0b"), ..lost("evt_1") };
    for poison in [in_claims, in_movement, in_status] {
        for _ in 0..2 {
            let change = decided(books, &poison).await;
            assert!(refuses(books, &[change_entry(change, &["evt_1"])]).await);
        }
    }
    assert_eq!(load(books, &sample_key()).await, Stored::default());
}

/// Nothing is recorded: the event is not about disputes.
pub async fn an_ignored_event_leaves_no_dispute(books: &dyn Books) {
    let ignored = Entry { causes: vec![cause("evt_1")], content: Content::Ignored };
    assert_eq!(record(books, ignored.clone(), day(0)).await, recorded(&[false]));
    assert_eq!(record(books, ignored, day(0)).await, recorded(&[true]));
    assert_eq!(load(books, &sample_key()).await, Stored::default());
}

/// A cause that was quarantined is recorded when it comes again and can be booked.
pub async fn a_quarantined_cause_is_recorded_when_it_can_be_booked(books: &dyn Books) {
    let content = Content::Quarantined { reason: "not understood".to_owned() };
    let quarantined = Entry { causes: vec![cause("evt_1")], content };
    assert_eq!(record(books, quarantined.clone(), day(0)).await, recorded(&[false]));
    assert_eq!(record(books, quarantined, day(1)).await, recorded(&[true]));
    assert_eq!(observe(books, &lost("evt_1")).await, recorded(&[false]));
    assert_eq!(load(books, &sample_key()).await.facts.lines().count(), 1);
    let again = change_entry(decided(books, &lost("evt_1")).await, &["evt_1"]);
    assert_eq!(record(books, again, day(41)).await, recorded(&[true]));
}

/// A cause that was recorded before changes nothing, whatever is made of it now.
pub async fn a_recorded_cause_is_not_quarantined_later(books: &dyn Books) {
    observe(books, &lost("evt_1")).await;
    let content = Content::Quarantined { reason: "of another mode".to_owned() };
    let quarantined = Entry { causes: vec![cause("evt_1")], content };
    assert_eq!(record(books, quarantined, day(41)).await, recorded(&[true]));
    let again = change_entry(decided(books, &lost("evt_1")).await, &["evt_1"]);
    assert_eq!(record(books, again, day(42)).await, recorded(&[true]));
}

/// A cause is an event of one account.
pub async fn a_cause_of_another_account_is_another_cause(books: &dyn Books) {
    observe(books, &lost("evt_1")).await;
    let mut theirs = lost("evt_1");
    theirs.key.account = account("acct_2");
    assert_eq!(observe(books, &theirs).await, recorded(&[false]));
    assert_eq!(load(books, &theirs.key).await.facts.movements().len(), 1);
    assert_eq!(load(books, &sample_key()).await.facts.movements().len(), 1);
}

/// Money moved on the account that no dispute claims: it is booked with its cause, once.
pub async fn a_movement_of_the_account_is_booked_once(books: &dyn Books) {
    let fee = movement("txn_9", Category::Fee, day(3), -1_500, 0);
    let entry = account_movement_entry(fee, cause("evt_1"));
    assert_eq!(record(books, entry.clone(), day(3)).await, recorded(&[false]));
    assert_eq!(record(books, entry, day(3)).await, recorded(&[true]));
    let seal = super::sealing::seal_of(3);
    let unresolved = books.books(&seal, None).await.unwrap().unresolved;
    assert_eq!(unresolved[&usd()].account_fee_minor, 1_500);
    assert_eq!(load(books, &sample_key()).await.resolutions, BookedDeltas::new());
}
