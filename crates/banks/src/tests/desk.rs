//! Pages: who sees what, and the way of an agreement and an offer to the public.

use axum::Router;
use kernel::actor::{Actor, Role};
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::testing::{Client, actor};
use kernel::time::Utc;

use super::house::{House, bank, bare, day, houses};
use crate::rules::Expected;
use crate::service::{Command, alarms};

fn router(app: &App) -> Router {
    kernel::http::build(app.clone(), crate::routes()).router
}

/// The value of the first hidden `id` on a page.
fn first_id(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"id\" value=\"").expect("a form with an id");
    rest.chars().take_while(|c| *c != '"').collect()
}

#[tokio::test]
async fn a_bank_goes_from_the_form_to_the_public_list() {
    for (app, test) in bare("banks_desk").await {
        let router = router(&app);
        let id = app.id();
        let entry =
            kernel::journal::Entry::new(app.id(), Utc::now(), &Actor::system(), "test.made", "");
        let made = app.db.write(move |tx| {
            let org = Org {
                id,
                credit_code: None,
                name_zh: "巴山银行".to_owned(),
                name_en: "Bashan Bank".to_owned(),
                kind: "bank".to_owned(),
                division: "500000".to_owned(),
                parent: None,
            };
            org::add(tx, &org, Utc::now())?;
            kernel::journal::record(tx, &entry)
        });
        made.await.expect("an organisation");
        let (maker, checker) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let mut office = Client::signed_in(&router, &app, &maker).await;
        assert!(office.get("/office/banks").await.text().contains("巴山银行"));
        let id = id.to_string();
        let form = [("org", id.as_str()), ("code", "bsyh"), ("phone", "96500"), ("about_zh", "")];
        let wrong = office.post_form("/office/banks", &form).await;
        assert!(wrong.status == 422 && wrong.text().contains("value=\"bsyh\""), "kept as typed");
        let form = [("org", id.as_str()), ("code", "BSYH"), ("phone", "96500"), ("about_zh", "")];
        assert_eq!(office.post_form("/office/banks", &form).await.status, 303);
        assert!(!Client::new(&router).get("/banks").await.text().contains("巴山银行"));

        let (from, until) = (day(0), day(365));
        let form = [
            ("number", "2026-7"),
            ("signed_on", from.as_str()),
            ("from", from.as_str()),
            ("until", until.as_str()),
            ("service.financial", "on"),
            ("waiver.annual-fee", "on"),
        ];
        let path = "/office/banks/BSYH/agreement";
        assert_eq!(office.post_form(path, &form[..4]).await.status, 422, "no services");
        assert_eq!(office.post_form(path, &form).await.status, 303);
        assert!(office.get(path).await.text().contains("待审批"));
        assert_eq!(office.get("/office/banks/decide").await.status, 403);

        let mut desk = Client::signed_in(&router, &app, &checker).await;
        let waiting = desk.get("/office/banks/decide").await.text();
        assert!(waiting.contains("2026-7") && waiting.contains("免年费"), "{}", test.engine);
        let waiting = first_id(&waiting);
        let yes = [("id", waiting.as_str()), ("what", "agreement"), ("decision", "yes")];
        assert_eq!(desk.post_form("/office/banks/decide", &yes).await.status, 303);
        let mut public = Client::new(&router);
        let list = public.get("/banks").await.text();
        assert!(list.contains("巴山银行") && list.contains("免年费") && list.contains("96500"));
        assert!(public.get("/banks/BSYH").await.text().contains("2026-7"));
        assert_eq!(public.get("/banks/NOSUCH").await.status, 404);
        let api = public.get("/api/v1/banks").await.json();
        assert_eq!((api[0]["code"].as_str(), api[0]["id"].as_str()), (Some("BSYH"), Some(&*id)));
    }
}

#[tokio::test]
async fn an_offer_is_public_once_it_is_checked_and_can_be_filtered_and_withdrawn() {
    for house in houses("banks_offers").await {
        let router = router(&house.app);
        let own = Actor { org: Some(house.bank.id), ..actor(Role::Bank) };
        let mut office = Client::signed_in(&router, &house.app, &own).await;
        let (from, until) = (day(0), day(30));
        let form = [
            ("kind", "transport"),
            ("title_zh", "公交一元乘车"),
            ("text_zh", "每周五持卡乘车一元"),
            ("division.500103", "on"),
            ("from", from.as_str()),
            ("until", until.as_str()),
        ];
        assert_eq!(office.post_form("/office/banks/offers", &form).await.status, 303);
        let mut public = Client::new(&router);
        assert!(!public.get("/banks/offers").await.text().contains("公交一元"), "not checked yet");
        let mut desk =
            Client::signed_in(&router, &house.app, &actor(Role::MunicipalApprover)).await;
        let waiting = first_id(&desk.get("/office/banks/decide").await.text());
        let silent = [("id", waiting.as_str()), ("what", "offer"), ("decision", "no")];
        assert_eq!(desk.post_form("/office/banks/decide", &silent).await.status, 422);
        let yes = [("id", waiting.as_str()), ("what", "offer"), ("decision", "yes")];
        assert_eq!(desk.post_form("/office/banks/decide", &yes).await.status, 303);
        let shown = [
            ("/banks/offers", true),
            ("/banks/offers?bank=SFYH&kind=transport&division=500103", true),
            ("/banks/offers?kind=loans", false),
            ("/banks/offers?division=500106", false),
            ("/banks/SFYH", true),
        ];
        for (path, there) in shown {
            let page = public.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            assert_eq!(page.text().contains("公交一元"), there, "{path} {}", house.engine);
        }
        let late = format!("/api/v1/banks/offers?on={}", day(31));
        assert_eq!(public.get(&late).await.json(), serde_json::json!([]));
        assert_eq!(public.get("/api/v1/banks/offers?kind=magic").await.status, 422);
        assert_eq!(public.get("/banks/offers?bank=NOSUCH").await.status, 404);

        let id = first_id(&office.get("/office/banks/offers").await.text());
        let id = [("id", id.as_str())];
        let mut other = Client::signed_in(&router, &house.app, &actor(Role::Bank)).await;
        let withdraw = "/office/banks/offers/withdraw";
        assert_eq!(other.post_form(withdraw, &id).await.status, 404, "of another bank");
        assert_eq!(office.post_form(withdraw, &id).await.status, 303);
        assert!(!public.get("/banks/offers").await.text().contains("公交一元"));
    }
}

#[tokio::test]
async fn an_offer_of_a_bank_without_an_agreement_is_refused() {
    for (app, test) in bare("banks_no_offer").await {
        let bank = bank(&app, "NONE", None).await;
        let router = router(&app);
        let own = Actor { org: Some(bank.id), ..actor(Role::Bank) };
        let mut office = Client::signed_in(&router, &app, &own).await;
        let (from, until) = (day(0), day(30));
        let form = [
            ("kind", "fees"),
            ("title_zh", "免费"),
            ("text_zh", "免费"),
            ("from", from.as_str()),
            ("until", until.as_str()),
        ];
        let reply = office.post_form("/office/banks/offers", &form).await;
        assert_eq!(reply.status, 409, "{}", test.engine);
        assert!(reply.text().contains("第十条"));
    }
}

async fn with_alarm(house: &House) {
    house.over_http().await;
    house.carry_out(Command::PreOpen(house.bank.id)).await;
    house.expect(Expected::Active).await;
    alarms::compare(&house.app).await.expect("compared");
}

#[tokio::test]
async fn an_alarm_is_taken_and_closed_on_its_page_without_personal_data() {
    for house in houses("banks_alarm_page").await {
        with_alarm(&house).await;
        let router = router(&house.app);
        let own = Actor { org: Some(house.bank.id), ..actor(Role::Bank) };
        let mut office = Client::signed_in(&router, &house.app, &own).await;
        let page = office.get("/office/banks/alarms").await.text();
        assert!(page.contains("两边状态不一致") && page.contains("已预开户"), "{page}");
        let name = people::generate::person(7, 1).expect("somebody").name;
        let number = house.host.number(&house.card.to_string()).expect("opened");
        assert!(!page.contains(&name) && !page.contains(&number));
        let id = first_id(&page);
        let take = [("id", id.as_str())];
        assert_eq!(office.post_form("/office/banks/alarms/take", &take).await.status, 303);
        let close = [("id", id.as_str()), ("note", "已与市人社核对")];
        assert_eq!(office.post_form("/office/banks/alarms/close", &close).await.status, 303);
        let page = office.get("/office/banks/alarms").await.text();
        assert!(page.contains("没有未办结") && page.contains("已与市人社核对"), "{}", house.engine);
        let mut other = Client::signed_in(&router, &house.app, &actor(Role::Bank)).await;
        assert!(!other.get("/office/banks/alarms").await.text().contains("已与市人社核对"));
    }
}

#[tokio::test]
async fn figures_count_what_happened_and_a_bank_sees_its_own() {
    for house in houses("banks_figures").await {
        with_alarm(&house).await;
        house.carry_out(Command::Activate).await;
        let router = router(&house.app);
        let mut city = Client::signed_in(&router, &house.app, &actor(Role::MunicipalOfficer)).await;
        let csv = city.get("/office/banks/figures.csv").await.text();
        let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(lines.len(), 2, "{csv}");
        let cells = [lines[1][1], lines[1][2], lines[1][3], lines[1][4], lines[1][5], lines[1][8]];
        // Opening, the alarm's question for the state, activation.
        assert_eq!(cells, ["示范银行SFYH", "3", "3", "0", "0", "1"], "{}", house.engine);
        let page = city.get("/office/banks/figures").await.text();
        assert!(page.contains("<rect class=\"bar\"") && page.contains("示范银行SFYH"));
        let own = Actor { org: Some(house.bank.id), ..actor(Role::Bank) };
        let mut office = Client::signed_in(&router, &house.app, &own).await;
        assert_eq!(office.get("/office/banks/figures.csv").await.text(), csv);
        let mut other = Client::signed_in(&router, &house.app, &actor(Role::Bank)).await;
        assert_eq!(other.get("/office/banks/figures.csv").await.text().lines().count(), 1);
        let mut clerk = Client::signed_in(&router, &house.app, &actor(Role::Clerk)).await;
        assert_eq!(clerk.get("/office/banks/figures").await.status, 403);
    }
}

#[tokio::test]
async fn every_page_is_whole_in_both_languages() {
    for house in houses("banks_pages").await {
        with_alarm(&house).await;
        let router = router(&house.app);
        let bank = Actor { org: Some(house.bank.id), ..actor(Role::Bank) };
        let officer = actor(Role::MunicipalOfficer);
        for (actor, paths) in [
            (&bank, &["offers", "alarms", "figures", "files"][..]),
            (&officer, &["", "SFYH/agreement", "alarms", "figures", "files"][..]),
        ] {
            let mut client = Client::signed_in(&router, &house.app, actor).await;
            for lang in ["zh-CN", "en"] {
                client.cookies.insert("lang".to_owned(), lang.to_owned());
                for path in paths {
                    let path = format!("/office/banks/{path}");
                    let page = client.get(path.trim_end_matches('/')).await;
                    assert_eq!(page.status, 200, "{path} {}", house.engine);
                    let text = page.text();
                    assert!(text.contains("</main>") && !text.contains("style="), "{path}");
                }
            }
        }
    }
}
