//! What people say and do by hand: ties, reclassifications, adjustments, and periods that are closed.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use std::path::PathBuf;

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_tests::{Ran, Server, dispute, event, fresh_database, movement, run, scratch_folder};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::PgPool;

const SIGNED: [&str; 4] = ["--by", "Ana", "--reason", "the invoice of October"];

struct Shop {
    url: String,
    pool: PgPool,
    folder: PathBuf,
    /// When its dispute's money moved.
    moved_at: DateTime<Utc>,
}

impl Shop {
    /// A shop with a lost dispute of 100.00, of which 2.50 that nobody knows were taken as well, and a fee of the account.
    async fn open() -> Self {
        let (url, _) = fresh_database().await;
        let pool = PgPool::connect(&url).await.unwrap();
        let moved_at = (SystemClock.now() - TimeDelta::days(5)).date_naive().and_time(NaiveTime::MIN).and_utc();
        let server = Server::start(&url, &[]).await;
        let mut unknown = movement("txn_odd", -250, 0, moved_at);
        unknown["reporting_category"] = "other_adjustment".into();
        let lost = dispute("du_1", "lost", &[movement("txn_1", -10_000, 1500, moved_at), unknown]);
        assert_eq!(server.send(&event("evt_1", moved_at, &lost)).await.word, "recorded");
        assert_eq!(server.stop().await, 0);
        for sql in [
            "INSERT INTO chargebook.movements (account, movement_id, category, amount_minor, fee_minor, net_minor, currency,
                                               occurred_at, stripe_type)
             VALUES ('default', 'txn_fee', 'fee', -1500, 0, -1500, 'usd', $1, 'stripe_fee')",
            "INSERT INTO chargebook.journal_entries (account, entry_id, kind, occurred_at, posted_on, recorded_at, narration)
             VALUES ('default', 'movement:txn_fee', 'movement', $1, ($1 AT TIME ZONE 'UTC')::date, $1, 'a fee')",
        ] {
            sqlx::query(sql).bind(moved_at).execute(&pool).await.unwrap();
        }
        let postings =
            "INSERT INTO chargebook.postings (account, entry_id, line, ledger_account, amount_minor, currency)
            VALUES ('default', 'movement:txn_fee', 1, 'assets:stripe-balance', -1500, 'usd'),
                   ('default', 'movement:txn_fee', 3, 'expenses:dispute-fees', 1500, 'usd')";
        sqlx::query(postings).execute(&pool).await.unwrap();
        Self { url, pool, folder: scratch_folder(), moved_at }
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        run(&self.folder, &[("CHARGEBOOK_DATABASE__URL", self.url.as_str())], arguments).await
    }

    async fn signed(&self, arguments: &[&str]) -> Ran {
        self.run(&[arguments, &SIGNED].concat()).await
    }

    /// Each account of the trial balance that does not stand at zero.
    async fn balances(&self) -> Vec<(String, i64)> {
        let balances =
            "SELECT ledger_account, balance_minor FROM chargebook.trial_balance WHERE balance_minor <> 0 ORDER BY 1";
        sqlx::query_as(balances).fetch_all(&self.pool).await.unwrap()
    }

    /// Fee, suspense and net of the dispute.
    async fn figures(&self) -> (i64, i64, i64) {
        let figures = "SELECT fee_minor, suspense_minor, net_minor FROM chargebook.dispute_report";
        sqlx::query_as(figures).fetch_one(&self.pool).await.unwrap()
    }

    async fn entries(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM chargebook.journal_entries").fetch_one(&self.pool).await.unwrap()
    }

    fn day(&self, days_after: u64) -> NaiveDate {
        self.moved_at.date_naive() + Days::new(days_after)
    }
}

fn balance(account: &str, minor: i64) -> (String, i64) {
    (account.to_owned(), minor)
}

#[tokio::test]
async fn a_fee_of_the_account_is_tied_to_its_dispute_and_the_journal_stays() {
    let shop = Shop::open().await;
    let untied = shop.run(&["movements", "list", "--untied", "--json"]).await;
    let untied: Value = serde_json::from_str(&untied.out).unwrap();
    assert_eq!((untied[0]["movement_id"].as_str(), untied.as_array().unwrap().len()), (Some("txn_fee"), 1));
    assert_eq!(shop.figures().await, (1_500, 250, -11_750));

    let (balances, entries) = (shop.balances().await, shop.entries().await);
    let tied = shop.signed(&["movements", "tie", "txn_fee", "du_1"]).await;
    assert_eq!((tied.code, tied.out.trim()), (0, "Movement txn_fee is tied to dispute du_1."), "{tied:?}");
    let again = shop.signed(&["movements", "tie", "txn_fee", "du_1"]).await;
    assert_eq!((again.code, again.out.trim()), (0, "Movement txn_fee was tied to du_1 before."));
    assert_eq!(shop.figures().await, (3_000, 250, -13_250));
    assert_eq!((shop.balances().await, shop.entries().await), (balances, entries));
    let who: (String, String) =
        sqlx::query_as("SELECT tied_by, reason FROM chargebook.movement_ties").fetch_one(&shop.pool).await.unwrap();
    assert_eq!(who, ("Ana".to_owned(), "the invoice of October".to_owned()));
    let none = shop.run(&["movements", "list", "--untied"]).await;
    assert_eq!(none.out.trim(), "No movements.");
    let own = shop.signed(&["movements", "tie", "txn_1", "du_1"]).await;
    assert!(own.code == 1 && own.err.contains("its source says so"), "{own:?}");
    let unknown = shop.signed(&["movements", "tie", "txn_no", "du_1"]).await;
    assert!(unknown.code == 1 && unknown.err.contains("no movement txn_no is in book default"), "{unknown:?}");
}

#[tokio::test]
async fn what_is_in_suspense_is_booked_as_what_it_is_on_the_day_that_is_named() {
    let shop = Shop::open().await;
    let on = shop.day(2).to_string();
    let reclassify = ["movements", "reclassify", "txn_odd", "--as", "fee", "--date", on.as_str()];
    let ran = shop.signed(&reclassify).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(shop.figures().await, (1_750, 0, -11_750));
    assert_eq!(
        shop.balances().await,
        [
            balance("assets:stripe-balance", -13_250),
            balance("expenses:chargeback-losses", 10_000),
            balance("expenses:dispute-fees", 3_250)
        ]
    );
    let entry: (String, NaiveDate, String) = sqlx::query_as(
        "SELECT entry_id, posted_on, narration FROM chargebook.journal_entries WHERE kind = 'reclassification'",
    )
    .fetch_one(&shop.pool)
    .await
    .unwrap();
    assert_eq!((entry.0.as_str(), entry.1), ("reclassification:txn_odd", shop.day(2)));
    assert!(entry.2.contains("the invoice of October"), "{entry:?}");
    let again = shop.signed(&reclassify).await;
    assert!(again.code == 0 && again.out.contains("was booked as fee of dispute du_1 before"), "{again:?}");
    let otherwise = shop.signed(&["movements", "reclassify", "txn_odd", "--as", "principal"]).await;
    assert!(
        otherwise.code == 1 && otherwise.err.contains("nothing of movement txn_odd is in suspense"),
        "{otherwise:?}"
    );
    let in_suspense = shop.run(&["movements", "list", "--suspense"]).await;
    assert_eq!(in_suspense.out.trim(), "No movements.");
}

#[tokio::test]
async fn what_cannot_be_reclassified_says_why_and_nothing_is_written() {
    let shop = Shop::open().await;
    let before = shop.entries().await;
    let (early, late) = ((shop.day(0) - Days::new(1)).to_string(), shop.day(30).to_string());
    for (id, date, code, message) in [
        ("txn_odd", early.as_str(), 2, "--date: a reclassification of movement txn_odd can't be dated before"),
        ("txn_odd", late.as_str(), 2, "--date: a reclassification can't be dated in the future"),
        ("txn_1", on_the_day(&shop).as_str(), 1, "nothing of movement txn_1 is in suspense"),
        ("txn_fee", on_the_day(&shop).as_str(), 1, "is the account's own: tie it to its dispute first"),
    ] {
        let ran = shop.signed(&["movements", "reclassify", id, "--as", "principal", "--date", date]).await;
        assert!(ran.code == code && ran.err.contains(message), "{ran:?}");
    }
    assert_eq!(shop.entries().await, before);
}

fn on_the_day(shop: &Shop) -> String {
    shop.day(0).to_string()
}

#[tokio::test]
async fn an_adjustment_is_booked_once_and_a_wrong_one_not_at_all() {
    let shop = Shop::open().await;
    let before = shop.entries().await;
    let adjust = |key, debit, credit| {
        ["journal", "adjust", "--currency", "usd", "--key", key, "--debit", debit, "--credit", credit]
    };
    let (fees, suspense) = ("expenses:dispute-fees=2.50", "assets:disputes-suspense=2.50");
    for (arguments, message) in [
        (adjust("a", "expenses:dispute-fee=2.50", suspense), "--debit: there is no account \"expenses:dispute-fee\""),
        (adjust("a", fees, "assets:disputes-suspense=2.51"), "is off by -1 minor units of USD"),
        (adjust("a", fees, "assets:disputes-suspense=2.505"), "--credit: "),
        (adjust("a", fees, "assets:disputes-suspense=-2.50"), "--credit: an amount must be greater than 0"),
    ] {
        let ran = shop.signed(&arguments).await;
        assert!(ran.code == 2 && ran.err.contains(message), "{ran:?}");
    }
    let future = shop.day(30).to_string();
    let ran = shop.signed(&[&adjust("a", fees, suspense)[..], &["--date", &future]].concat()).await;
    assert!(ran.code == 2 && ran.err.contains("--date: an adjustment can't be dated in the future"), "{ran:?}");
    let ran = shop.signed(&[&adjust("a", fees, suspense)[..], &["--dispute", "du_9"]].concat()).await;
    assert!(ran.code == 2 && ran.err.contains("--dispute: no dispute default/du_9 is in the books"), "{ran:?}");
    assert_eq!(shop.entries().await, before, "nothing was written");

    let kept = shop.signed(&[&adjust("a", fees, suspense)[..], &["--dispute", "du_1"]].concat()).await;
    assert_eq!((kept.code, kept.out.trim()), (0, "Entry adjustment:a is in the journal."), "{kept:?}");
    let again = shop.signed(&[&adjust("a", fees, suspense)[..], &["--dispute", "du_1"]].concat()).await;
    assert_eq!((again.code, again.out.trim()), (0, "Entry adjustment:a was in the journal before, exactly so."));
    let other = shop.signed(&adjust("a", fees, suspense)).await;
    assert!(other.code == 1 && other.err.contains("an adjustment with the key a is in the journal"), "{other:?}");
    assert_eq!(shop.entries().await, before + 1);
    assert_eq!(shop.figures().await, (1_500, 250, -11_750), "no figure changes");
}

#[tokio::test]
async fn what_arrives_for_a_closed_period_is_posted_after_it_with_its_date() {
    let shop = Shop::open().await;
    let (first, second) = (shop.day(2), shop.day(3));
    let close = async |through: NaiveDate| shop.signed(&["journal", "close", "--through", &through.to_string()]).await;
    let closed = close(first).await;
    assert!(closed.code == 0 && closed.out.contains(&format!("The books are closed through {first}.")), "{closed:?}");
    assert!(closed.out.contains("assets:stripe-balance") && closed.out.contains("-132.50"), "{closed:?}");
    assert_eq!(close(first).await.code, 0, "again is the same");
    let earlier = close(shop.day(1)).await;
    assert!(earlier.code == 2 && earlier.err.contains("closed through"), "{earlier:?}");
    let not_over = close(SystemClock.now().date_naive()).await;
    assert!(not_over.code == 2 && not_over.err.contains("is not over in UTC"), "{not_over:?}");

    let on = first.to_string();
    for arguments in [
        vec!["movements", "reclassify", "txn_odd", "--as", "fee", "--date", &on],
        vec![
            "journal",
            "adjust",
            "--key",
            "a",
            "--currency",
            "usd",
            "--date",
            &on,
            "--debit",
            "expenses:dispute-fees=1",
            "--credit",
            "assets:stripe-balance=1",
        ],
    ] {
        let ran = shop.signed(&arguments).await;
        assert!(ran.code == 2 && ran.err.contains(&format!("--date: the books are closed through {first}")), "{ran:?}");
    }

    let server = Server::start(&shop.url, &[]).await;
    let back = movement("txn_2", 10_000, 0, shop.moved_at + TimeDelta::hours(1));
    let won = dispute("du_1", "won", &[back]);
    assert_eq!(server.send(&event("evt_2", shop.moved_at + TimeDelta::hours(2), &won)).await.word, "recorded");
    assert_eq!(server.stop().await, 0);
    let late: Vec<(String, NaiveDate, String)> = sqlx::query_as(
        "SELECT entry_id, posted_on, narration FROM chargebook.journal_entries
         WHERE posted_on > (occurred_at AT TIME ZONE 'UTC')::date ORDER BY entry_id",
    )
    .fetch_all(&shop.pool)
    .await
    .unwrap();
    assert!(late.iter().any(|(id, ..)| id == "movement:txn_2"), "{late:?}");
    for (id, posted_on, narration) in &late {
        assert_eq!(*posted_on, second, "{id}");
        assert!(narration.ends_with(&format!("(of {}, which is closed)", shop.day(0))), "{narration}");
    }
    let closings = shop.run(&["journal", "closings", "--json"]).await;
    let closings: Value = serde_json::from_str(&closings.out).unwrap();
    assert_eq!(
        (closings[0]["closed_through"].as_str(), closings[0]["closed_by"].as_str()),
        (Some(on.as_str()), Some("Ana"))
    );
}
