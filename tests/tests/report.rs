//! What closed disputes came to, in groups.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use chargebook_tests::{Server, dispute, event, fresh_database, movement, run, scratch_folder};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// A dispute that was filed some days before it was closed, in October 2026, for a reason.
fn closed(id: &str, status: &str, reason: &str, days: i64, movements: &[Value]) -> Value {
    let mut told = dispute(id, status, movements);
    told["reason"] = reason.into();
    told["created"] = (october(20) - TimeDelta::days(days)).timestamp().into();
    told["evidence_details"] = json!({"submission_count": i32::from(status == "won")});
    told
}

fn october(day: i64) -> DateTime<Utc> {
    "2026-10-01T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(day - 1)
}

fn figures(line: &Value) -> Value {
    let names =
        ["closed", "won", "lost", "won_contested", "lost_contested", "recovered_minor", "lost_minor", "fee_minor"];
    let rest = ["net_minor", "days_to_verdict"];
    names.into_iter().chain(rest).map(|name| line[name].clone()).collect()
}

#[tokio::test]
async fn closed_disputes_are_counted_and_summed_by_reason() {
    let (url, _) = fresh_database().await;
    let server = Server::start(&url, &[]).await;
    let moved = |id: &str, amount, fee| movement(id, amount, fee, october(10));
    let all = [
        closed("du_1", "won", "fraudulent", 30, &[moved("t1", -10_000, 1_500), moved("t2", 10_000, 0)]),
        closed("du_2", "lost", "fraudulent", 40, &[moved("t3", -10_000, 1_500)]),
        closed("du_3", "lost", "fraudulent", 50, &[moved("t4", -10_000, 1_500), moved("t5", 4_000, 0)]),
        closed("du_4", "warning_closed", "duplicate", 60, &[]),
        closed("du_5", "needs_response", "duplicate", 5, &[moved("t6", -10_000, 1_500)]),
    ];
    for (n, told) in all.iter().enumerate() {
        assert_eq!(server.send(&event(&format!("evt_{n}"), october(20), told)).await.word, "recorded");
    }
    assert_eq!(server.stop().await, 0);

    let (folder, settings) = (scratch_folder(), [("CHARGEBOOK_DATABASE__URL", url.as_str())]);
    let report = async |more: &[&str]| run(&folder, &settings, &[&["report", "disputes"], more].concat()).await;
    let told = report(&["--by", "reason", "--json"]).await;
    let told: Value = serde_json::from_str(&told.out).unwrap();
    let groups: Vec<_> = told.as_array().unwrap().iter().map(|line| line["group"].as_str().unwrap()).collect();
    assert_eq!(groups, ["duplicate", "fraudulent"], "what is open is in no group");
    assert_eq!(figures(&told[0]), json!([1, 0, 0, 0, 0, 0, 0, 0, 0, null]));
    assert_eq!(figures(&told[1]), json!([3, 1, 2, 1, 0, 14_000, 16_000, 4_500, -20_500, 40]));

    let table = report(&["--by", "month"]).await;
    for part in ["2026-10", "33.3 % (1/3)", "100.0 % (1/1)", "46.7 % (of 300.00)", "140.00", "160.00", "-205.00"] {
        assert!(table.out.contains(part), "{part}: {}", table.out);
    }
    let earlier = report(&["--by", "brand", "--to", "2026-10-19"]).await;
    assert_eq!((earlier.code, earlier.out.trim()), (0, "No closed disputes."));
    let wrong = report(&["--by", "brand", "--from", "2026-10-20", "--to", "2026-10-19"]).await;
    assert!(wrong.code == 2 && wrong.err.contains("--to is before --from"), "{wrong:?}");
}
