use super::*;
use crate::{AccountId, Category, Currency, DisputeId, Meaning};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000 + second, 0).unwrap()
}

/// A movement whose amount is in suspense where its category is `Other`.
fn movement(id: &str, category: Category, amount_minor: i64) -> Movement {
    Movement { occurred_at: at(10), ..crate::movement::tests::movement(id, category, amount_minor) }
}

fn tie(movement: &Movement) -> Attributed {
    Attributed::Tie(Box::new(movement.clone()))
}

fn moved(of: &Movement, meaning: Meaning, occurred_at: DateTime<Utc>) -> Attributed {
    Attributed::Reclassification(Reclassification { movement: of.id.clone(), meaning, occurred_at })
}

fn shown(movements: &[&Movement]) -> Observation {
    let account = AccountId::own();
    Observation {
        key: DisputeKey { account, dispute: DisputeId::parse("du_1").unwrap() },
        cause: CauseId::parse("evt_1").unwrap(),
        basis: Basis::Event,
        as_of: at(20),
        status: Status::Won,
        claims: Claims::of(Money::new(100, Currency::parse("usd").unwrap())),
        movements: movements.iter().copied().cloned().collect(),
    }
}

#[test]
fn money_is_tied_to_a_dispute_once_and_only_where_it_is_not_its_own() {
    let (own, fee) = (movement("txn_1", Category::Other, -5), movement("txn_2", Category::Fee, -7));
    let mut facts = Facts::from_parts([], [own.clone()]);
    assert_eq!(facts.attribute(&tie(&own)), Err(AttributionError::OfTheDispute(own.id.clone())));
    assert!(!facts.says(&tie(&fee)) && !facts.is_tied(&fee.id) && !facts.knows(&fee));
    facts.attribute(&tie(&fee)).unwrap();
    assert!(facts.says(&tie(&fee)) && facts.is_tied(&fee.id) && facts.knows(&fee) && !facts.is_tied(&own.id));
    assert!(!facts.says(&tie(&Movement { fee_minor: 1, ..fee.clone() })));
    assert_eq!(facts.attribute(&tie(&fee)), Err(AttributionError::OfTheDispute(fee.id.clone())));
    assert_eq!((facts.attributed(), facts.money(), facts.booked()), (vec![tie(&fee)], vec![&own, &fee], vec![&own]));
}

#[test]
fn what_is_in_suspense_is_moved_once_and_not_before_its_money() {
    let (own, tied) = (movement("txn_1", Category::Other, -5), movement("txn_2", Category::Other, 7));
    let mut facts = Facts::from_parts([], [own.clone(), movement("txn_3", Category::Withdrawal, -9)]);
    let none = movement("txn_4", Category::Other, -1);
    for (what, why) in [
        (moved(&none, Meaning::Fee, at(10)), AttributionError::NotOfTheDispute(none.id.clone())),
        (moved(&own, Meaning::Fee, at(9)), AttributionError::BeforeTheMovement(own.id.clone())),
        (
            moved(&movement("txn_3", Category::Other, 0), Meaning::Fee, at(10)),
            AttributionError::NothingInSuspense(MovementId::parse("txn_3").unwrap()),
        ),
    ] {
        assert_eq!(facts.attribute(&what), Err(why));
    }
    assert_eq!(facts.taken_out_of(&own.id), None);

    let word = moved(&own, Meaning::Fee, at(10));
    assert!(!facts.says(&word));
    facts.attribute(&word).unwrap();
    assert_eq!(facts.attribute(&word), Err(AttributionError::NothingInSuspense(own.id.clone())));
    assert!(facts.says(&word) && facts.says(&moved(&own, Meaning::Fee, at(99))));
    assert!(!facts.says(&moved(&own, Meaning::Principal, at(10))));
    let taken = facts.taken_out_of(&own.id).unwrap();
    assert_eq!((taken.category, taken.fee_minor, taken.net_minor), (Category::Fee, 5, 0));
    assert!(facts.booked().contains(&taken) && facts.money().contains(&taken));
    assert!(facts.unexplained().all(|movement| movement.id != own.id));

    // What was tied is moved as the dispute's own is, and later is a time as good.
    facts.attribute(&tie(&tied)).unwrap();
    assert!(facts.unexplained().any(|movement| *movement == tied));
    facts.attribute(&moved(&tied, Meaning::Principal, at(11))).unwrap();
    let taken = facts.taken_out_of(&tied.id).unwrap();
    assert_eq!((taken.category, taken.amount_minor, taken.occurred_at), (Category::Reinstatement, 7, at(11)));

    let said = facts.attributed();
    let mut again = Facts::from_parts([], facts.movements().into_iter().cloned());
    for what in &said {
        again.attribute(what).unwrap();
    }
    assert_eq!(again, facts, "it can be said again as it is listed");
}

#[test]
fn a_movement_that_is_known_can_not_say_another_amount() {
    let (own, tied) = (movement("txn_1", Category::Withdrawal, -5), movement("txn_2", Category::Fee, -7));
    let mut facts = Facts::from_parts([], [own.clone()]);
    facts.attribute(&tie(&tied)).unwrap();
    let before = facts.clone();
    let more = |movement: &Movement| Movement { amount_minor: movement.amount_minor - 1, ..movement.clone() };
    let new = movement("txn_3", Category::Fee, -1);
    for (movements, contradicted) in
        [(vec![&more(&own)], &own), (vec![&more(&tied)], &tied), (vec![&new, &more(&new)], &new)]
    {
        let refused = facts.add(&shown(&movements));
        assert_eq!(refused, Err(MovementContradicted { movement: contradicted.id.clone() }));
        assert_eq!(facts, before, "nothing was added");
    }
    assert!(!facts.knows(&more(&own)) && !facts.knows(&more(&tied)) && !facts.knows(&new));
    let added = facts.add(&shown(&[&own, &tied, &new, &new])).unwrap();
    assert_eq!(added.movements, std::slice::from_ref(&new), "each is added once, and what is known is not");
    assert!(facts.knows(&own) && facts.knows(&tied) && facts.knows(&new));
    assert_eq!(facts.add(&shown(&[&own, &new])).unwrap(), Added::default());
}

fn line(cause: &str, status: Status, second: i64, evidence_due_by: Option<DateTime<Utc>>) -> Line {
    let claims = Claims { evidence_due_by, opened_at: Some(at(0)), ..shown(&[]).claims };
    let cause = CauseId::parse(cause).unwrap();
    Line { cause, basis: Basis::Event, as_of: at(second), status, claims, latest_movement_at: None }
}

#[test]
fn a_deadline_is_what_was_said_last_and_a_filing_fact_what_was_said_first() {
    let lines = [(1, Some(at(100))), (2, Some(at(200))), (3, None)];
    let lines = lines.map(|(second, due)| line(&format!("evt_{second}"), Status::NeedsResponse, second, due));
    let facts = Facts::from_parts(lines, []);
    let due = |claims: &Claims| claims.evidence_due_by;
    assert_eq!((facts.first(due), facts.last(due)), (Some(at(100)), Some(at(200))));
    assert_eq!(Facts::default().last(due), None);
}

#[test]
fn a_dispute_was_filed_when_it_began_or_when_its_inquiry_ended() {
    let filed = |statuses: &[Status]| {
        let lines =
            (5..).zip(statuses).map(|(second, status)| line(&format!("evt_{second}"), status.clone(), second, None));
        Facts::from_parts(lines, []).filed_at()
    };
    assert_eq!(filed(&[Status::NeedsResponse, Status::Lost]), Some(at(0)), "the source says since when");
    assert_eq!(filed(&[Status::WarningNeedsResponse, Status::NeedsResponse]), Some(at(6)));
    assert_eq!(filed(&[Status::WarningNeedsResponse]), None);
    assert_eq!(filed(&[Status::NeedsResponse, Status::Prevented]), None);
    let early = Line { claims: Claims { opened_at: None, ..shown(&[]).claims }, ..line("evt_1", Status::Won, 7, None) };
    assert_eq!(Facts::from_parts([early], []).filed_at(), Some(at(7)));
}
