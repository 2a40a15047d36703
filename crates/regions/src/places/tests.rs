//! Joint outlets as the other region tells them (Art. 7, 11).

use kernel::actor::Role;
use kernel::db::v;
use kernel::testing::{Client, actor};
use kernel::time::Utc;

use super::store::{self, Place};
use crate::joint::rules::Words;
use crate::service::deliver;
use crate::tests::pairs;

/// The holder sees where he is served there; a place that is gone is not shown. What is told once is not
/// told again.
#[tokio::test(flavor = "multi_thread")]
async fn a_holder_sees_the_joint_outlets_that_the_other_region_told_until_they_are_gone() {
    for (one, two) in pairs("regions_places").await {
        let today = Utc::now().day();
        assert_eq!(super::round(&two.app, today).await.expect("a round"), "0 told");
        let place = Place {
            id: "000000000001b".to_owned(),
            name: Words { zh: "南充通办网点".to_owned(), en: "Nanchong".to_owned() },
            address: "南充市示范路1号".to_owned(),
            phone: "0817-1234567".to_owned(),
            hours: "09:00-17:00;".repeat(6) + "closed",
            gone: false,
        };
        // It was told before, and is no joint outlet any more.
        let told = place.clone();
        two.app.db.housekeeping(move |tx| store::tell(tx, "500000", &told)).await.expect("told");
        one.app
            .db
            .housekeeping(move |tx| store::hear(tx, "510000", &place, Utc::now()))
            .await
            .expect("heard");
        let mut phone = Client::signed_in(&one.router, &one.app, &actor(Role::Holder)).await;
        let page = phone.get("/me/elsewhere").await.text();
        assert!(page.contains("南充通办网点") && page.contains("0817-1234567"), "{page}");
        assert_eq!(super::round(&two.app, today).await.expect("a round"), "1 told");
        assert_eq!(super::round(&two.app, today).await.expect("a round"), "0 told");
        deliver::round(&two.app).await.expect("delivered");
        let page = phone.get("/me/elsewhere").await.text();
        assert!(!page.contains("南充通办网点"), "{page}");
        let left = "SELECT COUNT(*) FROM region_place WHERE region = $1";
        let left = one.app.db.read(move |tx| tx.one(left, &[v("510000")])?.get::<i64>(0)).await;
        assert_eq!(left.expect("a count"), 0);
    }
}
