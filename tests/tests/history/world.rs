//! A fake Stripe that has acted out stories, and whoever asks it.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use chargebook_domain::ports::{OrderBook, SweepKind};
use chargebook_domain::service::{Ask, Found, Ingest, Occasion, Sweeper};
use chargebook_domain::{AccountId, Admission, BookRules, OrderPayment};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_port_contracts::FixedClock;
use chargebook_port_contracts::fake_stripe::{FakeStripe, KEY};
use chargebook_source_stripe::StripeApi;
use chargebook_stories::{DAYS, Story, stories};
use chargebook_tests::{Ran, fresh_database, run, scratch_folder};
use chrono::{DateTime, TimeDelta, Utc};

/// Fast enough not to be what a test waits for.
const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1000).unwrap();

pub(crate) fn begin() -> DateTime<Utc> {
    "2025-01-06T00:00:00Z".parse().unwrap()
}

/// A day after the last story has ended.
pub(crate) fn end() -> DateTime<Utc> {
    begin() + TimeDelta::days(DAYS + 1)
}

pub(crate) struct World {
    pub(crate) stripe: FakeStripe,
    pub(crate) stories: Vec<Story>,
    folder: PathBuf,
}

/// A database that knows the orders of the stories.
pub(crate) struct Books {
    pub(crate) url: String,
    pub(crate) ledger: PostgresLedger,
}

impl World {
    /// Stripe as `count` stories have left it.
    pub(crate) async fn after(count: usize) -> Self {
        let stories = stories(20_250_106, count, begin());
        let stripe = FakeStripe::start(end()).await.unwrap();
        stripe.own().act_out(&stories, end());
        Self { stripe, stories, folder: scratch_folder() }
    }

    pub(crate) async fn books(&self) -> Books {
        let (url, ledger) = fresh_database().await;
        let orders = self.stories.iter().flat_map(|story| &story.orders);
        let payments: Vec<_> = orders.map(|order| OrderPayment::try_from(order).unwrap()).collect();
        ledger.import(&payments).await.unwrap();
        Books { url, ledger }
    }

    /// The settings of a program that keeps `books` and asks this Stripe.
    pub(crate) fn settings(&self, books: &Books) -> Vec<(&'static str, String)> {
        vec![
            ("CHARGEBOOK_DATABASE__URL", books.url.clone()),
            ("CHARGEBOOK_STRIPE__API_KEY", KEY.to_owned()),
            ("CHARGEBOOK_STRIPE__API_BASE", self.stripe.base()),
            ("CHARGEBOOK_STRIPE__LIVEMODE", "false".to_owned()),
            ("CHARGEBOOK_STRIPE__REQUESTS_PER_SECOND", REQUESTS_PER_SECOND.to_string()),
        ]
    }

    pub(crate) async fn run(&self, books: &Books, arguments: &[&str]) -> Ran {
        let settings = self.settings(books);
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let ran = run(&self.folder, &settings, arguments).await;
        assert!(!ran.err.contains(KEY) && !ran.out.contains(KEY), "the key is shown");
        ran
    }

    /// Whoever asks this Stripe for `books`, with a clock that stands at the end of the stories.
    pub(crate) fn ask(&self, books: &Books) -> Ask {
        let api = StripeApi::new(&KEY.into(), Some(&self.stripe.base()), REQUESTS_PER_SECOND).unwrap();
        let admission = Admission { livemode: false, accounts: BTreeSet::new() };
        let ingest = Ingest::new(Arc::new(books.ledger.clone()), BookRules::default(), admission);
        Ask { reader: Arc::new(api), ingest, clock: Arc::new(FixedClock::at(end())) }
    }

    pub(crate) async fn sweep(&self, books: &Books, kind: SweepKind) -> Found {
        let ledger = Arc::new(books.ledger.clone());
        let sweeper = Sweeper::new(self.ask(books), ledger.clone(), ledger);
        sweeper.sweep(&AccountId::own(), kind, Occasion::Start).await.unwrap().unwrap()
    }
}
