use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{LookTimes, Summaries as _};
use chargebook_domain::{BookRules, DisputeKey, Observation};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::future::{join, join_all};

use super::mail_server::MailServer;
use super::process::{Life, Process};
use super::{Stage, Year};
use crate::booking::book;
use crate::chance::Chance;
use crate::samples::{day, dispute_key, observation, reinstatement, withdrawal};

/// Whatever is in doubt, but what is older: so long a person remembers it.
const ALL_IN_DOUBT: LookTimes =
    LookTimes { after: Duration::ZERO, again_after: Duration::ZERO, until: Duration::from_hours(10 * 24) };

/// A year as it happens.
pub(super) struct World<'a, S: Stage> {
    pub(super) stage: &'a S,
    pub(super) ledger: S::Ledger,
    pub(super) year: &'a Year,
    /// One that can be asked what it has, and one that can't.
    pub(super) servers: [Arc<MailServer>; 2],
    pub(super) processes: [Process; 3],
    chance: Chance,
    /// The true time.
    now: DateTime<Utc>,
    /// When each dispute was filed.
    filed: Vec<DateTime<Utc>>,
    facts: usize,
    /// Whether a process died just now.
    has_died: bool,
    /// The last day that was sealed.
    sealed: Option<NaiveDate>,
}

impl<'a, S: Stage> World<'a, S> {
    pub(super) fn new(stage: &'a S, year: &'a Year) -> Self {
        let chance = |stream| Chance::of(year.seed, stream);
        // Less apart than a lease lasts: in memory, the ledger's clock is the one that is most ahead.
        let process = |ahead, told_after| Process::new(TimeDelta::seconds(ahead), TimeDelta::hours(told_after));
        Self {
            stage,
            ledger: stage.ledger(),
            year,
            servers: [MailServer::new("mailbox", true, chance(1)), MailServer::new("relay", false, chance(2))],
            processes: [process(-70, 0), process(0, 5), process(95, 11)],
            chance: chance(0),
            now: day(0),
            filed: Vec::new(),
            facts: 0,
            has_died: false,
            sealed: None,
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    pub(super) fn life(&self) -> Life<'_> {
        Life { ledger: Arc::new(self.ledger.clone()), servers: &self.servers, year: self.year, now: self.now }
    }

    pub(super) async fn learn_first(&mut self) {
        let (key, seen) = self.fact();
        book(&self.ledger, &key, &[seen], self.rules(), self.now).await.unwrap();
    }

    /// Some time passes, and something is learnt, while some processes sum up.
    pub(super) async fn turn(&mut self) {
        if self.has_died || self.is_in_doubt().await {
            // Looks are given up after a day. The processes see to it that it does not come to that.
            let by = TimeDelta::minutes(11) + self.up_to(TimeDelta::minutes(70));
            self.pass(by).await;
            return self.learn_and_sum_up(self.processes.len()).await;
        }
        let by = self.up_to(self.year.pace);
        self.pass(by).await;
        if self.chance.one_in(40) {
            let nobody_is_there = self.up_to(TimeDelta::days(4));
            return self.pass(nobody_is_there).await;
        }
        if self.chance.one_in(12) {
            self.resend().await;
        }
        let processes = self.chance.below(self.processes.len() + 1);
        self.learn_and_sum_up(processes).await;
    }

    /// Nothing goes wrong any more, until nothing is left to do.
    pub(super) async fn calm_down(&mut self) {
        self.servers.iter().for_each(|server| server.calm_down());
        for _ in 0..20 {
            self.pass(TimeDelta::hours(4)).await;
            self.sum_up(self.processes.len(), None).await;
        }
        assert!(!self.is_in_doubt().await, "what can be looked for is known");
    }

    async fn pass(&mut self, by: TimeDelta) {
        self.now += by;
        self.stage.let_time_pass(by).await;
    }

    async fn is_in_doubt(&self) -> bool {
        !self.ledger.in_doubt(self.servers[0].channel, self.servers[0].channel, &ALL_IN_DOUBT).await.unwrap().is_empty()
    }

    /// A person has a mail sent again of which nobody can know whether it went.
    async fn resend(&mut self) {
        let channel = self.servers[1].channel;
        let in_doubt = self.ledger.in_doubt(channel, channel, &ALL_IN_DOUBT).await.unwrap();
        let Some(claim) = in_doubt.first() else { return };
        for (mail, _) in &claim.attempts {
            self.has_died |= !self.processes[1].resend(&self.life(), mail, channel).await;
        }
    }

    async fn learn_and_sum_up(&mut self, processes: usize) {
        let fact = if self.chance.one_in(4) { None } else { Some(self.fact()) };
        self.sum_up(processes, fact).await;
    }

    /// So many processes sum up at once, while a fact is booked.
    async fn sum_up(&mut self, processes: usize, fact: Option<(DisputeKey, Observation)>) {
        let first = self.chance.below(self.processes.len());
        let learn = async {
            if let Some((key, seen)) = fact {
                book(&self.ledger, &key, &[seen], self.rules(), self.now).await.unwrap();
            }
        };
        let life = self.life();
        let some = self.processes.iter().cycle().skip(first).take(processes);
        let (lived, ()) = join(join_all(some.map(|process| process.sum_up(&life))), learn).await;
        self.has_died = lived.contains(&false);
        let sealed = self.ledger.sealed(self.year.zone(self.now)).await.unwrap().last;
        assert!(sealed >= self.sealed, "days are sealed in order: {sealed:?} after {:?}", self.sealed);
        self.sealed = sealed;
    }

    fn rules(&self) -> BookRules {
        BookRules { time_zone: self.year.zone(self.now), ..BookRules::default() }
    }

    /// A dispute is filed, or one that is known is decided: now, or weeks ago and told now.
    fn fact(&mut self) -> (DisputeKey, Observation) {
        self.facts += 1;
        let (now, fact) = (self.now, self.facts);
        let minor = 1_000 + i64::try_from(self.chance.below(9_000)).unwrap();
        let (dispute, status, at, movement) = if self.filed.is_empty() || self.chance.one_in(2) {
            self.filed.push(now);
            (self.filed.len(), "needs_response", now, withdrawal(&format!("txn_{fact}"), now, minor, 1_500))
        } else {
            let dispute = self.chance.below(self.filed.len());
            let at = (now - self.up_to(TimeDelta::days(40))).max(self.filed[dispute]);
            let status = ["won", "lost", "won"][self.chance.below(3)];
            (dispute + 1, status, at, reinstatement(&format!("txn_{fact}"), at, minor))
        };
        let key = dispute_key(&format!("du_{dispute}"));
        let movements = if status == "lost" { vec![] } else { vec![movement] };
        let seen = Observation { key: key.clone(), movements, ..observation(&format!("evt_{fact}"), status, at) };
        (key, seen)
    }

    fn up_to(&mut self, end: TimeDelta) -> TimeDelta {
        let seconds = usize::try_from(end.num_seconds()).unwrap();
        TimeDelta::seconds(i64::try_from(self.chance.below(seconds + 1)).unwrap())
    }
}
