//! Types of the domain as their words.

use chargebook_domain::monitor::{Floor, Level, Network};
use chargebook_domain::{AccountId, Currency, DisputeId, EntryKind, LedgerAccount, OrderRef, Outcome, ResolutionKind};
use chrono_tz::Tz;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that is stored as its word.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word<T>(pub(super) T);

pub(super) trait AsWord: Sized {
    fn word(&self) -> &str;

    fn read(word: &str) -> Option<Self>;
}

impl<T: AsWord> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<'de, T: AsWord> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        T::read(&word).map(Self).ok_or_else(|| D::Error::custom("a word that is not known"))
    }
}

macro_rules! words {
    ($($type:ty: $word:expr, $read:expr;)+) => {$(
        impl AsWord for $type {
            fn word(&self) -> &str {
                let word: fn(&Self) -> &str = $word;
                word(self)
            }

            fn read(word: &str) -> Option<Self> {
                let read: fn(&str) -> Option<Self> = $read;
                read(word)
            }
        }
    )+};
}

words! {
    AccountId: Self::as_str, |word| Self::parse(word).ok();
    DisputeId: Self::as_str, |word| Self::parse(word).ok();
    OrderRef: Self::as_str, |word| Self::parse(word).ok();
    Currency: Self::code, |word| Self::parse(word).ok();
    Outcome: |of| of.as_str(), Self::parse;
    ResolutionKind: |of| of.as_str(), Self::parse;
    LedgerAccount: |of| of.as_str(), Self::parse;
    EntryKind: |of| of.as_str(), Self::parse;
    Network: |of| of.as_str(), Self::parse;
    Floor: |of| of.as_str(), Self::parse;
    Level: |of| of.as_str(), Self::parse;
    Tz: |of| of.name(), |word| word.parse().ok();
}
