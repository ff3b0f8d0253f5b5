mod files;
mod fixture;
mod locale;
mod proof;
mod recent;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chargebook_domain::{AccountId, Deltas, Money, OrderRef, Outcome};
use fixture::{currency, earlier_decisions, estimates, no_books, rich_day, row, summary, won};

use super::*;
use chargebook_domain::monitor::{NetworkRatio, Ratio};
use chargebook_domain::summary::{Attention, DayBooks, DayRow};

fn mail(summary: &Summary) -> Mail {
    write(summary, &MailStyle::default(), None)
}

/// Compares with the file that is kept. `UPDATE_SNAPSHOTS=1 cargo test -p chargebook mail` writes it anew.
fn check_snapshot(name: &str, written: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mail/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, written).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == written, "{name} has changed; look at it, then run again with UPDATE_SNAPSHOTS=1");
}

#[test]
fn mails_read_as_they_were_approved() {
    let rich = mail(&Summary { networks: Some(estimates([1_600, 185])), ..rich_day() });
    check_snapshot("rich_day.txt", &rich.text);
    check_snapshot("rich_day.html", &rich.html);
    let empty = mail(&summary(no_books()));
    check_snapshot("empty_day.txt", &empty.text);
    check_snapshot("empty_day.html", &empty.html);
    let mut doubtful = summary(DayBooks { sealed: false, rows: earlier_decisions(), ..no_books() });
    doubtful.proof[0].journal_minor += 1;
    doubtful.networks = None;
    let doubtful = mail(&doubtful);
    check_snapshot("doubtful_preview.txt", &doubtful.text);
    check_snapshot("doubtful_preview.html", &doubtful.html);
}

#[test]
fn programmes_whose_payments_are_not_known_are_left_out_and_without_any_that_is_said() {
    let unpaid = |estimate: &NetworkRatio| NetworkRatio {
        level: None,
        ratio: Ratio { payments: None, ..estimate.ratio },
        ..estimate.clone()
    };
    let told = |networks| mail(&Summary { networks, ..summary(no_books()) });
    let some = told(Some(estimates([1_600, 185])));
    let none = told(Some(estimates([1_600, 185]).iter().map(unpaid).collect()));
    for body in [&some.text, &some.html] {
        assert!(body.contains("Visa VAMP") && !body.contains("American Express") && !body.contains("n/a:"), "{body}");
    }
    for body in [&none.text, &none.html] {
        assert!(!body.contains("VAMP") && body.contains("n/a: no payments are counted"), "{body}");
    }
    assert!(told(None).text.contains("n/a: payments could not be counted"));
    assert!(!told(Some(Vec::new())).text.contains("CARD NETWORKS"), "nothing is watched");
}

#[test]
fn what_a_person_had_sent_again_says_so_in_its_subject_and_on_its_top() {
    let at = "2026-11-22T09:05:00Z".parse().unwrap();
    let (first, again) = (mail(&rich_day()), write(&rich_day(), &MailStyle::default(), Some(at)));
    assert_eq!(again.reference, first.reference);
    assert_eq!(again.subject, format!("{} (sent again)", first.subject));
    assert_eq!((first.sent_again_at, again.sent_again_at), (None, Some(at)));
    let says = "Sent again on 22 Nov 2026 10:05, because a person asked for it.";
    for (first, again) in [(&first.text, &again.text), (&first.html, &again.html)] {
        assert!(again.contains(says) && !first.contains("Sent again"), "{again}");
        assert!(again.find(says) < again.find("Win rate"), "{again}");
    }
    assert!(again.text.lines().all(|line| line.chars().count() <= 100), "{}", again.text);
}

#[test]
fn the_reference_names_the_day() {
    assert_eq!(mail(&rich_day()).reference, "summary/2026-11-21");
}

#[test]
fn the_mail_of_a_book_names_it_and_lists_what_is_of_it() {
    let account = AccountId::parse("acct_1").unwrap();
    let books = || BTreeSet::from([account.clone()]);
    let attention = Attention { orphans: 1, quarantined: 1, undelivered: 1, ..Attention::default() };
    let mut of_book = DayBooks { book: Some(account.clone()), books: books(), attention, ..no_books() };
    let written = mail(&summary(of_book.clone()));
    assert_eq!(written.reference, "summary/2026-11-21/acct_1");
    assert_eq!(written.subject, "Disputes 21 Nov, acct_1: none closed");
    assert!(
        written.text.contains("\nOnly account acct_1\n") && written.html.contains("Payment disputes of account acct_1")
    );
    for body in [&written.text, &written.html] {
        assert!(body.contains("dispute list --orphans --account acct_1"));
        assert!(body.contains("events list --quarantined --account acct_1"));
        assert!(body.contains("summary list") && !body.contains("summary list --account"));
    }
    of_book.book = Some(AccountId::own());
    let own = mail(&summary(of_book)).text;
    assert!(!own.contains("--quarantined --account"), "it has what is of no book too");
}

#[test]
fn books_are_told_apart_where_several_are_in_one_mail() {
    let mut rows: Vec<_> = (1..=60).map(|number| row(number, Outcome::Won, "usd", won(100, 0))).collect();
    for (number, row) in (1..).zip(&mut rows) {
        row.key.account = AccountId::parse(&format!("acct_{number:02}")).unwrap();
    }
    let told = mail(&summary(DayBooks { rows: rows.clone(), ..no_books() }));
    for body in [&told.text, &told.html] {
        assert!(body.contains("10 more accounts, in the totals above. 1 account with nothing on this day."));
    }
    assert!(told.html.contains(">acct_50</th>") && !told.html.contains(">acct_51</th>"));
    for row in &mut rows {
        row.key.account = AccountId::own();
    }
    assert!(!mail(&summary(DayBooks { rows, ..no_books() })).text.contains("BY ACCOUNT"), "there is one book");
}

#[test]
fn the_subject_says_the_result() {
    let subject = |rows: Vec<_>| mail(&summary(DayBooks { rows, ..no_books() })).subject;
    let usd = |number| row(number, Outcome::Won, "usd", won(62_000, 0));
    let eur = |number| row(number, Outcome::Won, "eur", won(8_000, 0));
    let jpy = |number| row(number, Outcome::Won, "jpy", won(500, 0));
    let lost = |number| row(number, Outcome::Lost, "usd", fixture::lost(100, 0));
    let prevented = |number| row(number, Outcome::Prevented, "usd", Deltas { closed: 1, ..Deltas::default() });
    for (rows, expected) in [
        (vec![], "none closed"),
        (earlier_decisions(), "none closed, 2 earlier decisions changed"),
        (vec![usd(1)], "1 won, 0 lost, 620.00 USD recovered"),
        (vec![lost(1), prevented(2)], "0 won, 1 lost, nothing recovered"),
        (vec![prevented(1)], "none won or lost, 1 closed otherwise"),
        (vec![usd(1), usd(2), eur(3), lost(4)], "3 won, 1 lost, 1,240.00 USD and 80.00 EUR recovered"),
        (vec![eur(1), jpy(2)], "2 won, 0 lost, 500 JPY and 80.00 EUR recovered"),
        (vec![usd(1), eur(2), jpy(3)], "3 won, 0 lost, recovered in several currencies"),
    ] {
        assert_eq!(subject(rows), format!("Disputes 21 Nov: {expected}"));
    }
    let preview = summary(DayBooks { sealed: false, ..no_books() });
    assert_eq!(mail(&preview).subject, "Preview - Disputes 21 Nov: none closed");
}

#[test]
fn a_day_as_of_an_earlier_moment_says_so_and_leaves_out_what_is_not_kept_of_the_past() {
    let as_of = Some("2026-11-21T01:30:00Z".parse().unwrap());
    let rows = earlier_decisions().into_iter().map(|row| DayRow { order: None, ..row }).collect();
    let told = mail(&summary(DayBooks { sealed: false, as_of, rows, ..no_books() }));
    assert!(told.subject.starts_with("As of 21 Nov 2026 02:30, not sealed - Disputes 21 Nov: "), "{}", told.subject);
    check_snapshot("as_of.txt", &told.text);
    check_snapshot("as_of.html", &told.html);
    for body in [&told.text, &told.html] {
        let told = body.to_lowercase();
        assert!(told.contains("as of 21 nov 2026 02:30: not sealed."), "{body}");
        assert!(told.contains("estimates, and orders are left out."), "{body}");
        for standing in ["open now", "no order", "needs attention", "programmes", "came in on"] {
            assert!(!told.contains(standing), "{standing}: {body}");
        }
        assert!(told.contains("open then") && told.contains("month and 90 days"), "{body}");
        assert!(told.contains("the journal agrees with these figures: yes"), "{body}");
    }
}

#[test]
fn a_journal_that_does_not_agree_is_told_first_and_loudly() {
    let mut summary = rich_day();
    summary.proof[0].journal_minor += 1;
    let proof = summary.proof[0].clone();
    let mail = mail(&summary);
    assert!(mail.subject.ends_with(" - THE JOURNAL DOES NOT AGREE"), "{}", mail.subject);
    for body in [&mail.html, &mail.text] {
        let loud = body.find("THE JOURNAL DOES NOT AGREE WITH THESE FIGURES (1 of").unwrap();
        assert!(loud < body.find("Total").unwrap());
        assert!(!body.contains("agrees with these figures: yes"));
        assert!(body.contains(&Money::new(proof.journal_minor, proof.currency).grouped()));
        assert!(body.contains(&Money::new(proof.figures_minor, proof.currency).grouped()));
    }
}

#[test]
fn a_day_with_changes_only_shows_old_and_new() {
    let mail = mail(&summary(DayBooks { rows: earlier_decisions(), ..no_books() }));
    assert!(mail.text.contains("No dispute was decided on this day."));
    assert!(mail.text.contains("the verdict changed"));
    assert!(mail.text.contains("as of 18 Nov 2026 23:45"), "the time of the summary's zone");
    let line = mail.text.lines().find(|line| line.contains("Recovered") && line.contains("->")).unwrap();
    assert!(line.split_whitespace().eq(["Recovered", "250.00", "->", "0.00", "USD"]), "{line}");
    assert!(!mail.html.contains("Closed disputes"));
}

#[test]
fn the_headline_says_what_was_recovered_as_the_subject_does() {
    let closed = row(1, Outcome::Won, "usd", won(62_000, 0));
    let rows: Vec<_> = earlier_decisions().into_iter().chain([closed]).collect();
    let both = mail(&summary(DayBooks { rows, ..no_books() }));
    assert!(both.subject.ends_with("1 won, 0 lost, 370.00 USD recovered"), "{}", both.subject);
    assert!(both.text.contains("earlier decisions changed):\n  370.00 USD\n"));
    assert!(both.html.contains(">370.00&nbsp;USD</span>"));
    let changed = mail(&summary(DayBooks { rows: earlier_decisions(), ..no_books() }));
    assert!(changed.text.contains("earlier decisions changed):\n  -250.00 USD\n"));
    let lost = mail(&summary(DayBooks { rows: vec![row(1, Outcome::Lost, "usd", fixture::lost(1, 0))], ..no_books() }));
    assert!(lost.text.contains("earlier decisions changed):\n  nothing\n"));
    assert!(!mail(&summary(no_books())).text.contains("Recovered in all"));
}

#[test]
fn what_is_out_is_added_and_taken_off_by_its_sign() {
    let text = mail(&rich_day()).text;
    let line = |start: &str| text.lines().filter(|line| line.trim_start().starts_with(start)).collect::<Vec<_>>();
    assert!(line("- reinstated").iter().any(|line| line.ends_with(" 3,767.31")), "{text}");
    assert!(line("+ withdrawn").iter().any(|line| line.ends_with(" 450.00")));
    assert!(line("+ entries of earlier days").is_empty(), "zero in every currency");
}

#[test]
fn what_needs_attention_stands_before_the_money_in_both() {
    let mail = mail(&rich_day());
    for (body, needs, money) in
        [(&mail.html, ">Needs attention<", ">Money, by"), (&mail.text, "NEEDS ATT", "MONEY, BY")]
    {
        assert!(body.find(needs).unwrap() < body.find(money).unwrap());
    }
}

#[test]
fn nothing_that_others_chose_is_markup() {
    let html = mail(&rich_day()).html;
    assert!(html.contains("&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62; &#38; &#34;co&#34;"));
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("&#38;#"));
    let text = mail(&rich_day()).text;
    assert!(!text.lines().any(|line| line.starts_with("Bcc")));
}

#[test]
fn no_mail_holds_an_address() {
    let rich = mail(&rich_day());
    assert!(!rich.html.contains('@') && !rich.text.contains('@') && !rich.subject.contains('@'));
}

#[test]
fn outlooks_word_engine_can_show_it() {
    let html = mail(&rich_day()).html.to_ascii_lowercase();
    // A reader may follow a link to where a dispute is seen; nothing is fetched.
    let html = html.replace("<a href=\"https://dashboard.stripe.com/", "<a href=\"");
    for unknown_to_word in [
        "<style",
        "<link",
        "<svg",
        "<img",
        "<div",
        "class=",
        "data:",
        "http:",
        "https:",
        "url(",
        "@media",
        "flex",
        "grid",
        "float",
        "position:",
        "max-width",
        "min-width",
        "border-radius",
        "background-image",
        "display:",
        "rgba(",
        "var(",
    ] {
        assert!(!html.contains(unknown_to_word), "{unknown_to_word}");
    }
    assert!(html.contains(r#"<html lang="en">"#) && html.contains(r#"name="color-scheme" content="light dark""#));
    for table in html.split("<table ").skip(1) {
        let (tag, inside) = table.split_once('>').unwrap();
        assert!(tag.contains("width=\""), "{tag}");
        assert!(tag.contains(r#"role="presentation""#) || inside.trim_start().starts_with(r#"<tr><th scope="col""#));
    }
    for (open, close) in [("<table", "</table>"), ("<tr", "</tr>"), ("<td", "</td>"), ("<th ", "</th>")] {
        assert_eq!(html.matches(open).count(), html.matches(close).count(), "{open}");
    }
}

#[test]
fn amounts_never_break_and_are_written_by_their_currency() {
    let mail = mail(&rich_day());
    for (minor, code) in [(124_000, "usd"), (1_250_000, "jpy"), (-80_000, "kwd")] {
        let amount = Money::new(minor, currency(code)).grouped();
        assert!(mail.text.contains(&amount), "{amount}");
        let cell = mail.html.split("<td ").find(|cell| cell.contains(&format!(">{amount}</td>"))).unwrap();
        assert!(cell.contains(r#"nowrap="nowrap""#) && cell.contains(r#"align="right""#), "{cell}");
    }
}

#[test]
fn the_plain_text_is_narrow() {
    for line in mail(&rich_day()).text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
        assert_eq!(line, line.trim_end());
    }
}

#[test]
fn a_day_of_many_long_disputes_is_bounded() {
    let closed = (0..500).map(|number| {
        let mut row = row(number, Outcome::Won, "usd", won(1_234_567_890, 1_500));
        row.order = Some(OrderRef::parse(&"'".repeat(255)).unwrap());
        row.reason = Some("<".repeat(10_000));
        row
    });
    let changed = (600..900).map(|number| DayRow {
        order: Some(OrderRef::parse(&"'".repeat(255)).unwrap()),
        ..fixture::change(number, chargebook_domain::ResolutionKind::Corrected, Deltas::default(), won(1, 2))
    });
    let (trend, reasons) = (recent::long_trend(), recent::long_reasons());
    let mail = mail(&summary(DayBooks { rows: closed.chain(changed).collect(), trend, reasons, ..no_books() }));
    assert!(mail.html.contains("and 300 more;") && mail.html.contains("and 200 more;"));
    assert!(mail.text.contains("and 300 more;") && mail.text.contains("and 200 more;"));
    assert!(bytes(&mail) < 1_000_000 && mail.html.len() > 500_000, "{}", bytes(&mail));
    assert!(mail.attachments.is_empty(), "there is no room for it");
    let says = "chargebook summary preview --date 2026-11-21 --csv FILE writes it.";
    assert!(mail.html.contains(says) && mail.text.contains(says));
}

/// The lines of a file, each by the names of its columns.
fn read(content: &[u8]) -> Vec<BTreeMap<String, String>> {
    read_by(b',', content)
}

fn read_by(delimiter: u8, content: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut lines = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(content);
    lines.deserialize().map(Result::unwrap).collect()
}

#[test]
fn the_disputes_of_the_day_go_with_the_mail_and_add_up_to_it() {
    let day = rich_day();
    let mail = mail(&day);
    let [file] = mail.attachments.as_slice() else { panic!("{} files", mail.attachments.len()) };
    assert_eq!((file.name.as_str(), file.media_type), ("disputes-2026-11-21.csv", "text/csv"));
    let says = "disputes-2026-11-21.csv, which goes with this mail.";
    assert!(mail.text.contains(says) && mail.html.contains(says));
    assert_eq!(file.content, day_file(&day, CsvSeparator::Comma).unwrap());

    let lines = read(&file.content);
    assert_eq!(lines.len(), day.decided.lines.len() + day.changes.lines.len());
    for (currency, totals) in day.totals.iter().filter(|(currency, _)| currency.exponent().is_some()) {
        let of_currency = || lines.iter().filter(|line| line["currency"] == currency.code());
        for (column, name) in
            Column::AMOUNTS.iter().zip(["recovered", "loss", "fee", "fx", "pending", "suspense", "net"])
        {
            let minor = |line: &BTreeMap<String, String>| Money::from_major(&line[name], *currency).unwrap().minor();
            assert_eq!(of_currency().map(minor).sum::<i64>(), column.of(totals), "{name} in {currency}");
        }
        for (column, name) in Column::COUNTS.iter().zip(["closed", "won", "lost"]) {
            let count = |line: &BTreeMap<String, String>| line[name].parse::<i64>().unwrap();
            assert_eq!(of_currency().map(count).sum::<i64>(), column.of(totals), "{name} in {currency}");
        }
    }
    assert!(super::write(&summary(no_books()), &MailStyle::default(), None).attachments.is_empty(), "a quiet day");
}

#[test]
fn no_text_of_the_file_is_a_formula_or_an_address() {
    let mut row = row(1, Outcome::Won, "zzz", won(5, 0));
    row.order = Some(OrderRef::parse("=HYPERLINK(1)").unwrap());
    row.reason = Some("ana@example.com".to_owned());
    let lines = read(&day_file(&summary(DayBooks { rows: vec![row], ..no_books() }), CsvSeparator::Comma).unwrap());
    let told =
        ["order_ref", "reason", "recovered", "evidence_submitted", "section"].map(|column| lines[0][column].as_str());
    assert_eq!(told, ["'=HYPERLINK(1)", "***", "", "true", "decided"]);
}

#[test]
fn a_verdict_that_arrived_late_is_no_decision_of_the_day_in_the_file_either() {
    let at = "2026-11-18T12:00:00Z".parse().unwrap();
    let late = DayRow { occurred_at: at, ..row(1, Outcome::Won, "usd", won(100, 0)) };
    let book = AccountId::parse("woo:shop").unwrap();
    let of_book = summary(DayBooks { rows: vec![late], book: Some(book), ..no_books() });
    let mail = mail(&of_book);
    assert_eq!(mail.attachments[0].name, "disputes-2026-11-21-woo~3ashop.csv");
    let told: Vec<_> = read(&mail.attachments[0].content)
        .into_iter()
        .map(|line| (line["section"].clone(), line["kind"].clone()))
        .collect();
    assert_eq!(told, [("changed".to_owned(), "decided".to_owned())]);
}
