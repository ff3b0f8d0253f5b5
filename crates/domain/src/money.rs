//! Amounts of money, exact to the minor unit.

use std::fmt;

use rust_decimal::Decimal;

use crate::Currency;

/// An amount in the minor unit of its currency (cents, yen, fils). The sign is the caller's; arithmetic is checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// `minor` minor units of `currency`.
    #[must_use]
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The amount in minor units.
    #[must_use]
    pub fn minor(&self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError::CurrenciesDiffer`], or [`MoneyError::Overflow`] beyond 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrenciesDiffer);
        }
        Ok(Self::new(add(self.minor, other.minor)?, self.currency))
    }

    /// Reads an amount in major units, such as `12.34` for 1234 cents.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] when the currency's decimals are not known, [`MoneyError::NotAnAmount`] for text
    /// that is no plain decimal number, [`MoneyError::TooPrecise`] when it has more decimals than the currency, and
    /// [`MoneyError::Overflow`] beyond 64 bits. Nothing is rounded.
    pub fn from_major(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let exponent = currency.exponent().ok_or(MoneyError::UnknownCurrency)?;
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
        if !text.chars().all(plain) {
            return Err(MoneyError::NotAnAmount);
        }
        let value = Decimal::from_str_exact(text).map_err(|_| MoneyError::NotAnAmount)?.normalize();
        if value.scale() > exponent {
            return Err(MoneyError::TooPrecise { decimals: exponent });
        }
        let mut scaled = value;
        scaled.rescale(exponent);
        if scaled.scale() != exponent {
            return Err(MoneyError::Overflow);
        }
        let minor = i64::try_from(scaled.mantissa()).map_err(|_| MoneyError::Overflow)?;
        Ok(Self::new(minor, currency))
    }

    /// The amount in major units, or `None` when the currency's decimals are not known.
    #[must_use]
    pub fn to_major(&self) -> Option<Decimal> {
        Some(Decimal::from_i128_with_scale(i128::from(self.minor), self.currency.exponent()?))
    }

    /// The amount as people read it, without its currency: `-1,240.00`, or `5 minor units` where the decimals are not known.
    #[must_use]
    pub fn grouped(&self) -> String {
        let Some(major) = self.to_major() else {
            return format!("{} minor units", self.minor);
        };
        let plain = major.to_string();
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
        let mut out = String::from(sign);
        for (index, digit) in whole.char_indices() {
            if index > 0 && whole.len().abs_diff(index).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        if let Some(fraction) = fraction {
            out.push('.');
            out.push_str(fraction);
        }
        out
    }
}

impl fmt::Display for Money {
    /// `-1,240.00 USD`; `5 minor units ZZZ` where the decimals are not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.grouped(), self.currency)
    }
}

/// Why an amount could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two amounts of different currencies met.
    #[error("the currencies differ")]
    CurrenciesDiffer,
    /// More than 64 bits of minor units.
    #[error("the amount is too large")]
    Overflow,
    /// The text is not a plain decimal number.
    #[error("not an amount: write it like 12.34, without a currency sign or thousands separators")]
    NotAnAmount,
    /// More decimals than the currency has.
    #[error("more than {decimals} decimals")]
    TooPrecise {
        /// How many the currency has.
        decimals: u32,
    },
    /// The currency's decimals are not known.
    #[error("how many decimals this currency has is not known")]
    UnknownCurrency,
}

/// `a + b` in minor units.
pub(crate) fn add(a: i64, b: i64) -> Result<i64, MoneyError> {
    a.checked_add(b).ok_or(MoneyError::Overflow)
}

/// `a - b` in minor units.
pub(crate) fn sub(a: i64, b: i64) -> Result<i64, MoneyError> {
    a.checked_sub(b).ok_or(MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::parse(code).unwrap())
    }

    #[test]
    fn amounts_read_as_people_write_them() {
        for (minor, code, text) in [
            (0, "usd", "0.00 USD"),
            (124_000, "usd", "1,240.00 USD"),
            (-123_456_789, "eur", "-1,234,567.89 EUR"),
            (5000, "jpy", "5,000 JPY"),
            (-7, "kwd", "-0.007 KWD"),
            (5, "zzz", "5 minor units ZZZ"),
            (i64::MIN, "usd", "-92,233,720,368,547,758.08 USD"),
        ] {
            assert_eq!(money(minor, code).to_string(), text);
        }
    }

    #[test]
    fn major_units_are_read_exactly_or_not_at_all() {
        let read = |text, code| Money::from_major(text, Currency::parse(code).unwrap());
        assert_eq!(read("12.34", "usd"), Ok(money(1234, "usd")));
        assert_eq!(read("12", "usd"), Ok(money(1200, "usd")));
        assert_eq!(read("12.3400", "usd"), Ok(money(1234, "usd")));
        assert_eq!(read("5000", "jpy"), Ok(money(5000, "jpy")));
        assert_eq!(read("1.234", "kwd"), Ok(money(1234, "kwd")));
        assert_eq!(read("12.345", "usd"), Err(MoneyError::TooPrecise { decimals: 2 }));
        assert_eq!(read("5.5", "jpy"), Err(MoneyError::TooPrecise { decimals: 0 }));
        assert_eq!(read("1", "zzz"), Err(MoneyError::UnknownCurrency));
        assert_eq!(read("92233720368547758.08", "usd"), Err(MoneyError::Overflow));
        for text in ["", "-", ".", "1,000.00", "$5", "1e3", "0x10", "5 ", "--5", "1_000"] {
            assert_eq!(read(text, "usd"), Err(MoneyError::NotAnAmount), "{text:?}");
        }
    }
}
