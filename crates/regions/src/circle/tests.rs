//! Three regions that sign one list, on both engines (Art. 23).

use kernel::actor::Role;
use kernel::db::Tx;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, actor};

use super::rules::{List, id_of, read, whole};
use super::{service, store};
use crate::rules::Refused;
use crate::service::{deliver, trust};
use crate::store as regions;
use crate::tests::{House, pairs, third};

async fn state(app: &App) -> String {
    let newest = app.db.read(|tx| Ok::<_, Problem>(store::newest(tx)?)).await.expect("read");
    newest.first().map(|circle| circle.state.clone()).unwrap_or_default()
}

async fn travel(all: [&House; 3]) {
    for house in all.into_iter().chain(all) {
        deliver::round(&house.app).await.expect("delivered");
    }
}

async fn trusts(app: &App, region: &str) -> bool {
    let region = region.to_owned();
    let read = move |tx: &mut Tx<'_>| Ok::<_, Problem>(regions::trusted(tx, &region)?.is_some());
    app.db.read(read).await.expect("read")
}

async fn sign(app: &App) -> Result<kernel::actor::Actor, Problem> {
    let approver = actor(Role::MunicipalApprover);
    let newest = app.db.read(|tx| Ok::<_, Problem>(store::newest(tx)?)).await?;
    service::sign(app, &approver, &newest.first().ok_or_else(Problem::not_found)?.id).await?;
    Ok(approver)
}

/// Chongqing trusts Sichuan and Guizhou; the two never met, and trust one another by the list of all.
#[tokio::test(flavor = "multi_thread")]
async fn a_region_joins_by_a_list_that_all_sign_and_a_second_officer_needs_no_telephone() {
    for (one, two, three) in third("circle", pairs("circle").await).await {
        let all = [&one, &two, &three];
        assert!(!trusts(&two.app, "520000").await && !trusts(&three.app, "510000").await);
        let officer = actor(Role::MunicipalOfficer);
        service::propose(&one.app, &officer).await.expect("proposed");
        travel(all).await;
        for house in all {
            assert_eq!(state(&house.app).await, "open");
        }
        sign(&one.app).await.expect("signed");
        let signer = sign(&two.app).await.expect("signed");
        travel(all).await;
        assert_eq!(state(&one.app).await, "signed", "one signature is missing");
        sign(&three.app).await.expect("signed");
        assert_eq!(sign(&three.app).await.expect_err("signed once").code, "regions/reused");
        travel(all).await;
        for house in all {
            assert_eq!(state(&house.app).await, "whole");
        }

        // Nothing is believed yet; the signer is the first officer, another is the second.
        assert!(!trusts(&two.app, "520000").await);
        let known = two.app.db.read(|tx| Ok::<_, Problem>(regions::newest(tx)?)).await;
        let waits = known.expect("read").into_iter().find(|known| known.state == "waiting");
        let waits = waits.expect("Guizhou waits");
        assert!(waits.said.region == "520000" && !waits.vouched.is_empty());
        let own = trust::decide(&two.app, &signer, waits.id, true, "").await;
        assert_eq!(own.expect_err("own work").code, "approval/own-work");
        let checker = actor(Role::MunicipalApprover);
        let mut browser = Client::signed_in(&two.router, &two.app, &checker).await;
        let page = browser.get("/office/regions").await.text();
        assert!(page.contains("清单全体成员共同担保") && !page.contains("对方电话念出"), "{page}");
        trust::decide(&two.app, &checker, waits.id, true, "").await.expect("approved");
        assert!(trusts(&two.app, "520000").await);
        let page = browser.get("/office/regions/circle").await.text();
        assert!(page.contains("全体已签"), "{page}");
    }
}

/// What is bent, or names another key for somebody who is trusted here, is not laid before anybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_names_another_key_or_lacks_a_signature_is_refused() {
    let (one, two, _three) = third("circle_bent", pairs("circle_bent").await).await.remove(0);
    service::propose(&one.app, &actor(Role::MunicipalOfficer)).await.expect("proposed");
    let circle = one.app.db.read(|tx| Ok::<_, Problem>(store::newest(tx)?)).await;
    let circle = circle.expect("read").remove(0);
    let known = two.app.db.read(|tx| Ok::<_, Problem>(regions::all_trusted(tx)?)).await;
    let trusted: Vec<_> = known.expect("read").into_iter().map(|known| known.said).collect();
    let key = crate::service::own_key(&two.app, crate::rules::DESCRIPTOR).expect("a key");
    let now = kernel::time::Utc::now().seconds();
    let look = |text: &str, own: (&str, &str)| {
        read(text, &circle.members, own, &trusted, now).map(|(list, _)| list)
    };
    let good = look(&circle.text, ("510000", &key)).expect("good");
    assert_eq!(id_of(&circle.text), circle.id);
    assert_eq!(look(&circle.text, ("510000", "other")), Err(Refused::Scope), "not our key");
    assert_eq!(look(&circle.text, ("530000", &key)), Err(Refused::Scope), "we are not on it");
    let bend = |bend: &dyn Fn(&mut List)| {
        let mut list = good.clone();
        bend(&mut list);
        serde_json::to_string(&list).expect("plain data")
    };
    let swapped = bend(&|list| list.members[0].key = list.members[2].key.clone());
    assert_eq!(look(&swapped, ("510000", &key)), Err(Refused::Forged));
    let short = bend(&|list| list.members.truncate(2));
    assert_eq!(look(&short, ("510000", &key)), Err(Refused::Unreadable));
    let mut moved = trusted.clone();
    moved[0].key = key.clone();
    let other = read(&circle.text, &circle.members, ("510000", &key), &moved, now);
    assert_eq!(other.map(|(list, _)| list), Err(Refused::Forged), "not the key that we trust");
    let nobody = std::collections::BTreeMap::new();
    assert_eq!(whole(&good, &circle.text, &nobody), Err(Refused::Forged));
}
