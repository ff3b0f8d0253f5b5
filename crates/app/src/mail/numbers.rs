//! How numbers are written where the readers are.

use std::fmt;

use chargebook_domain::{Currency, Money};

/// How numbers are written: what stands between thousands, and before decimals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NumberFormat {
    group: char,
    decimal: char,
}

impl Default for NumberFormat {
    /// As in the United States: `1,240.00`.
    fn default() -> Self {
        Self { group: ',', decimal: '.' }
    }
}

/// It keeps its number in one line.
const NO_BREAK_SPACE: char = '\u{a0}';

impl NumberFormat {
    /// The names by which [`NumberFormat::of_locale`] knows one.
    pub const LOCALES: [&str; 8] = ["en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "nl-NL", "de-CH", "sv-SE"];

    /// How numbers are written in a locale such as `de-DE`, if it is one of [`NumberFormat::LOCALES`]: four digits are grouped
    /// in all of them, so that columns align.
    #[must_use]
    pub fn of_locale(name: &str) -> Option<Self> {
        let (group, decimal) = match name {
            "en-US" | "en-GB" => (',', '.'),
            "de-DE" | "es-ES" | "nl-NL" => ('.', ','),
            "fr-FR" | "sv-SE" => (NO_BREAK_SPACE, ','),
            "de-CH" => ('\'', '.'),
            _ => return None,
        };
        Some(Self { group, decimal })
    }

    /// Rewrites numbers such as `1,240.00`, in a text that has commas and points in numbers only.
    pub(super) fn rewrite(self, text: &str) -> String {
        let rewritten = |c| match c {
            ',' => self.group,
            '.' => self.decimal,
            other => other,
        };
        text.chars().map(rewritten).collect()
    }

    pub(super) fn amount(self, money: Money) -> Amount {
        Amount { money, format: self }
    }
}

/// An amount that knows how it is written. Templates take it for a [`Money`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Amount {
    money: Money,
    format: NumberFormat,
}

impl Amount {
    pub(super) fn minor(&self) -> i64 {
        self.money.minor()
    }

    pub(super) fn currency(&self) -> Currency {
        self.money.currency()
    }

    /// Without its currency.
    pub(super) fn grouped(&self) -> String {
        self.format.rewrite(&self.money.grouped())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.grouped(), self.currency())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_in_the_locale() {
        let amount = |locale, minor, code| {
            let money = Money::new(minor, Currency::parse(code).unwrap());
            NumberFormat::of_locale(locale).unwrap().amount(money).to_string()
        };
        for (locale, expected) in [
            ("en-US", "-1,234,567.89 EUR"),
            ("en-GB", "-1,234,567.89 EUR"),
            ("de-DE", "-1.234.567,89 EUR"),
            ("es-ES", "-1.234.567,89 EUR"),
            ("nl-NL", "-1.234.567,89 EUR"),
            ("fr-FR", "-1\u{a0}234\u{a0}567,89 EUR"),
            ("sv-SE", "-1\u{a0}234\u{a0}567,89 EUR"),
            ("de-CH", "-1'234'567.89 EUR"),
        ] {
            assert_eq!(amount(locale, -123_456_789, "eur"), expected, "{locale}");
            assert!(NumberFormat::LOCALES.contains(&locale), "{locale}");
        }
        assert_eq!(amount("de-DE", 124_000, "usd"), "1.240,00 USD");
        assert_eq!(amount("de-DE", 5000, "jpy"), "5.000 JPY");
        assert_eq!(amount("de-DE", -7, "kwd"), "-0,007 KWD");
        assert_eq!(amount("de-DE", 5, "zzz"), "5 minor units ZZZ");
    }

    #[test]
    fn each_locale_that_is_named_is_known_and_no_other() {
        assert!(NumberFormat::LOCALES.into_iter().all(|name| NumberFormat::of_locale(name).is_some()));
        assert_eq!(NumberFormat::of_locale("en-US"), Some(NumberFormat::default()));
        for unknown in ["", "en", "de_DE", "DE-DE", "xx-XX"] {
            assert_eq!(NumberFormat::of_locale(unknown), None, "{unknown}");
        }
    }
}
