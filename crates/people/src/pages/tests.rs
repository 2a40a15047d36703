use kernel::http::{build, kernel_routes};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::testing::Client;
use kernel::time::Utc;

use crate::testing::{holder, houses, somebody};

async fn looked(app: &App, person: Id, purpose: &str, shown_after: Option<Utc>) -> Id {
    let system = kernel::actor::Actor::system();
    let mut entry = Entry::new(app.id(), Utc::now(), &system, "person.read", "Art. 18")
        .about(person)
        .why(purpose, &["name"]);
    entry.shown_after = shown_after;
    let id = entry.id;
    app.db.write(move |tx| journal::record(tx, &entry)).await.expect("recorded");
    id
}

#[tokio::test]
async fn a_holder_sees_each_look_with_its_proof_and_how_many_are_delayed_but_not_which() {
    for house in houses("access_page").await {
        let router =
            build(house.app.clone(), kernel_routes().merge(crate::routes(|_, _| Ok(false)))).router;
        let person = house.register(somebody(1, true)).await;
        let now = Utc::now();
        let open = looked(&house.app, person.id, "核对资格", None).await;
        let over = looked(&house.app, person.id, "曾经保密", Some(now)).await;
        let secret = Some(now.plus_seconds(86_400));
        let hidden = looked(&house.app, person.id, "仍在侦查", secret).await;
        journal::sequence(&house.app).await.expect("a round");
        let mut me = Client::signed_in(&router, &house.app, &holder(&person)).await;
        let page = me.get("/me/access").await.text();
        assert!(page.contains("核对资格") && page.contains("曾经保密"), "{}", house.engine);
        assert!(!page.contains("仍在侦查") && !page.contains(&hidden.to_string()));
        assert_eq!(page.matches("依法延迟展示</span>").count(), 1, "{}", house.engine);
        assert!(page.contains("全平台现有 1 条"), "{page}");
        for (id, status) in [(open, 200), (over, 200), (hidden, 404)] {
            let path = format!("/me/accesses/{id}/proof.json");
            assert_eq!(page.contains(&path), status == 200, "{} {path}", house.engine);
            assert_eq!(me.get(&path).await.status, status, "{} {path}", house.engine);
        }
    }
}
