//! The names and texts that rules are written with.

use std::fmt;

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 60;

/// The longest line, in characters.
const LINE_CHARS_MAX: usize = 200;

/// The text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {NAME_BYTES_MAX} small letters, digits, - and _")]
pub struct NameError;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Accepts 1 to 60 of the characters a-z, 0-9, - and _.
            ///
            /// # Errors
            /// [`NameError`] for anything else.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let known = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
                let fits = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(known);
                if fits { Ok(Self(text.to_owned())) } else { Err(NameError) }
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// A rule.
    RuleName;
    /// An endpoint that messages are posted to.
    EndpointName;
    /// A word that a customer is tagged with.
    Tag;
}

/// A line for people: a reason, or the subject of a mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OneLine(String);

/// The text is no line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line has 1 to {LINE_CHARS_MAX} printable characters")]
pub struct OneLineError;

impl OneLine {
    /// Accepts 1 to 200 characters of printable text; spaces at its ends are left out.
    ///
    /// # Errors
    /// [`OneLineError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, OneLineError> {
        let text = text.trim();
        let fits = (1..=LINE_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(OneLineError) }
    }

    /// The line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        assert_eq!(RuleName::parse("two-lost_2").unwrap().to_string(), "two-lost_2");
        for bad in ["", "Two", "two lost", "a:b", "a@example.com", "ü", &"x".repeat(NAME_BYTES_MAX + 1)] {
            assert_eq!(Tag::parse(bad), Err(NameError), "{bad:?}");
        }
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(OneLine::parse(" Verlust für immer ").unwrap().as_str(), "Verlust für immer");
        for bad in ["", "  ", "a\nb", "a\0", &"ü".repeat(LINE_CHARS_MAX + 1)] {
            assert_eq!(OneLine::parse(bad), Err(OneLineError), "{bad:?}");
        }
    }
}
