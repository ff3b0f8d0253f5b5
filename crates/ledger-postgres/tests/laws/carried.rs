//! Law 5 again: what is carried from day to day is what all rows sum to, whoever sealed the days between.

use std::collections::BTreeMap;

use chargebook_domain::ports::{Alias, Aliases, Cause, Ledger, Seal, Summaries};
use chargebook_domain::summary::{DayBooks, Unresolved, compose};
use chargebook_domain::{AccountId, BookRules, Category, Currency, Deltas, DisputeKey, LedgerAccount, Observation};
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::asides::Aside;
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{
    account_movement_entry, alias, cause, date, day, dispute_key, movement, movement_id, observation, usd, withdrawal,
};
use chrono::NaiveDate;
use chrono_tz::Tz;
use sqlx::PgPool;

use crate::apart::of_two_books;
use crate::case::{AFTER, Case, Happening, cases_with_asides, empty};
use crate::sealing::deltas_of;

/// Lets every third day be sealed as by a server of the version before, which carries nothing.
const OLDER_SERVERS: &str = "
    CREATE FUNCTION public.is_older(day date) RETURNS boolean LANGUAGE sql IMMUTABLE
        AS 'SELECT (day - date ''2026-01-01'') % 3 = 1';
    CREATE FUNCTION public.do_not_carry() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_TABLE_NAME <> 'summaries' THEN RETURN NULL; END IF;
        NEW.is_carried := false;
        RETURN NEW;
    END $$;
    CREATE TRIGGER older BEFORE INSERT ON chargebook.summaries FOR EACH ROW
        WHEN (public.is_older(NEW.business_date)) EXECUTE FUNCTION public.do_not_carry();
    CREATE TRIGGER older BEFORE INSERT ON chargebook.carried_balances FOR EACH ROW
        WHEN (public.is_older(NEW.business_date)) EXECUTE FUNCTION public.do_not_carry();
    CREATE TRIGGER older BEFORE INSERT ON chargebook.carried_figures FOR EACH ROW
        WHEN (public.is_older(NEW.business_date)) EXECUTE FUNCTION public.do_not_carry();";

/// Whether a row is in the books through the day `$1` of the zone `$2`, which is sealed or, as `$3` says, not.
const THROUGH: &str = "CASE WHEN sealed_in IS NULL THEN NOT $3 AND (occurred_at AT TIME ZONE $2)::date <= $1
                       ELSE sealed_in <= $1 END";

/// The parts of a day's books that are sums over all of history.
#[derive(PartialEq, Debug)]
struct Sums {
    opening: BTreeMap<(LedgerAccount, Currency), i64>,
    resolved: BTreeMap<Currency, Deltas>,
    unresolved: BTreeMap<Currency, Unresolved>,
}

impl Sums {
    fn of(books: &DayBooks) -> Self {
        let DayBooks { opening, resolved, unresolved, .. } = books.clone();
        Self { opening, resolved, unresolved }.without_zeros()
    }

    /// Where a movement was tied its currency may be left without a figure.
    fn without_zeros(mut self) -> Self {
        self.unresolved.retain(|_, sums| *sums != Unresolved::default());
        self
    }
}

/// A day as the plain sums are asked for.
struct Asked<'a> {
    pool: &'a PgPool,
    date: NaiveDate,
    zone: &'a str,
    sealed: bool,
    /// What is dated before it, and not sealed, is the opening of the first day.
    start: Option<NaiveDate>,
    book: Option<&'a AccountId>,
}

impl Asked<'_> {
    /// A name, a currency and sums a row.
    async fn rows(&self, sql: String) -> Vec<(String, Currency, Vec<i64>)> {
        let rows: Vec<(String, String, Vec<i64>)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(self.date)
            .bind(self.zone)
            .bind(self.sealed)
            .bind(self.book.map(AccountId::as_str))
            .fetch_all(self.pool)
            .await
            .unwrap();
        rows.into_iter().map(|(name, code, sums)| (name, Currency::parse(&code).unwrap(), sums)).collect()
    }

    async fn sums(&self) -> Sums {
        let start = self.start.unwrap_or_default();
        let opening = self
            .rows(format!(
                "SELECT p.ledger_account, p.currency, ARRAY[sum(p.amount_minor)::bigint]
                 FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
                 WHERE CASE WHEN sealed_in IS NULL THEN NOT $3 AND (occurred_at AT TIME ZONE $2)::date < '{start}'
                            ELSE sealed_in < $1 END
                   AND ($4::text IS NULL OR account = $4)
                 GROUP BY 1, 2"
            ))
            .await;
        let resolved = self
            .rows(format!(
                "SELECT '', currency, ARRAY[sum(recovered_delta_minor), sum(loss_delta_minor), sum(fee_delta_minor),
                        sum(fx_delta_minor), sum(pending_delta_minor), sum(suspense_delta_minor), sum(net_delta_minor),
                        sum(closed_delta), sum(won_delta), sum(lost_delta)]::bigint[]
                 FROM chargebook.resolutions
                 WHERE {THROUGH} AND ($4::text IS NULL OR account = $4)
                 GROUP BY currency"
            ))
            .await;
        let account = |name: &str| LedgerAccount::parse(name).unwrap();
        let sums = Sums {
            opening: opening.into_iter().map(|(name, currency, sums)| ((account(&name), currency), sums[0])).collect(),
            resolved: resolved.into_iter().map(|(_, currency, sums)| (currency, deltas_of(&sums))).collect(),
            unresolved: self.unresolved().await,
        };
        sums.without_zeros()
    }

    /// Of every movement and reversal, whether its dispute is decided or not, and then only of the undecided.
    async fn unresolved(&self) -> BTreeMap<Currency, Unresolved> {
        let rows = self
            .rows(format!(
                "WITH entries AS (
                     SELECT account, entry_id FROM chargebook.journal_entries WHERE {THROUGH}
                 ), booked AS (
                     SELECT m.account, coalesce(m.dispute_id, t.dispute_id) AS dispute_id, m.currency, m.category,
                            m.amount_minor, m.fee_minor, m.net_minor
                     FROM chargebook.movements m
                     JOIN entries e ON e.account = m.account AND e.entry_id = 'movement:' || m.movement_id
                     LEFT JOIN (SELECT t.*, m.occurred_at FROM chargebook.movement_ties t
                                JOIN chargebook.movements m USING (account, movement_id)) t
                       ON t.account = m.account AND t.movement_id = m.movement_id
                          AND CASE WHEN t.sealed_in IS NULL
                                   THEN NOT $3 AND (t.occurred_at AT TIME ZONE $2)::date <= $1 ELSE t.sealed_in <= $1 END
                     UNION ALL
                     SELECT m.account, m.dispute_id, m.currency, m.category, m.amount_minor, m.fee_minor, m.net_minor
                     FROM chargebook.dispute_movements m
                     JOIN entries e ON e.account = m.account AND e.entry_id = m.movement_id
                     UNION ALL
                     SELECT m.account, m.dispute_id, m.currency, m.category, -m.amount_minor, -m.fee_minor, -m.net_minor
                     FROM chargebook.dispute_aliases a JOIN chargebook.dispute_movements m USING (account, dispute_id)
                     JOIN entries e ON e.account = m.account AND e.entry_id = 'reversal:' || m.movement_id
                 ), decided AS (
                     SELECT account, dispute_id FROM chargebook.resolutions WHERE {THROUGH}
                     GROUP BY account, dispute_id HAVING sum(closed_delta) > 0
                 ), valued AS (
                     SELECT currency, dispute_id IS NULL AS of_account,
                            fee_minor - CASE WHEN category = 'fee' THEN amount_minor ELSE 0 END AS fee,
                            CASE WHEN category IN ('withdrawal', 'reinstatement') THEN -amount_minor ELSE 0 END
                              AS principal,
                            amount_minor - fee_minor - net_minor
                              - CASE WHEN category = 'other' THEN amount_minor ELSE 0 END AS suspense
                     FROM booked b
                     WHERE ($4::text IS NULL OR account = $4)
                       AND NOT EXISTS (SELECT FROM decided d
                                       WHERE d.account = b.account AND d.dispute_id = b.dispute_id)
                 )
                 SELECT '', currency, ARRAY[
                     coalesce(sum(fee) FILTER (WHERE NOT of_account), 0),
                     coalesce(sum(principal) FILTER (WHERE NOT of_account), 0),
                     coalesce(sum(suspense) FILTER (WHERE NOT of_account), 0),
                     coalesce(sum(fee) FILTER (WHERE of_account), 0),
                     coalesce(sum(suspense) FILTER (WHERE of_account), 0)]::bigint[]
                 FROM valued GROUP BY currency"
            ))
            .await;
        let unresolved = |sums: Vec<i64>| Unresolved {
            undecided_fee_minor: sums[0],
            undecided_principal_minor: sums[1],
            undecided_suspense_minor: sums[2],
            account_fee_minor: sums[3],
            account_suspense_minor: sums[4],
        };
        rows.into_iter().map(|(_, currency, sums)| (currency, unresolved(sums))).collect()
    }
}

/// Compares a day of each book, and of all together; answers whether it is sealed and something was carried to it.
async fn check(case: &Case, pool: &PgPool, ledger: &PostgresLedger, day: NaiveDate) -> bool {
    let of_all = ledger.books(&case.seal(day), None).await.unwrap();
    let opened = ledger.sealed(case.rules.time_zone).await.unwrap().last.is_some();
    for book in [None].into_iter().chain(of_all.books.iter().cloned().map(Some)) {
        let books = ledger.books(&case.seal(day), book.clone()).await.unwrap();
        let start = case.books_start.filter(|_| !opened);
        let zone = case.rules.time_zone.name();
        let asked = Asked { pool, date: day, zone, sealed: books.sealed, start, book: book.as_ref() };
        assert_eq!(Sums::of(&books), asked.sums().await, "case {}, {day}, {book:?}", case.number);
    }
    let carried = "SELECT EXISTS (SELECT FROM chargebook.summaries WHERE is_carried AND business_date = $1)";
    sqlx::query_scalar(carried).bind(day).fetch_one(pool).await.unwrap()
}

/// Money of the account: a kind, a day and a book that differ from step to step; every third is tied to a dispute.
pub(crate) async fn move_money_of_account(case: &Case, ledger: &PostgresLedger, step: i64) {
    let id = format!("txn_of_account_{step}");
    let category = [Category::Fee, Category::Other][usize::try_from(step % 2).unwrap()];
    let (account, dispute) = if step % 4 < 2 { (AccountId::own(), "du_1") } else { (book_of_du_2(), "du_2") };
    let entry = account_movement_entry(
        movement(&id, category, day(step % 8), -100 - step, 3),
        Cause { account: account.clone(), ..cause(&format!("evt_of_account_{step}")) },
    );
    ledger.record(&[entry], case.now).await.unwrap();
    if step % 3 == 0 {
        let tie = Aside::Tie(movement_id(&id), DisputeKey { account, ..dispute_key(dispute) });
        tie.happen(ledger.clone(), case.rules, case.now).await;
    }
}

fn book_of_du_2() -> AccountId {
    AccountId::parse("acct_1").unwrap()
}

/// Joins the two disputes of some cases, the one or the other being the double; at some moment both are known.
pub(crate) async fn join(case: &Case, ledger: &PostgresLedger) {
    let (first, second) = (dispute_key("du_1"), DisputeKey { account: book_of_du_2(), ..dispute_key("du_2") });
    let (double, same_as) = match case.number % 4 {
        1 => (second, first),
        3 => (first, second),
        _ => return,
    };
    ledger.join(&Alias { joined_at: case.now, ..alias(&double, &same_as) }).await.unwrap();
    case.sweep(ledger.clone()).await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_is_carried_is_the_sum_of_all_rows(pool: PgPool) {
    sqlx::raw_sql(OLDER_SERVERS).execute(&pool).await.unwrap();
    let (mut on_carried, mut on_others) = (0, 0);
    for case in cases_with_asides().map(of_two_books) {
        empty(&pool).await;
        let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
        for (step, happening) in (0..).zip(&case.happenings) {
            case.let_happen(&ledger, happening).await;
            move_money_of_account(&case, &ledger, step).await;
            if step % 3 == 2 {
                join(&case, &ledger).await;
            }
            if step % 2 == 1 && case.next_day(&ledger).await <= date(AFTER) {
                case.let_happen(&ledger, &Happening::SealNextDay).await;
            }
            let next = case.next_day(&ledger).await;
            for day in [next.pred_opt().unwrap(), next] {
                check(&case, &pool, &ledger, day).await;
            }
        }
        while case.next_day(&ledger).await <= date(AFTER) {
            case.let_happen(&ledger, &Happening::SealNextDay).await;
        }
        for day in case.books_start.unwrap_or(date(0)).iter_days().take_while(|day| *day <= date(AFTER)) {
            let count = if check(&case, &pool, &ledger, day).await { &mut on_carried } else { &mut on_others };
            *count += 1;
        }
    }
    assert!(on_carried > 16 && on_others > 16, "{on_carried} days with carried sums, {on_others} without");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_double_is_undecided_in_the_days_before_its_reversal_also_once_it_is_closed(pool: PgPool) {
    let ledger = PostgresLedger::new(pool, OrderSource::Table);
    let seal = |days| Seal { date: date(days), zone: Tz::UTC, books_start: None, now: day(AFTER) };
    let (counts, double) = (dispute_key("du_1"), dispute_key("du_2"));
    for (key, of) in [(&counts, "1"), (&double, "2")] {
        let movements = vec![withdrawal(&format!("txn_{of}"), day(1), 10_000, 1_500)];
        let opened =
            Observation { key: key.clone(), movements, ..observation(&format!("evt_{of}"), "needs_response", day(1)) };
        book(&ledger, key, &[opened], BookRules::default(), day(1)).await.unwrap();
    }
    assert!(ledger.seal(&seal(1)).await.unwrap());
    let before = ledger.books(&seal(1), None).await.unwrap();
    assert_eq!(before.unresolved[&usd()].undecided_principal_minor, 20_000);

    ledger.join(&alias(&double, &counts)).await.unwrap();
    let lost = Observation { key: double.clone(), ..observation("evt_3", "lost", day(2)) };
    book(&ledger, &double, &[lost], BookRules::default(), day(2)).await.unwrap();
    assert_eq!(ledger.books(&seal(1), None).await.unwrap().unresolved, before.unresolved);
    assert!(ledger.seal(&seal(2)).await.unwrap());
    assert_eq!(ledger.books(&seal(1), None).await.unwrap().unresolved, before.unresolved);
    let after = ledger.books(&seal(2), None).await.unwrap();
    assert_eq!(after.unresolved[&usd()].undecided_principal_minor, 10_000);
    assert!(compose(&after).unwrap().proven());
}
