/// Settings with which mail goes through the Graph at this address, `http://127.0.0.1:PORT/v1.0`, to one recipient.
#[must_use]
pub fn outlook_settings(graph_base: &str) -> Vec<(String, String)> {
    let authority = graph_base.trim_end_matches("/v1.0");
    let settings = [
        ("TENANT_ID", "3f2b1c4d-0000-4000-8000-000000000001"),
        ("CLIENT_ID", "3f2b1c4d-0000-4000-8000-000000000002"),
        ("CLIENT_SECRET", "planted-secret"),
        ("SENDER", "books@example.com"),
        ("RECIPIENTS", "finance@example.com"),
        ("AUTHORITY", authority),
        ("GRAPH_BASE", graph_base),
    ];
    settings.map(|(key, value)| (format!("CHARGEBOOK_OUTLOOK__{key}"), value.to_owned())).into()
}

/// Settings as they are handed to a process.
#[must_use]
pub fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}
