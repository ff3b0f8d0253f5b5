//! Changes inputs: bytes, lines and, within JSON, values.

use fastrand::Rng;
use serde_json::Value;

use crate::Target;
use crate::values;

/// The longest input that is made, in bytes: a tenth of the largest body that is accepted.
const BYTES_MAX: usize = 100_000;

/// What breaks readers that were written for nicer text.
const ODD: [&str; 40] = [
    "0",
    "-0",
    "-1",
    "1e999",
    "1e-999",
    "0.1",
    "00",
    "+1",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "1000000000000001",
    "253402300800",
    "-62135596801",
    "NaN",
    "Infinity",
    "\u{0}",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{feff}",
    "\u{202e}",
    "\u{2028}",
    "\u{3000}",
    "\u{130}",
    "\u{1e9e}",
    "\u{664}",
    "\u{1f9fe}",
    "\u{10ffff}",
    "e\u{301}",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "[[[[[[[[",
    "]",
    "'",
    "\t",
];

/// Makes inputs of a target's corpus: the same from the same seed.
#[derive(Debug)]
pub struct Mutator {
    random: Rng,
    words: &'static [&'static str],
    seeds: Vec<Seed>,
}

/// An input to begin from.
#[derive(Debug)]
struct Seed {
    bytes: Vec<u8>,
    /// The value, and the places in it, where it is JSON; three times those whose names are words of the target.
    json: Option<(Value, Vec<String>)>,
}

impl Mutator {
    /// Begins from the corpus of `target`.
    #[must_use]
    pub fn new(target: &Target, seed: u64) -> Self {
        let seeds = (target.corpus)().into_iter().map(|bytes| Seed::of(bytes, target.words));
        Self { random: Rng::with_seed(seed), words: target.words, seeds: seeds.collect() }
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let Self { random, words, seeds } = self;
        let seed = pick(random, seeds);
        let mut bytes = match &seed.json {
            Some((value, places)) if random.u8(..4) > 0 => {
                let mut value = value.clone();
                for _ in 0..random.usize(1..=4) {
                    let other = pick(random, seeds).json.as_ref().map(|(value, places)| (value, places.as_slice()));
                    values::change(random, words, (&mut value, places), other);
                }
                let bytes = value.to_string().into_bytes();
                if random.u8(..8) > 0 {
                    return bytes;
                }
                bytes
            }
            _ => seed.bytes.clone(),
        };
        for _ in 0..random.usize(1..=6) {
            let other = &pick(random, seeds).bytes;
            if random.bool() {
                change_bytes(random, words, &mut bytes, other);
            } else {
                change_lines(random, &mut bytes, other);
            }
        }
        bytes.truncate(BYTES_MAX);
        bytes
    }
}

impl Seed {
    fn of(bytes: Vec<u8>, words: &[&str]) -> Self {
        let value = serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object);
        let json = value.map(|value| {
            let places = values::places(&value);
            let named =
                places.iter().filter(|place| place.rsplit('/').next().is_some_and(|name| words.contains(&name)));
            let again: Vec<_> = named.cloned().collect();
            (value, [places, again.clone(), again].concat())
        });
        Self { bytes, json }
    }
}

/// One of `items`, which are not empty.
pub(crate) fn pick<'a, T>(random: &mut Rng, items: &'a [T]) -> &'a T {
    &items[random.usize(..items.len())]
}

/// A word of the target, or an odd one.
pub(crate) fn word(random: &mut Rng, words: &[&'static str]) -> &'static str {
    if words.is_empty() || random.bool() { pick::<&str>(random, &ODD) } else { pick::<&str>(random, words) }
}

/// A range within `len`, mostly short.
fn range(random: &mut Rng, len: usize) -> std::ops::Range<usize> {
    let start = random.usize(..=len);
    let most = if random.u8(..4) == 0 { len - start } else { (len - start).min(16) };
    start..start + random.usize(..=most)
}

fn change_bytes(random: &mut Rng, words: &[&'static str], bytes: &mut Vec<u8>, other: &[u8]) {
    let place = random.usize(..=bytes.len());
    match random.u8(..10) {
        0 => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1 << random.u8(..8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = random.u8(..);
            }
        }
        2 | 3 => drop(bytes.splice(place..place, word(random, words).bytes())),
        4 => drop(bytes.drain(range(random, bytes.len()))),
        5 => {
            let copied = bytes[range(random, bytes.len())].to_vec();
            let times = if random.u8(..50) == 0 { random.usize(..2_000) } else { 1 };
            drop(bytes.splice(place..place, copied.repeat(times)));
        }
        6 => {
            let spliced = &other[range(random, other.len())];
            drop(bytes.splice(place..place, spliced.iter().copied()));
        }
        7 => bytes.truncate(place),
        8 => {
            let digits = number(bytes, place);
            let replaced = word(random, &[]);
            drop(bytes.splice(digits, replaced.bytes()));
        }
        _ => {
            let character = random.char(..).to_string();
            drop(bytes.splice(place..place, character.bytes()));
        }
    }
}

/// The next run of digits behind a place.
fn number(bytes: &[u8], place: usize) -> std::ops::Range<usize> {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let start = bytes[place..].iter().position(is_digit).map_or(bytes.len(), |found| place + found);
    let end = bytes[start..].iter().position(|byte| !is_digit(byte)).map_or(bytes.len(), |found| start + found);
    start..end
}

/// Takes a line away, moves one, or takes one from another input.
fn change_lines(random: &mut Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    let mut lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let (one, two) = (random.usize(..lines.len()), random.usize(..lines.len()));
    match random.u8(..4) {
        0 => drop(lines.remove(one)),
        1 => lines.swap(one, two),
        2 => lines.insert(one, lines[two].clone()),
        _ => {
            let others: Vec<_> = other.split_inclusive(|byte| *byte == b'\n').collect();
            if !others.is_empty() {
                lines.insert(one, pick(random, &others).to_vec());
            }
        }
    }
    *bytes = lines.concat();
}
