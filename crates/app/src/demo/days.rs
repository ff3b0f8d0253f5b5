//! What happens in the demo: half a year of webhooks in an evening, and two business days that are summed up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use chargebook_domain::OrderPayment;
use chargebook_domain::ports::DayMail;
use chargebook_domain::ports::{Clock as _, OrderBook, SendOutcome};
use chargebook_domain::service::{Daily, DayDone, MatchOrders};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_stories::{Event, Kind, Order, Story, deliveries, stories};
use chrono::NaiveDate;

use super::calendar::Calendar;
use super::orders::through_file;
use super::place::Place;
use super::post::{Answers, CONNECTIONS, Stripe};
use super::show::Show;
use super::{DemoError, failed};
use crate::clock::ShiftedClock;
use crate::folder::FolderNotifier;
use crate::serve::Ports;
use crate::settings::Settings;
use crate::tables::{counted, grouped, len};
use crate::wiring::write_mail;

/// How many payments are disputed.
const STORIES: usize = 330;

/// One order in so many is imported late.
const ONE_LATE_IN: usize = 15;

/// So many verdicts of the first day are heard of on the second only.
const HEARD_LATE: usize = 2;

/// What the demo does with the server: from outside, and beside it.
pub(super) struct Days {
    stripe: Stripe,
    orders: Arc<dyn OrderBook>,
    matching: MatchOrders,
    daily: Daily,
    clock: Arc<ShiftedClock>,
    calendar: Calendar,
}

/// What happened.
pub(super) struct Happened {
    pub(super) answers: Answers,
    /// Each day that was summed up, with its mail's subject.
    pub(super) mails: Vec<(NaiveDate, String)>,
    /// A dispute that was lost and then won.
    pub(super) late_win: Option<String>,
}

impl Days {
    pub(super) fn new(
        address: SocketAddr,
        ports: &Ports,
        clock: Arc<ShiftedClock>,
        settings: &Settings,
        calendar: Calendar,
    ) -> Result<Self, DemoError> {
        let notifier = FolderNotifier::new(settings.data_dir.join("mail")).with_clock(clock.clone());
        let daily = Daily::new(
            Arc::clone(&ports.summaries),
            vec![Arc::new(notifier)],
            write_mail(settings),
            settings.schedule,
            clock.clone(),
        );
        Ok(Self {
            stripe: Stripe::new(address, clock.clone())?,
            orders: Arc::clone(&ports.orders),
            matching: MatchOrders::new(Arc::clone(&ports.ledger), Arc::clone(&ports.orders), settings.rules),
            daily: match &ports.monitor {
                Some(monitor) => daily.with_monitor(monitor.clone()),
                None => daily,
            },
            clock,
            calendar,
        })
    }

    /// Lets everything happen.
    pub(super) async fn happen(
        &self,
        seed: u64,
        place: &Place,
        ledger: &PostgresLedger,
        show: Show,
    ) -> Result<Happened, DemoError> {
        let stories = stories(seed, STORIES, self.calendar.start);
        let [first, second] = self.calendar.days;
        let (late, early) = late_and_early(&stories);
        let imported = self.import(place, "orders.csv", &early).await?;
        let text = format!("{} imported from {}", grouped(imported), place.file("orders.csv").display());
        show.step("Orders", &text, None)?;

        let heard_late = heard_late(&stories, first);
        let deliveries = deliveries(seed, &stories);
        let is_for_second =
            |event: &&Event| event.created >= Calendar::midnight(second) || heard_late.contains(&event.id.as_str());
        let (second_deliveries, first_deliveries): (Vec<_>, Vec<_>) = deliveries.into_iter().partition(is_for_second);

        let mut answers = self.webhooks(first, &first_deliveries, show).await?;
        let mut mails = vec![self.sum_up(first, show).await?];

        let waiting = orphans(ledger).await?;
        let imported = self.import(place, "orders-late.csv", &late).await?;
        self.matching.sweep(self.clock.now()).await.map_err(failed("match orders"))?;
        let found = waiting.saturating_sub(orphans(ledger).await?);
        let text = format!(
            "{} more, late: {} their order",
            grouped(imported),
            counted(found, "dispute found", "disputes found")
        );
        show.step("Orders", &text, None)?;

        self.clock.advance_to(Calendar::evening(second));
        answers += self.webhooks(second, &second_deliveries, show).await?;
        mails.push(self.sum_up(second, show).await?);

        let late_win = late_win(&stories);
        Ok(Happened { answers, mails, late_win })
    }

    async fn import(&self, place: &Place, file: &str, orders: &[&Order]) -> Result<u64, DemoError> {
        let payments: Vec<OrderPayment> = through_file(&place.file(file), orders)?;
        let imported = self.orders.import(&payments).await.map_err(failed("import its orders"))?;
        Ok(imported.new)
    }

    async fn webhooks(&self, date: NaiveDate, deliveries: &[&Event], show: Show) -> Result<Answers, DemoError> {
        let started = Instant::now();
        let answers = self.stripe.post_all(deliveries).await?;
        let text = format!(
            "{} until {}, shuffled and repeated, over {CONNECTIONS} connections",
            grouped(len(deliveries)),
            date.format("%A %-d %B")
        );
        show.step("Webhooks", &text, Some(started.elapsed()))?;
        Ok(answers)
    }

    /// Seals the day on the next morning, and has its mail written.
    async fn sum_up(&self, date: NaiveDate, show: Show) -> Result<(NaiveDate, String), DemoError> {
        self.clock.advance_to(Calendar::morning_after(date));
        let mut done = Vec::new();
        self.daily.run(|| true, |day| done.push(day)).await.map_err(failed("sum up a day"))?;
        for day in done {
            let DayDone::Sent { outcome: Some(outcome), .. } = day else { continue };
            if let SendOutcome::Refused { reason, .. } | SendOutcome::Unknown { reason } = outcome {
                return Err(DemoError::NoMail { reason });
            }
        }
        let mail = self.daily.mail(&DayMail::together(date), self.clock.now()).await.map_err(failed("read a day"))?;
        show.step("Sealed", &format!("{date}, and its mail is written"), None)?;
        Ok((date, mail.subject))
    }
}

fn late_and_early(stories: &[Story]) -> (Vec<&Order>, Vec<&Order>) {
    let orders = stories.iter().flat_map(|story| &story.orders).enumerate();
    let (late, early): (Vec<_>, Vec<_>) = orders.partition(|(index, _)| index % ONE_LATE_IN == 0);
    let orders = |numbered: Vec<(usize, _)>| numbered.into_iter().map(|(_, order)| order).collect();
    (orders(late), orders(early))
}

/// The events of a few verdicts of a day that arrive when the day is sealed already.
fn heard_late(stories: &[Story], date: NaiveDate) -> Vec<&str> {
    let (begin, end) = (Calendar::midnight(date), Calendar::midnight(date + chrono::TimeDelta::days(1)));
    let ended = |story: &&Story| story.events.last().is_some_and(|event| (begin..end).contains(&event.created));
    let won = stories.iter().filter(|story| story.kind == Kind::Won).filter(ended).take(HEARD_LATE);
    let events = won.flat_map(|story| story.events.iter().filter(move |event| event.created >= begin));
    events.map(|event| event.id.as_str()).collect()
}

/// The dispute that was lost, and won last of all.
fn late_win(stories: &[Story]) -> Option<String> {
    let late_wins = stories.iter().filter(|story| story.kind == Kind::LateWin);
    let last = late_wins.max_by_key(|story| story.events.last().map(|event| event.created))?;
    last.endings.first().map(|ending| ending.dispute.clone())
}

async fn orphans(ledger: &PostgresLedger) -> Result<u64, DemoError> {
    let gauges = ledger.gauges().await.map_err(failed("count orphans"))?;
    Ok(u64::try_from(gauges.orphans).unwrap_or_default())
}
