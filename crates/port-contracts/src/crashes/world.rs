use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use chargebook_domain::CauseId;
use chargebook_domain::ports::{Clock as _, Ledger, LedgerError, Mail, Mails, OrderBook, Reading, Summaries};
use chargebook_domain::service::{Daily, Missed, Receipt, Received, Schedule as Days};
use chargebook_domain::summary::Summary;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::case::{Case, now};

use super::faulty::Faulty;
use super::gate::Fault;
use super::process::{Doing, Job, Process};
use super::ran::{Befell, Faults, Ran, Schedule};
use crate::chance::Chance;
use crate::samples::filed_at;
use crate::{FixedClock, RecordingNotifier};

/// How many faults of any kind befall one run at most, so that it ends.
const FAULTS_MAX: usize = 8;

/// How many deliveries there are in a batch at most.
const BATCH_MAX: usize = 6;

/// Delivers the case of a schedule until all of it is acknowledged, matched and, where it has days, sealed. `look` is given
/// what was acknowledged so far whenever a process ended what it did, or died.
pub async fn run<B>(books: &B, case: &Case, schedule: Schedule, mut look: impl AsyncFnMut(&BTreeSet<CauseId>)) -> Ran
where
    B: Ledger + OrderBook + Summaries + Clone + 'static,
{
    let mut world = World::new(books, case, schedule);
    while world.has_more() {
        if world.turn().await {
            look(&world.ran.acknowledged.keys().cloned().collect()).await;
        }
    }
    world.ran.mails = world.notifier.sent();
    world.ran.befell.stale = world.processes.iter().map(|process| process.gate.stale()).sum();
    assert_eq!(books.due(None, 1).await.unwrap(), [], "all is matched in the end");
    world.ran
}

struct World<'a, B> {
    books: &'a B,
    case: &'a Case,
    chance: Chance,
    processes: Vec<Process>,
    /// What is not acknowledged and in no process's hands.
    waiting: Vec<usize>,
    /// What is to be done when nothing is left to deliver; the last first.
    at_the_end: Vec<Job>,
    /// At how many steps one fault befalls a process.
    steps_a_fault: usize,
    notifier: RecordingNotifier,
    clock: Arc<FixedClock>,
    ran: Ran,
}

impl<'a, B> World<'a, B>
where
    B: Ledger + OrderBook + Summaries + Clone + 'static,
{
    fn new(books: &'a B, case: &'a Case, schedule: Schedule) -> Self {
        let mut chance = Chance::of(schedule.case ^ schedule.order.rotate_left(32), 2);
        let at_the_end = if case.has_days { vec![Job::Summarise, Job::Match] } else { vec![Job::Match] };
        Self {
            books,
            case,
            processes: (0..case.processes).map(|_| Process::default()).collect(),
            waiting: case.deliveries.clone(),
            at_the_end,
            steps_a_fault: [4, 10, 30][chance.below(3)],
            notifier: RecordingNotifier::default(),
            clock: Arc::new(FixedClock::at(filed_at())),
            ran: Ran::of(schedule),
            chance,
        }
    }

    fn has_more(&self) -> bool {
        !(self.waiting.is_empty() && self.at_the_end.is_empty() && self.processes.iter().all(Process::is_idle))
    }

    /// Lets one process make a step; answers whether it ended what it did.
    async fn turn(&mut self) -> bool {
        let number = self.chance.below(self.processes.len());
        if self.processes[number].is_idle() {
            let Some(job) = self.next_job() else { return false };
            self.tell(number, &format!("begins {job:?}"));
            let doing = self.doing(number, &job);
            self.processes[number].begin(job, doing);
        } else if let Some(step) = self.processes[number].standing() {
            let fault = self.fault();
            self.ran.befell.steps += 1;
            match fault {
                None => {
                    self.tell(number, &format!("goes on {step}"));
                    self.processes[number].gate.open();
                }
                Some(Fault::Fails) => {
                    self.ran.befell.failed += 1;
                    self.tell(number, &format!("fails {step}"));
                    self.processes[number].gate.fail();
                }
                Some(Fault::Crashes) => {
                    self.ran.befell.crashed += 1;
                    self.tell(number, &format!("crashes {step}"));
                    if let Some(job) = self.processes[number].crash() {
                        self.give_back(job);
                    }
                    return true;
                }
            }
        }
        let Some((job, ended)) = self.processes[number].go_on().await else { return false };
        self.tell(number, &format!("ends with {ended:?}"));
        match (job, ended) {
            (Job::Deliver(places), Ok(receipts)) => self.acknowledge(&places, &receipts),
            (Job::Match | Job::Summarise, Ok(_)) => {}
            (job, Err(LedgerError::Unavailable(_))) => self.give_back(job),
            (job, Err(error)) => panic!("{job:?} ended with {error}"),
        }
        true
    }

    /// What befalls the process that is about to make the next step.
    fn fault(&mut self) -> Option<Fault> {
        let Befell { steps, failed, crashed, .. } = self.ran.befell;
        match self.ran.schedule.faults {
            Faults::None => None,
            Faults::At(step, fault) => (step == steps).then_some(fault),
            Faults::Any if failed + crashed == FAULTS_MAX || !self.chance.one_in(self.steps_a_fault) => None,
            Faults::Any => Some(Fault::ALL[self.chance.below(Fault::ALL.len())]),
        }
    }

    /// The next job of an idle process. What comes at the end is begun when all others are idle too.
    fn next_job(&mut self) -> Option<Job> {
        if self.waiting.is_empty() {
            let is_end = self.processes.iter().all(Process::is_idle);
            return if is_end { self.at_the_end.pop() } else { None };
        }
        match self.chance.below(12) {
            0 => return Some(Job::Match),
            1 if self.case.has_days => return Some(Job::Summarise),
            _ => {}
        }
        let size = 1 + self.chance.below(BATCH_MAX.min(self.waiting.len()));
        Some(Job::Deliver((0..size).map(|_| self.waiting.swap_remove(self.chance.below(self.waiting.len()))).collect()))
    }

    fn doing(&mut self, number: usize, job: &Job) -> Doing {
        let gate = self.processes[number].gate.clone();
        let books = Faulty { inner: self.books.clone(), gate: gate.clone() };
        match job {
            Job::Deliver(places) => {
                let ingest = self.case.ingest(books);
                let batch: Vec<Received> = places.iter().map(|place| self.case.delivery(*place).clone()).collect();
                Box::pin(async move { ingest.ingest(&batch, now()).await })
            }
            Job::Match => {
                let matching = self.case.match_orders(books);
                Box::pin(async move { matching.sweep(now()).await.map(|_| Vec::new()) })
            }
            Job::Summarise => {
                self.pass_time();
                let notifier = Arc::new(Faulty { inner: self.notifier.clone(), gate });
                let days = Days {
                    zone: self.case.rules.time_zone,
                    send_at: NaiveTime::MIN,
                    books_start: Some(self.case.books_start),
                    mails: Mails::Together,
                    missed: Missed::Each,
                };
                let daily = Daily::new(Arc::new(books), vec![notifier], Arc::new(mail), days, self.clock.clone());
                Box::pin(async move { daily.run(|| true, drop).await.map(|()| Vec::new()) })
            }
        }
    }

    /// A day while there is something to deliver; then to the end of all that happens, and on from there in steps that are
    /// longer than any claim.
    fn pass_time(&self) {
        let is_end = self.waiting.is_empty() && self.at_the_end.is_empty();
        match self.clock.now() {
            at if is_end && at < now() => self.clock.set(now()),
            _ if is_end => self.clock.advance(TimeDelta::minutes(10)),
            at if at < now() - TimeDelta::days(2) => self.clock.advance(TimeDelta::days(1)),
            _ => {}
        }
    }

    /// What was not acknowledged is delivered again, and what comes at the end is done again.
    fn give_back(&mut self, job: Job) {
        let is_end = self.waiting.is_empty() && self.processes.iter().all(Process::is_idle);
        match job {
            Job::Deliver(places) => self.waiting.extend(places),
            Job::Match | Job::Summarise if is_end => self.at_the_end.push(job),
            Job::Match | Job::Summarise => {}
        }
    }

    fn acknowledge(&mut self, places: &[usize], receipts: &[Receipt]) {
        assert_eq!(places.len(), receipts.len(), "each delivery is answered");
        for (place, receipt) in places.iter().zip(receipts) {
            let event = &self.case.delivery(*place).event;
            if !matches!(event.reading, Reading::Order(_)) {
                self.ran.acknowledged.entry(event.id.clone()).or_default().push(*receipt);
            }
        }
    }

    fn tell(&mut self, process: usize, what: &str) {
        let step = self.ran.befell.steps;
        writeln!(self.ran.told, "step {step}: process {process} {what}").unwrap();
    }
}

fn mail(summary: &Summary, _: Option<DateTime<Utc>>) -> Mail {
    let reference = format!("summary/{}", summary.date);
    let text = if summary.proven() { "proven" } else { "not proven" };
    Mail {
        reference,
        subject: String::new(),
        html: String::new(),
        text: text.to_owned(),
        attachments: Vec::new(),
        sent_again_at: None,
    }
}
