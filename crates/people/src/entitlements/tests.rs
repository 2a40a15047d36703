use kernel::time::{Utc, day_text};
use time::Duration;

use super::service::{self, NewEntitlement};
use crate::rules::{Ground, Refused, eligibility};
use crate::testing::{code_of, houses, somebody};

#[tokio::test]
async fn an_entitlement_is_renewed_pointed_out_and_ended_with_proof() {
    for house in houses("entitlements").await {
        let today = Utc::now().day();
        let day = |after| day_text(today + Duration::days(after));
        let person = house.register(somebody(1, true)).await;
        let proof = house.proof(person.id).await;
        let form = |act: &str, until: String, evidence: &str| NewEntitlement {
            act: act.to_owned(),
            ground: "study".to_owned(),
            until,
            evidence: evidence.to_owned(),
        };
        let record = |form| service::record(&house.app, &house.clerk, person.id, form);
        assert_eq!(code_of(record(form("set", day(20), "")).await), "people/evidence-missing");
        let set = record(form("set", day(20), &proof)).await.expect("set");
        assert_eq!(set.ground, Ground::Study);
        let ending = |days| house.read(move |tx| service::ending(tx, today, days, 10));
        assert_eq!((ending(19).await.len(), ending(20).await.len()), (0, 1), "{}", house.engine);
        let earlier = record(form("renew", day(10), &proof)).await;
        assert_eq!(code_of(earlier), "platform/invalid-input", "a renewal ends later");
        record(form("renew", day(300), &proof)).await.expect("renewed");
        assert!(ending(30).await.is_empty());
        record(form("end", day(-1), &proof)).await.expect("ended");
        let id = person.id;
        let ended = house.read(move |tx| crate::store::by_id(tx, id)).await.expect("there");
        let yesterday = today - Duration::days(1);
        assert_eq!(eligibility(&ended, today), Err(Refused::EntitlementEnded(yesterday)));
        let told = house.read(move |tx| service::of(tx, &[id])).await;
        let reasons: Vec<&str> = told.iter().map(|one| one.reason.as_str()).collect();
        assert_eq!(reasons, ["ended", "renewed", "set"], "{}", house.engine);
    }
}
