//! Every key there is.

/// What a key takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    List,
    /// Text that is never shown, and can be given as the name of a file.
    Secret,
    /// A list of such.
    SecretList,
    /// Names, each with a value.
    Names,
}

impl Kind {
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretList)
    }
}

const KEYS: [(&str, Kind); 26] = [
    ("books.convention", Kind::Text),
    ("books.fx_tolerance_percent", Kind::Text),
    ("books.start", Kind::Text),
    ("data_dir", Kind::Text),
    ("database.max_connections", Kind::Text),
    ("database.url", Kind::Secret),
    ("http.listen", Kind::Text),
    ("journal.accounts", Kind::Names),
    ("orders.amount_unit", Kind::Text),
    ("orders.mode", Kind::Text),
    ("orders.view", Kind::Text),
    ("outlook.authority", Kind::Text),
    ("outlook.client_id", Kind::Text),
    ("outlook.client_secret", Kind::Secret),
    ("outlook.graph_base", Kind::Text),
    ("outlook.recipients", Kind::List),
    ("outlook.sender", Kind::Text),
    ("outlook.tenant_id", Kind::Text),
    ("stripe.accounts", Kind::List),
    ("stripe.api_base", Kind::Text),
    ("stripe.api_key", Kind::Secret),
    ("stripe.livemode", Kind::Text),
    ("stripe.requests_per_second", Kind::Text),
    ("stripe.webhook_secrets", Kind::SecretList),
    ("summary.send_at", Kind::Text),
    ("summary.time_zone", Kind::Text),
];

/// A key as it was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether the value is the name of the file that holds it: `stripe.api_key_file`.
    pub(super) in_file: bool,
}

pub(super) fn find(written: &str) -> Option<Key> {
    let known = |text: &str| KEYS.into_iter().find(|(name, _)| *name == text);
    if let Some((name, kind)) = known(written) {
        return Some(Key { name, kind, in_file: false });
    }
    let (name, kind) = known(written.strip_suffix("_file")?)?;
    kind.is_secret().then_some(Key { name, kind, in_file: true })
}

/// The key that was probably meant.
pub(super) fn nearest(written: &str) -> Option<&'static str> {
    nearest_of(written, KEYS.into_iter().map(|(name, _)| name))
}

/// Which of `names` was probably meant.
pub(super) fn nearest_of<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |name: &str| name.rsplit(['.', ':']).next().unwrap_or_default().to_owned();
    let distance = |name: &str| {
        let whole = strsim::damerau_levenshtein(written, name);
        // A key that was written into another section, or into none, is otherwise far away.
        if last(written) == last(name) { whole.min(2) } else { whole }
    };
    names.map(|name| (distance(name), name)).min().filter(|(distance, _)| *distance <= 3).map(|(_, name)| name)
}
