use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::ports::{DayMail, Seal, Summaries as _};
use chargebook_domain::service::due_through;
use chargebook_domain::{Currency, Deltas};
use chrono::NaiveDate;

use super::mail_server::{Attempt, End, MailServer};
use super::world::World;
use super::{Row, Stage};
use crate::samples::day;

impl<S: Stage> World<'_, S> {
    /// Asserts that the year went as it should.
    pub(super) async fn check(&self) {
        let first = day(0).with_timezone(&self.year.zone(day(0))).date_naive();
        let last = due_through(self.now(), &self.processes[0].schedule(self.year, self.now())).unwrap();
        let dates: Vec<NaiveDate> = first.iter_days().take_while(|date| *date <= last).collect();
        assert!(dates.len() > 365);
        self.check_days(&dates).await;
        for server in &self.servers {
            check_mails(server, &dates);
        }
        let (daily, _) = self.processes[0].begin(&self.life());
        assert_eq!(daily.undelivered().await.unwrap(), []);
    }

    /// Each day is sealed and proven, each row is in one, and all days are the ledger.
    async fn check_days(&self, dates: &[NaiveDate]) {
        let (daily, _) = self.processes[0].begin(&self.life());
        let now = self.now();
        let (mut zones, mut sums) = (BTreeMap::new(), Vec::new());
        let (mut seen, mut counts) = (BTreeSet::new(), BTreeMap::<NaiveDate, usize>::new());
        for date in dates {
            let summary = daily.summary(&DayMail::together(*date), now).await.unwrap();
            assert!(summary.sealed && summary.proven(), "{date}");
            zones.insert(*date, summary.zone);
            sums.extend(summary.totals);
            let seal = Seal { date: *date, zone: summary.zone, books_start: None, now };
            for row in self.ledger.books(&seal, None).await.unwrap().rows {
                *counts.entry(*date).or_default() += 1;
                assert!(seen.insert((row.key, row.revision, row.currency)), "{date}: a row is in two days");
            }
        }
        let used: BTreeSet<_> = zones.values().map(|zone| zone.name()).collect();
        assert_eq!(used, self.year.zones.iter().map(|(_, zone)| zone.name()).collect());

        let rows = self.stage.rows().await;
        let mut kept = BTreeMap::<NaiveDate, usize>::new();
        for row in &rows {
            *kept.entry(row.sealed_in.unwrap()).or_default() += 1;
        }
        assert_eq!(kept, counts);
        assert_eq!(sum(rows.iter().map(|row| (row.currency, row.deltas))), sum(sums));
        let is_late = |row: &&Row| {
            let date = row.sealed_in.unwrap();
            row.occurred_at.with_timezone(&zones[&date]).date_naive() < date
        };
        assert!(rows.iter().filter(is_late).count() > 20, "facts come late");
    }
}

fn sum(parts: impl IntoIterator<Item = (Currency, Deltas)>) -> BTreeMap<Currency, Deltas> {
    let mut sums = BTreeMap::<Currency, Deltas>::new();
    for (currency, deltas) in parts {
        let sum = sums.entry(currency).or_default();
        *sum = sum.plus(&deltas).unwrap();
    }
    sums
}

/// Each day's mail was taken once. Where nobody can look, it may be in doubt, and went again only by a person's word.
fn check_mails(server: &MailServer, dates: &[NaiveDate]) {
    let all = server.attempts();
    let references: BTreeSet<_> = dates.iter().map(|date| DayMail::together(*date).reference()).collect();
    assert!(all.keys().eq(&references), "{}: {:?}", server.channel, all.keys());
    for (reference, attempts) in &all {
        let what = format!("{} {reference}: {attempts:?}", server.channel);
        let (by_person, by_schedule): (Vec<Attempt>, Vec<Attempt>) =
            attempts.iter().partition(|attempt| attempt.by_person);
        let taken = attempts.iter().filter(|attempt| attempt.end.is_taken()).count();
        if server.can_look {
            assert_eq!((taken, by_person.len()), (1, 0), "{what}");
            continue;
        }
        let (last, before) = by_schedule.split_last().unwrap();
        assert!(before.iter().all(|attempt| attempt.end == End::Refused), "{what}");
        match last.end {
            End::Accepted => assert_eq!((taken, by_person.len()), (1, 0), "{what}"),
            End::Refused => panic!("it is sent again: {what}"),
            End::Unknown { .. } | End::Died { .. } => assert!(taken <= 1 + by_person.len(), "{what}"),
        }
    }
    let ends: Vec<_> = all.values().flatten().collect();
    let (unknown, died) = (|taken| End::Unknown { taken }, |taken| End::Died { taken });
    for end in [End::Refused, End::Accepted, unknown(true), unknown(false), died(true), died(false)] {
        assert!(ends.iter().any(|attempt| attempt.end == end), "{}: {end:?} must happen", server.channel);
    }
    let resent = ends.iter().filter(|attempt| attempt.by_person).count();
    let in_doubt = all.values().filter(|attempts| attempts.iter().any(|attempt| attempt.end.is_in_doubt())).count();
    let some_are = if server.can_look { resent == 0 } else { 0 < resent && resent < in_doubt };
    assert!(some_are, "{}: a person has some sent again, {resent} of {in_doubt}", server.channel);
}
