//! What Stripe does not do, the fake does not do either.

use chargebook_port_contracts::fake_stripe::{ERROR_TEXT, Resource};

use crate::{at_the_end_of, told};

#[tokio::test]
async fn what_can_not_be_asked_is_refused_in_stripes_words() {
    let (fake, mut client) = at_the_end_of(&told()[..20]).await;
    let row = client.page("/v1/balance_transactions?limit=1").await.remove(0);
    let row = row["id"].as_str().unwrap();
    for (target, status, code) in [
        ("/v1/disputes?status=lost", 400, "parameter_unknown"),
        ("/v1/disputes?ending_before=du_1", 400, "parameter_unknown"),
        ("/v1/charges?charge=ch_1", 400, "parameter_unknown"),
        ("/v1/disputes/du_1?limit=10", 400, "parameter_unknown"),
        ("/v1/disputes?limit=0", 400, "parameter_invalid_integer"),
        ("/v1/disputes?limit=101", 400, "parameter_invalid_integer"),
        ("/v1/disputes?created[gte]=2026-05-11", 400, "parameter_invalid_integer"),
        ("/v1/disputes?starting_after=du_of_nobody", 400, "resource_missing"),
        (&format!("/v1/disputes?starting_after={row}"), 400, "resource_missing"),
        ("/v1/disputes?expand[]=charge", 400, "invalid_request_error"),
        ("/v1/disputes?expand[]=data.evidence", 400, "invalid_request_error"),
        ("/v1/charges?expand[]=data.payment_intent", 400, "invalid_request_error"),
        ("/v1/disputes/du_of_nobody", 404, "resource_missing"),
        ("/v1/balance", 404, "invalid_request_error"),
        ("/v1", 404, "invalid_request_error"),
    ] {
        let refused = client.get(target).await;
        assert_eq!((refused.status, refused.error().as_str()), (status, code), "{target}");
        assert!(refused.body.contains(ERROR_TEXT) && refused.header("request-id").is_some());
    }
    assert_eq!(client.send("POST", "/v1/disputes").await.unwrap().status, 404);
    let statuses: Vec<_> = fake.requests().iter().map(|request| request.status.unwrap()).collect();
    assert_eq!((statuses[0], statuses.len()), (200, 17));
}

#[tokio::test]
async fn only_the_key_is_let_in() {
    let (_fake, mut client) = at_the_end_of(&told()[..20]).await;
    for authorization in ["Bearer rk_test_another", ""] {
        client.authorization = authorization.into();
        let refused = client.get("/v1/disputes").await;
        assert_eq!((refused.status, refused.error().as_str()), (401, "invalid_request_error"));
    }
}

#[tokio::test]
async fn a_key_that_may_not_read_something_may_not_expand_it_either() {
    let (fake, mut client) = at_the_end_of(&told()).await;
    fake.deny(&[Resource::Charges, Resource::Events]);
    for (target, permission) in [
        ("/v1/charges", "rak_charge_read"),
        ("/v1/events?type=charge.dispute.*", "rak_event_read"),
        ("/v1/disputes?expand[]=data.payment_intent&expand[]=data.charge", "rak_charge_read"),
    ] {
        let refused = client.get(target).await;
        assert_eq!(refused.status, 403, "{target}");
        assert!(refused.body.contains(permission), "{}", refused.body);
    }
    assert_eq!(client.page("/v1/disputes?expand[]=data.payment_intent").await.len(), 10);
    assert_eq!(client.page("/v1/balance_transactions").await.len(), 10);
    fake.deny(&[]);
    assert_eq!(client.page("/v1/charges").await.len(), 10);
}
