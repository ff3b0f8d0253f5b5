//! Currencies, and how many decimals Stripe's minor units have in each.

use std::fmt;

/// A three-letter currency code, lower case as Stripe writes it.
///
/// Any three letters are a currency: money in one that is not known yet is booked like any other, and only
/// shown differently (see [`Currency::exponent`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Currencies without minor units at Stripe. It is Stripe's table, not ISO 4217's: MGA has two decimals there.
const ZERO_DECIMAL: &[&str] =
    &["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"];

/// Currencies whose minor unit is a thousandth.
const THREE_DECIMAL: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];

/// Currencies whose minor unit is a hundredth. ISK and UGX have no decimals in life, but two in Stripe's API.
const TWO_DECIMAL: &[&str] = &[
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bmd", "bnd",
    "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "cny", "cop", "crc", "cve", "czk", "dkk", "dop",
    "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "ghs", "gip", "gmd", "gtq", "gyd", "hkd", "hnl", "hrk",
    "htg", "huf", "idr", "ils", "inr", "isk", "jmd", "kes", "kgs", "khr", "kyd", "kzt", "lak", "lbp", "lkr", "lrd",
    "lsl", "mad", "mdl", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio",
    "nok", "npr", "nzd", "pab", "pen", "pgk", "php", "pkr", "pln", "qar", "ron", "rsd", "rub", "sar", "sbd", "scr",
    "sek", "sgd", "shp", "sle", "sll", "sos", "srd", "std", "svc", "szl", "thb", "tjs", "top", "try", "ttd", "twd",
    "tzs", "uah", "ugx", "usd", "uyu", "uzs", "wst", "xcd", "xcg", "yer", "zar", "zmw",
];

impl Currency {
    /// Reads a code of three ASCII letters, in either case.
    ///
    /// # Errors
    /// [`CurrencyError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, CurrencyError> {
        match *text.as_bytes() {
            [a, b, c] if text.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                Ok(Self([a.to_ascii_lowercase(), b.to_ascii_lowercase(), c.to_ascii_lowercase()]))
            }
            _ => Err(CurrencyError),
        }
    }

    /// The code in lower case, such as `usd`.
    #[must_use]
    pub fn code(&self) -> &str {
        // The bytes are ASCII letters by construction, so that the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimals an amount in minor units has, or `None` for a currency that is not known.
    ///
    /// Source: Stripe's "Supported currencies" page, with its special cases.
    #[must_use]
    pub fn exponent(&self) -> Option<u32> {
        let code = self.code();
        if ZERO_DECIMAL.contains(&code) {
            Some(0)
        } else if THREE_DECIMAL.contains(&code) {
            Some(3)
        } else if TWO_DECIMAL.contains(&code) {
            Some(2)
        } else {
            None
        }
    }
}

impl fmt::Display for Currency {
    /// The code in upper case, as people read it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code().to_ascii_uppercase())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The text is not a currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three letters, such as usd")]
pub struct CurrencyError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_follow_stripes_table() {
        for (code, exponent) in [
            ("usd", Some(2)),
            ("jpy", Some(0)),
            ("mga", Some(0)),
            ("kwd", Some(3)),
            ("isk", Some(2)),
            ("ugx", Some(2)),
            ("zzz", None),
        ] {
            assert_eq!(Currency::parse(code).unwrap().exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn no_currency_is_listed_twice() {
        let mut all: Vec<_> = [ZERO_DECIMAL, TWO_DECIMAL, THREE_DECIMAL].concat();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn codes_are_three_letters_in_either_case() {
        assert_eq!(Currency::parse("EUR").unwrap().code(), "eur");
        assert_eq!(Currency::parse("eur").unwrap().to_string(), "EUR");
        for text in ["", "eu", "euro", "e1r", "eü", "e\0r"] {
            assert_eq!(Currency::parse(text), Err(CurrencyError), "{text:?}");
        }
    }
}
