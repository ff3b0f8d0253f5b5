use std::collections::BTreeSet;
use std::io;

use chargebook_domain::rules::{
    Action, AmountFact, Comparison, Condition, CooldownPer, NumberFact, OneLine, Rule, RuleName, Tag, TextFact,
    TextTest, YesNoFact,
};
use chargebook_domain::{Currency, Money, Trigger};
use chrono::TimeDelta;
use secrecy::ExposeSecret;

use super::*;

const SECRET: &str = "0123456789abcdef";

/// A rule that is right, but for what a test adds to it.
const RULE: &str = "[[rule]]\nname = \"a\"\nwhen = [\"dispute_closed\"]\nactions = [{ do = \"unblock\" }]\n";

fn read_text(text: &str) -> Result<RuleFile, Vec<Problem>> {
    let read_file = |path: &Path| match path.to_str() {
        Some("etc/fraud-desk.secret" | "/run/secret") => Ok(format!("{SECRET}\n")),
        Some("etc/short") => Ok("short\n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    parse(FileText { path: "etc/rules.toml", text }, &read_file)
}

fn problems(text: &str) -> Vec<String> {
    let problems = read_text(text).err().unwrap_or_default();
    problems.iter().map(|problem| problem.to_string().replace(" (etc/rules.toml)", "")).collect()
}

/// What is wrong with a rule that has this condition.
fn of_condition(condition: &str) -> String {
    let problems = problems(&format!("{RULE}all = [{{ {condition} }}]\n"));
    problems.join("\n").replace("rule a, condition 1: ", "")
}

fn of_action(action: &str) -> String {
    problems(&RULE.replace("{ do = \"unblock\" }", action)).join("\n").replace("rule a, action 1: ", "")
}

fn of_endpoint(lines: &str) -> String {
    problems(&format!("[endpoint.crm]\n{lines}\n")).join("\n").replace("endpoint crm: ", "")
}

#[test]
fn a_file_without_anything_has_no_rules() {
    let file = read_text("").unwrap();
    assert!(file.rules.is_empty() && file.endpoints.is_empty());
}

#[test]
fn a_rule_is_read_as_it_is_written() {
    let file = read_text(
        r#"
        [endpoint.crm]
        url = "https://crm.example.com/hook"
        secret = "0123456789abcdef"
        [[rule]]
        name = "b"
        when = ["dispute_closed", "dispute_filed"]
        all = [
          { fact = "dispute.reason", one_of = ["fraudulent", "x"] },
          { fact = "dispute.amount", below = "5000", currency = "JPY" },
          { fact = "customer.lost", at_least = 3 },
          { fact = "livemode", is = false },
        ]
        actions = [
          { do = "webhook", endpoint = "crm" },
          { do = "tag", tag = "seen" },
          { do = "block", reason = "why" },
          { do = "unblock" },
          { do = "mail", subject = "Hello" },
        ]
        cooldown = "12h"
        per = "dispute"
        [[rule]]
        name = "a"
        when = ["ratio_level_reached"]
        actions = [{ do = "mail", subject = "x" }]
        "#,
    )
    .unwrap();
    let line = |text| OneLine::parse(text).unwrap();
    let rules: Vec<_> = file.rules.iter().collect();
    let expected = Rule {
        name: RuleName::parse("b").unwrap(),
        when: BTreeSet::from([Trigger::DisputeFiled, Trigger::DisputeClosed]),
        all: vec![
            Condition::Text {
                fact: TextFact::DisputeReason,
                test: TextTest::OneOf(vec!["fraudulent".into(), "x".into()]),
            },
            Condition::Amount {
                fact: AmountFact::DisputeAmount,
                comparison: Comparison::Below,
                wanted: Money::new(5000, Currency::parse("jpy").unwrap()),
            },
            Condition::Number { fact: NumberFact::CustomerLost, comparison: Comparison::AtLeast, wanted: 3 },
            Condition::YesNo { fact: YesNoFact::Livemode, wanted: false },
        ],
        actions: vec![
            Action::Webhook { endpoint: EndpointName::parse("crm").unwrap() },
            Action::Tag { tag: Tag::parse("seen").unwrap() },
            Action::Block { reason: line("why") },
            Action::Unblock,
            Action::Mail { subject: line("Hello") },
        ],
        cooldown: Some(TimeDelta::hours(12)),
        per: CooldownPer::Dispute,
    };
    assert_eq!(rules[0], &expected);
    assert_eq!((rules.len(), rules[1].name.as_str(), rules[1].per), (2, "a", CooldownPer::Customer));
}

#[test]
fn everything_wrong_is_said_at_once_and_with_its_place() {
    let text = r#"
        [endpoint.crm]
        url = "http://crm.example.com/hook"
        [[rule]]
        when = ["dispute_close"]
        actions = [{ do = "webhok", endpoint = "crm" }, { do = "webhook", endpoint = "crm" }]
        [[rule]]
        name = "b"
        when = []
        al = []
        actions = [{ do = "webhook", endpoint = "cmr" }]
        cooldown = "soon"
        per = "order"
        [[rules]]
        "#;
    assert_eq!(
        problems(text),
        [
            "endpoint crm: `url` can't be used; write https://host/path and no user, query or fragment; http:// is for \
             loopback only",
            "endpoint crm: it has no secret; make one with `openssl rand -hex 32`, and write it as secret, or into the \
             file of secret_file",
            "rule 1: it has no `name`; write name = \"...\"",
            "rule 1: there is no trigger `dispute_close`; did you mean dispute_closed?",
            "rule 1, action 1: there is no action `webhok`; did you mean webhook?",
            "rule b: it waits for nothing; write when = [\"...\"] with some of dispute_filed, dispute_changed, \
             dispute_closed, dispute_reopened, customer_score_changed, ratio_level_reached",
            "rule b, action 1: there is no endpoint `cmr`; did you mean crm?",
            "rule b: `cooldown` can't be used; write minutes, hours or days, up to a year, such as \"30m\", \"12h\" or \
             \"7d\"",
            "rule b: there is no cooldown per `order`; write one of customer, dispute",
            "rule b: there is no key `al` here; did you mean all?",
            "the file of rules: there is no key `rules` here; did you mean rule?",
        ]
    );
}

#[test]
fn a_condition_that_cannot_be_right_says_what_to_write() {
    for (condition, wrong) in [
        ("fact = \"customer.lost\", is = 1", ""),
        ("fact = \"customer.losst\", is = 1", "there is no fact `customer.losst`; did you mean customer.lost?"),
        ("fact = \"lost\", is = 1", "there is no fact `lost`; did you mean customer.lost?"),
        ("is = 1", "it has no `fact`; write fact = \"...\""),
        ("fact = \"customer.lost\", atleast = 1", "there is no key `atleast` here; did you mean at_least?"),
        (
            "fact = \"customer.lost\"",
            "it has no operator; write one of is, is_not, at_least, at_most, above, below, one_of",
        ),
        ("fact = \"customer.lost\", above = 1, below = 4", "it has several operators; write a condition for each"),
        (
            "fact = \"customer.lost\", is = \"1\"",
            "`is` is not a whole number; write one without quotes and without a point, such as 3",
        ),
        (
            "fact = \"customer.lost\", one_of = [1]",
            "`one_of` is not for customer.lost, which is a number; write is, is_not, at_least, at_most, above, below",
        ),
        (
            "fact = \"dispute.reason\", above = \"x\"",
            "`above` is not for dispute.reason, which is a word; write is, is_not or one_of",
        ),
        ("fact = \"dispute.reason\", is = 4", "`is` is not a text; write one text, in quotes"),
        ("fact = \"dispute.reason\", one_of = []", "`one_of` is not a list of texts; write texts in brackets"),
        ("fact = \"dispute.reason\", one_of = [1]", "`one_of` holds something other than texts; write each in quotes"),
        ("fact = \"dispute.outcome\", is = \"LOST\"", ""),
        ("fact = \"dispute.outcome\", is = \"losst\"", "dispute.outcome is never `losst`; did you mean lost?"),
        (
            "fact = \"dispute.currency\", is = \"dollar\"",
            "dispute.currency is never `dollar`; a currency is three letters, such as usd",
        ),
        ("fact = \"livemode\", is = \"yes\"", "`is` is neither true nor false; write true or false, without quotes"),
        ("fact = \"livemode\", is_not = true", "`is_not` is not for livemode, which is true or false; write is"),
        (
            "fact = \"dispute.amount\", above = \"5\"",
            "its amount has no currency; write currency = \"usd\", or another",
        ),
        (
            "fact = \"dispute.amount\", above = 5, currency = \"usd\"",
            "`above` is not an amount in quotes; write it in quotes, exactly, such as \"50.00\"",
        ),
        (
            "fact = \"dispute.amount\", above = \"5.5\", currency = \"jpy\"",
            "`above` is no amount of JPY; more than 0 decimals",
        ),
        (
            "fact = \"dispute.amount\", above = \"5\", currency = \"us\"",
            "`currency` can't be `us`; a currency is three letters, such as usd",
        ),
        (
            "fact = \"customer.lost\", is = 1, currency = \"usd\"",
            "there is no key `currency` here; write one of fact, is, is_not, at_least, at_most, above, below, one_of",
        ),
    ] {
        assert_eq!(of_condition(condition), wrong, "{condition}");
    }
    let tag = of_condition("fact = \"customer.tags\", is = \"Very Important\"");
    assert!(tag.starts_with("customer.tags is never `Very Important`; a name has"), "{tag}");
}

#[test]
fn an_action_has_its_key_and_no_other() {
    assert_eq!(of_action(r#"{ do = "block", reason = "x" }"#), "");
    assert_eq!(of_action(r#"{ do = "block" }"#), "it has no `reason`; write reason = \"...\"");
    let none = "`subject` can't be used; a line has 1 to 200 printable characters";
    assert_eq!(of_action(r#"{ do = "mail", subject = " " }"#), none);
    let other = "there is no key `subject` here; write one of do, tag";
    assert_eq!(of_action(r#"{ do = "tag", tag = "x", subject = "y" }"#), other);
    let missing = "there is no endpoint `crm`; write [endpoint.crm] with its url and secret";
    assert_eq!(of_action(r#"{ do = "webhook", endpoint = "crm" }"#), missing);
    let nothing = "rule a: it does nothing; write actions = [{ do = \"mail\", subject = \"...\" }]";
    assert_eq!(of_action(""), nothing);
    assert_eq!(of_action("1"), "it is not a table; see docs/rules.md for how it is written");
}

#[test]
fn a_rule_that_cannot_do_what_it_says_is_a_mistake() {
    let contradicted = format!(
        "{RULE}all = [{{ fact = \"customer.lost\", at_least = 3 }}, {{ fact = \"customer.lost\", below = 3 }}]\n"
    );
    let why = "rule a: it can't do what it says: its condition `customer.lost: below 3` can't hold, by itself or with \
               those before it; correct it, or remove the rule";
    assert_eq!(problems(&contradicted), [why]);
    let of_ratio = RULE.replace("dispute_closed", "ratio_level_reached");
    let why = "rule a: it can't do what it says: ratio_level_reached is of no customer, and its action unblock needs \
               one; correct it, or remove the rule";
    assert_eq!(problems(&of_ratio), [why]);
}

#[test]
fn rules_are_bounded_and_their_names_differ() {
    let twice = "the file of rules: two rules are called a; give each rule a name of its own: the log and the \
                 cooldowns go by it";
    assert_eq!(problems(&RULE.repeat(2)), [twice]);
    let and_wrong = problems(&format!("{RULE}{RULE}per = \"dispute\"\n"));
    assert_eq!((and_wrong.len(), and_wrong[1].as_str()), (2, twice));
    let numbered = |count: usize| (0..count).map(|n| RULE.replace("\"a\"", &format!("\"a{n}\""))).collect::<String>();
    assert_eq!(problems(&numbered(RULES_MAX)), Vec::<String>::new());
    assert!(problems(&numbered(RULES_MAX + 1))[0].contains("it has 101 rules; 100 at most"));
    let conditions = "{ fact = \"livemode\", is = true },".repeat(21);
    assert!(problems(&format!("{RULE}all = [{conditions}]"))[0].contains("it has 21 conditions; 20 at most"));
    assert!(of_action(&["{ do = \"unblock\" }"; 11].join(",")).contains("it has 11 actions; 10 at most"));
}

#[test]
fn a_cooldown_is_a_time_that_people_can_write() {
    let with = |lines: &str| read_text(&format!("{RULE}{lines}\n"));
    let read = |text: &str| with(&format!("cooldown = \"{text}\"")).unwrap().rules.iter().next().unwrap().cooldown;
    assert_eq!(read("90m"), Some(TimeDelta::minutes(90)));
    assert_eq!(read("12h"), Some(TimeDelta::hours(12)));
    assert_eq!(read("366d"), Some(TimeDelta::days(366)));
    for bad in ["", "d", "0d", "367d", "1.5h", "-1h", "7 d", "7w", "99999999999m", "1ü"] {
        assert!(with(&format!("cooldown = \"{bad}\"")).is_err(), "{bad}");
    }
    assert_eq!(
        problems(&format!("{RULE}per = \"dispute\"\n")),
        ["rule a: `per` is for a cooldown only; set cooldown, or remove it"]
    );
}

#[test]
fn an_endpoint_has_a_safe_address_and_one_secret() {
    let url = "url = \"https://crm.example.com/hook\"";
    let secret = |lines: &str| {
        let file = read_text(&format!("[endpoint.crm]\n{url}\n{lines}\n")).unwrap();
        file.endpoints[&EndpointName::parse("crm").unwrap()].secret.expose_secret().to_owned()
    };
    for lines in
        ["secret = \"0123456789abcdef\"", "secret_file = \"fraud-desk.secret\"", "secret_file = \"/run/secret\""]
    {
        assert_eq!(secret(lines), SECRET, "{lines}");
    }
    for lines in ["secret = \"short\"", "secret_file = \"short\""] {
        let short = "its secret is shorter than 16 characters; make one with `openssl rand -hex 32`";
        assert_eq!(of_endpoint(&format!("{url}\n{lines}")), short);
    }
    let both = format!("{url}\nsecret = \"{SECRET}\"\nsecret_file = \"/run/secret\"");
    assert_eq!(of_endpoint(&both), "its secret is given twice; keep one: the secret, or the file that holds it");
    let missing = of_endpoint(&format!("{url}\nsecret_file = \"missing\""));
    assert!(missing.starts_with("`secret_file` names missing, which can't be read"), "{missing}");
    assert_eq!(of_endpoint(&format!("{url}\nsecret = 1")), "`secret` is not a text; write one text, in quotes");
    for (address, is_safe) in [
        ("http://127.0.0.1:8080/hook", true),
        ("http://localhost/hook", true),
        ("http://crm.example.com/", false),
        ("https://user:word@crm.example.com/", false),
        ("ftp://crm.example.com/", false),
        ("crm.example.com", false),
    ] {
        let lines = format!("url = \"{address}\"\nsecret = \"{SECRET}\"");
        assert_eq!(of_endpoint(&lines).is_empty(), is_safe, "{address}");
    }
}

#[test]
fn no_secret_and_no_address_is_shown() {
    let hidden = ["marker-secret-value", "marker-path", "marker-short"];
    let shown = |text: &str| match read_text(text) {
        Ok(file) => format!("{file:?}"),
        Err(problems) => format!("{problems:?} {}", problems.iter().map(ToString::to_string).collect::<String>()),
    };
    for text in [
        "[endpoint.a]\nurl = \"https://example.com/marker-path\"\nsecret = \"marker-secret-value\"",
        "[endpoint.a]\nurl = \"http://example.com/marker-path\"\nsecret = [\"marker-secret-value\"]",
        "[endpoint.a]\nurl = [\"https://example.com/marker-path\"]\nsecret = \"marker-short\"",
        "[endpoint]\na = \"marker-secret-value\"",
        "[endpoint.a]\nsecret = \"marker-secret-value",
        "[endpoint.a]\nsecret = marker-secret-value",
    ] {
        let shown = shown(text);
        assert!(!hidden.iter().any(|marker| shown.contains(marker)), "{text}: {shown}");
    }
    assert!(
        shown("[endpoint.a]\nurl = \"https://example.com/x\"\nsecret = \"0123456789abcdef\"").contains("example.com")
    );
}

#[test]
fn a_file_that_is_no_toml_or_is_not_there_is_one_problem() {
    let torn = "the file of rules: line 5 is not TOML: ";
    assert!(problems(&format!("{RULE}all = [")).concat().starts_with(torn));
    let missing = read(Path::new("/nowhere/rules.toml")).unwrap_err();
    assert_eq!(missing.len(), 1);
    assert!(missing[0].to_string().starts_with("the file of rules (/nowhere/rules.toml): it can't be read"));
    assert_eq!(
        problems("rule = 1"),
        ["the file of rules: `rule` is not a list; write a list in brackets, or [[rule]] for each table of it"]
    );
}

const DOCUMENT: &str = include_str!("../../../../docs/rules.md");
const EXAMPLE: &str = include_str!("../../../../docs/rules.example.toml");

#[test]
fn the_example_is_right_and_the_document_shows_parts_of_it() {
    let file = read_text(EXAMPLE).unwrap();
    assert_eq!((file.rules.iter().count(), file.endpoints.len()), (5, 1));
    let mut shown = 0;
    for block in DOCUMENT.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        assert!(EXAMPLE.contains(block), "not in the example:\n{block}");
        shown += 1;
    }
    assert_eq!(shown, 2);
}

#[test]
fn the_document_has_every_word() {
    let triggers = Trigger::ALL.map(Trigger::as_str);
    let words = [condition::facts(), condition::operators(), triggers.to_vec(), Action::WORDS.to_vec()].concat();
    for word in words {
        assert!(DOCUMENT.contains(&format!("| `{word}` |")), "docs/rules.md has no row for {word}");
    }
    for fact in TextFact::ALL {
        for word in fact.known_words().unwrap_or_default() {
            let row = DOCUMENT.lines().find(|line| line.starts_with(&format!("| `{fact}` |"))).unwrap();
            assert!(row.contains(&format!("`{word}`")), "the row of {fact} lacks {word}");
        }
    }
}
