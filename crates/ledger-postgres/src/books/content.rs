//! What a sealed day's mail is written from, kept as it was then.

use chargebook_domain::AccountId;
use chargebook_domain::ports::{LedgerError, Seal};
use chargebook_domain::summary::DayBooks;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::day_books;
use super::kept::Kept;
use crate::PostgresLedger;
use crate::error::{corrupt, ledger_error, read_error};
use crate::summaries::allow_time;

/// The key of a book's content; all together have an empty one, which no book has.
fn key(book: Option<&AccountId>) -> &str {
    book.map_or("", AccountId::as_str)
}

/// Keeps a day's content and answers its hash; `None` where another was first.
async fn insert(connection: &mut PgConnection, seal: &Seal, books: DayBooks) -> Result<Option<String>, LedgerError> {
    let book = key(books.book.as_ref()).to_owned();
    let written = serde_json::to_string(&Kept::of(books));
    let content =
        written.map_err(|_| LedgerError::Corrupt { what: "a day that can't be written as JSON".to_owned() })?;
    sqlx::query_scalar!(
        r#"INSERT INTO chargebook.summary_contents (business_date, book, content, sha256)
           VALUES ($1, $2, $3, encode(sha256(convert_to($3, 'UTF8')), 'hex')) ON CONFLICT DO NOTHING RETURNING sha256"#,
        seal.date,
        book,
        content
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(ledger_error)
}

async fn kept(
    connection: &mut PgConnection,
    seal: &Seal,
    book: Option<&AccountId>,
) -> Result<Option<DayBooks>, LedgerError> {
    let kept = sqlx::query!(
        "SELECT content, sha256 FROM chargebook.summary_contents WHERE business_date = $1 AND book = $2",
        seal.date,
        key(book)
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(read_error)?;
    let Some(kept) = kept else { return Ok(None) };
    let read = serde_json::from_str::<Kept>(&kept.content);
    let content = read.map_err(|_| corrupt("summary_contents", "content", seal.date))?;
    Ok(Some(content.day(kept.sha256)))
}

impl PostgresLedger {
    /// The day as it was kept, or as it is now.
    pub(crate) async fn day_books(&self, seal: &Seal, book: Option<AccountId>) -> Result<DayBooks, LedgerError> {
        let mut connection = self.pool.acquire().await.map_err(read_error)?;
        if let Some(books) = kept(&mut connection, seal, book.as_ref()).await? {
            return Ok(books);
        }
        drop(connection);
        self.books_of_snapshot(seal, book, None).await
    }

    /// Keeps the day, unless it was, or may not be, and answers it as it is kept.
    pub(crate) async fn keep_day(&self, seal: &Seal, books: DayBooks) -> Result<DayBooks, LedgerError> {
        if !books.sealed || books.books.is_empty() || !self.may_keep(seal).await? {
            return Ok(books);
        }
        let mut connection = self.pool.acquire().await.map_err(ledger_error)?;
        if let Some(sha256) = insert(&mut connection, seal, books.clone()).await? {
            return Ok(DayBooks { sha256: Some(sha256), ..books });
        }
        Ok(kept(&mut connection, seal, books.book.as_ref()).await?.unwrap_or(books))
    }

    pub(super) async fn books_of_snapshot(
        &self,
        seal: &Seal,
        book: Option<AccountId>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<DayBooks, LedgerError> {
        // One snapshot for all parts: else a batch that commits meanwhile is in some of them and not in others.
        let mut transaction = self.begin().await.map_err(read_error)?;
        sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .execute(&mut *transaction)
            .await
            .map_err(read_error)?;
        allow_time(&mut transaction).await?;
        let books = day_books(&mut transaction, seal, book, as_of).await?;
        transaction.commit().await.map_err(read_error)?;
        Ok(books)
    }

    /// Not long after its seal, and not by whoever may only read.
    async fn may_keep(&self, seal: &Seal) -> Result<bool, LedgerError> {
        sqlx::query_scalar!(
            r#"SELECT sealed_at > $2::timestamptz - interval '1 day'
                      AND has_table_privilege('chargebook.summary_contents', 'INSERT') AND NOT pg_is_in_recovery()
                      AND current_setting('default_transaction_read_only') = 'off' AS "may!"
               FROM chargebook.summaries WHERE business_date = $1"#,
            seal.date,
            seal.now
        )
        .fetch_one(&self.pool)
        .await
        .map_err(read_error)
    }
}
