//! The domain alone, in a service of your own: observations go in, and a journal and figures come out.
//!
//! `cargo run -p chargebook-domain --example embed`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use chargebook_domain::{
    AccountId, Basis, BookRules, Category, CauseId, Change, Claims, Currency, DisputeId, DisputeKey, Money, Movement,
    MovementId, Observation, Status, Stored, decide, steps,
};
use chrono::{DateTime, TimeDelta, Utc};

fn main() -> Result<(), Box<dyn Error>> {
    let rules = BookRules::default();

    // A dispute is opened, money and a fee are taken, and it is lost 40 days later.
    let taken = movement("txn_1", Category::Withdrawal, day(1)?, (-10_000, 1_500))?;
    let lost = [
        observation("du_lost", ("evt_1", "needs_response", day(0)?), vec![])?,
        observation("du_lost", ("evt_2", "needs_response", day(1)?), vec![taken.clone()])?,
        observation("du_lost", ("evt_3", "lost", day(40)?), vec![taken])?,
    ];
    show(&decide(&lost[0].key, &Stored::default(), &lost, rules)?, rules)?;

    // Another is won, and the money comes back. The events come in another order, and one of them twice: the books
    // are the same.
    let taken = movement("txn_2", Category::Withdrawal, day(1)?, (-10_000, 1_500))?;
    let returned = movement("txn_3", Category::Reinstatement, day(30)?, (10_000, 0))?;
    let won = observation("du_won", ("evt_5", "won", day(30)?), vec![taken.clone(), returned])?;
    let opened = observation("du_won", ("evt_4", "needs_response", day(1)?), vec![taken])?;
    show(&decide(&won.key, &Stored::default(), &[won.clone(), opened, won.clone()], rules)?, rules)
}

/// What a ledger would record, and what the dispute comes to.
fn show(change: &Change, rules: BookRules) -> Result<(), Box<dyn Error>> {
    println!("{}: {}, {}", change.key, change.dispute.outcome.as_str(), change.dispute.bucket.as_str());
    for entry in &change.entries {
        println!("  {}  {}", entry.posted_on(), entry.narration());
        for posting in entry.postings() {
            let amount = Money::new(posting.amount_minor, posting.currency).to_string();
            println!("    {:<28} {amount:>14}", posting.account.as_str());
        }
    }
    let steps = steps(&change.facts, rules.fx_tolerance_percent)?;
    for (currency, figures) in steps.last().into_iter().flat_map(|step| &step.figures) {
        let money = |minor| Money::new(minor, *currency).grouped();
        let (recovered, loss) = (money(figures.recovered()?), money(figures.loss));
        println!(
            "  recovered {recovered}, lost {loss}, fees {}, net {} {currency}\n",
            money(figures.fee),
            money(figures.net)
        );
    }
    Ok(())
}

fn day(days: i64) -> Result<DateTime<Utc>, Box<dyn Error>> {
    Ok("2026-01-05T12:00:00Z".parse::<DateTime<Utc>>()? + TimeDelta::days(days))
}

fn movement(
    id: &str,
    category: Category,
    occurred_at: DateTime<Utc>,
    (amount_minor, fee_minor): (i64, i64),
) -> Result<Movement, Box<dyn Error>> {
    Ok(Movement {
        id: MovementId::parse(id)?,
        category,
        amount_minor,
        fee_minor,
        net_minor: amount_minor - fee_minor,
        currency: Currency::parse("usd")?,
        occurred_at,
        available_on: None,
        reporting_category: None,
        stripe_type: "adjustment".to_owned(),
        description: None,
        source: None,
    })
}

fn observation(
    dispute: &str,
    (cause, status, as_of): (&str, &str, DateTime<Utc>),
    movements: Vec<Movement>,
) -> Result<Observation, Box<dyn Error>> {
    Ok(Observation {
        key: DisputeKey { account: AccountId::own(), dispute: DisputeId::parse(dispute)? },
        cause: CauseId::parse(cause)?,
        basis: Basis::Event,
        as_of,
        status: Status::parse(status),
        claims: Claims::of(Money::new(10_000, Currency::parse("usd")?)),
        movements,
    })
}
