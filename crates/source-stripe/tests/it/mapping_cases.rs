//! What each fixture must map to. Ids follow from the story's name, as in the fixtures.

use chargebook_domain::{
    AccountId, Basis, Category, CauseId, ChargeId, Claims, Currency, DisputeId, DisputeKey, Money, Movement,
    MovementId, Observation, OrderRef, PaymentIntentId, Status,
};
use chrono::NaiveDate;

use crate::support::at;

pub(crate) struct Case {
    pub(crate) fixture: &'static str,
    pub(crate) observation: Observation,
}

/// 2026-09-01T00:00:00Z.
const START: i64 = 1_788_220_800;
const DAY: i64 = 86_400;
const DUE: i64 = START + 20 * DAY;

fn usd(minor: i64) -> Money {
    money(minor, "usd")
}

fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, Currency::parse(currency).unwrap())
}

/// A card dispute about fraud that waits for evidence: what most fixtures are.
fn claims(story: &str, disputed: Money, opened: i64) -> Claims {
    Claims {
        charge: Some(ChargeId::parse(&format!("ch_3Rk{story}")).unwrap()),
        payment_intent: Some(PaymentIntentId::parse(&format!("pi_3Rk{story}")).unwrap()),
        order_hint: None,
        reason: Some("fraudulent".into()),
        case_type: Some("chargeback".into()),
        card_brand: Some("visa".into()),
        card_last4: None,
        opened_at: Some(at(opened)),
        evidence_due_by: Some(at(DUE)),
        evidence_submitted: Some(false),
        ..Claims::of(disputed)
    }
}

/// A withdrawal `W1` or a reinstatement `R1` of a story.
fn movement(story: &str, row: &str, amount: Money, fee: i64, created: i64) -> Movement {
    let withdrawal = row.starts_with('W');
    let (category, reporting, word) = if withdrawal {
        (Category::Withdrawal, "dispute", "withdrawal")
    } else {
        (Category::Reinstatement, "dispute_reversal", "reversal")
    };
    // Returned money can be paid out four days later.
    let available_at = at(created + if withdrawal { 0 } else { 4 * DAY });
    Movement {
        id: MovementId::parse(&format!("txn_1Rk{story}{row}")).unwrap(),
        category,
        amount_minor: amount.minor(),
        fee_minor: fee,
        net_minor: amount.minor() - fee,
        currency: amount.currency(),
        occurred_at: at(created),
        available_on: Some(available_at.date_naive()),
        reporting_category: Some(reporting.into()),
        stripe_type: "adjustment".into(),
        description: Some(format!("Chargeback {word} for ch_3Rk{story}")),
        source: Some(format!("du_1Rk{story}")),
    }
}

fn case(
    (fixture, story): (&'static str, &str),
    as_of: i64,
    status: Status,
    claims: Claims,
    movements: Vec<Movement>,
) -> Case {
    let words = fixture.split('_').map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..]));
    Case {
        fixture,
        observation: Observation {
            key: DisputeKey {
                account: AccountId::own(),
                dispute: DisputeId::parse(&format!("du_1Rk{story}")).unwrap(),
            },
            cause: CauseId::parse(&format!("evt_1Rk{}", words.collect::<String>())).unwrap(),
            basis: Basis::Event,
            as_of: at(as_of),
            status,
            claims,
            movements,
        },
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = won();
    all.extend(lost());
    all.extend(inquiries());
    all.extend(money_in_unusual_ways());
    all.extend(unusual_words());
    all.extend(old_api_versions());
    all
}

/// One dispute from its first event to its last.
fn won() -> Vec<Case> {
    let opened = START + 9 * 3600;
    let open = Claims { order_hint: OrderRef::parse("SO-1001").ok(), ..claims("Won", usd(12_400), opened) };
    let answered = Claims { evidence_submitted: Some(true), ..open.clone() };
    let withdrawn = movement("Won", "W1", usd(-12_400), 1500, opened + 13);
    let returned = movement("Won", "R1", usd(12_400), 0, opened + 30 * DAY);
    let end = opened + 30 * DAY;
    let both = vec![withdrawn.clone(), returned];
    vec![
        case(("created", "Won"), opened, Status::NeedsResponse, open.clone(), vec![]),
        case(("funds_withdrawn", "Won"), opened + 14, Status::NeedsResponse, open, vec![withdrawn.clone()]),
        case(("updated_under_review", "Won"), opened + 5 * DAY, Status::UnderReview, answered.clone(), vec![withdrawn]),
        case(("won_funds_reinstated", "Won"), end, Status::Won, answered.clone(), both.clone()),
        case(("won_closed", "Won"), end, Status::Won, answered, both),
    ]
}

fn lost() -> Vec<Case> {
    let opened = START + DAY + 100;
    let in_full = Claims {
        reason: Some("product_not_received".into()),
        card_brand: Some("mastercard".into()),
        ..claims("Lost", money(5000, "eur"), opened)
    };
    let withdrawn = movement("Lost", "W1", money(-5000, "eur"), 2000, opened + 2);
    let partly_opened = START + 2 * DAY;
    let in_part = Claims {
        reason: Some("credit_not_processed".into()),
        evidence_submitted: Some(true),
        ..claims("PartlyLost", usd(10_000), partly_opened)
    };
    vec![
        case(("lost_closed", "Lost"), opened + 25 * DAY, Status::Lost, in_full, vec![withdrawn]),
        case(
            ("lost_smaller_reinstatement", "PartlyLost"),
            partly_opened + 40 * DAY,
            Status::Lost,
            in_part,
            vec![
                movement("PartlyLost", "W1", usd(-10_000), 1500, partly_opened + 1),
                movement("PartlyLost", "R1", usd(4000), 0, partly_opened + 40 * DAY),
            ],
        ),
    ]
}

fn inquiries() -> Vec<Case> {
    let opened = START + 3 * DAY;
    let inquiry = |story, disputed| Claims {
        reason: Some("unrecognized".into()),
        case_type: Some("inquiry".into()),
        card_brand: Some("amex".into()),
        ..claims(story, disputed, opened)
    };
    let escalated = Claims {
        card_brand: Some("amex".into()),
        evidence_due_by: Some(at(DUE + 15 * DAY)),
        ..claims("Inquiry", usd(7700), opened)
    };
    let closed =
        Claims { evidence_due_by: None, evidence_submitted: Some(true), ..inquiry("InquiryClosed", usd(3300)) };
    let (escalation, end) = (opened + 15 * DAY, opened + 120 * DAY);
    let withdrawn = movement("Inquiry", "W1", usd(-7700), 1500, escalation);
    vec![
        case(
            ("inquiry_created", "Inquiry"),
            opened,
            Status::WarningNeedsResponse,
            inquiry("Inquiry", usd(7700)),
            vec![],
        ),
        case(("inquiry_escalated", "Inquiry"), escalation, Status::NeedsResponse, escalated, vec![withdrawn]),
        case(("inquiry_closed", "InquiryClosed"), end, Status::WarningClosed, closed, vec![]),
    ]
}

fn money_in_unusual_ways() -> Vec<Case> {
    let converted = START + 5 * DAY;
    let returned = START + 6 * DAY;
    let answered = Claims { evidence_submitted: Some(true), ..claims("ReturnedFee", money(50_000, "mxn"), returned) };
    let mut cases = vec![
        case(
            ("settled_in_another_currency", "Converted"),
            converted + 3,
            Status::NeedsResponse,
            claims("Converted", usd(6000), converted),
            vec![movement("Converted", "W1", money(-8391, "cad"), 1500, converted + 3)],
        ),
        case(
            ("returned_fee", "ReturnedFee"),
            returned + 35 * DAY,
            Status::Won,
            answered,
            vec![
                movement("ReturnedFee", "W1", money(-50_000, "mxn"), 30_000, returned + 1),
                movement("ReturnedFee", "R1", money(50_000, "mxn"), -30_000, returned + 35 * DAY),
            ],
        ),
    ];
    let rows = [("two_disputes_1", "Twice1", 6000, 0), ("two_disputes_2", "Twice2", 4000, 1)];
    for (fixture, story, minor, seconds) in rows {
        let opened = START + 7 * DAY + seconds;
        let withdrawn = Movement {
            description: Some("Chargeback withdrawal for ch_3RkTwice".into()),
            ..movement(story, "W1", usd(-minor), 1500, opened + 1)
        };
        let claims = claims("Twice", usd(minor), opened);
        cases.push(case((fixture, story), opened + 1, Status::NeedsResponse, claims, vec![withdrawn]));
    }
    cases
}

fn unusual_words() -> Vec<Case> {
    let prevented = START + 4 * DAY;
    let blocked =
        Claims { case_type: Some("block".into()), evidence_due_by: None, ..claims("Prevented", usd(2500), prevented) };
    let unknown = START + 8 * DAY;
    let mediated = Claims {
        reason: Some("regretted".into()),
        case_type: Some("mediation".into()),
        evidence_submitted: Some(true),
        ..claims("Unknown", usd(900), unknown)
    };
    let connected = START + 9 * DAY;
    let closed_at_once = Claims { evidence_due_by: None, ..claims("Connected", money(150_000, "jpy"), connected) };
    let of_yen = movement("Connected", "W1", money(-150_000, "jpy"), 0, connected + 1);
    let mut on_connected =
        case(("connected_account", "Connected"), connected + 2, Status::Lost, closed_at_once, vec![of_yen]);
    on_connected.observation.key.account = AccountId::parse("acct_1RkConnected").unwrap();
    let expanded = START + 10 * DAY;
    // The dispute has no brand here, so that it comes from the charge, as do the digits and the order.
    let of_charge = Claims {
        card_last4: Some("4242".into()),
        order_hint: OrderRef::parse("SO-2002").ok(),
        ..claims("Expanded", usd(2000), expanded)
    };
    vec![
        case(("prevented", "Prevented"), prevented, Status::Prevented, blocked, vec![]),
        case(
            ("unknown_status", "Unknown"),
            unknown + 9 * DAY,
            Status::Unrecognised("in_mediation".into()),
            mediated,
            vec![movement("Unknown", "W1", usd(-900), 1500, unknown + 1)],
        ),
        on_connected,
        case(
            ("charge_expanded", "Expanded"),
            expanded + 1,
            Status::NeedsResponse,
            of_charge,
            vec![movement("Expanded", "W1", usd(-2000), 1500, expanded + 1)],
        ),
    ]
}

fn old_api_versions() -> Vec<Case> {
    // No payment intent, no card, rows without a reporting category.
    let opened = 1_580_000_000;
    let bare = Claims {
        payment_intent: None,
        case_type: None,
        card_brand: None,
        evidence_due_by: Some(at(opened + 15 * DAY)),
        ..claims("Api2019", usd(4200), opened)
    };
    let unnamed = |row: &str, amount, fee, created, available_on| Movement {
        reporting_category: None,
        source: Some("ch_3RkApi2019".into()),
        available_on: NaiveDate::from_ymd_opt(2020, available_on, if row == "W1" { 26 } else { 16 }),
        ..movement("Api2019", row, amount, fee, created)
    };
    let rows =
        vec![unnamed("W1", usd(-4200), 1500, opened + 1, 1), unnamed("R1", usd(4200), -1500, opened + 50 * DAY, 3)];
    let end = opened + 50 * DAY;
    let mut oldest = case(("api_2019_12_03", "Api2019"), end, Status::ChargeRefunded, bare, rows);
    oldest.observation.key.dispute = DisputeId::parse("dp_1RkApi2019").unwrap();

    // New fields on an old version, but for the card's network.
    let opened = 1_765_000_000;
    let live_shaped = Claims { evidence_due_by: Some(at(opened + 10 * DAY)), ..claims("Api2020", usd(3000), opened) };
    let row = movement("Api2020", "W1", usd(-3000), 1500, opened + 13);
    let on_old_version =
        case(("api_2020_03_02", "Api2020"), opened + 60, Status::NeedsResponse, live_shaped, vec![row]);

    let opened = 1_690_000_000;
    let without_card = Claims {
        reason: Some("duplicate".into()),
        case_type: None,
        card_brand: None,
        evidence_due_by: Some(at(opened + 10 * DAY)),
        evidence_submitted: Some(true),
        ..claims("Api2022", money(8800, "gbp"), opened)
    };
    let row = movement("Api2022", "W1", money(-8800, "gbp"), 1500, opened + 1);
    let end = opened + 60 * DAY;
    vec![oldest, on_old_version, case(("api_2022_11_15", "Api2022"), end, Status::Lost, without_card, vec![row])]
}
