//! How fast the journal goes out, and in how much memory, beside `psql \copy` of the same rows in the same order.

use std::path::Path;

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock as _;
use chargebook_tests::{binary, fresh_database, scratch_folder};
use chrono::Days;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::process::Command;

use crate::as_admin;
use crate::growth::{A_DAY, STEP, filling};
use crate::latencies::{millis, ratio};
use crate::processes::{Ran, run_to_end};

/// How many postings the past has for each of its disputes: three when its money goes, two when it is decided.
const POSTINGS: usize = 5;

/// How often each is done; the time in the middle counts.
const TIMES: usize = 3;

/// What the program asks for, with the columns that it writes.
const COPY: &str = r"\copy (SELECT e.entry_id, e.posted_on, e.occurred_at, e.account, e.dispute_id,
 (SELECT min(o.order_ref) FROM chargebook.order_resolutions o WHERE o.account = e.account
 AND o.dispute_id = e.dispute_id AND NOT o.ambiguous) AS order_ref, e.kind, e.narration, p.ledger_account,
 p.amount_minor, p.currency FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
 ORDER BY e.posted_on, e.account, e.entry_id, p.line) TO copied.csv WITH (FORMAT csv, HEADER)";

pub(crate) async fn measure(postings: usize) -> Value {
    let (url, _) = fresh_database().await;
    let disputes = postings.div_ceil(POSTINGS);
    println!("filling in {disputes} disputes");
    let mut admin = PgConnection::connect(&as_admin(&url)).await.unwrap();
    let last = SystemClock.now().date_naive() - Days::new(1);
    for from in (0..disputes).step_by(STEP) {
        let [from, to] = [from, disputes.min(from + STEP) - 1].map(|number| i64::try_from(number).unwrap());
        let sql = filling(from, to, (last, last), A_DAY);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }
    sqlx::raw_sql("VACUUM (ANALYZE)").execute(&mut admin).await.unwrap();

    let folder = scratch_folder();
    let copy = || {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-w", "-d", as_admin(&url).as_str(), "-c", &COPY.replace('\n', "")]);
        psql
    };
    let export = |format: &str| {
        let mut export = Command::new(binary());
        export.args([
            "export",
            "journal",
            "--from",
            "1900-01-01",
            "--to",
            "2999-12-31",
            "--format",
            format,
            "--out",
            "exported",
        ]);
        export.env("CHARGEBOOK_DATABASE__URL", &url);
        export
    };
    println!("{:<12} {:>9} {:>12} {:>9} {:>7}", "by", "ms", "postings/s", "of \\copy", "MiB");
    let copied = middle(copy, &folder).await;
    let mut report = json!({ "postings": postings, "copy": told("psql \\copy", &copied, &copied, postings) });
    for format in ["csv", "hledger", "beancount", "netsuite"] {
        let exported = middle(|| export(format), &folder).await;
        report[format] = told(format, &exported, &copied, postings);
    }
    report
}

async fn middle(command: impl Fn() -> Command, folder: &Path) -> Ran {
    let mut ran = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        ran.push(run_to_end(command(), folder).await);
    }
    ran.sort_unstable_by_key(|ran| ran.took);
    ran.swap_remove(TIMES / 2)
}

fn told(by: &str, ran: &Ran, copied: &Ran, postings: usize) -> Value {
    let micros = |ran: &Ran| u64::try_from(ran.took.as_micros()).unwrap();
    let rate = u64::try_from(postings).unwrap() * 1_000_000 / micros(ran);
    let of_copy = ratio(micros(copied), micros(ran));
    println!("{by:<12} {:>9} {rate:>12} {of_copy:>9} {:>7}", millis(micros(ran)), ran.kib / 1024);
    json!({ "us": micros(ran), "postings_per_second": rate, "of_copy": of_copy, "memory_kib": ran.kib })
}
