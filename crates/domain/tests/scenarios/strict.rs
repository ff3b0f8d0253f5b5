//! A line of the page that can't be read fails the tests, and says where it is.

use std::panic::catch_unwind;

use chargebook_port_contracts::scenarios::{PAGE, scenarios};

/// A page that can be read.
const READABLE: &str = "# Page

## Scenarios

### Group

#### Lost

Why it matters.

```scenario
dispute   du_1 10000 usd ch_1
status    needs_response@0 > lost@40
money     day 1 withdrawal usd: amount -10000, fee 1500
journal   day 1 movement usd: stripe-balance -11500, disputes-receivable +10000, dispute-fees +1500
          day 40 close_out usd: disputes-receivable -10000, chargeback-losses +10000
balances  usd: stripe-balance -11500, chargeback-losses +10000, dispute-fees +1500
rows      day 40 decided usd: loss +10000, fee +1500, net -11500, closed +1, lost +1
order     #1001 full usd: loss 10000, fee 1500, net -11500
odd       none
ends      lost, confirmed_loss, closed on day 40
```
";

/// What is changed, into what, and what must be said of it.
const UNREADABLE: &[(&str, &str, &str)] = &[
    ("odd       none", "even      none", ":20: \"even\" is not known here"),
    ("odd       none", "odd       over_paid", ":20: \"over_paid\" is not known"),
    ("odd       none", "", ":20: a word without a value"),
    ("odd       none", "status    won@41", ":20: this was said already"),
    ("ends      lost, confirmed_loss, closed on day 40\n", "", ":7: no \"ends\" below"),
    ("lost, confirmed_loss", "lost, written_off", ":21: \"written_off\" is not known"),
    ("confirmed_loss, closed", "confirmed_loss, ended", ":21: neither closed nor not"),
    ("> lost@40", "> lost", ":13: a status without a day"),
    ("> lost@40", "> lost@40 claiming du_2", ":13: it claims to be another dispute"),
    ("ch_1\n", "ch_1 ten\n", ":12: \"ten\" is no number"),
    ("withdrawal usd", "payout usd", ":14: \"payout\" is not known"),
    ("withdrawal usd", "withdrawal dollars", ":14: \"dollars\" is no currency"),
    ("fee 1500\n", "tax 1500\n", ":14: \"tax\" is not known"),
    ("fee 1500\n", "fee 1500, fee 1500\n", ":14: a name is there twice"),
    ("dispute-fees +1500\n          day", "dispute-fees +1501\n          day", ":15: it does not balance"),
    ("usd: stripe-balance -11500, chargeback", "usd: stripe-balance -11501, chargeback", ":7: the entries sum to"),
    ("chargeback-losses +10000\nb", "written-off +10000\nb", ":16: \"written-off\" is not known"),
    ("decided usd", "found usd", ":18: \"found\" is not known"),
    ("#1001 full", "#1001 whole", ":19: \"whole\" is not known"),
    ("```scenario", "```scenarios", ":11: not a scenario"),
    ("#### Lost\n", "", ":10: a scenario without a heading"),
    ("### Group", "## Group", ":5: the scenarios are the last part of the page, in groups"),
    ("### Group", "#### Group", ":5: a scenario without a block"),
];

#[test]
fn what_can_t_be_read_is_refused_with_its_line() {
    assert_eq!(scenarios(READABLE).len(), 1);
    for (readable, unreadable, why) in UNREADABLE {
        assert_eq!(READABLE.matches(readable).count(), 1, "{readable:?}");
        let page = READABLE.replace(readable, unreadable);
        let panic = catch_unwind(|| scenarios(&page).len()).unwrap_err();
        let said = panic.downcast_ref::<String>().unwrap();
        assert!(said.starts_with(&format!("docs/accounting.md{why}")), "{unreadable:?}: {said}");
    }
}

/// Each scenario is read as one, whatever stands between its fences.
#[test]
fn every_scenario_of_the_page_is_read() {
    assert_eq!(scenarios(PAGE).len(), PAGE.lines().filter(|line| line.starts_with("#### ")).count());
}
