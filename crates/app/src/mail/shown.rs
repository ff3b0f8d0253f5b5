//! Text that others chose, made fit to be shown in one line.

/// The longest identifier that is shown. Real ones are half as long; the cut keeps a mail of 200 disputes small.
const ID_CHARS_MAX: usize = 60;

/// The longest word of a source that is shown.
const WORD_CHARS_MAX: usize = 40;

/// Stands for text that could be somebody's e-mail address: no mail names a customer.
const HIDDEN: &str = "***";

/// An order reference or a dispute's id.
pub(super) fn identifier(text: &str) -> String {
    one_line(text, ID_CHARS_MAX)
}

/// A word of the source such as `product_not_received`, as people write it.
pub(super) fn word(text: &str) -> String {
    one_line(&text.replace('_', " "), WORD_CHARS_MAX)
}

/// An identifier that is not cut, where there is room for it.
pub(super) fn whole(text: &str) -> String {
    one_line(text, usize::MAX)
}

fn one_line(text: &str, chars_max: usize) -> String {
    if text.contains(['@', '\u{ff20}']) {
        return HIDDEN.to_owned();
    }
    let mut chars = text.chars().map(|c| if breaks_lines_or_turns_them(c) { ' ' } else { c });
    let mut shown: String = chars.by_ref().take(chars_max).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Controls, line separators, and the marks that reverse the direction of what follows, amounts included.
fn breaks_lines_or_turns_them(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_chose_stays_in_its_line() {
        assert_eq!(word("product_not_received"), "product not received");
        assert_eq!(word("line\r\nbreak"), "line  break");
        assert_eq!(identifier("1001\u{202e}00.1"), "1001 00.1");
        assert_eq!(identifier(&"x".repeat(60)), "x".repeat(60));
        assert_eq!(identifier(&"ü".repeat(61)), "ü".repeat(60) + "…");
    }

    #[test]
    fn what_could_be_an_address_is_hidden() {
        assert_eq!(identifier("jane.doe@example.com-7"), "***");
    }
}
