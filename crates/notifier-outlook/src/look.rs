//! How a mailbox is asked for the mails of a reference.

use reqwest::Request;

use crate::message::REFERENCE_PROPERTY;

/// What is asked of each mail. Its subject and body are not: they are nobody's business here.
pub(crate) const MEMBERS: [&str; 2] = ["id", "isDraft"];

/// A mail may be there several times, such as a draft beside what was sent when a person sent it again.
pub(crate) const COPIES_MAX: &str = "10";

/// Graph compares the value without regard to case.
/// <https://learn.microsoft.com/en-us/graph/api/singlevaluelegacyextendedproperty-get>
pub(crate) fn filter(reference: &str) -> String {
    let (property, value) = (literal(REFERENCE_PROPERTY), literal(reference));
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
             'String {1425c6b5-2d8f-4e74-b9cc-df0fea931d5f} Name ChargebookMail' and \
             ep/value eq 'summary/2026-11-21/o''brien'' or '''' eq ''')"
        );
    }
}
