//! The use cases that ask the source: what they find is booked once, and what they don't find is not invented.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chargebook_domain::ports::{
    Completeness, DisputeReader, MovementKind, Origin, Period, ReadError, ReadQueue, Slice, SweepKind, Sweeps, Tally,
};
use chargebook_domain::service::{Ask, AskError, Backfill, Found, Ingest, Occasion, Received, Reread, Sweeper, TieOut};
use chargebook_domain::{
    AccountId, Admission, Basis, BookRules, Bucket, Category, ChargeId, Claims, Difference, DisputeId, Movement,
    MovementId, Observation,
};
use chargebook_port_contracts::samples::{claims, day, dispute_key, movement, observation, reinstatement, withdrawal};
use chargebook_port_contracts::{FixedClock, InMemoryLedger, InMemoryReader, read_of};
use chrono::{DateTime, TimeDelta, Utc};

/// A ledger, a source, and everything that asks the one for the other.
struct World {
    ledger: InMemoryLedger,
    reader: Arc<InMemoryReader>,
    clock: Arc<FixedClock>,
    ask: Ask,
}

impl World {
    fn at(now: DateTime<Utc>) -> Self {
        let ledger = InMemoryLedger::default();
        let reader = Arc::new(InMemoryReader::with_pages_of(3));
        let clock = Arc::new(FixedClock::at(now));
        let admission = Admission { livemode: true, accounts: BTreeSet::new() };
        let ingest = Ingest::new(Arc::new(ledger.clone()), BookRules::default(), admission);
        let ask = Ask { reader: Arc::clone(&reader) as _, ingest, clock: Arc::clone(&clock) as _ };
        Self { ledger, reader, clock, ask }
    }

    fn sweeper(&self) -> Sweeper {
        Sweeper::new(self.ask.clone(), Arc::new(self.ledger.clone()), Arc::new(self.ledger.clone()))
    }

    fn backfill(&self) -> Backfill {
        Backfill::new(self.ask.clone(), Arc::new(self.ledger.clone()), Arc::new(self.ledger.clone()))
    }

    fn reread(&self) -> Reread {
        Reread::new(self.ask.clone(), Arc::new(self.ledger.clone()))
    }

    async fn sweep(&self, kind: SweepKind) -> Option<Found> {
        self.sweeper().sweep(&AccountId::own(), kind, Occasion::Regular).await.unwrap()
    }

    /// A webhook arrives.
    async fn deliver(&self, event: &Observation) {
        let read = read_of(event);
        let received = Received { event: read.event, body: read.body, received_at: event.as_of };
        self.ask.ingest.ingest(&[received], event.as_of).await.unwrap();
    }

    fn bucket(&self, dispute: &str) -> Bucket {
        self.ledger.disputes()[&dispute_key(dispute)].dispute.bucket
    }

    async fn run_backfill(&self) -> Tally {
        let backfill = self.backfill();
        let slices = backfill.open(&AccountId::own(), day(0), Some(day(60))).await.unwrap();
        let mut done = Vec::new();
        for mut slice in slices {
            while !slice.is_done {
                slice = backfill.page(&slice).await.unwrap();
            }
            done.push(slice);
        }
        backfill.finish(&done).await.unwrap();
        done.iter().fold(Tally::default(), |sum, slice: &Slice| sum.plus(slice.tally))
    }
}

fn taken(dispute: &str, at: DateTime<Utc>) -> Movement {
    Movement { source: Some(dispute.to_owned()), ..withdrawal(&format!("txn_{dispute}_w"), at, 10_000, 1_500) }
}

fn returned(dispute: &str, at: DateTime<Utc>) -> Movement {
    Movement { source: Some(dispute.to_owned()), ..reinstatement(&format!("txn_{dispute}_r"), at, 10_000) }
}

fn filed(dispute: &str, at: DateTime<Utc>) -> Claims {
    Claims { charge: Some(ChargeId::parse(&format!("ch_{dispute}")).unwrap()), opened_at: Some(at), ..claims() }
}

/// An event about a dispute that was filed at `at`.
fn event(dispute: &str, status: &str, at: DateTime<Utc>, movements: Vec<Movement>) -> Observation {
    let cause = format!("evt_{dispute}_{status}");
    let claims = filed(dispute, day(1));
    Observation { key: dispute_key(dispute), claims, movements, ..observation(&cause, status, at) }
}

fn read(dispute: &str, status: &str, at: DateTime<Utc>, movements: Vec<Movement>) -> Observation {
    let as_read = event(dispute, status, at, movements);
    let cause = chargebook_port_contracts::samples::cause_id(&format!("read_{dispute}_{status}_{}", at.timestamp()));
    Observation { cause, basis: Basis::Read, ..as_read }
}

#[tokio::test]
async fn a_backfill_books_every_dispute_once_and_a_second_one_changes_nothing() {
    let world = World::at(day(50));
    for number in 0..20 {
        let id = format!("du_{number}");
        let at = day(number % 40);
        let mut seen = read(&id, "lost", day(49), vec![taken(&id, at)]);
        seen.claims.opened_at = Some(at);
        world.reader.stands(seen);
    }
    let tally = world.run_backfill().await;
    assert_eq!(tally, Tally { new: 20, orphaned: 20, ..Tally::default() });
    let before = (world.ledger.disputes(), world.ledger.entries(), world.ledger.causes());
    assert_eq!(before.0.len(), 20);
    assert_eq!(world.run_backfill().await, Tally { known: 20, ..Tally::default() });
    assert_eq!(before, (world.ledger.disputes(), world.ledger.entries(), world.ledger.causes()));
    let whole = world.ledger.whole(&AccountId::own()).await.unwrap();
    assert_eq!(whole, Some(Period { from: day(0), until: day(50) }));
    // What events can still tell is left to them: the first sweep begins where they do, however much later.
    world.clock.set(day(70));
    world.reader.happened(event("du_0", "won", day(45), vec![]));
    assert_eq!(world.sweep(SweepKind::Gaps).await, Some(Found { new: 1, quarantined: 0 }));
    let whole = world.ledger.whole(&AccountId::own()).await.unwrap();
    assert_eq!(whole, Some(Period { from: day(0), until: day(70) }));
}

#[tokio::test]
async fn a_backfill_goes_on_where_it_was_killed() {
    let world = World::at(day(50));
    for number in 0..7 {
        let id = format!("du_{number}");
        world.reader.stands(read(&id, "lost", day(49), vec![taken(&id, day(1))]));
    }
    let backfill = world.backfill();
    let open = async || backfill.open(&AccountId::own(), day(0), None).await;
    let first = open().await.unwrap().into_iter().next().unwrap();
    backfill.page(&first).await.unwrap();
    world.clock.advance(TimeDelta::hours(3));
    let again = open().await.unwrap();
    assert_eq!((again[0].backfill, again[0].tally.new), (first.backfill, 3), "its end stays what it was");
    let asked = world.reader.asked();
    let mut slice = again[0].clone();
    while !slice.is_done {
        slice = backfill.page(&slice).await.unwrap();
    }
    assert_eq!((slice.tally.new, world.reader.asked() - asked), (7, 2), "no page is read twice");
    let since = again.last().unwrap();
    assert_eq!((since.backfill.from, since.backfill.until), (day(50), day(50) + TimeDelta::hours(3)), "and the rest");
}

#[tokio::test]
async fn an_event_that_never_arrived_is_fetched_and_booked() {
    let world = World::at(day(10));
    let opened = event("du_1", "needs_response", day(1), vec![taken("du_1", day(1))]);
    let lost = event("du_1", "lost", day(9), vec![taken("du_1", day(1))]);
    world.deliver(&opened).await;
    world.reader.happened(opened);
    world.reader.happened(lost);
    assert_eq!(world.sweep(SweepKind::Gaps).await, Some(Found { new: 1, quarantined: 0 }));
    assert_eq!(world.bucket("du_1"), Bucket::ConfirmedLoss);
    let whole = world.ledger.whole(&AccountId::own()).await.unwrap();
    assert_eq!(whole, Some(Period { from: day(10) - TimeDelta::days(30), until: day(10) }));
    assert_eq!(world.sweep(SweepKind::Gaps).await, None, "it is not due");
    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(world.sweep(SweepKind::Gaps).await, Some(Found::default()));
    let whole = world.ledger.whole(&AccountId::own()).await.unwrap().unwrap();
    assert_eq!(whole.until, day(10) + TimeDelta::hours(1), "it reaches on, and as far back");
    assert_eq!(whole.from, day(10) - TimeDelta::days(30));
}

#[tokio::test]
async fn a_sweep_that_fails_is_made_again_and_claims_nothing_whole() {
    let world = World::at(day(10));
    world.reader.script([ReadError::Unavailable { reason: "down".to_owned() }]);
    let sweep = || async { world.sweeper().sweep(&AccountId::own(), SweepKind::Gaps, Occasion::Start).await };
    assert!(matches!(sweep().await, Err(AskError::Source(ReadError::Unavailable { .. }))));
    assert_eq!(world.ledger.whole(&AccountId::own()).await.unwrap(), None);
    assert_eq!(sweep().await.unwrap(), None, "its lease runs");
    world.clock.advance(TimeDelta::minutes(61));
    assert_eq!(sweep().await.unwrap(), Some(Found::default()));
}

#[tokio::test]
async fn a_late_win_of_any_age_is_found_by_its_money() {
    let world = World::at(day(200));
    let movements = vec![taken("du_1", day(1))];
    world.deliver(&event("du_1", "needs_response", day(1), movements.clone())).await;
    world.deliver(&event("du_1", "lost", day(20), movements.clone())).await;
    let back = returned("du_1", day(199));
    world.reader.stands(read("du_1", "won", day(200), vec![movements[0].clone(), back]));
    assert_eq!(world.sweep(SweepKind::Money).await, Some(Found { new: 1, quarantined: 0 }));
    assert_eq!(world.bucket("du_1"), Bucket::Recovered);
}

#[tokio::test]
async fn money_that_its_dispute_does_not_show_is_booked_under_it() {
    let world = World::at(day(30));
    let movements = vec![taken("du_1", day(1))];
    world.deliver(&event("du_1", "won", day(20), movements.clone())).await;
    world.reader.stands(read("du_1", "won", day(30), movements));
    let back = returned("du_1", day(29));
    let origin = Origin::Dispute(DisputeId::parse("du_1").unwrap());
    world.reader.moved(AccountId::own(), MovementKind::Adjustment, back, origin);
    assert_eq!(world.sweep(SweepKind::Money).await, Some(Found { new: 1, quarantined: 0 }));
    assert_eq!(world.bucket("du_1"), Bucket::Recovered);
    let kept = &world.ledger.disputes()[&dispute_key("du_1")];
    assert_eq!(kept.facts.lines().count(), 1, "no statement was added for it");
}

#[tokio::test]
async fn fees_of_the_account_are_booked_on_it_and_other_fees_are_not_ours() {
    let world = World::at(day(30));
    let fee = |id: &str, description: &str| Movement {
        stripe_type: "stripe_fee".to_owned(),
        description: Some(description.to_owned()),
        ..movement(id, Category::Fee, day(20), -1_500, 0)
    };
    for (id, text) in [("txn_1", "Card Dispute Countered Fee (2026-01-13)"), ("txn_2", "Radar (2026-01-01)")] {
        world.reader.moved(AccountId::own(), MovementKind::Fee, fee(id, text), Origin::Other);
    }
    assert_eq!(world.sweep(SweepKind::Money).await, Some(Found { new: 1, quarantined: 0 }));
    let entries = world.ledger.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].entry.dispute(), None);
    world.clock.advance(TimeDelta::hours(6));
    assert_eq!(world.sweep(SweepKind::Money).await, Some(Found::default()));
}

#[tokio::test]
async fn money_of_a_dispute_that_nobody_can_read_is_kept_and_not_booked_on_the_account() {
    let world = World::at(day(30));
    let origin = Origin::Dispute(DisputeId::parse("du_9").unwrap());
    world.reader.moved(AccountId::own(), MovementKind::Adjustment, taken("du_9", day(20)), origin);
    assert_eq!(world.sweep(SweepKind::Money).await, Some(Found { new: 0, quarantined: 1 }));
    assert!(world.ledger.entries().is_empty());
    // When the dispute is known at last, its money is booked with it.
    world.deliver(&event("du_9", "lost", day(29), vec![taken("du_9", day(20))])).await;
    assert_eq!(world.bucket("du_9"), Bucket::ConfirmedLoss);
}

#[tokio::test]
async fn an_old_row_that_names_only_its_charge_is_booked_by_the_dispute_that_shows_it() {
    let world = World::at(day(30));
    let old = Movement { reporting_category: None, source: Some("ch_du_1".to_owned()), ..taken("du_1", day(5)) };
    let old = Movement { description: Some("Chargeback withdrawal for ch_du_1".to_owned()), ..old };
    let origin = Origin::Charge(ChargeId::parse("ch_du_1").unwrap());
    world.reader.moved(AccountId::own(), MovementKind::Adjustment, old.clone(), origin.clone());
    let other = Movement { id: MovementId::parse("txn_other").unwrap(), ..old.clone() };
    world.reader.moved(AccountId::own(), MovementKind::Adjustment, other, origin);
    world.deliver(&event("du_1", "lost", day(20), vec![])).await;
    world.reader.stands(read("du_1", "lost", day(30), vec![old]));
    assert_eq!(world.sweep(SweepKind::Money).await, Some(Found { new: 1, quarantined: 1 }));
    assert_eq!(world.bucket("du_1"), Bucket::ConfirmedLoss);
    assert_eq!(world.ledger.entries().len(), 2, "the withdrawal and the close-out; the other may be another dispute's");
}

#[tokio::test]
async fn a_dispute_that_cannot_be_read_keeps_no_other_from_being_read() {
    let world = World::at(day(4));
    for id in ["du_1", "du_2"] {
        world.deliver(&event(id, "needs_response", day(4), vec![])).await;
        world.reader.stands(read(id, "needs_response", day(4), vec![]));
    }
    world.clock.advance(TimeDelta::seconds(6));
    world.reader.script([ReadError::Refused { reason: "not connected".to_owned() }]);
    assert_eq!(world.reread().run().await.unwrap().read, 1);
}

#[tokio::test]
async fn of_the_reads_that_are_refused_the_first_is_told() {
    let world = World::at(day(4));
    for id in ["du_1", "du_2", "du_3"] {
        world.deliver(&event(id, "needs_response", day(4), vec![])).await;
        world.reader.stands(read(id, "needs_response", day(4), vec![]));
    }
    world.clock.advance(TimeDelta::seconds(6));
    let refused = |reason: &str| ReadError::Refused { reason: reason.to_owned() };
    world.reader.script([refused("may not read disputes"), refused("not connected")]);
    let done = world.reread().run().await.unwrap();
    assert_eq!((done.read, done.refused), (1, Some(refused("may not read disputes"))));
    assert_eq!(world.reread().run().await.unwrap().refused, None, "they are put off");
}

#[tokio::test]
async fn open_disputes_are_read_by_the_page_and_those_that_changed_today_are_left_alone() {
    let world = World::at(day(10));
    let quiet = event("du_1", "needs_response", day(2), vec![]);
    let busy = event("du_2", "needs_response", day(10) - TimeDelta::hours(2), vec![]);
    world.deliver(&quiet).await;
    world.deliver(&busy).await;
    world.reader.stands(read("du_1", "under_review", day(10), vec![]));
    world.reader.stands(read("du_2", "under_review", day(10), vec![]));
    assert_eq!(world.sweep(SweepKind::Open).await, Some(Found { new: 1, quarantined: 0 }));
    assert_eq!(world.reader.asked(), 1);
    let disputes = world.ledger.disputes();
    let status = |id: &str| disputes[&dispute_key(id)].dispute.status.to_string();
    assert_eq!((status("du_1"), status("du_2")), ("under_review".to_owned(), "needs_response".to_owned()));
}

#[tokio::test]
async fn nothing_is_asked_while_no_dispute_is_open() {
    let world = World::at(day(10));
    world.deliver(&event("du_1", "lost", day(2), vec![taken("du_1", day(1))])).await;
    assert_eq!(world.sweep(SweepKind::Open).await, Some(Found::default()));
    assert_eq!(world.reader.asked(), 0);
}

#[tokio::test]
async fn two_statuses_of_one_second_are_settled_by_a_read() {
    let world = World::at(day(2));
    for status in ["under_review", "needs_response"] {
        world.deliver(&event("du_1", status, day(2), vec![])).await;
    }
    world.reader.stands(read("du_1", "needs_response", day(2) + TimeDelta::seconds(8), vec![]));
    assert_eq!(world.reread().run().await.unwrap().read, 0, "not before it can settle it");
    world.clock.advance(TimeDelta::seconds(6));
    assert_eq!(world.reread().run().await.unwrap().found, Found { new: 1, quarantined: 0 });
    let disputes = world.ledger.disputes();
    assert_eq!(disputes[&dispute_key("du_1")].dispute.status.as_str(), "needs_response");
    assert!(world.ledger.claim_reads(day(300), std::time::Duration::ZERO, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn missing_money_is_looked_for_less_and_less_often_until_it_is_there() {
    let world = World::at(day(4));
    let movements = vec![taken("du_1", day(1))];
    world.deliver(&event("du_1", "won", day(4), movements.clone())).await;
    world.reader.stands(read("du_1", "won", day(4), movements.clone()));
    // First comes the read for the order's name, which nobody knows either.
    world.clock.advance(TimeDelta::seconds(6));
    assert_eq!(world.reread().run().await.unwrap().read, 1);
    let mut reads = 0;
    for hours in 1..=24 * 40 {
        world.clock.set(day(4) + TimeDelta::hours(hours));
        reads += world.reread().run().await.unwrap().read;
    }
    assert_eq!(reads, 6, "then it is left to the sweep for money");
}

#[tokio::test]
async fn a_source_that_is_away_puts_reads_off_and_asks_no_further() {
    let world = World::at(day(4));
    for id in ["du_1", "du_2", "du_3"] {
        world.deliver(&event(id, "needs_response", day(4), vec![])).await;
        world.reader.stands(read(id, "needs_response", day(4), vec![]));
    }
    world.clock.advance(TimeDelta::seconds(6));
    world.reader.script([ReadError::Unavailable { reason: "down".to_owned() }]);
    assert!(world.reread().run().await.is_err());
    assert_eq!(world.reader.asked(), 1);
    assert_eq!(world.reread().run().await.unwrap().read, 0);
    world.clock.advance(TimeDelta::minutes(16));
    assert_eq!(world.reread().run().await.unwrap().read, 3);
}

#[tokio::test]
async fn a_tie_out_names_exactly_the_movements_that_differ() {
    let world = World::at(day(30));
    let period = Period { from: day(0), until: day(30) };
    for id in ["du_1", "du_2", "du_3"] {
        let lost = event(id, "lost", day(20), vec![taken(id, day(2))]);
        world.deliver(&lost).await;
        world.reader.stands(read(id, "lost", day(29), vec![taken(id, day(2))]));
    }
    let tie_out = TieOut::new(Arc::new(world.ledger.clone()));
    let tied = async || {
        let reader: &dyn DisputeReader = &*world.reader;
        let theirs = tie_out.theirs(reader, &AccountId::own(), period, |_| ()).await.unwrap();
        tie_out.compare(&AccountId::own(), period, theirs).await.unwrap()
    };
    let agrees = tied().await;
    assert_eq!((agrees.days.len(), agrees.differences.len()), (1, 0));
    assert_eq!((agrees.days[0].ours, agrees.days[0].ours.net), (agrees.days[0].theirs, -34_500));

    world.deliver(&event("du_4", "lost", day(20), vec![taken("du_4", day(3))])).await;
    world.reader.stands(read("du_5", "lost", day(29), vec![taken("du_5", day(4))]));
    let differences: BTreeMap<_, _> = tied()
        .await
        .differences
        .into_iter()
        .map(|difference| (difference.movement().id.to_string(), matches!(difference, Difference::MissingHere(_))))
        .collect();
    let expected = [("txn_du_4_w".to_owned(), false), ("txn_du_5_w".to_owned(), true)];
    assert_eq!(differences, expected.into());

    let found = world.sweeper().money_of(&AccountId::own(), period).await.unwrap();
    assert_eq!(found, Found { new: 1, quarantined: 0 });
    assert_eq!(tied().await.differences.len(), 1, "what the source lacks stays");
    let principal = world.ledger.principal(&AccountId::own(), period).await.unwrap();
    assert_eq!(principal.len(), 5);
}
