//! The dispute object: its status, its claims and its money. Its evidence, which is about people, is never looked at.

use chargebook_domain::{CardHash, Category, Claims, CustomerKey, Money, Movement, OrderRef, Status};

use crate::json::{Fault, Object};
use crate::kinds::{
    CHARGE, COUNT, CURRENCY, DESCRIPTION, LAST_FOUR, MINOR_UNITS, MOVEMENT_ID, ORIGIN, PAYMENT_INTENT, TIME, WORD,
    WORD_OR_EMPTY,
};

/// Under which keys shops keep their order's reference in metadata, the most telling first.
const ORDER_KEYS: [&str; 5] = ["order_ref", "order_id", "orderCode", "order_number", "order"];

/// The dispute's status.
///
/// # Errors
/// [`Fault`] for the first field that can't be read.
pub fn status(dispute: &Object<'_>) -> Result<Status, Fault> {
    Ok(Status::parse(&dispute.required("status", &WORD)?))
}

/// What the dispute claims beside its status and its money.
///
/// # Errors
/// [`Fault`] for the first field that can't be read.
pub fn claims(dispute: &Object<'_>) -> Result<Claims, Fault> {
    let disputed = Money::new(dispute.required("amount", &MINOR_UNITS)?, dispute.required("currency", &CURRENCY)?);
    let charge = dispute.expanded("charge");
    let payment_intent = dispute.expanded("payment_intent");
    let evidence = dispute.object("evidence_details")?;
    let cards = cards(dispute, charge.as_ref())?;
    Ok(Claims {
        charge: dispute.optional("charge", &CHARGE)?,
        payment_intent: dispute.optional("payment_intent", &PAYMENT_INTENT)?,
        order_hint: [Some(dispute), charge.as_ref(), payment_intent.as_ref()]
            .into_iter()
            .flatten()
            .find_map(order_hint),
        reason: optional_word(dispute, "reason")?,
        case_type: first(&cards, |card| optional_word(card, "case_type"))?,
        card_brand: first(&cards, |card| optional_word(card, "brand"))?,
        card_last4: first(&cards, |card| card.optional("last4", &LAST_FOUR))?,
        opened_at: dispute.optional("created", &TIME)?,
        // Zero is Stripe's word for a bank that takes no evidence.
        evidence_due_by: first(&evidence, |evidence| evidence.optional("due_by", &TIME))?
            .filter(|due_by| due_by.timestamp() != 0),
        // Not `has_evidence`, which is true as soon as Stripe has filled in what it knows by itself.
        evidence_submitted: first(&evidence, |evidence| evidence.optional("submission_count", &COUNT))?
            .map(|submissions| submissions > 0),
        ..Claims::of(disputed)
    })
}

/// The card it was paid with, where the charge is shown whole. The source's fingerprint of it goes no further than this.
///
/// # Errors
/// [`Fault`] when it can't be read.
pub fn card_hash(dispute: &Object<'_>, key: &CustomerKey) -> Result<Option<CardHash>, Fault> {
    let cards = cards(dispute, dispute.expanded("charge").as_ref())?;
    let fingerprint = first(&cards, |card| optional_word(card, "fingerprint"))?;
    Ok(fingerprint.map(|fingerprint| key.card(&fingerprint)))
}

/// The movements of money that the dispute shows.
///
/// # Errors
/// [`Fault`] for the first field that can't be read.
pub fn movements(dispute: &Object<'_>) -> Result<Vec<Movement>, Fault> {
    dispute.objects("balance_transactions", "the whole balance transaction, not its id")?.iter().map(movement).collect()
}

/// A balance transaction.
///
/// # Errors
/// [`Fault`] for the first field that can't be read.
pub fn movement(row: &Object<'_>) -> Result<Movement, Fault> {
    let amount_minor = row.required("amount", &MINOR_UNITS)?;
    let fee_minor = row.optional("fee", &MINOR_UNITS)?.unwrap_or(0);
    let net_minor = match row.optional("net", &MINOR_UNITS)? {
        Some(net) => net,
        None => amount_minor
            .checked_sub(fee_minor)
            .ok_or_else(|| row.fault("net", "to be given, as amount less fee is too large"))?,
    };
    let stripe_type = row.required("type", &WORD)?;
    let reporting_category = optional_word(row, "reporting_category")?;
    Ok(Movement {
        id: row.required("id", &MOVEMENT_ID)?,
        category: Category::of(reporting_category.as_deref(), &stripe_type, amount_minor),
        amount_minor,
        fee_minor,
        net_minor,
        currency: row.required("currency", &CURRENCY)?,
        occurred_at: row.required("created", &TIME)?,
        available_on: row.optional("available_on", &TIME)?.map(|time| time.date_naive()),
        reporting_category,
        stripe_type,
        description: row.optional("description", &DESCRIPTION)?,
        source: row.optional("source", &ORIGIN)?,
    })
}

/// The brand of the card that a charge was paid with.
///
/// # Errors
/// [`Fault`] when it can't be read.
pub fn card_brand(charge: &Object<'_>) -> Result<Option<String>, Fault> {
    first(&cards(charge, None)?, |card| optional_word(card, "brand"))
}

/// Where a card is described: by the dispute itself, else by the charge.
fn cards<'a>(dispute: &Object<'a>, charge: Option<&Object<'a>>) -> Result<Vec<Object<'a>>, Fault> {
    let mut cards = Vec::new();
    for holder in [Some(dispute), charge].into_iter().flatten() {
        if let Some(method) = holder.object("payment_method_details")? {
            cards.extend(method.object("card")?);
        }
    }
    Ok(cards)
}

/// The first thing said in any of the places.
fn first<'o, 'a: 'o, T>(
    places: impl IntoIterator<Item = &'o Object<'a>>,
    read: impl Fn(&Object<'a>) -> Result<Option<T>, Fault>,
) -> Result<Option<T>, Fault> {
    places.into_iter().find_map(|place| read(place).transpose()).transpose()
}

fn optional_word(holder: &Object<'_>, name: &str) -> Result<Option<String>, Fault> {
    Ok(holder.optional(name, &WORD_OR_EMPTY)?.filter(|word| !word.is_empty()))
}

/// The order's reference in an object's metadata. Metadata is the shop's own: what is no reference there is passed over.
fn order_hint(holder: &Object<'_>) -> Option<OrderRef> {
    let metadata = holder.get("metadata")?;
    ORDER_KEYS.iter().find_map(|key| OrderRef::parse(metadata.get(key)?.as_str()?).ok())
}
