//! Where a dispute is seen in Stripe's dashboard.

use chargebook_domain::{AccountId, DisputeKey};

/// The part of Stripe's dashboard in which the disputes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Dashboard {
    /// Disputes of real payments.
    #[default]
    Live,
    /// Those of test mode.
    Test,
}

impl Dashboard {
    /// The page of a dispute, for whoever is signed in there; `None` where Stripe shows none: the book is a shop's own, or the
    /// id is not one of Stripe's.
    pub(super) fn page(self, key: &DisputeKey) -> Option<String> {
        let (book, id) = (key.account.as_str(), key.dispute.as_str());
        let is_of_stripe = key.account == AccountId::own() || book.starts_with("acct_");
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_known = id.starts_with("du_") || id.starts_with("dp_");
        if !(is_of_stripe && is_known && is_plain(id) && is_plain(book)) {
            return None;
        }
        let account = if key.account == AccountId::own() { String::new() } else { format!("{book}/") };
        let mode = match self {
            Self::Live => "",
            Self::Test => "test/",
        };
        Some(format!("https://dashboard.stripe.com/{account}{mode}disputes/{id}"))
    }
}

#[cfg(test)]
mod tests {
    use chargebook_domain::DisputeId;

    use super::*;

    #[test]
    fn only_disputes_that_stripe_shows_have_a_page() {
        for (book, id, live, test) in [
            ("default", "du_1", "disputes/du_1", "test/disputes/du_1"),
            ("default", "dp_1Pq", "disputes/dp_1Pq", "test/disputes/dp_1Pq"),
            ("acct_9", "du_1", "acct_9/disputes/du_1", "acct_9/test/disputes/du_1"),
            ("woo:shop", "dp_1", "", ""),
            ("default", "17", "", ""),
            ("default", "du_1/../x", "", ""),
            ("default", "du_1?a=b", "", ""),
        ] {
            let account = AccountId::parse(book).unwrap();
            let key = DisputeKey { account, dispute: DisputeId::parse(id).unwrap() };
            let whole = |rest: &str| (!rest.is_empty()).then(|| format!("https://dashboard.stripe.com/{rest}"));
            assert_eq!((Dashboard::Live.page(&key), Dashboard::Test.page(&key)), (whole(live), whole(test)), "{id}");
        }
    }
}
