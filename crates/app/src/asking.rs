//! What a server needs beside the webhooks where it may ask the source as well.

use std::sync::Arc;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{Completeness, DisputeReader, LedgerError, Period, ReadQueue, Sweeps};

/// The source, and what remembers what it was asked for.
#[derive(Clone)]
pub struct Asking {
    /// The source.
    pub reader: Arc<dyn DisputeReader>,
    /// Which disputes must be read again.
    pub reads: Arc<dyn ReadQueue>,
    /// Which sweeps are due.
    pub sweeps: Arc<dyn Sweeps>,
    /// What the record holds.
    pub completeness: Arc<dyn Completeness>,
    /// The books whose accounts are swept.
    pub books: Vec<AccountId>,
}

/// The stretch for which the record of every one of `books` is known to be whole; `None` when there is none.
pub(crate) async fn whole(sweeps: &dyn Sweeps, books: &[AccountId]) -> Result<Option<Period>, LedgerError> {
    let mut common: Option<Period> = None;
    for book in books {
        let Some(whole) = sweeps.whole(book).await? else { return Ok(None) };
        let so_far = common.unwrap_or(whole);
        common = Some(Period { from: so_far.from.max(whole.from), until: so_far.until.min(whole.until) });
    }
    Ok(common.filter(|period| period.from < period.until))
}

#[cfg(test)]
mod tests {
    use chargebook_domain::ports::MockSweeps;
    use chrono::DateTime;

    use super::*;

    fn period(from: i64, until: i64) -> Period {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        Period { from: at(from), until: at(until) }
    }

    #[tokio::test]
    async fn the_record_is_whole_where_that_of_every_book_is() {
        for (of_each, expected) in [
            (vec![], None),
            (vec![Some((1, 9))], Some((1, 9))),
            (vec![None], None),
            (vec![Some((1, 9)), Some((3, 8)), Some((2, 20))], Some((3, 8))),
            (vec![Some((1, 9)), None], None),
            (vec![Some((1, 3)), Some((3, 8))], None),
        ] {
            let books: Vec<_> = (0..of_each.len()).map(|n| AccountId::parse(&format!("acct_{n}")).unwrap()).collect();
            let known: Vec<_> = books.iter().cloned().zip(of_each.clone()).collect();
            let mut sweeps = MockSweeps::new();
            sweeps.expect_whole().returning(move |book| {
                let of_this = known.iter().find(|(known, _)| known == book).unwrap().1;
                Ok(of_this.map(|(from, until)| period(from, until)))
            });
            let expected = expected.map(|(from, until)| period(from, until));
            assert_eq!(whole(&sweeps, &books).await.unwrap(), expected, "{of_each:?}");
        }
    }
}
