//! Laws 2 to 6: the journal, the resolution rows and the views agree with the figures of the domain.

use std::collections::BTreeMap;

use chargebook_domain::{Convention, Currency, DisputeKey, Facts, Figures, LedgerAccount, Outcome, Step, steps};
use chargebook_ledger_postgres::reading::{DisputeFilter, DisputeLine};
use chargebook_ledger_postgres::{MIGRATOR, PostgresLedger};
use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::books::Books;
use crate::case::{Case, cases};

/// A case that ended, and what the domain says of each dispute at each point of its timeline.
struct Ended {
    case: Case,
    ledger: PostgresLedger,
    disputes: Vec<(DisputeKey, Facts, Convention, Vec<Step>)>,
}

async fn ended(case: Case, pool: &PgPool) -> Ended {
    let ledger = case.play(pool).await;
    let books = Books::of_database(pool, &ledger, case.rules.time_zone).await;
    let disputes = books.facts.into_iter().map(|(key, (facts, convention))| {
        let steps = steps(&facts, case.rules.fx_tolerance_percent).unwrap();
        (key, facts, convention.unwrap_or_default(), steps)
    });
    let disputes = disputes.collect();
    Ended { case, ledger, disputes }
}

/// What the accounts must hold for these figures, zeros left out.
fn accounts(figures: &Figures, convention: Convention) -> Vec<(LedgerAccount, i64)> {
    let principal = match convention {
        Convention::Holding => [
            (LedgerAccount::DisputesReceivable, figures.receivable().unwrap()),
            (LedgerAccount::ChargebackLosses, figures.loss),
        ],
        Convention::Contra => [
            (LedgerAccount::DisputesContra, figures.outstanding().unwrap() - figures.fx),
            (LedgerAccount::ChargebackLosses, 0),
        ],
    };
    let others = [
        (LedgerAccount::StripeBalance, figures.net),
        (LedgerAccount::DisputeFees, figures.fee),
        (LedgerAccount::FxDifference, figures.fx),
        (LedgerAccount::DisputesSuspense, figures.suspense),
    ];
    principal.into_iter().chain(others).filter(|(_, minor)| *minor != 0).collect()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_journal_and_each_entry_sum_to_zero_in_each_currency(pool: PgPool) {
    let mut entries = 0;
    for case in cases() {
        let number = case.number;
        case.play(&pool).await;
        let unbalanced: Vec<(String, String)> = sqlx::query_as(
            "SELECT entry_id, currency FROM chargebook.postings GROUP BY account, entry_id, currency
             HAVING sum(amount_minor) <> 0
             UNION ALL SELECT 'the journal', currency FROM chargebook.trial_balance GROUP BY currency
             HAVING sum(balance_minor) <> 0",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        assert_eq!(unbalanced, [], "case {number}");
        let empty: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM chargebook.journal_entries e
             WHERE NOT EXISTS (SELECT FROM chargebook.postings p WHERE (p.account, p.entry_id) = (e.account, e.entry_id))",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!(empty, 0, "case {number}: an entry without postings");
        let of_case: i64 =
            sqlx::query_scalar("SELECT count(*) FROM chargebook.journal_entries").fetch_one(&pool).await.unwrap();
        entries += of_case;
    }
    assert!(entries > 50, "the cases must book something");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_trial_balance_and_each_disputes_accounts_are_the_figures(pool: PgPool) {
    for case in cases() {
        let ended = ended(case, &pool).await;
        let mut all: BTreeMap<(String, Currency), i64> = BTreeMap::new();
        for (key, _, convention, steps) in &ended.disputes {
            let mut expected = BTreeMap::new();
            for (currency, figures) in steps.last().into_iter().flat_map(|step| &step.figures) {
                for (account, minor) in accounts(figures, *convention) {
                    expected.insert((account.as_str().to_owned(), currency.code().to_owned()), minor);
                    *all.entry((account.as_str().to_owned(), *currency)).or_default() += minor;
                }
            }
            let posted: Vec<(String, String, i64)> = sqlx::query_as(
                "SELECT p.ledger_account, p.currency, sum(p.amount_minor)::bigint
                 FROM chargebook.postings p JOIN chargebook.journal_entries e USING (account, entry_id)
                 WHERE e.account = $1 AND e.dispute_id = $2 GROUP BY 1, 2 HAVING sum(p.amount_minor) <> 0",
            )
            .bind(key.account.as_str())
            .bind(key.dispute.as_str())
            .fetch_all(&pool)
            .await
            .unwrap();
            let posted: BTreeMap<_, _> =
                posted.into_iter().map(|(account, currency, sum)| ((account, currency), sum)).collect();
            assert_eq!(posted, expected, "case {}: {key}", ended.case.number);
        }
        all.retain(|_, minor| *minor != 0);
        let balances = ended.ledger.trial_balance().await.unwrap().into_iter();
        let balances: BTreeMap<_, _> = balances
            .filter(|line| line.balance_minor != 0)
            .map(|line| ((line.ledger_account, Currency::parse(&line.currency).unwrap()), line.balance_minor))
            .collect();
        assert_eq!(balances, all, "case {}", ended.case.number);
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_closed_dispute_leaves_no_receivable_but_what_is_pending_or_over_reinstated(pool: PgPool) {
    let mut closed = 0;
    for case in cases() {
        let ended = ended(case, &pool).await;
        let left: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT r.dispute_id, r.outcome, r.pending_minor, coalesce(sum(p.amount_minor), 0)::bigint
             FROM chargebook.dispute_report r
             LEFT JOIN chargebook.journal_entries e ON e.account = r.account AND e.dispute_id = r.dispute_id
             LEFT JOIN chargebook.postings p ON p.account = e.account AND p.entry_id = e.entry_id
                  AND p.currency = r.settlement_currency AND p.ledger_account = 'assets:disputes-receivable'
             WHERE r.closed_at IS NOT NULL AND NOT EXISTS (SELECT FROM chargebook.disputes d
                   WHERE d.account = r.account AND d.dispute_id = r.dispute_id AND d.convention = 'contra')
             GROUP BY 1, 2, 3, r.settlement_currency",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        for (dispute, outcome, pending, receivable) in left {
            closed += 1;
            assert_eq!(receivable, pending, "case {}: {dispute}", ended.case.number);
            assert!(pending <= 0 || outcome == "won", "case {}: {dispute} {outcome} {pending}", ended.case.number);
        }
        for (key, facts, ..) in ended.disputes.iter().filter(|(_, facts, ..)| facts.movements().is_empty()) {
            let entries: i64 =
                sqlx::query_scalar("SELECT count(*) FROM chargebook.journal_entries WHERE dispute_id = $1")
                    .bind(key.dispute.as_str())
                    .fetch_one(&pool)
                    .await
                    .unwrap();
            assert_eq!(entries, 0, "case {}: {facts:?}", ended.case.number);
        }
    }
    assert!(closed > 5, "the cases must close something");
}

/// Recovered, loss, fee, fx, pending, suspense, net, closed.
type Decided = [i64; 8];

/// The decided figures of a step; all zero while it is open. The count stands apart, on one currency only.
fn decided(step: &Step, currency: Currency) -> Decided {
    let is_decided = !matches!(step.outcome, Outcome::Open | Outcome::InquiryOpen);
    let figures = step.figures.get(&currency).filter(|_| is_decided).copied().unwrap_or_default();
    let Figures { fee, net, suspense, loss, fx, .. } = figures;
    let closed = i64::from(is_decided);
    [figures.recovered().unwrap(), loss, fee, fx, figures.receivable().unwrap(), suspense, net, closed]
}

async fn resolved_until(pool: &PgPool, key: &DisputeKey, at: DateTime<Utc>) -> BTreeMap<Currency, Decided> {
    let rows: Vec<(String, Vec<i64>)> = sqlx::query_as(
        "SELECT currency, ARRAY[sum(recovered_delta_minor)::bigint, sum(loss_delta_minor)::bigint,
                sum(fee_delta_minor)::bigint, sum(fx_delta_minor)::bigint, sum(pending_delta_minor)::bigint,
                sum(suspense_delta_minor)::bigint, sum(net_delta_minor)::bigint, sum(closed_delta)::bigint]
         FROM chargebook.resolutions WHERE account = $1 AND dispute_id = $2 AND occurred_at <= $3 GROUP BY currency",
    )
    .bind(key.account.as_str())
    .bind(key.dispute.as_str())
    .bind(at)
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().map(|(code, sums)| (Currency::parse(&code).unwrap(), sums.try_into().unwrap())).collect()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_resolution_rows_up_to_any_time_sum_to_the_step_at_that_time(pool: PgPool) {
    let mut points = 0;
    for case in cases() {
        let ended = ended(case, &pool).await;
        for (key, facts, _, steps) in &ended.disputes {
            for step in steps {
                points += 1;
                let sums = resolved_until(&pool, key, step.at).await;
                let own = facts.disputed().unwrap().currency();
                let last = steps.last().unwrap();
                let mut currencies: Vec<_> = last.figures.keys().copied().collect();
                currencies.extend(sums.keys().copied().chain([own]));
                let counted = last.figures.keys().next().copied().unwrap_or(own);
                for currency in currencies {
                    let mut expected = decided(step, currency);
                    if currency != counted {
                        expected[7] = 0;
                    }
                    let sum = sums.get(&currency).copied().unwrap_or_default();
                    assert_eq!(sum, expected, "case {}: {key} at {} in {currency}", ended.case.number, step.at);
                    let [_, loss, fee, fx, pending, suspense, net, _] = sum;
                    assert_eq!(net, -(loss + fee + fx + pending + suspense), "case {}: {key}", ended.case.number);
                }
            }
        }
    }
    assert!(points > 50, "the cases must have points");
}

/// The figures of a line of the report.
fn reported(line: &DisputeLine) -> [i64; 9] {
    let moved = [line.withdrawn_minor, line.reinstated_minor, line.fee_minor, line.net_minor];
    let judged = [line.recovered_minor, line.loss_minor, line.fx_minor, line.pending_minor, line.suspense_minor];
    [moved[0], moved[1], moved[2], moved[3], judged[0], judged[1], judged[2], judged[3], judged[4]]
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_dispute_report_is_the_figures(pool: PgPool) {
    for case in cases() {
        let ended = ended(case, &pool).await;
        for (key, facts, _, steps) in &ended.disputes {
            let filter = DisputeFilter { dispute: Some(key.dispute.clone()), ..DisputeFilter::default() };
            let lines = ended.ledger.disputes(&filter).await.unwrap();
            let last = steps.last();
            let mut expected: BTreeMap<String, [i64; 9]> = BTreeMap::new();
            for (currency, figures) in last.into_iter().flat_map(|step| &step.figures) {
                let [recovered, loss, _, fx, pending, suspense, ..] = decided(last.unwrap(), *currency);
                let Figures { withdrawn, reinstated, fee, net, .. } = *figures;
                let all = [withdrawn, reinstated, fee, net, recovered, loss, fx, pending, suspense];
                expected.insert(currency.code().to_owned(), all);
            }
            if expected.is_empty() {
                expected.insert(facts.disputed().unwrap().currency().code().to_owned(), [0; 9]);
            }
            let shown = lines.iter().map(|line| (line.settlement_currency.clone(), reported(line)));
            assert_eq!(lines.len(), expected.len(), "case {}: {key}", ended.case.number);
            assert_eq!(shown.collect::<BTreeMap<_, _>>(), expected, "case {}: {key}", ended.case.number);
        }
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn order_totals_are_the_sums_of_the_reports_of_their_disputes(pool: PgPool) {
    let mut totals_seen = 0;
    for case in cases() {
        let ended = ended(case, &pool).await;
        let mut expected: BTreeMap<(String, String), [i64; 6]> = BTreeMap::new();
        let matched = DisputeFilter { order_match: Some("matched".to_owned()), ..DisputeFilter::default() };
        for line in ended.ledger.disputes(&matched).await.unwrap() {
            let sums = expected.entry((line.order_ref.unwrap(), line.settlement_currency)).or_default();
            let open = line.closed_at.is_none();
            // While a dispute is open its fees are not yet the order's.
            let (fee, net) = if open { (0, 0) } else { (line.fee_minor, line.net_minor) };
            let adds = [1, i64::from(open), line.recovered_minor, line.loss_minor, fee, net];
            sums.iter_mut().zip(adds).for_each(|(sum, add)| *sum += add);
        }
        let totals: Vec<(String, String, Vec<i64>, bool)> = sqlx::query_as(
            "SELECT order_ref, settlement_currency,
                    ARRAY[disputes, open_disputes, recovered_minor, loss_minor, fee_minor, net_minor],
                    closed_at IS NOT NULL
             FROM chargebook.order_totals",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        let mut shown = BTreeMap::new();
        for (order, currency, sums, closed) in totals {
            assert_eq!(closed, sums[1] == 0, "case {}: {order} is closed when no dispute is open", ended.case.number);
            shown.insert((order, currency), <[i64; 6]>::try_from(sums).unwrap());
        }
        assert_eq!(shown, expected, "case {}", ended.case.number);
        totals_seen += shown.len();
    }
    assert!(totals_seen > 5, "the cases must match orders");
}
