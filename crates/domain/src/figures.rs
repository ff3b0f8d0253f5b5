//! What a dispute comes to, in money, at each point of its timeline.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::money::{add, sub};
use crate::{Bucket, Category, Currency, Facts, MoneyError, Movement, Outcome, Run};

/// Figures of one dispute in one settlement currency, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Principal taken back so far.
    pub withdrawn: i64,
    /// Principal returned so far.
    pub reinstated: i64,
    /// The highest `withdrawn - reinstated` so far.
    pub peak: i64,
    /// Fees so far; negative when more were returned than charged.
    pub fee: i64,
    /// What Stripe's balance changed by so far; negative when money left.
    pub net: i64,
    /// What nobody can explain yet; positive when money is missing.
    pub suspense: i64,
    /// What is lost, by the outcome so far.
    pub loss: i64,
    /// What the exchange rate took; negative when it gave.
    pub fx: i64,
}

impl Figures {
    /// Principal that is out: withdrawn less reinstated. Negative when more came back than went.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn outstanding(&self) -> Result<i64, MoneyError> {
        sub(self.withdrawn, self.reinstated)
    }

    /// Principal that is out and neither lost nor taken by the exchange rate. On a closed dispute it is called pending.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn receivable(&self) -> Result<i64, MoneyError> {
        sub(sub(self.outstanding()?, self.loss)?, self.fx)
    }

    /// Principal that came back: the highest that was out, less what still is.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn recovered(&self) -> Result<i64, MoneyError> {
        sub(self.peak, self.outstanding()?)
    }

    fn moved(&mut self, movement: &Movement) -> Result<(), MoneyError> {
        match movement.category {
            Category::Withdrawal => self.withdrawn = add(self.withdrawn, movement.principal()?)?,
            Category::Reinstatement => self.reinstated = sub(self.reinstated, movement.principal()?)?,
            Category::Fee | Category::Other => {}
        }
        self.peak = self.peak.max(self.outstanding()?);
        self.fee = add(self.fee, movement.fee()?)?;
        self.net = add(self.net, movement.net_minor)?;
        self.suspense = add(self.suspense, movement.suspense()?)?;
        Ok(())
    }

    /// Sets loss and fx by the outcome (the table of the design, section "Figures").
    fn judge(&mut self, verdict: &Verdict) -> Result<(), MoneyError> {
        let outstanding = self.outstanding()?;
        (self.loss, self.fx) = match verdict.outcome {
            Outcome::Lost | Outcome::InquiryClosed | Outcome::Refunded | Outcome::Prevented => {
                (outstanding.max(0), if verdict.converted { outstanding.min(0) } else { 0 })
            }
            Outcome::Won if verdict.several_currencies || self.is_fx_difference(verdict)? => (0, outstanding),
            Outcome::Won if verdict.after_loss => (outstanding.max(0), 0),
            Outcome::Won | Outcome::Open | Outcome::InquiryOpen => (0, 0),
        };
        Ok(())
    }

    fn is_fx_difference(&self, verdict: &Verdict) -> Result<bool, MoneyError> {
        let difference = u128::from(self.outstanding()?.unsigned_abs());
        let tolerated = u128::from(self.peak.unsigned_abs()).checked_mul(u128::from(verdict.fx_tolerance_percent));
        let scaled = difference.checked_mul(100);
        Ok(verdict.converted && self.reinstated > 0 && scaled <= tolerated)
    }
}

/// What the figures depend on beside the currency's own movements.
struct Verdict {
    outcome: Outcome,
    after_loss: bool,
    converted: bool,
    several_currencies: bool,
    fx_tolerance_percent: u8,
}

/// One point of the timeline: what held from then on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The time.
    pub at: DateTime<Utc>,
    /// The outcome from then on.
    pub outcome: Outcome,
    /// The figures from then on, by settlement currency.
    pub figures: BTreeMap<Currency, Figures>,
}

/// The figures at every point of the timeline: the merge of status runs and movements by their times.
///
/// A difference of up to `fx_tolerance_percent` of what was withdrawn, on a won and converted dispute, is the
/// exchange rate's.
///
/// # Errors
/// [`MoneyError::Overflow`] when sums exceed 64 bits.
pub fn steps(facts: &Facts, fx_tolerance_percent: u8) -> Result<Vec<Step>, MoneyError> {
    let runs = facts.runs();
    let movements = facts.money();
    let times: BTreeSet<_> =
        runs.iter().map(|run| run.started_at).chain(movements.iter().map(|movement| movement.occurred_at)).collect();

    let mut figures: BTreeMap<Currency, Figures> = BTreeMap::new();
    let mut principal_currencies = BTreeSet::new();
    let mut converted = false;
    let mut pending = movements.into_iter().peekable();
    let mut steps = Vec::new();
    for at in times {
        while let Some(movement) = pending.next_if(|movement| movement.occurred_at <= at) {
            figures.entry(movement.currency).or_default().moved(movement)?;
            // A fee of the account that was tied says nothing of how the dispute's own money was changed.
            let is_own = !facts.is_tied(&movement.id);
            converted |= is_own && facts.disputed().is_some_and(|disputed| disputed.currency() != movement.currency);
            if movement.category.is_principal() && movement.amount_minor != 0 {
                principal_currencies.insert(movement.currency);
            }
        }
        let (outcome, after_loss) = standing(&runs, at);
        let several_currencies = principal_currencies.len() > 1;
        let verdict = Verdict { outcome, after_loss, converted, several_currencies, fx_tolerance_percent };
        for figure in figures.values_mut() {
            figure.judge(&verdict)?;
        }
        steps.push(Step { at, outcome, figures: figures.clone() });
    }
    Ok(steps)
}

/// The outcome at a time, and whether it directly follows a run of lost.
fn standing(runs: &[Run], at: DateTime<Utc>) -> (Outcome, bool) {
    let present = runs.iter().rposition(|run| run.started_at <= at);
    let outcome = present.and_then(|index| runs.get(index)).map_or(Outcome::Open, |run| run.outcome);
    let before = present.and_then(|index| index.checked_sub(1)).and_then(|index| runs.get(index));
    (outcome, before.is_some_and(|run| run.outcome == Outcome::Lost))
}

/// Where finance puts a dispute with this outcome and these figures.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn bucket(outcome: Outcome, figures: &BTreeMap<Currency, Figures>) -> Result<Bucket, MoneyError> {
    let any = |test: fn(&Figures) -> Result<bool, MoneyError>| {
        figures.values().try_fold(false, |found, figure| Ok::<_, MoneyError>(found | test(figure)?))
    };
    let lossy = any(|figure| Ok(figure.loss > 0))?;
    Ok(match outcome {
        Outcome::Open | Outcome::InquiryOpen => Bucket::Undecided,
        Outcome::Won if lossy || any(|figure| Ok(figure.receivable()? > 0))? => Bucket::RecoveryPending,
        Outcome::Won if any(|figure| Ok(figure.recovered()? > 0))? => Bucket::Recovered,
        Outcome::Lost | Outcome::InquiryClosed | Outcome::Refunded | Outcome::Prevented if lossy => {
            Bucket::ConfirmedLoss
        }
        Outcome::Won | Outcome::Lost | Outcome::InquiryClosed | Outcome::Refunded | Outcome::Prevented => {
            Bucket::NoLoss
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_came_back_the_exchange_rate_took_nothing_however_much_is_tolerated() {
        let verdict = Verdict {
            outcome: Outcome::Won,
            after_loss: false,
            converted: true,
            several_currencies: false,
            fx_tolerance_percent: 100,
        };
        for (reinstated, fx) in [(0, 0), (1, 99), (100, 0)] {
            let mut figures = Figures { withdrawn: 100, reinstated, peak: 100, ..Figures::default() };
            figures.judge(&verdict).unwrap();
            assert_eq!(figures.fx, fx, "{reinstated} of 100 came back");
        }
    }

    #[test]
    fn a_won_dispute_by_which_only_a_fee_moved_recovered_nothing() {
        let of = |figures| bucket(Outcome::Won, &BTreeMap::from([(Currency::parse("usd").unwrap(), figures)])).unwrap();
        assert_eq!(of(Figures { fee: 1500, ..Figures::default() }), Bucket::NoLoss);
        assert_eq!(of(Figures { withdrawn: 1, reinstated: 1, peak: 1, ..Figures::default() }), Bucket::Recovered);
    }
}
