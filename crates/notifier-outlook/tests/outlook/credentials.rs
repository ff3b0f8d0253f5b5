//! Signing in without a secret: by a certificate, and by a token of another platform.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use chargebook_domain::ports::{Notifier, SendOutcome};
use chargebook_notifier_outlook::{Credential, OutlookNotifier, OutlookSettings, SettingProblem, SignInFailure};
use chargebook_port_contracts::FixedClock;
use chargebook_port_contracts::fake_graph::{FakeGraph, SignInFault};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::{assert_readable, attempt, mail, notifier_with, settings};
use crate::workshop::{Pair, Workshop};

const RSA: &str = "rsa:2048";

fn settings_of(fake: &FakeGraph, credential: Credential) -> OutlookSettings {
    OutlookSettings { credential, ..settings(&fake.authority(), &fake.base()) }
}

/// Why no mail can go by this credential, although the settings themselves are right.
fn problems(fake: &FakeGraph, credential: Credential) -> Vec<SettingProblem> {
    let settings = settings_of(fake, credential);
    assert_eq!(settings.problems(), [], "no file is read for them");
    OutlookNotifier::new(settings, Arc::new(FixedClock::at(fake.now()))).err().unwrap_or_default()
}

fn by_certificate(fake: &FakeGraph, path: PathBuf, now: DateTime<Utc>) -> OutlookNotifier {
    notifier_with(settings_of(fake, Credential::CertificateFile(path)), now)
}

fn trust(fake: &FakeGraph, shop: &Workshop, name: &str) {
    let (certificate, public_key) = shop.public_part(name);
    fake.trust_certificate(&certificate, public_key);
}

/// Why there is no token, which a person may read.
async fn failure(notifier: &OutlookNotifier, fake: &FakeGraph) -> SignInFailure {
    let failure = notifier.check().await.unwrap_err();
    assert_readable(&failure.reason, fake);
    failure
}

#[tokio::test]
async fn a_certificate_signs_in_and_no_secret_goes_over_the_wire() {
    let (fake, shop) = (FakeGraph::start().await.unwrap(), Workshop::open());
    let Pair { certificate, key } = shop.make("one", RSA);
    let path = shop.write("one.pem", &format!("{key}{certificate}"));
    trust(&fake, &shop, "one");
    let notifier = by_certificate(&fake, path, fake.now());
    let outcome = notifier.send(&mail(), &attempt()).await;
    assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    // Each assertion is used once, so the second one is another.
    notifier.check().await.unwrap();
    let requests = fake.token_requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        let fields: Vec<_> = request.form.keys().map(String::as_str).collect();
        assert_eq!(fields, ["client_assertion", "client_assertion_type", "client_id", "grant_type", "scope"]);
        assert_eq!(request.authorization, None);
    }
}

#[tokio::test]
async fn a_certificate_among_others_is_found_by_its_key() {
    let (fake, shop) = (FakeGraph::start().await.unwrap(), Workshop::open());
    let (above, own) = (shop.make("above", RSA), shop.make("own", RSA));
    let path = shop.write("chain.pem", &format!("{}{}{}", above.certificate, own.certificate, own.key));
    trust(&fake, &shop, "own");
    by_certificate(&fake, path, fake.now()).check().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_replaced_is_used_at_the_next_sign_in() {
    let (fake, shop) = (FakeGraph::start().await.unwrap(), Workshop::open());
    let (old, new) = (shop.make("old", RSA), shop.make("new", RSA));
    let path = shop.write("current.pem", &(old.certificate + &old.key));
    trust(&fake, &shop, "new");
    let notifier = by_certificate(&fake, path, fake.now());
    let refused = failure(&notifier, &fake).await;
    for word in ["AADSTS700027", "outlook.certificate_file", "upload"] {
        assert!(refused.reason.contains(word), "no {word} in: {refused}");
    }
    assert_eq!(refused.retry_after, None);
    shop.write("current.pem", &(new.certificate + &new.key));
    notifier.check().await.unwrap();
}

#[tokio::test]
async fn a_wrong_clock_is_named() {
    let (fake, shop) = (FakeGraph::start().await.unwrap(), Workshop::open());
    let Pair { certificate, key } = shop.make("one", RSA);
    let path = shop.write("one.pem", &(certificate + &key));
    trust(&fake, &shop, "one");
    for off in [TimeDelta::minutes(11), TimeDelta::minutes(-11)] {
        let failure = failure(&by_certificate(&fake, path.clone(), fake.now() + off), &fake).await;
        assert!(failure.reason.contains("AADSTS700024") && failure.reason.contains("clock"), "{failure}");
    }
    let nearly = fake.now() - TimeDelta::minutes(9);
    by_certificate(&fake, path, nearly).check().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_not_shown_to_the_service() {
    let (fake, shop) = (FakeGraph::start().await.unwrap(), Workshop::open());
    let Pair { certificate, key } = shop.make("one", RSA);
    let path = shop.write("one.pem", &(certificate + &key));
    trust(&fake, &shop, "one");
    let credential = Credential::CertificateFile(path.clone());
    let ends_at = credential.certificate_ends_at().unwrap();
    assert!(ends_at > fake.now());
    assert_eq!(problems(&fake, credential), [], "the server starts with it");
    let notifier = by_certificate(&fake, path, ends_at);
    let failure = failure(&notifier, &fake).await;
    let day = ends_at.format("%Y-%m-%d").to_string();
    for word in ["ended at", day.as_str(), "outlook.certificate_file", "Upload"] {
        assert!(failure.reason.contains(word), "no {word} in: {failure}");
    }
    assert!(fake.token_requests().is_empty());
    let outcome = notifier.send(&mail(), &attempt()).await;
    assert!(matches!(outcome, SendOutcome::Refused { retry_after: None, .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_file_that_holds_no_certificate_with_its_key_is_told_by_its_setting() {
    let (fake, shop) = (FakeGraph::start().await.unwrap(), Workshop::open());
    let (one, other, curve) = (shop.make("one", RSA), shop.make("other", RSA), shop.make("curve", "ed25519"));
    let small = shop.make("small", "rsa:1024");
    shop.openssl(&["rsa", "-in", "one.key", "-traditional", "-out", "one.old"]);
    shop.openssl(&["pkcs8", "-topk8", "-in", "one.key", "-passout", "pass:planted", "-out", "one.locked"]);
    let (old, locked) = (shop.text("one.old"), shop.text("one.locked"));
    for (name, text, problem) in [
        ("empty", " \n".to_owned(), "is empty"),
        ("prose", "planted words\n".to_owned(), "is not PEM"),
        ("cut", one.certificate[..300].to_owned(), "is not PEM"),
        ("bare", one.certificate.clone(), "no private key"),
        ("alone", one.key.clone(), "no certificate"),
        ("mixed", one.certificate.clone() + &other.key, "belongs to none"),
        ("locked", one.certificate.clone() + &locked, "encrypted"),
        ("old", one.certificate.clone() + &old, "no RSA key"),
        ("curve", curve.certificate.clone() + &curve.key, "no RSA key"),
        ("small", small.certificate.clone() + &small.key, "no RSA key"),
        ("garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned() + &one.key, "belongs"),
        ("large", one.certificate.repeat(60), "is larger"),
    ] {
        let path = shop.write(name, &text);
        let found = problems(&fake, Credential::CertificateFile(path));
        let [told] = found.as_slice() else { panic!("{name}: {found:?}") };
        assert_eq!(told.key, "outlook.certificate_file");
        assert!(told.problem.starts_with("the file ") && told.problem.contains(problem), "{name}: {told}");
        assert!(!told.problem.contains("planted"), "{told}");
    }
    for path in [shop.path("missing"), shop.folder().to_owned()] {
        for credential in [Credential::CertificateFile(path.clone()), Credential::FederatedTokenFile(path)] {
            let found = problems(&fake, credential);
            assert!(found.len() == 1 && found[0].problem.contains("can't be read ("), "{found:?}");
        }
    }
}

#[tokio::test]
async fn a_file_that_vanishes_is_waited_for() {
    let (fake, shop) = (FakeGraph::start().await.unwrap(), Workshop::open());
    let path = shop.write("token", "header.claims.signature");
    let credential = Credential::FederatedTokenFile(path.clone());
    let notifier = notifier_with(settings_of(&fake, credential), fake.now());
    fs::remove_file(&path).unwrap();
    let failure = failure(&notifier, &fake).await;
    assert!(failure.reason.contains("the file of outlook.federated_token_file can't be read"), "{failure}");
    assert!(failure.retry_after.is_some());
    assert!(fake.token_requests().is_empty());
}

#[tokio::test]
async fn a_federated_token_is_read_at_each_sign_in() {
    let (fake, shop) = (FakeGraph::start().await.unwrap(), Workshop::open());
    fake.trust_token("header.new.signature");
    let path = shop.write("token", "header.old.signature\n");
    let credential = Credential::FederatedTokenFile(path);
    assert_eq!(credential.certificate_ends_at(), None);
    let notifier = notifier_with(settings_of(&fake, credential), fake.now());
    let refused = failure(&notifier, &fake).await;
    for word in ["AADSTS700213", "outlook.federated_token_file", "issuer, subject and audience"] {
        assert!(refused.reason.contains(word), "no {word} in: {refused}");
    }
    shop.write("token", "header.new.signature\n");
    let outcome = notifier.send(&mail(), &attempt()).await;
    assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    let assertions: Vec<_> =
        fake.token_requests().into_iter().map(|request| request.form["client_assertion"].clone()).collect();
    assert_eq!(assertions, ["header.old.signature", "header.new.signature"]);

    fake.script_sign_in([SignInFault::Refused { aadsts: 700_024 }]);
    let ended = failure(&notifier, &fake).await;
    assert!(ended.reason.contains("the platform replaces it"), "{ended}");
}

#[tokio::test]
async fn a_file_with_more_than_one_word_is_no_token() {
    let (fake, shop) = (FakeGraph::start().await.unwrap(), Workshop::open());
    for text in ["two words", "{\n}", "a\u{e4}"] {
        let path = shop.write("token", text);
        let found = problems(&fake, Credential::FederatedTokenFile(path));
        assert!(found.len() == 1 && found[0].problem.contains("no token"), "{found:?}");
        assert_eq!(found[0].key, "outlook.federated_token_file");
    }
}

#[tokio::test]
async fn no_key_and_no_assertion_is_in_the_debug_output() {
    let (fake, shop) = (FakeGraph::start().await.unwrap(), Workshop::open());
    let Pair { certificate, key } = shop.make("one", RSA);
    let path = shop.write("one.pem", &(certificate + &key));
    trust(&fake, &shop, "one");
    let notifier = by_certificate(&fake, path, fake.now());
    notifier.check().await.unwrap();
    let text = format!("{notifier:?}");
    let assertion = &fake.token_requests()[0].form["client_assertion"];
    assert!(text.contains("one.pem"), "{text}");
    for hidden in [assertion.as_str(), &fake.issued_tokens()[0], key.lines().nth(1).unwrap()] {
        assert!(!text.contains(hidden), "{text}");
    }
}
