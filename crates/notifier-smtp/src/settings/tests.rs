use super::*;

fn good() -> SmtpSettings {
    SmtpSettings {
        host: " smtp.example.com ".to_owned(),
        port: None,
        security: Security::StartTls,
        user: Some("books".to_owned()),
        password: Some("s3cret".into()),
        oauth_token_file: None,
        ca_file: None,
        from: "books@example.com".to_owned(),
        recipients: vec![" finance@example.com ".to_owned()],
    }
}

/// As a relay that knows us by our address.
fn relay() -> SmtpSettings {
    SmtpSettings { host: "relay".to_owned(), security: Security::Plain, user: None, password: None, ..good() }
}

fn keys(settings: &SmtpSettings) -> Vec<&'static str> {
    settings.problems().into_iter().map(|problem| problem.key).collect()
}

fn problems(change: impl FnOnce(&mut SmtpSettings)) -> Vec<&'static str> {
    let mut settings = good();
    change(&mut settings);
    keys(&settings)
}

#[test]
fn each_security_has_its_name_and_its_port() {
    for (name, security, port) in
        [("starttls", Security::StartTls, 587), ("tls", Security::Tls, 465), ("none", Security::Plain, 25)]
    {
        assert_eq!(Security::parse(name), Some(security));
        assert_eq!(security.usual_port(), port);
    }
    assert_eq!(Security::parse("ssl"), None);
    assert_eq!(Security::default(), Security::StartTls);
}

#[test]
fn good_settings_are_taken_as_they_are_meant() {
    let checked = good().check().unwrap();
    assert_eq!((checked.host.as_str(), checked.port), ("smtp.example.com", 587));
    assert_eq!(checked.recipients, ["finance@example.com".parse::<Address>().unwrap()]);
    assert!(matches!(checked.log_in, Some((user, Proof::Password(_))) if user == "books"));
    let token = SmtpSettings { password: None, oauth_token_file: Some("/run/token".into()), ..good() };
    assert!(matches!(token.check().unwrap().log_in, Some((_, Proof::TokenFile(_)))));
    let checked = relay().check().unwrap();
    assert!(checked.log_in.is_none() && checked.port == 25);
    assert_eq!(SmtpSettings { port: Some(2525), ..relay() }.check().unwrap().port, 2525);
}

#[test]
fn each_wrong_setting_is_named() {
    for host in ["", "smtp.example.com:587", "https://smtp.example.com", "134744072"] {
        assert_eq!(problems(|s| s.host = host.to_owned()), ["smtp.host"], "{host}");
    }
    assert_eq!(problems(|s| s.port = Some(0)), ["smtp.port"]);
    for from in
        ["", "books", "a@b@c.d", "Books <a@c.d>", "ü@c.d", "a@ü.d", "a@1.2.3.4", "a@[::1]", "a b@c.d", "a@c.d\r\nx"]
    {
        assert_eq!(problems(|s| s.from = from.to_owned()), ["smtp.from"], "{from}");
    }
    for recipients in [vec![], vec![""], vec!["a@b.c", "finance"], vec!["a@b.c;d@e.f"], vec!["a@b.c"; 101]] {
        let list: Vec<String> = recipients.iter().map(ToString::to_string).collect();
        assert_eq!(problems(|s| s.recipients = list), ["smtp.recipients"], "{recipients:?}");
    }
    for from in ["o'brien+x@sub.example.co.uk", "a_b.c@relay", "x@xn--bcher-kva.example"] {
        assert_eq!(problems(|s| s.from = from.to_owned()), [""; 0], "{from}");
    }
}

#[test]
fn who_logs_in_has_one_proof() {
    let token = || Some(PathBuf::from("/run/token"));
    assert_eq!(problems(|s| s.user = None), ["smtp.user"]);
    assert_eq!(problems(|s| s.user = Some(" ".to_owned())), ["smtp.user"]);
    assert_eq!(problems(|s| s.password = None), ["smtp.password"]);
    assert_eq!(problems(|s| s.password = Some("".into())), ["smtp.password"]);
    assert_eq!(problems(|s| s.oauth_token_file = token()), ["smtp.oauth_token_file"]);
    let nobody = SmtpSettings { user: None, password: None, oauth_token_file: token(), ..good() };
    assert_eq!(keys(&nobody), ["smtp.user"]);
}

#[test]
fn without_tls_no_secret_is_sent_and_nothing_leaves_the_house() {
    assert_eq!(keys(&SmtpSettings { host: "smtp.example.com".to_owned(), ..relay() }), ["smtp.security"]);
    assert_eq!(
        problems(|s| *s = SmtpSettings { host: "relay".to_owned(), security: Security::Plain, ..good() }),
        ["smtp.security"]
    );
    assert_eq!(keys(&SmtpSettings { ca_file: Some("/etc/ca.pem".into()), ..relay() }), ["smtp.ca_file"]);
}

#[test]
fn all_problems_are_told_at_once_and_no_secret() {
    let settings = SmtpSettings {
        host: "sm tp".to_owned(),
        port: Some(0),
        security: Security::Plain,
        user: None,
        password: Some("hunter2".into()),
        oauth_token_file: Some("/run/token".into()),
        ca_file: Some("/etc/ca.pem".into()),
        from: "hunter2".to_owned(),
        recipients: vec!["hunter2".to_owned()],
    };
    assert_eq!(
        keys(&settings),
        [
            "smtp.host",
            "smtp.port",
            "smtp.oauth_token_file",
            "smtp.security",
            "smtp.ca_file",
            "smtp.from",
            "smtp.recipients"
        ]
    );
    let told: Vec<_> = settings.problems().iter().map(ToString::to_string).collect();
    assert!(!told.concat().contains("hunter2") && !format!("{:?}", good()).contains("s3cret"), "{told:?}");
}
