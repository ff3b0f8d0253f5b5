//! Card networks, and the regions they set rules for.

use std::fmt;

/// Who runs the rules that a card payment is under.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Network {
    /// Visa.
    Visa,
    /// Mastercard.
    Mastercard,
    /// American Express.
    Amex,
    /// Discover.
    Discover,
    /// Another one, or none that is known.
    Other,
}

impl Network {
    /// Every network.
    pub const ALL: [Self; 5] = [Self::Visa, Self::Mastercard, Self::Amex, Self::Discover, Self::Other];

    /// The network of a card's brand, as Stripe or a shop writes it: letter case, spaces and signs do not matter.
    #[must_use]
    pub fn of_brand(brand: &str) -> Self {
        let letters: String = brand.chars().filter(char::is_ascii_alphabetic).collect();
        match letters.to_ascii_lowercase().as_str() {
            "visa" => Self::Visa,
            "mastercard" | "mc" => Self::Mastercard,
            "amex" | "americanexpress" => Self::Amex,
            "discover" => Self::Discover,
            _ => Self::Other,
        }
    }

    /// The word in settings, and the stored one: Stripe's, where it has one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visa => "visa",
            Self::Mastercard => "mastercard",
            Self::Amex => "amex",
            Self::Discover => "discover",
            Self::Other => "other",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.as_str() == word)
    }
}

impl fmt::Display for Network {
    /// As people write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Visa => "Visa",
            Self::Mastercard => "Mastercard",
            Self::Amex => "American Express",
            Self::Discover => "Discover",
            Self::Other => "other",
        })
    }
}

/// Where a merchant's acquirer is, as Visa cuts the world.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Region {
    /// The United States.
    UnitedStates,
    /// Canada.
    Canada,
    /// Europe.
    Europe,
    /// Asia and the Pacific.
    AsiaPacific,
    /// Latin America and the Caribbean.
    LatinAmerica,
    /// Central and eastern Europe outside of Visa's Europe, the Middle East and Africa.
    Cemea,
}

impl Region {
    /// Every region.
    pub const ALL: [Self; 6] =
        [Self::UnitedStates, Self::Canada, Self::Europe, Self::AsiaPacific, Self::LatinAmerica, Self::Cemea];

    /// The word in settings and in the file of programmes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnitedStates => "us",
            Self::Canada => "ca",
            Self::Europe => "eu",
            Self::AsiaPacific => "ap",
            Self::LatinAmerica => "lac",
            Self::Cemea => "cemea",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_are_read_however_they_are_written() {
        for (brand, network) in [
            ("visa", Network::Visa),
            ("VISA", Network::Visa),
            ("mastercard", Network::Mastercard),
            ("MasterCard", Network::Mastercard),
            ("Master Card", Network::Mastercard),
            ("amex", Network::Amex),
            ("American_Express", Network::Amex),
            ("discover", Network::Discover),
            ("diners", Network::Other),
            ("eftpos_au", Network::Other),
            ("unknown", Network::Other),
            ("", Network::Other),
        ] {
            assert_eq!(Network::of_brand(brand), network, "{brand:?}");
        }
    }

    #[test]
    fn every_word_reads_back() {
        assert!(Network::ALL.into_iter().all(|network| Network::parse(network.as_str()) == Some(network)));
        assert!(Region::ALL.into_iter().all(|region| Region::parse(region.as_str()) == Some(region)));
        assert_eq!((Network::parse("Visa"), Region::parse("emea")), (None, None));
    }
}
