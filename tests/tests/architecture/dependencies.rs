//! Dependencies point inward only, and each technology is behind one crate.

use std::collections::BTreeSet;
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::tree::root;

/// Which of our crates a crate may use.
struct Row {
    package: &'static str,
    /// In what it ships: exactly these.
    uses: &'static [&'static str],
    /// In its tests and examples: these as well.
    tests_use: &'static [&'static str],
}

/// Every member of the workspace has a row. A new adapter gets one like the others: `domain`, and nothing else of ours.
const ALLOWED: &[Row] = &[
    Row { package: "chargebook-domain", uses: &[], tests_use: &["chargebook-port-contracts"] },
    Row { package: "chargebook-port-contracts", uses: &["chargebook-domain", "chargebook-stories"], tests_use: &[] },
    Row { package: "chargebook-stories", uses: &["chargebook-domain"], tests_use: &["chargebook-source-stripe"] },
    Row {
        package: "chargebook-source-stripe",
        uses: &["chargebook-domain", "chargebook-stripe-wire"],
        tests_use: &["chargebook-port-contracts"],
    },
    Row {
        package: "chargebook-source-woocommerce",
        uses: &["chargebook-domain", "chargebook-stripe-wire"],
        tests_use: &["chargebook-port-contracts"],
    },
    // A wire format that several sources carry, so that none of them need know another.
    Row { package: "chargebook-stripe-wire", uses: &["chargebook-domain"], tests_use: &[] },
    Row {
        package: "chargebook-ledger-postgres",
        uses: &["chargebook-domain"],
        tests_use: &["chargebook-port-contracts"],
    },
    // As above, for the notifiers that send a mail as the bytes of a message.
    Row { package: "chargebook-mime", uses: &["chargebook-domain"], tests_use: &[] },
    Row {
        package: "chargebook-notifier-outlook",
        uses: &["chargebook-domain", "chargebook-mime"],
        tests_use: &["chargebook-port-contracts"],
    },
    Row {
        package: "chargebook-notifier-smtp",
        uses: &["chargebook-domain", "chargebook-mime"],
        tests_use: &["chargebook-port-contracts"],
    },
    Row {
        package: "chargebook-notifier-webhook",
        uses: &["chargebook-domain"],
        tests_use: &["chargebook-port-contracts"],
    },
    Row { package: "chargebook-local-postgres", uses: &[], tests_use: &[] },
    Row {
        package: "chargebook",
        uses: &[
            "chargebook-domain",
            "chargebook-ledger-postgres",
            "chargebook-local-postgres",
            "chargebook-mime",
            "chargebook-notifier-outlook",
            "chargebook-notifier-smtp",
            "chargebook-notifier-webhook",
            "chargebook-source-stripe",
            "chargebook-source-woocommerce",
            "chargebook-stories",
        ],
        tests_use: &["chargebook-domain", "chargebook-port-contracts"],
    },
    // Nobody ships it either: it reads as everything that reads does.
    Row {
        package: "chargebook-fuzz-targets",
        uses: &[
            "chargebook",
            "chargebook-domain",
            "chargebook-port-contracts",
            "chargebook-source-stripe",
            "chargebook-source-woocommerce",
            "chargebook-stories",
            "chargebook-stripe-wire",
        ],
        tests_use: &[],
    },
    Row {
        package: "chargebook-tests",
        uses: &[],
        tests_use: &[
            "chargebook",
            "chargebook-domain",
            "chargebook-ledger-postgres",
            "chargebook-local-postgres",
            "chargebook-notifier-outlook",
            "chargebook-port-contracts",
            "chargebook-source-stripe",
            "chargebook-source-woocommerce",
            "chargebook-stories",
        ],
    },
];

/// Nobody ships it, so that all it uses is for tests.
const TESTS: &str = "chargebook-tests";

/// All that `domain` may use of others.
const DOMAIN_USES: &[&str] =
    &["async-trait", "chrono", "chrono-tz", "hmac", "mockall", "rust_decimal", "sha2", "thiserror"];

/// What must not come into `domain` through others either: runtimes, I/O, wire formats, logging.
const NOT_IN_DOMAIN: &[&str] = &[
    "axum",
    "hyper",
    "libc",
    "log",
    "mio",
    "mockall",
    "reqwest",
    "serde",
    "serde_core",
    "serde_json",
    "socket2",
    "sqlx",
    "sqlx-core",
    "tokio",
    "tracing",
    "tracing-core",
];

/// A technology, the crates that ship it, and those that use it in tests only. A name that ends in `*` is a beginning.
const OWNED: &[(&str, &[&str], &[&str])] = &[
    ("sqlx*", &["chargebook-ledger-postgres"], &["chargebook-tests"]),
    ("async-stripe*", &["chargebook-source-stripe"], &[]),
    ("graph-rs-sdk", &["chargebook-notifier-outlook"], &[]),
    ("lettre", &["chargebook-notifier-smtp"], &[]),
    ("mail-builder", &["chargebook-mime"], &[]),
    // What one signs, the other's fake checks.
    ("ring", &["chargebook-notifier-outlook", "chargebook-port-contracts"], &[]),
    ("x509-parser", &["chargebook-notifier-outlook"], &[]),
    // The demo posts its webhooks as Stripe would.
    (
        "reqwest",
        &[
            "chargebook",
            "chargebook-notifier-outlook",
            "chargebook-notifier-webhook",
            "chargebook-source-stripe",
            "chargebook-source-woocommerce",
        ],
        &["chargebook-tests"],
    ),
    ("axum*", &["chargebook", "chargebook-port-contracts"], &["chargebook-tests"]),
    ("clap*", &["chargebook"], &[]),
    ("mockall", &["chargebook-domain"], &["*"]),
];

#[test]
fn every_crate_has_a_row_and_every_row_a_crate() {
    let members: BTreeSet<_> = members().iter().map(|package| package.name.to_string()).collect();
    let rows: BTreeSet<_> = ALLOWED.iter().map(|row| row.package.to_owned()).collect();
    assert_eq!(members, rows);
}

#[test]
fn our_crates_use_each_other_only_inward() {
    let members = members();
    let ours: BTreeSet<_> = members.iter().map(|package| package.name.as_str()).collect();
    for package in &members {
        let row = ALLOWED.iter().find(|row| row.package == package.name.as_str()).unwrap();
        let ours = |found: BTreeSet<&'_ str>| -> BTreeSet<String> {
            found.into_iter().filter(|name| ours.contains(name)).map(str::to_owned).collect()
        };
        let (shipped, tested) = (ours(ships(package)), ours(tests_use(package)));
        assert_eq!(shipped, row.uses.iter().map(|name| (*name).to_owned()).collect(), "what {} ships", package.name);
        let may_test = |name: &&String| row.uses.iter().chain(row.tests_use).any(|allowed| *allowed == **name);
        let more: Vec<_> = tested.iter().filter(|name| !may_test(name)).collect();
        assert!(more.is_empty(), "the tests of {} use {more:?}", package.name);
    }
}

#[test]
fn the_domain_uses_only_what_is_pure() {
    let members = members();
    let domain = members.iter().find(|package| package.name.as_str() == "chargebook-domain").unwrap();
    let more: Vec<_> = ships(domain).into_iter().filter(|name| !DOMAIN_USES.contains(name)).collect();
    assert!(more.is_empty(), "domain may not use {more:?}");
    let mockall = domain.dependencies.iter().find(|dependency| dependency.name == "mockall").unwrap();
    assert!(mockall.optional, "mockall is for whoever asks for the feature `mock`");
    assert!(!domain.features.contains_key("default"), "nobody gets mocks without asking");
}

#[test]
fn nothing_impure_comes_into_the_domain_through_others() {
    let closure = shipped_with("chargebook-domain");
    assert!(closure.contains("chrono"), "{closure:?}");
    let found: Vec<_> = NOT_IN_DOMAIN.iter().filter(|name| closure.contains(**name)).collect();
    assert!(found.is_empty(), "domain depends on {found:?}, through others: see cargo tree -p chargebook-domain");
}

#[test]
fn each_technology_is_behind_its_crate() {
    for package in members() {
        for (technology, shippers, testers) in OWNED {
            let is_it = |name: &&str| match technology.strip_suffix('*') {
                Some(beginning) => name.starts_with(beginning),
                None => name == technology,
            };
            let name = package.name.as_str();
            let is_shipped = ships(&package).iter().any(is_it);
            assert!(!is_shipped || shippers.contains(&name), "{name} may not use {technology}");
            let is_tested = tests_use(&package).iter().any(is_it);
            let may_test = testers.contains(&"*") || testers.contains(&name) || shippers.contains(&name);
            assert!(!is_tested || may_test, "the tests of {name} may not use {technology}");
        }
    }
}

#[test]
fn mocks_are_not_in_the_binary() {
    let shipped = shipped_with("chargebook");
    assert!(shipped.contains("tokio"), "{shipped:?}");
    for name in ["mockall", "proptest", "chargebook-port-contracts"] {
        assert!(!shipped.contains(name), "{name} is in the binary: see cargo tree -p chargebook -e normal -i {name}");
    }
}

fn members() -> Vec<Package> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    metadata.workspace_packages().into_iter().cloned().collect()
}

/// What is compiled into whoever uses the package, or to build it.
fn ships(package: &Package) -> BTreeSet<&str> {
    dependencies(package, |kind| kind != DependencyKind::Development && package.name.as_str() != TESTS)
}

fn tests_use(package: &Package) -> BTreeSet<&str> {
    dependencies(package, |kind| kind == DependencyKind::Development || package.name.as_str() == TESTS)
}

fn dependencies(package: &Package, wanted: impl Fn(DependencyKind) -> bool) -> BTreeSet<&str> {
    let found = package.dependencies.iter().filter(|dependency| wanted(dependency.kind));
    found.map(|dependency| dependency.name.as_str()).collect()
}

/// Everything that is compiled into `package` when it is built by itself: in the whole workspace its dependencies get
/// the features that others ask of them too.
fn shipped_with(package: &str) -> BTreeSet<String> {
    let arguments = ["tree", "--locked", "--package", package, "--edges", "normal", "--prefix", "none"];
    let listed = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let lines = String::from_utf8(listed.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}
