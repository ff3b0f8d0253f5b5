//! What comes to the books beside observations: fees of the account, and what people say and do.

use std::sync::Arc;

use chargebook_domain::ports::{Closed, Closing, Ledger, Movements, Periods};
use chargebook_domain::service::{
    Adjust, AdjustError, Adjusted, Adjustment, Attribute, AttributeError, Attributing, Said,
};
use chargebook_domain::{
    AccountId, BookRules, Category, DisputeKey, LedgerAccount, Meaning, Movement, MovementId, Posting,
};
use chrono::{DateTime, NaiveDate, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::histories::{any_currency, any_time};
use crate::samples::{account_movement_entry, cause, cause_id, dispute_key, movement, movement_id, usd};

/// One of them.
#[derive(Clone, Debug)]
pub enum Aside {
    /// A fee of the account.
    Fee(Movement),
    /// That a movement is for a dispute.
    Tie(MovementId, DisputeKey),
    /// That what a movement left in suspense is something else, from this day on.
    Reclassify(MovementId, Meaning, NaiveDate),
    /// Under a key, an amount that goes from one account to another.
    Adjust(String, [LedgerAccount; 2], i64, NaiveDate),
    /// That the books are closed through a day.
    Close(NaiveDate),
}

/// Up to eight of them, on fees of the account and on the movements of histories of these disputes. Many are refused: what they
/// speak of is not in the books yet, or was said before.
pub fn asides(disputes: &'static [&'static str]) -> impl Strategy<Value = Vec<Aside>> {
    let fee = || (0..3_usize).prop_map(|n| format!("fee_{n}"));
    let any_day = || any_time().prop_map(|at| at.date_naive());
    let money = (select(&[-1_500_i64, 1_500, 0][..]), select(&[0_i64, 0, -300][..]), any_currency(), any_time());
    let any_fee = (fee(), money).prop_map(|(id, (amount, unexplained, currency, at))| {
        let made = movement(&id, Category::Fee, at, amount, 0);
        Aside::Fee(Movement { net_minor: made.net_minor + unexplained, currency, ..made })
    });
    let tie = (fee(), select(disputes)).prop_map(|(id, to)| Aside::Tie(movement_id(&id), dispute_key(to)));
    let own = (select(disputes), 0..4_usize).prop_map(|(dispute, n)| format!("txn_{dispute}_{n}"));
    let reclassify = (prop_oneof![2 => own, 1 => fee()], select(&Meaning::ALL[..]), any_day())
        .prop_map(|(id, meaning, on)| Aside::Reclassify(movement_id(&id), meaning, on));
    let accounts = [select(&LedgerAccount::ALL[..]), select(&LedgerAccount::ALL[..])];
    let adjust = (0..3_usize, accounts, select(&[700_i64, -250][..]), any_day())
        .prop_map(|(n, accounts, minor, on)| Aside::Adjust(format!("key_{n}"), accounts, minor, on));
    let close = any_day().prop_map(Aside::Close);
    vec(prop_oneof![3 => any_fee, 3 => tie, 2 => reclassify, 1 => adjust, 1 => close], 0..=8)
}

impl Aside {
    /// Books it, if it can be; answers whether it was.
    pub async fn happen<Books>(&self, books: Books, rules: BookRules, now: DateTime<Utc>) -> bool
    where
        Books: Ledger + Movements + Periods + 'static,
    {
        let books = Arc::new(books);
        let attribute = Attribute::new(books.clone(), books.clone(), books.clone(), rules);
        let said = Said { by: "Ana".to_owned(), reason: "the invoice says so".to_owned(), at: now };
        let attributed = match self {
            Self::Fee(movement) => {
                let known = books.movement(&AccountId::own(), &movement.id).await.unwrap();
                if known.is_none() {
                    let read = cause(&format!("read_{}", movement.id));
                    books.record(&[account_movement_entry(movement.clone(), read)], now).await.unwrap();
                }
                return known.is_none();
            }
            Self::Tie(movement, to) => attribute.tie(movement, to, said).await,
            Self::Reclassify(movement, meaning, on) => {
                attribute.reclassify((&AccountId::own(), movement), *meaning, Some(*on), said).await
            }
            Self::Adjust(key, accounts, minor, on) => {
                let [from, to] =
                    accounts.map(|account| move |amount_minor| Posting { account, amount_minor, currency: usd() });
                let postings = vec![from(-minor), to(*minor)];
                let (account, key) = (AccountId::own(), cause_id(key));
                let adjustment = Adjustment { account, key, dispute: None, postings, on: Some(*on) };
                return match Adjust::new(books.clone(), books, rules).adjust(&adjustment, &said).await {
                    Ok(adjusted) => matches!(adjusted, Adjusted::Kept(_)),
                    Err(AdjustError::Ledger(error)) => panic!("{error}"),
                    Err(_) => false,
                };
            }
            Self::Close(through) => {
                let Said { by, reason, at } = said;
                let closing = Closing { through: *through, closed_by: by, reason, closed_at: at };
                return books.close_period(&closing).await.unwrap() == Closed::Kept;
            }
        };
        match attributed {
            Ok(answer) => matches!(answer, Attributing::Kept(_)),
            Err(AttributeError::Ledger(error)) => panic!("{error}"),
            Err(_) => false,
        }
    }
}
