//! The books that there are.

use std::collections::BTreeSet;

use chargebook_domain::AccountId;
use chargebook_domain::ports::LedgerError;
use sqlx::PgConnection;

use crate::error::{corrupt, read_error};

/// The books that are known: the own one, and each that ever had a dispute or an entry. Goes from one to the next by the
/// primary keys, since there are few books with many rows.
pub(crate) async fn known_books(snapshot: &mut PgConnection) -> Result<Vec<String>, LedgerError> {
    let mut books = sqlx::query_scalar!(
        r#"WITH RECURSIVE books(account) AS (
                   SELECT ''
                   UNION ALL
                   SELECT least((SELECT min(d.account) FROM chargebook.disputes d WHERE d.account > b.account),
                                (SELECT min(e.account) FROM chargebook.journal_entries e WHERE e.account > b.account))
                   FROM books b WHERE b.account IS NOT NULL
               )
               SELECT account AS "account!" FROM books WHERE account <> ''"#
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(read_error)?;
    let own = AccountId::own();
    if !books.iter().any(|book| book == own.as_str()) {
        books.push(own.as_str().to_owned());
    }
    Ok(books)
}

pub(super) fn parsed(books: &[String], only: Option<&str>) -> Result<BTreeSet<AccountId>, LedgerError> {
    let parse = |book: &String| AccountId::parse(book).map_err(|_| corrupt("disputes", "account", book));
    books.iter().filter(|book| only.is_none_or(|only| only == *book)).map(parse).collect()
}
