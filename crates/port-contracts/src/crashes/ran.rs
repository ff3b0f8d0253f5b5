use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::thread;

use chargebook_domain::CauseId;
use chargebook_domain::ports::Mail;
use chargebook_domain::service::Receipt;

use super::case::{Case, LAST_DAY};
use super::gate::Fault;
use crate::samples::date;

/// What happens to a case, and in which order: the same for the same schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// The case.
    pub case: u64,
    /// In which batches what is delivered comes, and which process goes on when.
    pub order: u64,
    /// What goes wrong.
    pub faults: Faults,
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Faults {
    /// Nothing.
    None,
    /// This, at the step of this number.
    At(usize, Fault),
    /// Some faults at any steps.
    Any,
}

/// How often something befell the processes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Befell {
    /// Steps that were made.
    pub steps: usize,
    /// Calls that failed, or whose answer was lost.
    pub failed: usize,
    /// Processes that died.
    pub crashed: usize,
    /// Entries that were stale, because another process was faster.
    pub stale: usize,
}

impl AddAssign for Befell {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.failed += other.failed;
        self.crashed += other.crashed;
        self.stale += other.stale;
    }
}

/// A run that ended. When a test panics while there is one, it tells what happened.
pub struct Ran {
    /// Every event that was acknowledged and is no order, with what each of its answers said.
    pub acknowledged: BTreeMap<CauseId, Vec<Receipt>>,
    /// What befell the processes.
    pub befell: Befell,
    /// The mails that were handed over, in order: the reference names the day, and the text says whether it is proven.
    pub(super) mails: Vec<Mail>,
    pub(super) schedule: Schedule,
    pub(super) told: String,
}

impl Ran {
    pub(super) fn of(schedule: Schedule) -> Self {
        let (acknowledged, befell) = (BTreeMap::new(), Befell::default());
        Self { acknowledged, befell, mails: Vec::new(), schedule, told: String::new() }
    }

    /// Checks that nobody was told of an event that it was not known before, but once.
    pub fn assert_answered(&self) {
        for (event, receipts) in &self.acknowledged {
            let recorded = receipts.iter().filter(|receipt| **receipt == Receipt::Recorded).count();
            assert!(recorded <= 1, "{event}: {receipts:?}");
        }
    }

    /// Checks that each day was mailed once at most, proven by the journal; and once, unless a fault befell the run for it.
    pub fn assert_mailed(&self, case: &Case) {
        let mailed: BTreeSet<_> = self.mails.iter().map(|mail| mail.reference.clone()).collect();
        assert_eq!(mailed.len(), self.mails.len(), "the mail of a day goes once");
        assert!(self.mails.iter().all(|mail| mail.text == "proven"), "{:?}", self.mails);
        let days = case.books_start.iter_days().take_while(|day| case.has_days && *day <= date(LAST_DAY));
        let missing = days.filter(|day| !mailed.contains(&format!("summary/{day}"))).count();
        assert!(missing <= self.befell.failed + self.befell.crashed, "{missing} mails are missing");
    }
}

impl Drop for Ran {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{:?}: {:?}\n{}", self.schedule, self.befell, self.told);
        }
    }
}
