//! What a mail says to be believed: what arrived, and with what it was compared.

use chargebook_domain::ports::Period;
use chargebook_domain::summary::{DayBooks, Received, Summary};

use super::fixture::{no_books, rich_day, summary};
use super::mail;
use crate::mail::{Dashboard, MailStyle, write};

fn received(received: Received) -> Summary {
    summary(DayBooks { received: Some(received), ..no_books() })
}

#[test]
fn what_arrived_and_what_it_was_compared_with_is_said() {
    let time = |text: &str| text.parse().unwrap();
    let whole = Some(Period { from: time("2026-10-31T23:00:00Z"), until: time("2026-11-22T05:55:00Z") });
    let money_compared_at = Some(time("2026-11-21T23:30:00Z"));
    let none = Received::default();
    for (day, said) in [
        (none, "No event came in on this day."),
        (none, "It is not known whether every event of Stripe's is here."),
        (none, "The money was never compared with Stripe's."),
        (Received { recorded: 1, ..none }, "1 event came in on this day: 1 booked, 0 with nothing to book, 0 not"),
        (Received { ignored: 2, quarantined: 3, ..none }, "5 events came in on this day: 0 booked, 2 with nothing"),
        (Received { whole, ..none }, "Every event of Stripe's from 1 Nov 2026 00:00 until 22 Nov 2026 06:55 is here."),
        (Received { money_compared_at, ..none }, "The money was last compared with Stripe's on 22 Nov 2026 00:30."),
    ] {
        let told = mail(&received(day));
        let html = told.html.replace("&#39;", "'");
        assert!(told.text.contains(said) && html.contains(said), "no {said} in: {}", told.text);
    }
    let unknown = mail(&summary(no_books()));
    assert!(!unknown.text.contains("came in on"), "{}", unknown.text);
}

#[test]
fn the_time_at_which_a_dispute_closed_has_its_date_where_the_mail_is_of_several_days() {
    let day = rich_day();
    let several = Summary { from: day.date.pred_opt().unwrap(), ..day.clone() };
    for (day, said) in [(day, ", closed 13:01"), (several, ", closed 21 Nov 2026 13:01")] {
        let told = mail(&day);
        assert!(told.text.contains(said) && told.html.contains(said), "no {said} in: {}", told.text);
    }
}

#[test]
fn a_dispute_leads_to_stripes_dashboard() {
    let day = rich_day();
    for (dashboard, mode) in [(Dashboard::Live, ""), (Dashboard::Test, "test/")] {
        let told = write(&day, &MailStyle { dashboard, ..MailStyle::default() }, None);
        let lines =
            day.decided.lines.iter().map(|line| &line.row).chain(day.changes.lines.iter().map(|line| &line.row));
        for key in lines.map(|row| &row.key) {
            let account = if key.account.as_str() == "default" { String::new() } else { format!("{}/", key.account) };
            let page = format!("https://dashboard.stripe.com/{account}{mode}disputes/{}", key.dispute);
            assert!(told.text.contains(&format!("    {page}\n")), "no {page}");
            assert!(told.html.contains(&format!("<a href=\"{page}\" style=")), "no {page}");
        }
    }
}
