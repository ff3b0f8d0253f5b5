//! What a day with many decisions costs over a long past: to seal it, to write its mail, and all of that by the program, beside the
//! bare SQL that stamps and sums the same rows.

use std::time::{Duration, Instant};

use chargebook::clock::SystemClock;
use chargebook::mail::{MailStyle, write};
use chargebook_domain::BookRules;
use chargebook_domain::ports::{Clock as _, Seal, Summaries as _};
use chargebook_domain::summary::compose;
use chargebook_ledger_postgres::{OrderSource, PostgresLedger};
use chargebook_tests::{binary, fresh_database, scratch_folder};
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::process::Command;

use crate::as_admin;
use crate::growth::{A_DAY, STEP, filling};
use crate::latencies::{millis, ratio};
use crate::processes::{Ran, run_to_end};

/// How often the bare statements are made; the time in the middle counts.
const TIMES: usize = 5;

/// The rows of the day that no summary has sealed.
const UNSEALED: &str = "sealed_in IS NULL AND (occurred_at AT TIME ZONE 'UTC')::date <= '{day}'";

/// Puts the rows into the day.
const STAMP: [&str; 2] = [
    "UPDATE chargebook.journal_entries SET sealed_in = '{day}' WHERE {unsealed}",
    "UPDATE chargebook.resolutions SET sealed_in = '{day}' WHERE {unsealed}",
];

/// What the mail says of them, in sums.
const SUM: [&str; 2] = [
    "SELECT currency, outcome, count(*), sum(recovered_delta_minor), sum(loss_delta_minor), sum(fee_delta_minor),
            sum(fx_delta_minor), sum(pending_delta_minor), sum(suspense_delta_minor), sum(net_delta_minor)
     FROM chargebook.resolutions WHERE {unsealed} GROUP BY 1, 2",
    "SELECT p.ledger_account, p.currency, e.kind, sum(p.amount_minor)
     FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
     WHERE {unsealed} GROUP BY 1, 2, 3",
];

pub(crate) async fn measure(disputes: usize, closed: usize) -> Value {
    let (url, _) = fresh_database().await;
    println!("filling in {disputes} disputes");
    let mut admin = PgConnection::connect(&as_admin(&url)).await.unwrap();
    let past = SystemClock.now().date_naive() - Days::new(4);
    let number = |count: usize| i64::try_from(count).unwrap();
    for from in (0..disputes).step_by(STEP) {
        let to = number(disputes.min(from + STEP)) - 1;
        execute(&mut admin, &filling(number(from), to, (past, past), A_DAY)).await;
    }
    let ledger = PostgresLedger::connect_lazy(&url, 2, OrderSource::Table).unwrap();
    let seal = |date| Seal { date, zone: BookRules::default().time_zone, books_start: None, now: SystemClock.now() };
    // Sums all of the past that was filled in, which in life no seal does but the first after an upgrade.
    let (quiet, day) = (past + Days::new(1), past + Days::new(2));
    execute(&mut admin, &filling(-number(closed), -1, (quiet, past), closed)).await;
    assert!(ledger.seal(&seal(quiet)).await.unwrap());
    execute(&mut admin, "VACUUM (ANALYZE)").await;
    execute(&mut admin, "CHECKPOINT").await;

    let stamped = bare(&mut admin, &[STAMP, SUM].concat(), day).await;
    let summed = bare(&mut admin, &SUM, day).await;
    let Ran { took: program, kib } = by_program(&url, day).await;
    let sealed = seal(day);
    let begun = Instant::now();
    let books = ledger.books(&sealed, None).await.unwrap();
    let read = begun.elapsed();
    let summary = compose(&books).unwrap();
    assert!(summary.sealed && summary.proven(), "its figures agree: {:?}", summary.proof);
    assert_eq!(summary.closed(), closed, "the day is whole");
    let mail = write(&summary, &MailStyle::default(), None);
    let written = begun.elapsed();
    drop(mail);

    println!("{:<44} {:>9} {:>12}", "", "ms", "of bare SQL");
    for (name, took) in [
        ("bare SQL: sums", summed),
        ("bare SQL: stamps and sums", stamped),
        ("the program, from start to end", program),
        ("of it, reading what was kept", read),
        ("of it, reading and writing the mail", written),
    ] {
        println!("{name:<44} {:>9} {:>12}", millis(micros(took)), ratio(micros(took), micros(stamped)));
    }
    println!("the program held {} MiB", kib / 1024);
    json!({
        "disputes": disputes, "closed": closed, "sums_us": micros(summed), "stamps_and_sums_us": micros(stamped),
        "program_us": micros(program), "read_us": micros(read), "written_us": micros(written), "memory_kib": kib
    })
}

/// The statements in a transaction that is undone.
async fn bare(admin: &mut PgConnection, statements: &[&str], day: NaiveDate) -> Duration {
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let mut transaction = admin.begin().await.unwrap();
        let begun = Instant::now();
        // The sums are of the same rows, which bear the day by then.
        let mut unsealed = UNSEALED;
        for statement in statements {
            let sql = statement.replace("{unsealed}", unsealed).replace("{day}", &day.to_string());
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await.unwrap();
            if *statement == STAMP[1] {
                unsealed = "sealed_in = '{day}'";
            }
        }
        took.push(begun.elapsed());
        transaction.rollback().await.unwrap();
    }
    took.sort_unstable();
    took[TIMES / 2]
}

/// Seals the day and writes its mail to a folder.
async fn by_program(url: &str, day: NaiveDate) -> Ran {
    let mut command = Command::new(binary());
    command.args(["summary", "send", "--date", &day.to_string()]).env("CHARGEBOOK_DATABASE__URL", url);
    run_to_end(command, &scratch_folder()).await
}

async fn execute(admin: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(admin).await.unwrap();
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}
