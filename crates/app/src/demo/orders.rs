//! The shop's orders, by way of a file as a shop would write it.

use std::fs;
use std::path::Path;

use chargebook_domain::OrderPayment;
use chargebook_stories::Order;
use chrono::SecondsFormat;

use super::{DemoError, failed};
use crate::order_file;

/// Writes the orders to `path`, and reads them as `orders import` does.
pub(super) fn through_file(path: &Path, orders: &[&Order]) -> Result<Vec<OrderPayment>, DemoError> {
    let file = csv(orders)?;
    fs::write(path, &file).map_err(failed("write its orders"))?;
    order_file::read(file.as_slice()).map_err(|bad| DemoError::BadOrders { file: path.to_owned(), bad })
}

fn csv(orders: &[&Order]) -> Result<Vec<u8>, DemoError> {
    let broken = failed("write its orders");
    let mut file = csv::Writer::from_writer(Vec::new());
    let header = [
        "order_ref",
        "charge_id",
        "payment_intent_id",
        "amount",
        "currency",
        "customer_email",
        "placed_at",
        "refunded",
        "card_brand",
    ];
    file.write_record(header).map_err(&broken)?;
    for order in orders {
        let payment = OrderPayment::try_from(*order).map_err(failed("invent orders"))?;
        let major = |minor| {
            let money = chargebook_domain::Money::new(minor, payment.amount.currency());
            money.to_major().map_or_else(String::new, |major| major.to_string())
        };
        let placed_at = order.placed_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        file.write_record([
            order.order_ref.as_str(),
            order.charge_id.as_deref().unwrap_or_default(),
            order.payment_intent_id.as_deref().unwrap_or_default(),
            &major(order.amount_minor),
            order.currency,
            &order.customer_email,
            &placed_at,
            &order.refunded_minor.map_or_else(String::new, major),
            order.card_brand,
        ])
        .map_err(&broken)?;
    }
    file.into_inner().map_err(|error| failed("write its orders")(error.into_error()))
}

#[cfg(test)]
mod tests {
    use chargebook_stories::{InvalidOrder, Kind, stories};

    use super::*;

    #[test]
    fn orders_come_out_of_the_file_as_they_went_in() {
        let told = stories(1, Kind::MIX, "2026-01-05T00:00:00Z".parse().unwrap());
        let orders: Vec<_> = told.iter().flat_map(|story| &story.orders).collect();
        let expected: Result<Vec<_>, InvalidOrder> =
            orders.iter().map(|order| OrderPayment::try_from(*order)).collect();
        assert_eq!(order_file::read(csv(&orders).unwrap().as_slice()), Ok(expected.unwrap()));
    }
}
