//! Counts how deliveries are answered, for whoever asks whether they arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chargebook_domain::ports::{Ingestion, LedgerError, Overview, Period};
use chargebook_domain::{DeliveryCount, SourceFacts, SourceHealth, source_health};
use chrono::{DateTime, NaiveDate, Utc};

/// The source of what comes from Stripe itself.
pub const STRIPE: &str = "stripe";

/// The source of what comes from a shop.
#[must_use]
pub fn of_shop(shop: &str) -> String {
    format!("woocommerce/{shop}")
}

/// How often the counts are kept. A process that is killed loses those since.
pub(crate) const KEEP_EVERY: std::time::Duration = std::time::Duration::from_secs(5);

/// How deliveries were answered since the counts were last kept. Clones share one.
#[derive(Clone, Debug, Default)]
pub struct Deliveries(Arc<Mutex<Counted>>);

/// By source, and by day and answer: how many, and when the last was.
type Counted = BTreeMap<String, BTreeMap<(NaiveDate, &'static str), (u64, DateTime<Utc>)>>;

impl Deliveries {
    /// Notes an answer: a receipt's word, or the code of an error. `source` must be one of few, and never of a request's
    /// own choice.
    pub(crate) fn answered(&self, source: &str, answer: &'static str, at: DateTime<Utc>) {
        self.add(source, (at.date_naive(), answer), (1, at));
    }

    fn add(&self, source: &str, key: (NaiveDate, &'static str), (deliveries, last): (u64, DateTime<Utc>)) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !counted.contains_key(source) {
            counted.insert(source.to_owned(), BTreeMap::new());
        }
        let Some(of_source) = counted.get_mut(source) else { return };
        let (sum, last_at) = of_source.entry(key).or_insert((0, last));
        *sum = sum.saturating_add(deliveries);
        *last_at = last.max(*last_at);
    }

    /// Adds what was counted since the last time to what is kept; what can't be kept is counted on.
    ///
    /// # Errors
    /// [`LedgerError`]. Where it hides that they were kept, they are added again the next time.
    pub(crate) async fn keep(&self, overview: &dyn Overview) -> Result<(), LedgerError> {
        let counted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if counted.is_empty() {
            return Ok(());
        }
        let count = |source: &String, (day, answer): (NaiveDate, &str), (deliveries, last_at)| DeliveryCount {
            source: source.clone(),
            day,
            answer: answer.to_owned(),
            deliveries,
            last_at,
        };
        let counts: Vec<_> = counted
            .iter()
            .flat_map(|(source, of_source)| of_source.iter().map(move |(key, sum)| count(source, *key, *sum)))
            .collect();
        let kept = overview.count_deliveries(&counts).await;
        if kept.is_err() {
            for (source, of_source) in counted {
                for (key, sum) in of_source {
                    self.add(&source, key, sum);
                }
            }
        }
        kept
    }
}

/// How each source of deliveries is: those that are expected, and every other that was counted. `whole` is the stretch for
/// which the record of Stripe's events is known to be whole.
pub(crate) fn health_of_sources(
    expected: &[String],
    ingestion: &Ingestion,
    whole: Option<Period>,
    now: DateTime<Utc>,
) -> Vec<SourceHealth> {
    let counted = ingestion.counts.iter().map(|count| count.source.as_str());
    let sources: BTreeSet<&str> = expected.iter().map(String::as_str).chain(counted).collect();
    let facts = |source| {
        let is_stripe = source == STRIPE;
        SourceFacts {
            counts: &ingestion.counts,
            whole: whole.filter(|_| is_stripe),
            fetched: if is_stripe { ingestion.fetched } else { 0 },
            in_quarantine: ingestion.in_quarantine,
        }
    };
    sources.into_iter().map(|source| source_health(source, &facts(source), now)).collect()
}

#[cfg(test)]
mod tests {
    use chargebook_domain::Light;
    use chargebook_domain::ports::MockOverview;
    use chrono::TimeDelta;

    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn kept(counts: &[DeliveryCount]) -> Vec<(String, String, u64, DateTime<Utc>)> {
        let row = |count: &DeliveryCount| (count.source.clone(), count.answer.clone(), count.deliveries, count.last_at);
        counts.iter().map(row).collect()
    }

    #[tokio::test]
    async fn answers_are_counted_by_source_day_and_answer_and_kept_once() {
        let deliveries = Deliveries::default();
        let hour = TimeDelta::hours(1);
        deliveries.answered(STRIPE, "recorded", noon());
        deliveries.answered(STRIPE, "recorded", noon() - hour);
        deliveries.answered(STRIPE, "signature_invalid", noon());
        deliveries.answered("woocommerce/shop", "recorded", noon() + hour * 12);
        let mut overview = MockOverview::new();
        overview.expect_count_deliveries().times(1).returning(|counts| {
            let shop = "woocommerce/shop".to_owned();
            let expected = [
                (STRIPE.to_owned(), "recorded".to_owned(), 2, noon()),
                (STRIPE.to_owned(), "signature_invalid".to_owned(), 1, noon()),
                (shop, "recorded".to_owned(), 1, noon() + TimeDelta::hours(12)),
            ];
            assert_eq!(kept(counts), expected);
            assert_eq!(counts[2].day, (noon() + TimeDelta::hours(12)).date_naive());
            Ok(())
        });
        deliveries.keep(&overview).await.unwrap();
        deliveries.keep(&overview).await.unwrap();
    }

    #[tokio::test]
    async fn what_could_not_be_kept_is_counted_on() {
        let deliveries = Deliveries::default();
        deliveries.answered(STRIPE, "recorded", noon());
        let mut away = MockOverview::new();
        away.expect_count_deliveries().returning(|_| Err(LedgerError::Unavailable("away".into())));
        assert!(deliveries.keep(&away).await.is_err());
        deliveries.answered(STRIPE, "recorded", noon());
        let mut back = MockOverview::new();
        back.expect_count_deliveries().times(1).returning(|counts| {
            assert_eq!(counts[0].deliveries, 2);
            Ok(())
        });
        deliveries.keep(&back).await.unwrap();
    }

    #[test]
    fn only_stripe_is_proven_by_what_is_asked_of_stripe() {
        let old = noon() - TimeDelta::days(9);
        let count = |source: &str| DeliveryCount {
            source: source.to_owned(),
            day: old.date_naive(),
            answer: "recorded".to_owned(),
            deliveries: 1,
            last_at: old,
        };
        let ingestion = Ingestion { counts: vec![count(STRIPE), count("woocommerce/a")], ..Ingestion::default() };
        let whole = Some(Period { from: old, until: noon() });
        let expected = [STRIPE.to_owned(), "woocommerce/b".to_owned()];
        let health = health_of_sources(&expected, &ingestion, whole, noon());
        let lights: Vec<_> = health.iter().map(|health| (health.source.as_str(), health.light)).collect();
        let yellow = |source| (source, Light::Yellow);
        assert_eq!(lights, [(STRIPE, Light::Green), yellow("woocommerce/a"), yellow("woocommerce/b")]);
    }
}
