//! A condition: a fact, an operator, and what is wanted.

use chargebook_domain::rules::{
    AmountFact, Comparison, Condition, NumberFact, OneLine, Tag, TextFact, TextTest, YesNoFact,
};
use chargebook_domain::{Currency, Money};
use toml::Value;

use super::section::{Notes, Section, one_of};

/// The operator that takes a list of words.
pub(super) const ONE_OF: &str = "one_of";

/// Every fact.
pub(super) fn facts() -> Vec<&'static str> {
    let texts = TextFact::ALL.iter().map(|fact| fact.as_str());
    let numbers = NumberFact::ALL.iter().map(|fact| fact.as_str());
    let amounts = AmountFact::ALL.iter().map(|fact| fact.as_str());
    let yes_no = YesNoFact::ALL.iter().map(|fact| fact.as_str());
    texts.chain(numbers).chain(amounts).chain(yes_no).collect()
}

/// Every operator.
pub(super) fn operators() -> Vec<&'static str> {
    Comparison::ALL.iter().map(|comparison| comparison.as_str()).chain([ONE_OF]).collect()
}

/// What a condition is about.
enum Fact {
    Text(TextFact),
    Number(NumberFact),
    Amount(AmountFact),
    YesNo(YesNoFact),
}

impl Fact {
    fn parse(word: &str) -> Option<Self> {
        let text = || TextFact::parse(word).map(Self::Text);
        let number = || NumberFact::parse(word).map(Self::Number);
        let amount = || AmountFact::parse(word).map(Self::Amount);
        let yes_no = || YesNoFact::parse(word).map(Self::YesNo);
        text().or_else(number).or_else(amount).or_else(yes_no)
    }
}

/// The condition; `None` when there is a problem, which is noted.
pub(super) fn condition(mut section: Section, notes: &mut Notes) -> Option<Condition> {
    let word = section.need("fact", |text| Ok::<_, String>(text.to_owned()), notes);
    let fact = word.and_then(|word| {
        let fact = Fact::parse(&word);
        if fact.is_none() {
            notes.note(&section.place, format!("there is no fact `{word}`"), one_of(&word, &facts()));
        }
        fact
    });
    let operator = operator(&mut section, notes);
    let is_amount = fact.as_ref().is_none_or(|fact| matches!(fact, Fact::Amount(_)));
    let currency = is_amount.then(|| section.text("currency", notes)).flatten();
    let place = section.place.clone();
    let keys: Vec<_> = ["fact"].into_iter().chain(operators()).chain(is_amount.then_some("currency")).collect();
    section.finish(&keys, notes);
    let (operator, value) = operator?;
    let read = match fact? {
        Fact::Text(fact) => text(fact, operator, value),
        Fact::Number(fact) => number(fact, operator, &value),
        Fact::Amount(fact) => amount(fact, operator, &value, currency.as_deref()),
        Fact::YesNo(fact) => yes_no(fact, operator, &value),
    };
    read.map_err(|(what, remedy)| notes.note(&place, what, remedy)).ok()
}

/// What is wrong, and what to do.
type Wrong = (String, String);

fn wrong(what: impl Into<String>, remedy: impl Into<String>) -> Wrong {
    (what.into(), remedy.into())
}

/// The one operator of a condition, with its value.
fn operator(section: &mut Section, notes: &mut Notes) -> Option<(&'static str, Value)> {
    let known = operators();
    let taken = known.iter().filter_map(|operator| Some((*operator, section.table.remove(*operator)?)));
    let mut given: Vec<_> = taken.collect();
    let one = given.pop();
    if !given.is_empty() {
        notes.note(&section.place, "it has several operators", "write a condition for each");
        return None;
    }
    let is_misspelt = section.table.keys().any(|key| !matches!(key.as_str(), "fact" | "currency"));
    if one.is_none() && !is_misspelt {
        notes.note(&section.place, "it has no operator", format!("write one of {}", known.join(", ")));
    }
    one
}

fn text(fact: TextFact, operator: &str, value: Value) -> Result<Condition, Wrong> {
    let test = match (operator, value) {
        ("is", Value::String(word)) => TextTest::Is(word),
        ("is_not", Value::String(word)) => TextTest::IsNot(word),
        (ONE_OF, Value::Array(values)) if !values.is_empty() => {
            let words = values.into_iter().map(|value| match value {
                Value::String(word) => Ok(word),
                _ => Err(wrong(format!("`{ONE_OF}` holds something other than texts"), "write each in quotes")),
            });
            TextTest::OneOf(words.collect::<Result<_, _>>()?)
        }
        ("is" | "is_not", _) => return Err(wrong(format!("`{operator}` is not a text"), "write one text, in quotes")),
        (ONE_OF, _) => return Err(wrong(format!("`{ONE_OF}` is not a list of texts"), "write texts in brackets")),
        _ => return Err(not_for(operator, fact.as_str(), "a word", "is, is_not or one_of")),
    };
    let words = match &test {
        TextTest::Is(word) | TextTest::IsNot(word) => std::slice::from_ref(word),
        TextTest::OneOf(words) => words,
    };
    words.iter().try_for_each(|word| can_be(fact, word))?;
    Ok(Condition::Text { fact, test })
}

/// Whether a fact can be this word.
fn can_be(fact: TextFact, word: &str) -> Result<(), Wrong> {
    let what = || format!("{fact} is never `{word}`");
    let lower = word.to_lowercase();
    if let Some(known) = fact.known_words() {
        let is_known = known.contains(&lower.as_str());
        return if is_known { Ok(()) } else { Err(wrong(what(), one_of(&lower, &known))) };
    }
    let error = match fact {
        TextFact::CustomerTags => Tag::parse(&lower).err().map(|error| error.to_string()),
        TextFact::DisputeCurrency => Currency::parse(word).err().map(|error| error.to_string()),
        _ => OneLine::parse(word).err().map(|error| error.to_string()),
    };
    error.map_or(Ok(()), |error| Err(wrong(what(), error)))
}

fn number(fact: NumberFact, operator: &str, value: &Value) -> Result<Condition, Wrong> {
    let comparison = compared(operator, fact.as_str(), "a number")?;
    let wanted = value.as_integer();
    let remedy = "write one without quotes and without a point, such as 3";
    let wanted = wanted.ok_or_else(|| wrong(format!("`{operator}` is not a whole number"), remedy))?;
    Ok(Condition::Number { fact, comparison, wanted })
}

fn amount(fact: AmountFact, operator: &str, value: &Value, currency: Option<&str>) -> Result<Condition, Wrong> {
    let comparison = compared(operator, fact.as_str(), "an amount")?;
    let Some(currency) = currency else {
        return Err(wrong("its amount has no currency", "write currency = \"usd\", or another"));
    };
    let what = || format!("`currency` can't be `{currency}`");
    let currency = Currency::parse(currency).map_err(|error| wrong(what(), error.to_string()))?;
    let remedy = "write it in quotes, exactly, such as \"50.00\"";
    let text = value.as_str().ok_or_else(|| wrong(format!("`{operator}` is not an amount in quotes"), remedy))?;
    let wanted = Money::from_major(text, currency)
        .map_err(|error| wrong(format!("`{operator}` is no amount of {currency}"), error.to_string()))?;
    Ok(Condition::Amount { fact, comparison, wanted })
}

fn yes_no(fact: YesNoFact, operator: &str, value: &Value) -> Result<Condition, Wrong> {
    match (operator, value) {
        ("is", Value::Boolean(wanted)) => Ok(Condition::YesNo { fact, wanted: *wanted }),
        ("is", _) => Err(wrong("`is` is neither true nor false", "write true or false, without quotes")),
        _ => Err(not_for(operator, fact.as_str(), "true or false", "is")),
    }
}

fn compared(operator: &str, fact: &str, kind: &str) -> Result<Comparison, Wrong> {
    Comparison::parse(operator).ok_or_else(|| {
        let all: Vec<_> = Comparison::ALL.iter().map(|comparison| comparison.as_str()).collect();
        not_for(operator, fact, kind, &all.join(", "))
    })
}

fn not_for(operator: &str, fact: &str, kind: &str, operators: &str) -> Wrong {
    wrong(format!("`{operator}` is not for {fact}, which is {kind}"), format!("write {operators}"))
}
