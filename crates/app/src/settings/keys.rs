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

const KEYS: [(&str, Kind); 79] = [
    ("alerts.evidence_days", Kind::Text),
    ("alerts.orphan_days", Kind::Text),
    ("alerts.quarantined", Kind::Text),
    ("alerts.reinstatement_days", Kind::Text),
    ("alerts.silence_hours", Kind::Text),
    ("alerts.summary_hours", Kind::Text),
    ("books.convention", Kind::Text),
    ("books.fx_tolerance_percent", Kind::Text),
    ("books.start", Kind::Text),
    ("customers.key", Kind::Secret),
    ("data_dir", Kind::Text),
    ("database.max_connections", Kind::Text),
    ("database.url", Kind::Secret),
    ("http.api_tokens", Kind::SecretList),
    ("http.drain_seconds", Kind::Text),
    ("http.listen", Kind::Text),
    ("journal.accounts", Kind::Names),
    ("journal.codes", Kind::Names),
    ("journal.tax_rate", Kind::Text),
    ("manual.gateways", Kind::List),
    ("monitor.programmes_file", Kind::Text),
    ("monitor.region", Kind::Text),
    ("monitor.warn_events", Kind::Text),
    ("monitor.warn_percent", Kind::Text),
    ("orders.amount_unit", Kind::Text),
    ("orders.mode", Kind::Text),
    ("orders.view", Kind::Text),
    ("outlook.authority", Kind::Text),
    ("outlook.certificate_file", Kind::Text),
    ("outlook.client_id", Kind::Text),
    ("outlook.client_secret", Kind::Secret),
    ("outlook.federated_token_file", Kind::Text),
    ("outlook.format", Kind::Text),
    ("outlook.graph_base", Kind::Text),
    ("outlook.recipients", Kind::List),
    ("outlook.sender", Kind::Text),
    ("outlook.tenant_id", Kind::Text),
    ("rules.file", Kind::Text),
    ("score.dispute_rate", Kind::Text),
    ("score.dispute_rate_orders_min", Kind::Text),
    ("score.good_order", Kind::Text),
    ("score.good_orders_max", Kind::Text),
    ("score.inquiry", Kind::Text),
    ("score.lost", Kind::Text),
    ("score.open", Kind::Text),
    ("score.other_closed", Kind::Text),
    ("score.start", Kind::Text),
    ("score.won", Kind::Text),
    ("smtp.ca_file", Kind::Text),
    ("smtp.from", Kind::Text),
    ("smtp.host", Kind::Text),
    ("smtp.oauth_token_file", Kind::Text),
    ("smtp.password", Kind::Secret),
    ("smtp.port", Kind::Text),
    ("smtp.recipients", Kind::List),
    ("smtp.security", Kind::Text),
    ("smtp.user", Kind::Text),
    ("stripe.accounts", Kind::List),
    ("stripe.api_base", Kind::Text),
    ("stripe.api_key", Kind::Secret),
    ("stripe.livemode", Kind::Text),
    ("stripe.requests_per_second", Kind::Text),
    ("stripe.webhook_secrets", Kind::SecretList),
    ("summary.attach_journal", Kind::Text),
    ("summary.channels", Kind::List),
    ("summary.csv_separator", Kind::Text),
    ("summary.locale", Kind::Text),
    ("summary.mails", Kind::Text),
    ("summary.missed", Kind::Text),
    ("summary.send_at", Kind::Text),
    ("summary.time_zone", Kind::Text),
    ("webhook.format", Kind::Text),
    ("webhook.secret", Kind::Secret),
    ("webhook.url", Kind::Secret),
    ("woocommerce.<shop>.account", Kind::Text),
    ("woocommerce.<shop>.consumer_key", Kind::Secret),
    ("woocommerce.<shop>.consumer_secret", Kind::Secret),
    ("woocommerce.<shop>.url", Kind::Text),
    ("woocommerce.<shop>.webhook_secrets", Kind::SecretList),
];

/// Stands in a key for a name that the user chooses.
const CHOSEN: &str = "<shop>";

/// A key as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Whether the value is the name of the file that holds it: `stripe.api_key_file`.
    pub(super) in_file: bool,
}

pub(super) fn find(written: &str) -> Option<Key> {
    let kind_of = |text: &str| KEYS.into_iter().find(|(name, _)| is_of(text, name)).map(|(_, kind)| kind);
    if let Some(kind) = kind_of(written) {
        return Some(Key { name: written.to_owned(), kind, in_file: false });
    }
    let name = written.strip_suffix("_file")?;
    kind_of(name).filter(|kind| kind.is_secret()).map(|kind| Key { name: name.to_owned(), kind, in_file: true })
}

/// Whether it is the key of this name, with any name where one is chosen.
fn is_of(text: &str, name: &str) -> bool {
    let (mut text, mut name) = (text.split('.'), name.split('.'));
    loop {
        match (text.next(), name.next()) {
            (None, None) => return true,
            (Some(_), Some(CHOSEN)) => {}
            (Some(part), Some(named)) if part == named => {}
            _ => return false,
        }
    }
}

/// The key that was probably meant.
pub(super) fn nearest(written: &str) -> Option<String> {
    let chosen = match written.split('.').collect::<Vec<_>>()[..] {
        [_, chosen, _] => chosen,
        _ => CHOSEN,
    };
    let names = KEYS.map(|(name, _)| name.replace(CHOSEN, chosen));
    let names = || names.iter().map(String::as_str);
    let section = |name: &str| name.split_once('.').map(|(section, _)| section.to_owned());
    let beside = nearest_of(written, names().filter(|name| section(name) == section(written)));
    beside.or_else(|| nearest_of(written, names())).map(str::to_owned)
}

/// By how many slips a name is still taken for another.
const DISTANCE_MAX: usize = 3;

/// Which of `names` was probably meant.
pub(crate) fn nearest_of<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |name: &str| name.rsplit(['.', ':']).next().unwrap_or_default().to_owned();
    let letters = |text: &str| text.chars().count();
    let distance = |name: &str| {
        // What differs more in its length is further away, and is not compared: that takes as long as the text is.
        let is_near = letters(written).abs_diff(letters(name)) <= DISTANCE_MAX;
        let whole = if is_near { strsim::damerau_levenshtein(written, name) } else { usize::MAX };
        // A key that was written into another section, or into none, is otherwise far away.
        if last(written) == last(name) { whole.min(2) } else { whole }
    };
    names
        .map(|name| (distance(name), name))
        .min()
        .filter(|(distance, _)| *distance <= DISTANCE_MAX)
        .map(|(_, name)| name)
}
