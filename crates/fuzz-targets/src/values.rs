//! Changes within JSON, so that what comes of them gets beyond the parser.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::mutate::{pick, word};

/// Every place in a value, as JSON pointers.
pub(crate) fn places(value: &Value) -> Vec<String> {
    fn collect(value: &Value, here: &str, found: &mut Vec<String>) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    collect(item, &format!("{here}/{index}"), found);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    collect(field, &format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        found.push(here.to_owned());
    }
    let mut found = Vec::new();
    collect(value, "", &mut found);
    found
}

/// Changes the value at one of its places; may take what stands at a place of another value.
pub(crate) fn change(
    random: &mut Rng,
    words: &[&'static str],
    (value, places): (&mut Value, &[String]),
    other: Option<(&Value, &[String])>,
) {
    let place = pick::<String>(random, places);
    if random.u8(..8) == 0 {
        remove(value, place);
        return;
    }
    let spliced = other.and_then(|(other, places)| other.pointer(pick::<String>(random, places)));
    let Some(target) = value.pointer_mut(place) else { return };
    match (random.u8(..8), &mut *target) {
        (0, _) => *target = spliced.cloned().unwrap_or_default(),
        (1 | 2, Value::Number(number)) => {
            let near = number.as_i64().unwrap_or_default().wrapping_add(random.i64(-2..=2));
            *target = json!(if random.bool() { near } else { near.wrapping_neg() });
        }
        (1 | 2, Value::String(text)) => {
            let end = text.char_indices().map(|(at, _)| at).nth(random.usize(..=text.len())).unwrap_or(text.len());
            text.insert_str(end, word(random, words));
        }
        (1 | 2, Value::Array(items)) if !items.is_empty() => items.push(pick(random, items).clone()),
        (3, Value::String(text)) => drop(text.pop()),
        (3 | 4, Value::Object(fields)) => {
            fields.insert(word(random, words).to_owned(), odd(random, words));
        }
        (_, target) => *target = odd(random, words),
    }
}

fn remove(value: &mut Value, place: &str) {
    let Some((parent, name)) = place.rsplit_once('/') else { return };
    match value.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(name)),
        Some(Value::Array(items)) => {
            drop(name.parse().ok().filter(|at| *at < items.len()).map(|at: usize| items.remove(at)));
        }
        _ => {}
    }
}

fn odd(random: &mut Rng, words: &[&'static str]) -> Value {
    const NUMBERS: [i64; 12] = [
        0,
        -1,
        1,
        i64::MAX,
        i64::MIN,
        1_000_000_000_000_000,
        1_000_000_000_000_001,
        -1_000_000_000_000_001,
        253_402_300_799,
        253_402_300_800,
        1_790_086_400,
        1_790_086_401,
    ];
    match random.u8(..14) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!([]),
        3 => Value::Object(Map::new()),
        4 => json!(0.1),
        5 => json!(u64::MAX),
        6 => json!("x".repeat(random.usize(250..=520))),
        7 => json!("é".repeat(random.usize(120..=520))),
        8 => json!([{}]),
        9..=11 => json!(pick(random, &NUMBERS)),
        _ => json!(word(random, words)),
    }
}
