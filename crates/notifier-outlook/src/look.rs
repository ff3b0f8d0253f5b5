//! How a mailbox is asked for the mail of one attempt.

use reqwest::Request;

use crate::message::MARK_PROPERTY;

/// What is asked of each mail. Its subject and body are not: they are nobody's business here.
pub(crate) const MEMBERS: [&str; 2] = ["id", "isDraft"];

/// A mail may be there several times, such as a draft beside what was sent.
pub(crate) const COPIES_MAX: &str = "10";

/// Graph compares the value without regard to case.
/// <https://learn.microsoft.com/en-us/graph/api/singlevaluelegacyextendedproperty-get>
pub(crate) fn filter(mark: &str) -> String {
    let (property, value) = (literal(MARK_PROPERTY), literal(mark));
    format!("singleValueExtendedProperties/Any(ep: ep/id eq {property} and ep/value eq {value})")
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The SDK writes a space as a form does, and `OData` knows only `%20`. A plus of the text is `%2B` by now.
pub(crate) fn with_spaces(mut request: Request) -> Request {
    let query = request.url().query().map(|query| query.replace('+', "%20"));
    request.url_mut().set_query(query.as_deref());
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_reference_ends_nothing() {
        assert_eq!(
            filter("summary/2026-11-21/o'brien' or '' eq '"),
            "singleValueExtendedProperties/Any(ep: ep/id eq \
             'String {1425c6b5-2d8f-4e74-b9cc-df0fea931d5f} Name ChargebookAttempt' and \
             ep/value eq 'summary/2026-11-21/o''brien'' or '''' eq ''')"
        );
    }
}
