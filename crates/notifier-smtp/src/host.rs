//! What a host may be called, and which are near enough to be spoken to without TLS.

use std::net::IpAddr;

/// Names that belong to nobody on the Internet (RFC 6762, and what ICANN keeps for private use).
const PRIVATE_ENDS: [&str; 2] = [".internal", ".local"];

/// Whether it can be the name of a host, or an address.
pub(crate) fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_name(text)
}

/// A name. What ends in a number is none: resolvers take `134744072` for 8.8.8.8.
pub(crate) fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(is_plain) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with("0x") || last.chars().all(|c| c.is_ascii_digit());
    text.len() <= 253 && text.split('.').all(is_label) && !is_number
}

/// Whether it is this machine, or in a network of one's own as far as its name tells.
pub(crate) fn is_near(host: &str) -> bool {
    match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => {
            let name = host.to_ascii_lowercase();
            !name.contains('.') || PRIVATE_ENDS.iter().any(|end| name.ends_with(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_hosts() {
        for host in ["smtp.example.com", "relay", "mail_1.internal", "127.0.0.1", "::1", "3com.example"] {
            assert!(is_host(host), "{host}");
        }
        let long = "a.".repeat(200);
        for host in [
            "",
            ".",
            "smtp.example.com.",
            "smtp.example.com:25",
            "smtp://relay",
            "[::1]",
            "a b",
            "-a",
            "134744072",
            "8.8.2056",
            "0x8080808",
            "a\r\nb",
            "ü.example",
            &long,
        ] {
            assert!(!is_host(host), "{host}");
        }
    }

    #[test]
    fn only_private_addresses_and_names_are_near() {
        for host in [
            "localhost",
            "relay",
            "relay.internal",
            "Relay.Corp.LOCAL",
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_near(host), "{host}");
        }
        for host in [
            "smtp.example.com",
            "internal.example.com",
            "notinternal.com",
            "8.8.8.8",
            "172.32.0.1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(!is_near(host), "{host}");
        }
    }
}
