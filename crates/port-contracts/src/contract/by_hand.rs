//! The sentences of [`Movements`](chargebook_domain::ports::Movements) and [`Periods`](chargebook_domain::ports::Periods), and
//! what people say and adjust, as it is recorded.

use chargebook_domain::ports::{Answer, Cause, Closed, Closing, Content, Entry, Joined, KeptMovement, LedgerError};
use chargebook_domain::{
    AccountId, Attributed, Attribution, BookRules, Category, Change, DecideError, EntryId, EntryKind, Heading,
    JournalEntry, LedgerAccount, Meaning, Movement, Observation, Posting, Reclassification, attribute,
};
use chrono::NaiveDate;

use super::{Books, load, observe, record, recorded};
use crate::samples::{
    account, account_movement_entry, alias, cause, cause_id, change_entry, date, day, movement, movement_id,
    observation, sample_key, usd, withdrawal,
};

/// Makes a lost dispute known, of whose withdrawal 5.00 are missing.
async fn lose(books: &dyn Books) -> Movement {
    let off = withdrawal("txn_1", day(1), 10_000, 1_500);
    let off = Movement { net_minor: off.net_minor - 500, ..off };
    let lost = Observation { movements: vec![off.clone()], ..observation("evt_1", "lost", day(4)) };
    assert!(matches!(observe(books, &lost).await, Answer::Recorded { .. }));
    off
}

/// A fee of 15.00 that is the account's.
async fn charge_the_account(books: &dyn Books) -> Movement {
    let fee = movement("txn_fee", Category::Fee, day(10), -1_500, 0);
    assert_eq!(
        record(books, account_movement_entry(fee.clone(), cause("read_fee")), day(10)).await,
        recorded(&[false])
    );
    fee
}

async fn try_to_say(books: &dyn Books, what: Attributed) -> Result<Change, DecideError> {
    let (by, reason) = ("Ana".to_owned(), "the invoice says so".to_owned());
    let attribution = Attribution { what, by, reason, said_at: day(20) };
    attribute(&sample_key(), &load(books, &sample_key()).await, &attribution, BookRules::default())
}

async fn said(books: &dyn Books, what: Attributed) -> Change {
    try_to_say(books, what).await.unwrap()
}

fn as_fee(of: &str) -> Attributed {
    let (movement, meaning, occurred_at) = (movement_id(of), Meaning::Fee, day(20));
    Attributed::Reclassification(Reclassification { movement, meaning, occurred_at })
}

/// A movement is found with whose it is.
pub async fn a_movement_is_found_with_its_dispute(books: &dyn Books) {
    let own = lose(books).await;
    let fee = charge_the_account(books).await;
    let find = async |book: &AccountId, id: &str| books.movement(book, &movement_id(id)).await.unwrap();
    let dispute = Some(sample_key().dispute);
    let of_dispute = KeptMovement { movement: own, dispute: dispute.clone(), tied_to: None };
    assert_eq!(find(&AccountId::own(), "txn_1").await, Some(of_dispute));
    let of_account = KeptMovement { movement: fee.clone(), dispute: None, tied_to: None };
    assert_eq!(find(&AccountId::own(), "txn_fee").await, Some(of_account));
    assert_eq!(find(&AccountId::own(), "txn_2").await, None);
    assert_eq!(find(&account("acct_2"), "txn_1").await, None);

    let tie = said(books, Attributed::Tie(Box::new(fee.clone()))).await;
    assert_eq!(record(books, change_entry(tie, &[]), day(20)).await, recorded(&[]));
    let tied = KeptMovement { movement: fee, dispute: None, tied_to: dispute };
    assert_eq!(find(&AccountId::own(), "txn_fee").await, Some(tied));
}

/// What was said is loaded with the facts, and a second change from before it is stale.
pub async fn what_people_say_loads_back_equal(books: &dyn Books) {
    lose(books).await;
    let fee = charge_the_account(books).await;
    for what in [Attributed::Tie(Box::new(fee)), as_fee("txn_1")] {
        let change = said(books, what).await;
        assert_eq!(record(books, change_entry(change.clone(), &[]), day(20)).await, recorded(&[]));
        assert_eq!(load(books, &sample_key()).await.facts, change.facts);
        assert_eq!(record(books, change_entry(change, &[]), day(20)).await, Answer::Stale);
    }
    let again = try_to_say(books, as_fee("txn_1")).await;
    assert!(again.is_err(), "all of it was taken out of suspense");
}

/// A movement is tied to one dispute.
pub async fn a_movement_is_tied_once(books: &dyn Books) {
    lose(books).await;
    let fee = charge_the_account(books).await;
    let tie = said(books, Attributed::Tie(Box::new(fee.clone()))).await;
    assert_eq!(record(books, change_entry(tie.clone(), &[]), day(20)).await, recorded(&[]));
    let elsewhere =
        Observation { key: crate::samples::dispute_key("du_other"), ..observation("evt_2", "lost", day(4)) };
    observe(books, &elsewhere).await;
    let stored = load(books, &elsewhere.key).await;
    let attribution = tie.attribution.unwrap();
    let second = attribute(&elsewhere.key, &stored, &attribution, BookRules::default()).unwrap();
    let refused = books.record(&[change_entry(second, &[])], day(20)).await;
    assert!(matches!(refused, Err(LedgerError::Refused { .. })), "{refused:?}");
}

/// What is tied to a dispute would count for nobody, if that became a double.
pub async fn what_has_ties_is_no_double(books: &dyn Books) {
    lose(books).await;
    let other = Observation { key: crate::samples::dispute_key("du_other"), ..observation("evt_2", "lost", day(4)) };
    observe(books, &other).await;
    let fee = charge_the_account(books).await;
    let tie = said(books, Attributed::Tie(Box::new(fee))).await;
    assert_eq!(record(books, change_entry(tie, &[]), day(20)).await, recorded(&[]));
    let joined = books.join(&alias(&sample_key(), &other.key)).await.unwrap();
    assert_eq!(joined, Joined::HasTies(sample_key()));
    assert_eq!(books.join(&alias(&other.key, &sample_key())).await.unwrap(), Joined::Kept);
}

fn closing(through: NaiveDate) -> Closing {
    Closing { through, closed_by: "Ana".to_owned(), reason: "the month".to_owned(), closed_at: day(30) }
}

/// Periods are closed in order, each once.
pub async fn periods_are_closed_in_order(books: &dyn Books) {
    assert_eq!(books.closings().await.unwrap(), []);
    assert_eq!(books.close_period(&closing(date(5))).await.unwrap(), Closed::Kept);
    for before in [date(5), date(4)] {
        assert_eq!(books.close_period(&closing(before)).await.unwrap(), Closed::Before(date(5)));
    }
    assert_eq!(books.close_period(&closing(date(6))).await.unwrap(), Closed::Kept);
    assert_eq!(books.closings().await.unwrap(), [closing(date(6)), closing(date(5))]);
}

/// What arrives for a closed period is posted on the first day after it, also where it was decided before it was closed.
pub async fn nothing_is_posted_in_a_closed_period(books: &dyn Books) {
    let lost = Observation {
        movements: vec![withdrawal("txn_1", day(1), 10_000, 1_500)],
        ..observation("evt_1", "lost", day(4))
    };
    let change = super::decided(books, &lost).await;
    assert_eq!(books.close_period(&closing(date(2))).await.unwrap(), Closed::Kept);
    assert_eq!(record(books, change_entry(change, &["evt_1"]), day(10)).await, recorded(&[false]));
    let early = movement("txn_fee", Category::Fee, day(2), -1_500, 0);
    record(books, account_movement_entry(early, cause("read_fee")), day(10)).await;
    let adjusted = record(books, adjustment("key_1", date(1)), day(10)).await;
    assert_eq!(adjusted, recorded(&[false]));
    assert_eq!(
        books.close_period(&closing(date(9))).await.unwrap(),
        Closed::Kept,
        "its first open day is closed like any other"
    );
}

fn adjustment(key: &str, on: NaiveDate) -> Entry {
    let posting = |account, amount_minor| Posting { account, amount_minor, currency: usd() };
    let heading = Heading {
        id: EntryId::of_adjustment(&cause_id(key)),
        dispute: None,
        kind: EntryKind::Adjustment,
        occurred_at: day(1),
        posted_on: on,
        narration: "Adjustment by Ana: a test".to_owned(),
    };
    let postings = [posting(LedgerAccount::DisputeFees, 100), posting(LedgerAccount::StripeBalance, -100)];
    let entry = JournalEntry::try_new(heading, postings).unwrap().unwrap();
    Entry { causes: vec![Cause { body: None, ..cause(key) }], content: Content::Adjustment(Box::new(entry)) }
}

/// An adjustment is booked once, and its key is another's from then on.
pub async fn an_adjustment_is_booked_once(books: &dyn Books) {
    assert_eq!(record(books, adjustment("key_1", date(1)), day(10)).await, recorded(&[false]));
    assert_eq!(record(books, adjustment("key_1", date(1)), day(11)).await, recorded(&[true]));
    let Entry { content, .. } = adjustment("key_1", date(2));
    let other = Entry { causes: vec![cause("another cause")], content };
    let refused = books.record(&[other], day(12)).await;
    assert!(matches!(refused, Err(LedgerError::Refused { .. })), "{refused:?}");
}
