//! Small things to build tests from. Times are counted from [`filed_at`]; ids and texts must be valid, else they panic.
//!
//! What a test cares about is written with struct update:
//!
//! ```
//! use chargebook_domain::Observation;
//! use chargebook_port_contracts::samples::{day, observation, withdrawal};
//!
//! let lost = Observation {
//!     movements: vec![withdrawal("txn_1", day(1), 10_000, 1_500)],
//!     ..observation("evt_2", "lost", day(40))
//! };
//! assert_eq!(lost.movements[0].net_minor, -11_500);
//! ```

use chargebook_domain::ports::{Alias, Cause, Content, Entry};
use chargebook_domain::{
    AccountId, Basis, BookRules, Category, CauseId, Change, ChargeId, Claims, Currency, CustomerKey, DisputeId,
    DisputeKey, Money, Movement, MovementId, Observation, OrderPayment, OrderRef, PaymentIntentId, Status,
    account_entry,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// When the disputes of these samples are filed: noon, so that a day is the same date in most zones.
#[must_use]
pub fn filed_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_614_400, 0).unwrap()
}

/// `days` days after the filing, at noon.
#[must_use]
pub fn day(days: i64) -> DateTime<Utc> {
    filed_at() + TimeDelta::days(days)
}

/// The date of [`day`].
#[must_use]
pub fn date(days: i64) -> NaiveDate {
    day(days).date_naive()
}

/// A currency by its code.
#[must_use]
pub fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

/// US dollars.
#[must_use]
pub fn usd() -> Currency {
    currency("usd")
}

/// A book other than the account's own.
#[must_use]
pub fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

/// A dispute in the account's own book.
#[must_use]
pub fn dispute_key(dispute: &str) -> DisputeKey {
    DisputeKey { account: AccountId::own(), dispute: DisputeId::parse(dispute).unwrap() }
}

/// The dispute of [`observation`].
#[must_use]
pub fn sample_key() -> DisputeKey {
    dispute_key("du_1")
}

/// A charge.
#[must_use]
pub fn charge(id: &str) -> ChargeId {
    ChargeId::parse(id).unwrap()
}

/// A payment intent.
#[must_use]
pub fn intent(id: &str) -> PaymentIntentId {
    PaymentIntentId::parse(id).unwrap()
}

/// An order.
#[must_use]
pub fn order(reference: &str) -> OrderRef {
    OrderRef::parse(reference).unwrap()
}

/// The id of an event.
#[must_use]
pub fn cause_id(id: &str) -> CauseId {
    CauseId::parse(id).unwrap()
}

/// The id of a movement.
#[must_use]
pub fn movement_id(id: &str) -> MovementId {
    MovementId::parse(id).unwrap()
}

/// Claims of 100.00 USD, filed at [`filed_at`], that name charge `ch_1`, intent `pi_1` and no order.
#[must_use]
pub fn claims() -> Claims {
    Claims {
        charge: Some(charge("ch_1")),
        payment_intent: Some(intent("pi_1")),
        opened_at: Some(filed_at()),
        ..Claims::of(Money::new(10_000, usd()))
    }
}

/// An event about dispute `du_1`, without movements.
#[must_use]
pub fn observation(cause: &str, status: &str, as_of: DateTime<Utc>) -> Observation {
    Observation {
        key: sample_key(),
        cause: cause_id(cause),
        basis: Basis::Event,
        as_of,
        status: Status::parse(status),
        claims: claims(),
        movements: Vec::new(),
    }
}

/// A movement in US dollars whose net is its amount less its fee.
#[must_use]
pub fn movement(id: &str, category: Category, at: DateTime<Utc>, amount_minor: i64, fee_minor: i64) -> Movement {
    let reporting_category = match category {
        Category::Withdrawal => "dispute",
        Category::Reinstatement => "dispute_reversal",
        Category::Fee => "fee",
        Category::Other => "other_adjustment",
    };
    Movement {
        id: MovementId::parse(id).unwrap(),
        category,
        amount_minor,
        fee_minor,
        net_minor: amount_minor - fee_minor,
        currency: usd(),
        occurred_at: at,
        available_on: Some(at.date_naive()),
        reporting_category: Some(reporting_category.to_owned()),
        stripe_type: "adjustment".to_owned(),
        description: None,
        source: None,
    }
}

/// Takes `taken_minor` back, and a fee.
#[must_use]
pub fn withdrawal(id: &str, at: DateTime<Utc>, taken_minor: i64, fee_minor: i64) -> Movement {
    movement(id, Category::Withdrawal, at, -taken_minor, fee_minor)
}

/// Returns `returned_minor`, without a fee.
#[must_use]
pub fn reinstatement(id: &str, at: DateTime<Utc>, returned_minor: i64) -> Movement {
    movement(id, Category::Reinstatement, at, returned_minor, 0)
}

/// A payment of 100.00 USD by charge `ch_1`, of an order.
#[must_use]
pub fn payment(order_ref: &str) -> OrderPayment {
    OrderPayment {
        order_ref: order(order_ref),
        charge: Some(charge("ch_1")),
        payment_intent: None,
        amount: Money::new(10_000, usd()),
        refunded_minor: None,
        customer_email: None,
        placed_at: None,
        card_brand: None,
        updated_at: None,
    }
}

/// That a dispute is the same as another.
#[must_use]
pub fn alias(key: &DisputeKey, same_as: &DisputeKey) -> Alias {
    let (joined_by, reason) = ("Ana".to_owned(), "the old gateway's case".to_owned());
    Alias { key: key.clone(), same_as: same_as.clone(), joined_by, reason, joined_at: day(9) }
}

/// A source event of the account's own book, received at [`filed_at`].
#[must_use]
pub fn cause(id: &str) -> Cause {
    Cause {
        account: AccountId::own(),
        id: cause_id(id),
        event_type: "charge.dispute.updated".to_owned(),
        received_at: filed_at(),
        body: Some(format!(r#"{{"id":"{id}"}}"#).into_bytes()),
    }
}

/// An entry that records `change` for the events `causes` of its account.
#[must_use]
pub fn change_entry(change: Change, causes: &[&str]) -> Entry {
    let causes = causes.iter().map(|id| Cause { account: change.key.account.clone(), ..cause(id) }).collect();
    Entry { causes, content: Content::Change(Box::new(change)) }
}

/// An entry that books a movement that no dispute claims, for the event `cause`.
#[must_use]
pub fn account_movement_entry(movement: Movement, cause: Cause) -> Entry {
    let journal_entry = account_entry(&movement, BookRules::default()).unwrap();
    Entry { causes: vec![cause], content: Content::AccountMovement(Box::new(movement), journal_entry) }
}

/// A key of customers, made of a text of 64 bytes at most.
#[must_use]
pub fn customer_key(text: &str) -> CustomerKey {
    CustomerKey::new(format!("{text:-<16}").as_bytes()).unwrap()
}
