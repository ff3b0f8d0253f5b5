//! What no log may hold. Every log of every server and command that a test starts is looked through, so that the whole of
//! the tests is the audit.

use chargebook_port_contracts::{fake_shop, fake_stripe};

/// A part of each of these is in every secret, person and body that the tests make up.
const NEVER_LOGGED: [&str; 6] =
    ["planted", "@example.", "\"object\":", fake_stripe::KEY, fake_shop::KEY, fake_shop::SECRET];

/// Asserts that a log, or what a command complained of, holds no secret and nothing of anybody or of any body.
///
/// The message of a failure repeats the line: what tests plant is nobody's.
pub fn assert_nothing_planted(log: &str) {
    for line in log.lines() {
        // As it was before it was made JSON.
        let plain = line.replace('\\', "").to_lowercase();
        for part in NEVER_LOGGED {
            assert!(!plain.contains(&part.to_lowercase()), "{part} was logged: {line}");
        }
    }
}
