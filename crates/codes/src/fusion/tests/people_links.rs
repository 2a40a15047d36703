use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::id::Id;
use kernel::testing::{Client, actor};
use serde_json::json;

use super::house::{code_of, day, houses};
use crate::fusion::decoders::tests::bare_layout;
use crate::fusion::rules::Refused;
use crate::fusion::service::links::{self, Done, NewLink};

fn holder(person: Id) -> Actor {
    Actor { person: Some(person), ..actor(Role::Holder) }
}

#[tokio::test]
async fn a_set_of_links_is_answered_one_by_one() {
    for house in houses("fusion_links").await {
        house.library().await;
        let (person, one) = house.resident(1).await;
        let (_, two) = house.resident(2).await;
        assert_eq!(house.link(&one, "2026000123").await.expect("sent"), Done::Linked);
        assert_eq!(house.link(&one, "2026000123").await.expect("sent"), Done::Known);
        let taken = Done::Refused(Refused::NumberTaken);
        assert_eq!(house.link(&two, "2026000123").await.expect("sent"), taken, "{}", house.engine);
        let form = Done::Refused(Refused::Number);
        assert_eq!(house.link(&two, "abc").await.expect("sent"), form);
        let stranger = house.link("500103199001011234", "2026000124").await;
        assert_eq!(stranger.expect("sent"), Done::UnknownPerson);
        let other = actor(Role::DepartmentOfficer);
        let new = NewLink {
            person: two.clone(),
            number: "2026000125".to_owned(),
            from: day(0),
            until: String::new(),
        };
        let foreign =
            links::add(&house.app, &other, "CQ-LIBRARY", std::slice::from_ref(&new)).await;
        assert_eq!(code_of(foreign), "fusion/not-yours");
        let past = NewLink { from: day(-9), until: day(-1), ..new.clone() };
        let done = links::add(&house.app, &house.department, "CQ-LIBRARY", &[past]).await;
        assert_eq!(done.expect("sent"), [Done::Refused(Refused::Days)]);
        let many = vec![new; 201];
        let done = links::add(&house.app, &house.department, "CQ-LIBRARY", &many).await;
        assert_eq!(code_of(done), "fusion/too-many");
        let linked = house.entries("fusion.linked").await;
        assert_eq!((linked.len(), linked[0].subject_id), (1, Some(person)));
    }
}

/// The directory holds no number, only its keyed digest and four characters.
#[tokio::test]
async fn no_number_is_stored() {
    for house in houses("fusion_digest").await {
        house.library().await;
        let (_, number) = house.resident(1).await;
        house.link(&number, "2026000123").await.expect("linked");
        let (last, digest) = house
            .app
            .db
            .read(|tx| {
                let row = tx.one("SELECT last_four, digest FROM fusion_link", &[])?;
                Ok::<_, kernel::db::DbError>((row.get::<String>(0)?, row.get::<Vec<u8>>(1)?))
            })
            .await
            .expect("one link");
        assert_eq!((last.as_str(), digest.len()), ("0123", 32), "{}", house.engine);
        assert_ne!(digest, seal::sm3::sm3(b"2026000123"), "keyed");
    }
}

/// One number, one holder, whoever comes first; the others are told no.
#[tokio::test]
async fn racing_links_give_a_number_to_one_person() {
    for house in houses("fusion_link_race").await {
        house.library().await;
        let mut numbers = Vec::new();
        for index in 1..=6 {
            numbers.push(house.resident(index).await.1);
        }
        let tasks: Vec<_> = numbers
            .into_iter()
            .map(|person| {
                let (app, department) = (house.app.clone(), house.department.clone());
                let new = NewLink {
                    person,
                    number: "2026000123".to_owned(),
                    from: day(0),
                    until: String::new(),
                };
                tokio::spawn(async move {
                    links::add(&app, &department, "CQ-LIBRARY", &[new]).await.expect("sent")[0]
                })
            })
            .collect();
        let (mut linked, mut refused) = (0, 0);
        for task in tasks {
            match task.await.expect("no panic") {
                Done::Linked => linked += 1,
                Done::Refused(Refused::NumberTaken) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((linked, refused), (1, 5), "{}", house.engine);
    }
}

/// A holder links with a signed code, sees the link, ends it; then the number is free for another.
#[tokio::test]
async fn a_holder_links_by_a_signed_code_and_ends_the_link() {
    for house in houses("fusion_own_link").await {
        house.library().await;
        let (person, _) = house.resident(1).await;
        let (next, _) = house.resident(2).await;
        let (me, other) = (holder(person), holder(next));
        let code = house.code("2026000123");
        let done = links::link_by_code(&house.gateway, &me, &code).await.expect("linked");
        assert_eq!(done, Done::Linked, "{}", house.engine);
        let again = links::link_by_code(&house.gateway, &other, &code).await;
        assert_eq!(code_of(again), "fusion/replayed");
        let second = super::house::PREFIX;
        let later = crate::fusion::decoders::tests::sm2_code(
            second,
            "2026000123",
            kernel::time::Utc::now().seconds() - 20,
        );
        let taken = links::link_by_code(&house.gateway, &other, &later).await;
        assert_eq!(code_of(taken), "fusion/number-taken");
        let own = links::own(&house.app, &me).await.expect("read");
        assert_eq!(own[0].0.last_four, "0123");
        let not_his = links::end_own(&house.app, &other, own[0].0.id).await;
        assert_eq!(code_of(not_his), "fusion/no-such-link");
        links::end_own(&house.app, &me, own[0].0.id).await.expect("ended");
        let twice = links::end_own(&house.app, &me, own[0].0.id).await;
        assert_eq!(code_of(twice), "fusion/no-such-link");
        let done = links::link_by_code(&house.gateway, &other, &later).await.expect("free again");
        assert_eq!(done, Done::Linked);
        house.format(bare_layout("CQOLD:")).await.expect("a format");
        house.confirm().await;
        let bare = links::link_by_code(&house.gateway, &me, "CQOLD:2026000777").await;
        assert_eq!(code_of(bare), "fusion/no-proof");
    }
}

#[tokio::test]
async fn a_link_ends_with_its_last_day_also_before_it_is_swept() {
    for house in houses("fusion_expire").await {
        house.library().await;
        let (_, one) = house.holder(1).await;
        let (_, two) = house.resident(2).await;
        house.link(&one, "2026000123").await.expect("linked");
        house.link(&one, "2026000124").await.expect("linked");
        let yesterday = day(-1);
        house
            .app
            .db
            .housekeeping(move |tx| {
                let sql = "UPDATE fusion_number SET until_day = $1";
                tx.execute(sql, &[v(&yesterday)]).map(drop)
            })
            .await
            .expect("a day passes");
        assert_eq!(house.said(&house.code("2026000123")).await, "fusion/not-linked");
        assert_eq!(house.link(&two, "2026000123").await.expect("sent"), Done::Linked);
        let round = links::expire(house.app.clone()).await.expect("a round");
        assert_eq!(round, "1 numbers, 0 displays", "{}", house.engine);
    }
}

#[tokio::test]
async fn the_endpoints_link_and_end_in_sets() {
    for house in houses("fusion_sets").await {
        house.library().await;
        let (_, person) = house.resident(1).await;
        let router = house.router();
        let mut program = Client::program(&router, &house.app, &house.department).await;
        let path = "/api/v1/fusion/cards/CQ-LIBRARY/links";
        let one = |number: &str| json!({"person": person, "number": number, "from": day(0)});
        let body = json!({"links": [one("2026000123"), one("x"), one("2026000124")]});
        let said = program.post_json(path, &body).await.json();
        let results = ["linked", "refused", "linked"];
        for (place, result) in results.into_iter().enumerate() {
            assert_eq!(said["results"][place]["result"], result, "{said}");
        }
        assert_eq!(said["results"][1]["why"], "fusion/number");
        let body = json!({"numbers": ["2026000123", "2026000999"]});
        let ended = program.post_json(&format!("{path}/end"), &body).await.json();
        assert_eq!(ended["ended"], json!([true, false]), "{}", house.engine);
        assert_eq!(house.entries("fusion.unlinked").await.len(), 1);
        let unknown = program
            .post_json("/api/v1/fusion/cards/CQ-NONE/links", &json!({"links": [one("2026000123")]}))
            .await;
        assert_eq!(unknown.code(), "fusion/no-such-card");
        let mut me = Client::program(&router, &house.app, &house.terminal).await;
        assert_eq!(me.post_json(path, &body).await.status, 403);
    }
}

#[tokio::test]
async fn the_holder_page_links_shows_and_ends() {
    for house in houses("fusion_me").await {
        house.library().await;
        let (person, _) = house.holder(1).await;
        let router = house.router();
        let mut me = house.browser(&router, &holder(person)).await;
        let empty = me.get("/me/fusion").await.text();
        assert!(empty.contains("还没有关联的卡（码）"));
        let forged = me.post_form("/me/fusion", &[("code", "CQLIB1:1")]).await;
        assert!(forged.status == 403 && forged.text().contains("该码不完整"));
        let code = house.code("2026000123");
        let linked = me.post_form("/me/fusion", &[("code", &code)]).await;
        assert!(linked.status == 200 && linked.text().contains("关联成功"), "{}", house.engine);
        assert!(linked.text().contains("•••• 0123") && !linked.text().contains("2026000123"));
        let later = crate::fusion::decoders::tests::sm2_code(
            super::house::PREFIX,
            "2026000123",
            kernel::time::Utc::now().seconds() - 20,
        );
        assert_eq!(house.said(&later).await, "ok");
        let page = me.get("/me/fusion").await.text();
        assert!(page.contains("图书借还") && page.contains("借阅台") && page.contains("通过"));
        let own = links::own(&house.app, &holder(person)).await.expect("read");
        let id = own[0].0.id.to_string();
        let ended = me.post_form("/me/fusion/end", &[("id", &id)]).await.text();
        assert!(ended.contains("已解除关联") && ended.contains("还没有关联的卡（码）"));
        assert_eq!(house.said(&house.code("2026000123")).await, "fusion/not-linked");
    }
}
