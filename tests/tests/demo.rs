//! The demo as a new user meets it: the real binary, an empty folder, and nothing set up.

use std::fs;
use std::path::Path;

use chargebook_tests::{Ran, run, scratch_folder};
use serde_json::Value;

/// An address where nothing is: a demo that asked it would fail.
const SOMEBODY_ELSES: [(&str, &str); 1] = [("DATABASE_URL", "postgres://nobody@127.0.0.1:1/precious")];

async fn demo(folder: &Path, arguments: &[&str]) -> Ran {
    run(folder, &SOMEBODY_ELSES, &[&["demo", "--exit"], arguments].concat()).await
}

/// What was printed, but for the port, which is any that was free.
fn figures(ran: &Ran) -> Vec<&str> {
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.out.lines().filter(|line| !line.starts_with("Server")).collect()
}

async fn command(folder: &Path, arguments: &[&str]) -> Ran {
    let arguments = [&["--config", "chargebook-demo/chargebook.toml"], arguments].concat();
    run(folder, &SOMEBODY_ELSES, &arguments).await
}

#[tokio::test]
async fn two_demos_print_the_same_figures_and_leave_mails_and_books_to_look_at() {
    let folder = scratch_folder();
    let first = demo(&folder, &[]).await;
    let second = demo(&folder, &[]).await;
    assert_eq!(figures(&first), figures(&second));
    assert_eq!(first.complaints(), "");
    let shown = &first.out;
    let readme = include_str!("../../README.md").split("<!-- demo output -->").nth(1).unwrap();
    for line in readme.lines().filter(|line| !line.starts_with("```")) {
        assert!(shown.lines().any(|said| said.trim_end() == line), "README.md says {line:?}, and the demo\n{shown}");
    }
    for part in ["Trial balance", "Each currency sums to zero", "KWD", "JPY", "orphan"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    let paths = shown.lines().map(|line| Path::new(line.trim()));
    let mails: Vec<_> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "html")).collect();
    assert_eq!(mails.len(), 2, "{shown}");
    for mail in mails {
        assert!(fs::read_to_string(mail).unwrap().contains("The journal agrees"), "{}", mail.display());
        assert!(mail.with_extension("eml").is_file());
    }

    let (_, dispute) = shown.split_once("dispute show ").unwrap();
    let dispute = dispute.lines().next().unwrap();
    let story = command(&folder, &["dispute", "show", dispute, "--json"]).await;
    assert_eq!(story.code, 0, "{story:?}");
    let story: Value = serde_json::from_str(&story.out).unwrap();
    assert_eq!(story["facts"][0]["outcome"], "won");
    assert!(story["history"].as_array().unwrap().iter().any(|line| line["status"] == "lost"));

    let (_, url) = SOMEBODY_ELSES[0];
    let environment = [("CHARGEBOOK_DATABASE__URL", url)];
    let mixed = ["--config", "chargebook-demo/chargebook.toml", "dispute", "list"];
    let refused = run(&folder, &environment, &mixed).await;
    assert_eq!((refused.code, refused.err.contains("unset CHARGEBOOK_DATABASE__URL")), (2, true), "{refused:?}");

    let refused = command(&folder, &["serve"]).await;
    assert_eq!(refused.code, 2, "a server must not run on a demo's books: {refused:?}");
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_folder_that_no_demo_has_made_is_left_alone() {
    let folder = scratch_folder();
    fs::write(folder.join("thesis.txt"), "the only copy").unwrap();
    let refused = demo(&folder, &["--dir", "."]).await;
    assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
    assert!(refused.err.contains("no demo has made it"), "{refused:?}");
    assert_eq!(fs::read_to_string(folder.join("thesis.txt")).unwrap(), "the only copy");
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn who_only_looks_makes_no_books() {
    let folder = scratch_folder();
    for arguments in [&["dispute", "list"][..], &["orders", "check"], &["events", "list"]] {
        let refused = run(&folder, &[], arguments).await;
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
        let says = "there are no books in ./chargebook-data; set data_dir, database.url or --config, or run \
                    `chargebook serve`";
        assert!(refused.err.contains(says), "{refused:?}");
    }
    let doctor = run(&folder, &[], &["doctor"]).await;
    assert_eq!((doctor.code, doctor.out.contains("there are no books")), (3, true), "{doctor:?}");
    // It fails where nothing is made yet.
    fs::remove_dir(folder).unwrap();
}
