//! What the fields of Stripe's objects must be.

use chargebook_domain::{AccountId, CauseId, ChargeId, Currency, DisputeId, MovementId, PaymentIntentId, WarningId};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::json::Kind;

/// More than any description of Stripe's has.
const DESCRIPTION_CHARS_MAX: usize = 500;

/// Words of Stripe's own, such as a status, are shorter by far.
const WORD_BYTES_MAX: usize = 255;

/// The last second of the year 9999: what is later can be neither stored nor shown everywhere.
const UNIX_SECONDS_MAX: i64 = 253_402_300_799;

/// The field `object` of a dispute.
pub const A_DISPUTE: Kind<()> = Kind { expected: "\"dispute\"", read: |value| (value == "dispute").then_some(()) };

/// The id of an event.
pub const EVENT_ID: Kind<CauseId> =
    Kind { expected: "an id of 1 to 255 printable characters", read: |value| CauseId::parse(value.as_str()?).ok() };

/// The id of a dispute.
pub const DISPUTE_ID: Kind<DisputeId> =
    Kind { expected: "an id of 1 to 255 printable characters", read: |value| DisputeId::parse(value.as_str()?).ok() };

/// The id of an early fraud warning.
pub const WARNING_ID: Kind<WarningId> =
    Kind { expected: "an id of 1 to 255 printable characters", read: |value| WarningId::parse(value.as_str()?).ok() };

/// The id of a balance transaction.
pub const MOVEMENT_ID: Kind<MovementId> =
    Kind { expected: "an id of 1 to 255 printable characters", read: |value| MovementId::parse(value.as_str()?).ok() };

/// A connected account. The prefix keeps an account apart from the books that are named otherwise, such as `default`.
pub const ACCOUNT: Kind<AccountId> = Kind {
    expected: "the id of an account, acct_ and at most 250 printable characters",
    read: |value| AccountId::parse(value.as_str().filter(|id| id.starts_with("acct_"))?).ok(),
};

/// A charge, whole or as its id.
pub const CHARGE: Kind<ChargeId> = Kind {
    expected: "a charge, or its id of 1 to 255 printable characters",
    read: |value| ChargeId::parse(id_of(value)?).ok(),
};

/// A payment intent, whole or as its id.
pub const PAYMENT_INTENT: Kind<PaymentIntentId> = Kind {
    expected: "a payment intent, or its id of 1 to 255 printable characters",
    read: |value| PaymentIntentId::parse(id_of(value)?).ok(),
};

/// Whatever a balance transaction came from: a dispute now, a charge in the rows of 2015.
pub const ORIGIN: Kind<String> = Kind {
    expected: "an object, or its id of 1 to 255 printable characters",
    read: |value| word(id_of(value)?).filter(|id| !id.is_empty()),
};

/// A number with a fraction or beyond 64 bits is no amount: it is refused rather than rounded.
pub const MINOR_UNITS: Kind<i64> = Kind { expected: "an integer number of minor units", read: Value::as_i64 };

/// A whole number that is not negative.
pub const COUNT: Kind<u64> = Kind { expected: "a count", read: Value::as_u64 };

/// A boolean.
pub const FLAG: Kind<bool> = Kind { expected: "true or false", read: Value::as_bool };

/// A currency, in either case.
pub const CURRENCY: Kind<Currency> =
    Kind { expected: "a currency of three letters", read: |value| Currency::parse(value.as_str()?).ok() };

/// A moment in whole seconds.
pub const TIME: Kind<DateTime<Utc>> = Kind {
    expected: "a time in Unix seconds, between the years 1970 and 9999",
    read: |value| {
        let seconds = value.as_i64().filter(|seconds| (0..=UNIX_SECONDS_MAX).contains(seconds))?;
        DateTime::from_timestamp(seconds, 0)
    },
};

/// A word of Stripe's own, such as a status or a type.
pub const WORD: Kind<String> = Kind {
    expected: "text of 1 to 255 printable characters",
    read: |value| word(value.as_str()?).filter(|word| !word.is_empty()),
};

/// A word that may be left empty, which says nothing.
pub const WORD_OR_EMPTY: Kind<String> =
    Kind { expected: "text of at most 255 printable characters", read: |value| word(value.as_str()?) };

/// Exactly four digits, so that a whole card number can never pass.
pub const LAST_FOUR: Kind<String> = Kind {
    expected: "the last four digits of a card",
    read: |value| {
        let digits = value.as_str()?;
        (digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.to_owned())
    },
};

/// Free text for people. It is cut where it is too long; a NUL, which Postgres can't store, is refused.
pub const DESCRIPTION: Kind<String> = Kind {
    expected: "text without NUL characters",
    read: |value| {
        let text = value.as_str().filter(|text| !text.contains('\0'))?;
        Some(text.chars().take(DESCRIPTION_CHARS_MAX).collect())
    },
};

fn word(text: &str) -> Option<String> {
    (text.len() <= WORD_BYTES_MAX && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// The id of an object that stands there as its id, or whole.
fn id_of(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("id")?.as_str())
}
