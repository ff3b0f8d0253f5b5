//! `customer list`, `customer show`, `customer hash`.

mod shown;

use std::io::{self, Read};

use chargebook_domain::{CustomerId, CustomerKey};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::CustomerOrder;
use clap::{Args, Subcommand, ValueEnum, value_parser};

use super::screen::{Screen, show};
use super::{Done, Failure, Refused};
use crate::settings::Settings;

/// How many digits of a hash are enough to name a customer by.
const DIGITS_MIN: usize = 8;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Customers with their disputes, orders and scores, the lowest score first
    List(List),
    /// All that is known of one customer, and who may be the same person
    Show(Which),
    /// Hashes the e-mail addresses that it reads, one a line, as customers are hashed
    Hash,
}

#[derive(Args)]
pub(super) struct List {
    /// What comes first
    #[arg(long, value_enum, default_value_t = By::Score)]
    by: By,
    /// Only those who are blocked, the last that were first
    #[arg(long, conflicts_with = "by")]
    blocked: bool,
    /// At most this many customers
    #[arg(long, default_value_t = 50, value_parser = value_parser!(i64).range(1..))]
    limit: i64,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// The lowest score
    Score,
    /// The most lost disputes
    Lost,
    /// The most disputes
    Disputes,
    /// The latest dispute
    Latest,
}

#[derive(Args)]
pub(super) struct Which {
    #[arg(help = "The customer's hash, or its first 8 digits or more; under a former key as well")]
    hash: String,
}

pub(super) async fn run(command: Command, ledger: &PostgresLedger, screen: Screen) -> Result<Done, Failure> {
    match command {
        Command::List(list) => {
            let order = match list.by {
                _ if list.blocked => CustomerOrder::Blocked,
                By::Score => CustomerOrder::Score,
                By::Lost => CustomerOrder::Lost,
                By::Disputes => CustomerOrder::Disputes,
                By::Latest => CustomerOrder::Latest,
            };
            let lines = ledger.customers(order, list.limit).await.map_err(Failure::failed)?;
            screen.show(&lines, |lines| shown::list(lines, list.limit, screen))?;
        }
        Command::Show(which) => {
            let customer = find(&which.hash, ledger).await?;
            let story = ledger.customer(&customer).await.map_err(Failure::failed)?;
            let story = story.ok_or_else(|| unknown(&which.hash))?;
            screen.show(&story, |story| shown::story(story, screen))?;
        }
        // It asks no books; see `hash`.
        Command::Hash => {}
    }
    Ok(Done::Well)
}

/// Reads addresses from standard input: on a command line, others on the machine could read them.
pub(super) fn hash(settings: &Settings, json: bool) -> Result<Done, Failure> {
    let key = settings.customer_key.ok_or_else(|| {
        Refused::wrong_usage("customers are not known: set customers.key, or CHARGEBOOK_CUSTOMERS__KEY")
    })?;
    let mut text = String::new();
    let unreadable = "standard input can't be read as text; give it an e-mail address a line";
    io::stdin().read_to_string(&mut text).map_err(|error| Refused::because(unreadable, error))?;
    let customers = hashes(&text, &key);
    if customers.is_empty() {
        return Err(Refused::new("standard input holds no e-mail address; give it one a line").into());
    }
    show(json, &customers, |customers| customers.join("\n"))?;
    Ok(Done::Well)
}

fn hashes(text: &str, key: &CustomerKey) -> Vec<String> {
    text.lines().filter_map(|email| key.customer(email)).map(|customer| customer.to_string()).collect()
}

/// The customer that is meant, where the digits are those of one.
async fn find(digits: &str, ledger: &PostgresLedger) -> Result<CustomerId, Failure> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !(DIGITS_MIN..=64).contains(&digits.len()) || !digits.bytes().all(is_digit) {
        let what = "a customer is named by a hash of 64 digits from 0 to f, or by its first 8 or more";
        let hint = "`chargebook customer hash` makes one of an e-mail address";
        return Err(Refused::wrong_usage(format!("{what}; {hint}")));
    }
    let mut fitting = ledger.customers_beginning(digits, 2).await.map_err(Failure::failed)?.into_iter();
    match (fitting.next(), fitting.next()) {
        (Some(customer), None) => Ok(customer),
        (None, _) => Err(unknown(digits).into()),
        (Some(_), Some(_)) => {
            Err(Refused::new(format!("several customers begin with {digits}: write more digits")).into())
        }
    }
}

fn unknown(digits: &str) -> Refused {
    Refused::new(format!("no customer {digits} has had a dispute"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_a_line_whatever_ends_it() {
        let key = CustomerKey::new(b"0123456789abcdef").unwrap();
        let jo = "1c1a0b869049ed147ce96f0ca96086558b55c7e23732f52edab526f12481722f";
        assert_eq!(hashes("jo@example.com", &key), [jo]);
        assert_eq!(hashes("\r\n Jo@Example.com\r\n\njo@example.com\n", &key), [jo, jo]);
        assert_eq!(hashes(" \n", &key), [""; 0]);
    }
}
