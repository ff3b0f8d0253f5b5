//! Which mails are still to be sent.

use chargebook_domain::AccountId;
use chargebook_domain::ports::{DayMail, Due, LedgerError, Mails};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::MAIL_LOCK;
use crate::books::known_books;
use crate::error::{corrupt, ledger_error};
use crate::{PostgresLedger, lock};

/// The key of a mail among those of its day: a book's own has the book behind the channel, whose name has no slash.
pub(super) fn slot(channel: &str, mail: &DayMail) -> String {
    mail.book.as_ref().map_or_else(|| channel.to_owned(), |book| format!("{channel}/{book}"))
}

/// What a slot is of, on its channel.
pub(crate) fn of_slot(date: NaiveDate, slot: &str) -> Result<Due, LedgerError> {
    let (channel, book) = match slot.split_once('/') {
        None => (slot, None),
        Some((channel, book)) => {
            let parsed = AccountId::parse(book).map_err(|_| corrupt("summary_deliveries", "channel", slot))?;
            (channel, Some(parsed))
        }
    };
    Ok(Due { mail: DayMail { date, book }, channel: channel.to_owned(), sent_as: None })
}

/// Of days whose books are fixed, what is still to be sent goes on each of several channels, unless it went.
async fn tell_of_books(
    transaction: &mut PgConnection,
    channels: &[String],
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    sqlx::query!(
        r#"INSERT INTO chargebook.summary_deliveries AS d
               (business_date, channel, state, attempt, updated_at, beside)
           SELECT m.business_date, c.channel || '/' || m.account, 'pending', 0, $1::timestamptz, true
           FROM (SELECT DISTINCT business_date, substring(channel FROM '/(.*)$') AS account
                 FROM chargebook.summary_deliveries WHERE channel LIKE '%/%' AND state IN ('pending', 'failed')) m
           CROSS JOIN unnest($2::text[]) AS c(channel)
           WHERE NOT EXISTS (SELECT FROM chargebook.summary_deliveries o WHERE o.business_date = m.business_date
                             AND o.state IN ('accepted', 'sending', 'unknown')
                             AND (m.account <> substring(o.channel FROM '/(.*)$')) IS NOT TRUE)
           ON CONFLICT (business_date, channel) DO UPDATE SET beside = true WHERE NOT d.beside"#,
        now,
        channels
    )
    .execute(&mut *transaction)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

impl PostgresLedger {
    pub(super) async fn due(
        &self,
        channels: &[String],
        mails: Mails,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, LedgerError> {
        if mails == Mails::Apart || channels.len() > 1 {
            self.tell(channels, mails, now, None).await?;
        }
        self.hand_over(channels, now).await?;
        let mut due = Vec::new();
        for channel in channels {
            due.extend(match mails {
                Mails::Together => self.due_together(channel, channels.len() > 1, now).await?,
                Mails::Apart => self.due_apart(channel, now).await?,
            });
        }
        due.sort_by_key(|due| due.mail.date);
        Ok(due)
    }

    /// Fixes the mails that there are of each sealed day, or of one, unless that is done or the day went: on each channel
    /// one, or one for each book.
    pub(super) async fn tell(
        &self,
        channels: &[String],
        mails: Mails,
        now: DateTime<Utc>,
        date: Option<NaiveDate>,
    ) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        lock(&mut transaction, MAIL_LOCK).await?;
        let slots: Vec<_> = match mails {
            Mails::Together => channels.to_vec(),
            Mails::Apart => {
                let books = known_books(&mut transaction).await?;
                channels.iter().flat_map(|channel| books.iter().map(move |book| format!("{channel}/{book}"))).collect()
            }
        };
        sqlx::query!(
            r#"INSERT INTO chargebook.summary_deliveries AS d
                   (business_date, channel, state, attempt, updated_at, beside)
               SELECT s.business_date, b.slot, 'pending', 0, $1, $5
               FROM chargebook.summaries s CROSS JOIN unnest($2::text[]) AS b(slot)
               WHERE s.state = 'sealed' AND ($3::date IS NULL OR s.business_date = $3)
                 AND NOT EXISTS (SELECT FROM chargebook.summary_deliveries o WHERE o.business_date = s.business_date
                                 AND (($4 AND o.channel LIKE '%/%') OR o.state IN ('accepted', 'sending', 'unknown')))
               ON CONFLICT (business_date, channel) DO UPDATE SET beside = true
               WHERE EXCLUDED.beside AND NOT d.beside"#,
            now,
            &slots,
            date,
            mails == Mails::Apart,
            channels.len() > 1
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        if mails == Mails::Apart && channels.len() > 1 {
            tell_of_books(&mut transaction, channels, now).await?;
        }
        transaction.commit().await.map_err(ledger_error)
    }

    /// What was to go beside others on a channel that is no more goes on those that are, which stand for it from now on.
    async fn hand_over(&self, channels: &[String], now: DateTime<Utc>) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        lock(&mut transaction, MAIL_LOCK).await?;
        sqlx::query!(
            r#"WITH left_over AS (
                   UPDATE chargebook.summary_deliveries SET beside = false
                   WHERE beside AND state IN ('pending', 'failed') AND split_part(channel, '/', 1) <> ALL($2)
                   RETURNING business_date, coalesce('/' || substring(channel FROM '/(.*)$'), '') AS of_book
               )
               INSERT INTO chargebook.summary_deliveries AS d
                   (business_date, channel, state, attempt, updated_at, beside)
               SELECT DISTINCT l.business_date, c.channel || l.of_book, 'pending', 0, $1::timestamptz, true
               FROM left_over l CROSS JOIN unnest($2::text[]) AS c(channel)
               ON CONFLICT (business_date, channel) DO UPDATE SET beside = true WHERE NOT d.beside"#,
            now,
            channels
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        transaction.commit().await.map_err(ledger_error)
    }

    /// Of several channels only what was told to go on this one: a day that was sealed since then is told the next time, else
    /// it would go here and nowhere else.
    async fn due_together(
        &self,
        channel: &str,
        is_of_several: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT s.business_date, a.reference AS "sent_as?" FROM chargebook.summaries s
               LEFT JOIN chargebook.summary_deliveries d ON d.business_date = s.business_date AND d.channel = $1
               LEFT JOIN chargebook.summary_attempts a
                 ON a.business_date = d.business_date AND a.channel = d.channel AND a.attempt = d.attempt
               WHERE s.state = 'sealed'
                 AND NOT EXISTS (SELECT FROM chargebook.summary_deliveries o WHERE o.business_date = s.business_date
                                 AND o.channel <> $1 AND o.state IN ('accepted', 'sending', 'unknown')
                                 AND (d.beside IS NOT TRUE OR NOT o.beside OR split_part(o.channel, '/', 1) = $1))
                 AND ((d.state IS NULL AND NOT $3) OR (d.state = 'pending' AND coalesce(d.retry_at, $2) <= $2))
               ORDER BY s.business_date"#,
            channel,
            now,
            is_of_several
        )
        .fetch_all(&self.pool)
        .await
        .map_err(ledger_error)?;
        let due = |date, sent_as| Due { mail: DayMail::together(date), channel: channel.to_owned(), sent_as };
        Ok(rows.into_iter().map(|row| due(row.business_date, row.sent_as)).collect())
    }

    async fn due_apart(&self, channel: &str, now: DateTime<Utc>) -> Result<Vec<Due>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT m.business_date AS "date!", $1 || '/' || m.account AS "slot!", a.reference AS "sent_as?"
               FROM (SELECT DISTINCT business_date, substring(channel FROM '/(.*)$') AS account
                     FROM chargebook.summary_deliveries WHERE channel LIKE '%/%' AND state IN ('pending', 'failed')) m
               LEFT JOIN chargebook.summary_deliveries d
                 ON d.business_date = m.business_date AND d.channel = $1 || '/' || m.account
               LEFT JOIN chargebook.summary_attempts a
                 ON a.business_date = d.business_date AND a.channel = d.channel AND a.attempt = d.attempt
               WHERE (d.state IS NULL OR (d.state = 'pending' AND coalesce(d.retry_at, $2) <= $2))
                 AND NOT EXISTS (SELECT FROM chargebook.summary_deliveries o WHERE o.business_date = m.business_date
                                 AND o.channel <> $1 || '/' || m.account
                                 AND o.state IN ('accepted', 'sending', 'unknown')
                                 AND (d.beside IS NOT TRUE OR NOT o.beside OR split_part(o.channel, '/', 1) = $1)
                                 AND (m.account <> substring(o.channel FROM '/(.*)$')) IS NOT TRUE)
               ORDER BY m.business_date, m.account COLLATE "C""#,
            channel,
            now
        )
        .fetch_all(&self.pool)
        .await
        .map_err(ledger_error)?;
        rows.into_iter().map(|row| Ok(Due { sent_as: row.sent_as, ..of_slot(row.date, &row.slot)? })).collect()
    }
}
