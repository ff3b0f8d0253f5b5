//! Stripe's itemised report.

use chargebook_source_stripe::read_report;

use super::check_nobody_is_named;

pub(crate) const WORDS: &[&str] = &[
    "balance_transaction_id",
    "created_utc",
    "created",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "source_id",
    "description",
    "dispute",
    "dispute_reversal",
    "charge",
    ",",
    "\"",
    "\n",
    "\r\n",
    "usd",
    "jpy",
    "kwd",
    "zzz",
    "-124.00",
    "0.001",
    "2026-09-01 09:00:00",
    "txn_1",
    "du_1",
];

const REPORT: &str = "\
balance_transaction_id,created_utc,created,currency,gross,fee,net,reporting_category,source_id,charge_id,description
txn_1,2026-09-01 09:00:00,2026-09-01 02:00:00,usd,-124.00,15.00,-139.00,dispute,du_1,ch_1,Chargeback of Pia Fictional
txn_2,whenever,,usd,not read,,,charge,ch_1,ch_1,
txn_3,2026-09-30 23:59:59,,jpy,1500,0,1500,dispute_reversal,,,\"a, \"\"b\"\"\"
txn_4,2026-09-30 00:00:00,,kwd,-1.230,-0.5,-0.73,dispute,du_4,,
";

/// A refused report is refused by line and column, and never shows what stands there; of a good one each movement stands
/// there once.
pub(crate) fn run(input: &[u8]) {
    match read_report(input) {
        Ok(movements) => {
            let mut ids: Vec<_> = movements.iter().map(|movement| &movement.id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), movements.len());
        }
        Err(error) => check_nobody_is_named(&error.to_string()),
    }
}

pub(crate) fn corpus() -> Vec<Vec<u8>> {
    vec![REPORT.as_bytes().to_vec(), REPORT.replace('\n', "\r\n").into_bytes()]
}
