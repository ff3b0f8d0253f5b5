//! The file of orders.

use chargebook::order_file::read;
use chargebook_domain::{ChargeId, Money, OrderPayment, PaymentIntentId};

use super::{check_nobody_is_named, shop_body::check_payment};
use crate::corpus;

pub(crate) const WORDS: &[&str] = &[
    "order_ref",
    "charge_id",
    "payment_intent_id",
    "amount",
    "currency",
    "customer_email",
    "placed_at",
    "refunded",
    "card_brand",
    ",",
    "\"",
    "\"\"",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\u{feff}",
    "12.34",
    "-1",
    ".5",
    "5.",
    "1e3",
    "USD",
    "jpy",
    "kwd",
    "zzz",
    "2026-03-01",
    "2026-03-01T12:30:00+01:00",
    "2026-03-01 12:30:00",
    "2026-02-30",
    "+262142-12-31",
    "visa",
    "pia.fictional@example.test",
    " ",
    "ch_1",
    "pi_1",
];

/// A refused file is refused by its lines, and never shows what stands there; a good one says the same when it is written
/// anew.
pub(crate) fn run(input: &[u8]) {
    match read(input) {
        Ok(payments) => {
            payments.iter().for_each(check_payment);
            assert!(payments.iter().all(|it| it.amount.minor() >= 0));
            assert_eq!(read(written(&payments).as_slice()).as_ref(), Ok(&payments));
        }
        Err(bad) => {
            let ends = input.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
            assert!((1..=20).contains(&bad.len()), "{} bad lines", bad.len());
            for line in &bad {
                assert!((1..=ends as u64 + 1).contains(&line.line), "{line} of {ends}");
                check_nobody_is_named(&line.to_string());
            }
        }
    }
}

fn written(payments: &[OrderPayment]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = WORDS.iter().take(9);
    writer.write_record(header).unwrap();
    for payment in payments {
        let currency = payment.amount.currency();
        let major = |minor| Money::new(minor, currency).to_major().unwrap().to_string();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let fields = [
            payment.order_ref.to_string(),
            text(payment.charge.as_ref().map(ChargeId::as_str)),
            text(payment.payment_intent.as_ref().map(PaymentIntentId::as_str)),
            major(payment.amount.minor()),
            currency.to_string(),
            text(payment.customer_email.as_deref()),
            payment.placed_at.map(|at| at.to_rfc3339()).unwrap_or_default(),
            payment.refunded_minor.map(major).unwrap_or_default(),
            text(payment.card_brand.as_deref()),
        ];
        writer.write_record(fields).unwrap();
    }
    writer.into_inner().unwrap()
}

pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let orders = corpus::told().into_iter().flat_map(|story| story.orders);
    let payments: Vec<_> = orders.map(|order| OrderPayment::try_from(&order).unwrap()).collect();
    let manual = corpus::file("docs/orders.md");
    let block = manual.split("```csv\n").nth(1).unwrap().split("```").next().unwrap();
    vec![
        written(&payments),
        written(&payments[..3]),
        block.as_bytes().to_vec(),
        b"\xef\xbb\xbf".iter().chain(block.as_bytes()).copied().collect(),
    ]
}
