use chargebook_domain::summary::DayJournal;

use super::*;

fn names(mail: &Mail) -> Vec<&str> {
    mail.attachments.iter().map(|file| file.name.as_str()).collect()
}

fn with_journal(day: Summary, bytes: usize) -> Mail {
    mail(&Summary { journal: Some(DayJournal::File(vec![b'x'; bytes])), ..day })
}

#[test]
fn the_days_entries_go_with_the_mail_where_they_are_wanted() {
    let told = with_journal(rich_day(), 10);
    assert_eq!(names(&told), ["disputes-2026-11-21.csv", "journal-2026-11-21.csv"]);
    assert_eq!(told.attachments[1].content, vec![b'x'; 10]);
    for body in [&told.text, &told.html] {
        assert!(body.contains("journal-2026-11-21.csv, which goes with this mail."), "{body}");
    }
    let unwanted = mail(&rich_day());
    assert_eq!(names(&unwanted), ["disputes-2026-11-21.csv"]);
    assert!(!unwanted.text.contains("journal entries"), "{}", unwanted.text);

    let book = AccountId::parse("acct_1").unwrap();
    let of_book = DayBooks { book: Some(book.clone()), books: BTreeSet::from([book]), ..no_books() };
    assert_eq!(names(&with_journal(summary(of_book), 10)), ["journal-2026-11-21-acct_1.csv"]);
}

#[test]
fn entries_for_which_the_mail_has_no_room_are_left_out_and_it_says_who_writes_them() {
    assert_eq!(with_journal(rich_day(), 600_000).attachments.len(), 2);
    let too_large = mail(&Summary { journal: Some(DayJournal::TooLarge), ..rich_day() });
    for told in [with_journal(rich_day(), 750_000), too_large] {
        assert_eq!(names(&told), ["disputes-2026-11-21.csv"]);
        for (body, between) in [(&told.text, "\n"), (&told.html, " ")] {
            let command = "chargebook summary preview --date 2026-11-21 --journal FILE writes it.";
            assert!(body.contains(&format!("too large for this mail.{between}{command}")), "{body}");
        }
        assert!(told.text.contains("Each of them is a line of disputes-2026-11-21.csv"), "{}", told.text);
    }
}
