use std::collections::BTreeSet;

use kernel::actor::Role;
use kernel::testing::{Client, actor};
use kernel::time::Utc;

use super::clauses::CLAUSES;
use super::service;
use crate::tests::pairs;

#[test]
fn clauses_have_numbers_of_their_own_and_days() {
    let codes: BTreeSet<&str> = CLAUSES.iter().map(|clause| clause.code).collect();
    assert_eq!(codes.len(), CLAUSES.len());
    assert!(CLAUSES.iter().all(|clause| kernel::time::parse_day(clause.adopted).is_some()));
}

/// Art. 17: what the other side does is seen from outside. This crate alone serves no lists and no log, so
/// their clauses are red; those of trust and messages hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_green_where_the_other_side_keeps_to_the_standard_and_red_elsewhere() {
    for (here, there) in pairs("regions_standards").await {
        let officer = actor(Role::MunicipalOfficer);
        let mut browser = Client::signed_in(&here.router, &here.app, &officer).await;
        let path = "/office/regions/standards";
        assert!(browser.get(path).await.text().contains("未核验"));
        let checked = browser.post_form(&format!("{path}/510000"), &[]).await;
        assert_eq!(checked.status, 303, "{}", checked.text());
        let found = here.app.db.read(service::kept).await.expect("kept");
        let red: Vec<&str> = found
            .iter()
            .filter(|(.., one)| !one.holds)
            .map(|(.., one)| one.clause.as_str())
            .collect();
        assert_eq!(red, ["J-1", "K-1", "K-2", "K-3", "T-3"], "{found:?}");
        let page = browser.get(path).await.text();
        assert!(page.contains("不符合") && page.contains("510000 地区 510000"), "{page}");
        let stranger = browser.post_form(&format!("{path}/990000"), &[]).await;
        assert_eq!(stranger.code(), "regions/unlisted");
        // It was a stranger there, and nothing was done for him.
        let alarmed = there.app.db.read(crate::store::alarms).await.expect("alarms");
        assert!(alarmed.iter().any(|alarm| alarm.code == "regions/unlisted"));
    }
}

#[test]
fn nobody_at_an_address_is_red_all_over_and_no_address_is_an_error() {
    let found = service::check("http://127.0.0.1:9", Utc::now().seconds()).expect("an address");
    assert!(found.iter().all(|one| !one.holds));
    assert!(service::check("ftp://x", 0).is_err());
}
