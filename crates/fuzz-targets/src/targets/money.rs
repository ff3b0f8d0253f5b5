//! Amounts as people write them: a currency of three letters, and the text behind it.

use chargebook_domain::{Currency, Money, MoneyError};

pub(crate) const WORDS: &[&str] = &[
    "usd",
    "jpy",
    "kwd",
    "zzz",
    "isk",
    ".",
    "-",
    "0",
    "00",
    ",",
    "e",
    "+",
    "_",
    "92233720368547758.07",
    "92233720368547758.08",
    "-92233720368547758.08",
    "79228162514264337593543950335",
    "0.0000000000000000000000000001",
];

/// As much as anybody writes; `Decimal` has no more than 28 decimals.
const DIGITS_MAX: usize = 28;

/// An amount is read to the exact minor unit or not at all, and is shown as it would be read.
pub(crate) fn run(input: &[u8]) {
    let Some((code, text)) = std::str::from_utf8(input).ok().and_then(|text| text.split_at_checked(3)) else { return };
    let Ok(currency) = Currency::parse(code) else { return };
    let read = Money::from_major(text, currency);
    let Some(exponent) = currency.exponent() else {
        assert_eq!(read, Err(MoneyError::UnknownCurrency));
        return;
    };
    if let Ok(money) = read {
        let shown = money.to_major().unwrap().to_string();
        assert_eq!(Money::from_major(&shown, currency), Ok(money), "{shown}");
        assert_eq!(Money::from_major(&money.grouped().replace(',', ""), currency), Ok(money));
        assert_eq!(by_hand(text, exponent), Some(money.minor()), "{text}");
    } else if text.len() <= DIGITS_MAX && is_plain(text) {
        assert_eq!(by_hand(text, exponent), None, "{text} was refused: {read:?}");
    }
}

/// Digits with at most one point between them, behind at most one minus.
fn is_plain(text: &str) -> bool {
    let (whole, decimals) = text.trim_start_matches('-').split_once('.').unwrap_or((text.trim_start_matches('-'), "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    !text.starts_with("--") && is_number(whole) && is_number(decimals)
}

/// The minor units, digit by digit, without any library; `None` where a digit would be lost.
fn by_hand(text: &str, exponent: u32) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let kept = exponent as usize;
    let (within, beyond) = decimals.split_at_checked(kept).unwrap_or((decimals, ""));
    if beyond.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let zeros = "0".repeat(kept - within.len());
    let value = [whole, within, &zeros].concat().bytes().try_fold(0_i128, |sum, digit| {
        let digit = char::from(digit).to_digit(10)?;
        sum.checked_mul(10)?.checked_add(i128::from(digit))
    })?;
    i64::try_from(if text.starts_with('-') { -value } else { value }).ok()
}

pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let texts = [
        "usd12.34",
        "jpy5000",
        "kwd-0.007",
        "usd92233720368547758.07",
        "usd12.3400",
        "isk1",
        "zzz1",
        "eur-0",
        "usd1e3",
        "gbp.5",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}
