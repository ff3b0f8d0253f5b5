//! What is odd about a dispute's money.

use crate::{Category, Discrepancy, DiscrepancyKind, Facts, Figures, MoneyError, Outcome};

pub(super) fn money_discrepancies<'a>(
    facts: &Facts,
    outcome: Outcome,
    figures: impl Iterator<Item = &'a Figures>,
) -> Result<Vec<Discrepancy>, MoneyError> {
    let mut found = Vec::new();
    for movement in facts.unexplained() {
        if movement.unexplained_net()? != 0 {
            found.push(Discrepancy::new(DiscrepancyKind::NetIsNotAmountLessFee, movement.id.as_str()));
        }
        if movement.category == Category::Other && movement.amount_minor != 0 {
            found.push(Discrepancy::new(DiscrepancyKind::MoneyInSuspense, movement.id.as_str()));
        }
    }
    let mut note = |kind| found.push(Discrepancy::new(kind, ""));
    let (mut withdrawn, mut outstanding) = (false, false);
    for figure in figures {
        withdrawn |= figure.peak > 0;
        outstanding |= figure.outstanding()? != 0;
        if outcome.is_decided() && figure.receivable()? < 0 {
            note(DiscrepancyKind::OverReinstated);
        }
    }
    match outcome {
        Outcome::Won | Outcome::Lost if !withdrawn => note(DiscrepancyKind::NoWithdrawalSeen),
        Outcome::InquiryClosed | Outcome::Refunded | Outcome::Prevented if outstanding => {
            note(DiscrepancyKind::MoneyWithoutVerdict);
        }
        Outcome::Open
        | Outcome::InquiryOpen
        | Outcome::Won
        | Outcome::Lost
        | Outcome::InquiryClosed
        | Outcome::Refunded
        | Outcome::Prevented => {}
    }
    let first_run = facts.runs().into_iter().next();
    if first_run.is_some_and(|run| !run.date_known && run.outcome.is_decided()) {
        note(DiscrepancyKind::DecisionDateUnknown);
    }
    Ok(found)
}
