//! Joint outlets: a clerk of Sichuan serves a holder of Chongqing, over real HTTP between two installations
//! with their own databases (Art. 11 para 2, 12, 17).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::testing::{self, Client};
use kernel::time::Utc;
use outlets::rules::{
    ACCESS, Details, Hours, JOINT, KINDS, LANGUAGES, SERVICES, parse_words, word,
};
use outlets::service::register::{self, Proposal};
use people::generate::GeneratedPerson;
use regions::joint::{home, months};
use regions::service::deliver;
use serde_json::{Value, json};

use crate::pages::{AXE, pictures};
use crate::recognition::both;
use crate::support::browser::{self, Browser};
use crate::town::{Town, grown_ups, registration};

/// Both installations, and the counter of a joint outlet in Sichuan.
struct Pair {
    home: Town,
    there: Town,
    counter: Client,
}

async fn outlet(app: &App, kind: &str, services: &str) -> Actor {
    let week = "00:00-24:00;".repeat(6) + "00:00-24:00";
    let details = Details {
        kind: word(KINDS, kind).expect("a kind"),
        division: "511300".to_owned(),
        name: Text::new("南充通办网点", "Joint outlet of Nanchong"),
        address: "南充市示范路1号".to_owned(),
        directions: String::new(),
        latitude: 30_801_000,
        longitude: 106_083_000,
        phone: "0817-1234567".to_owned(),
        hours: Hours::parse_week(&week).expect("hours"),
        services: parse_words(SERVICES, services).expect("words"),
        languages: parse_words(LANGUAGES, "zh").expect("words"),
        access: parse_words(ACCESS, "ramp").expect("words"),
        counters: 1,
    };
    let (maker, checker) =
        (testing::actor(Role::MunicipalOfficer), testing::actor(Role::MunicipalApprover));
    let from = Utc::now().day();
    let proposal =
        Proposal { outlet: None, from, closed: false, details, reason: "设立".to_owned() };
    let id = register::propose(app, &maker, proposal).await.expect("proposed");
    let waits = register::waiting(app, &checker).await.expect("read");
    let waits = waits.into_iter().find(|waits| waits.proposed.outlet == id).expect("waits");
    register::decide(app, &checker, waits.approval.id, true, "").await.expect("confirmed");
    Actor { org: Some(id), name: "南充 小果".to_owned(), ..testing::actor(Role::Clerk) }
}

async fn pairs(name: &str) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (home, there) in both(name).await {
        let clerk = outlet(&there.app, JOINT, "apply,loss,replace").await;
        let counter = Client::program(&there.built.router, &there.app, &clerk).await;
        pairs.push(Pair { home, there, counter });
    }
    pairs
}

impl Pair {
    /// There, here, and back.
    async fn travel(&self) {
        deliver::round(&self.there.app).await.expect("delivered");
        home::round(&self.home.app).await.expect("answered");
        deliver::round(&self.home.app).await.expect("delivered");
    }

    async fn write(&mut self, body: Value) -> String {
        let reply = self.counter.post_json("/api/v1/joint/cases", &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let sent = reply.json();
        assert_eq!((&sent["state"], &sent["answer"]), (&json!("sent"), &Value::Null));
        sent["case"].as_str().expect("an id").to_owned()
    }

    async fn read(&mut self, case: &str) -> Value {
        self.counter.get(&format!("/api/v1/joint/cases/{case}")).await.json()
    }

    /// Writes a case and brings its answer.
    async fn ask(&mut self, person: &GeneratedPerson, service: &str, more: Value) -> Value {
        let mut body = json!({"region": "500000", "service": service, "proof": "document",
            "number": person.number.as_str(), "name": person.name});
        for (name, value) in more.as_object().expect("fields") {
            body[name] = value.clone();
        }
        let case = self.write(body).await;
        self.answered(&case).await
    }

    /// The case once it is answered; the installations' own jobs run beside this and may be faster.
    async fn answered(&mut self, case: &str) -> Value {
        for _ in 0..200 {
            self.travel().await;
            let read = self.read(case).await;
            if read["state"] != "sent" {
                return read;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        self.read(case).await
    }
}

async fn texts(app: &App, sql: &'static str) -> Vec<String> {
    let read = move |tx: &mut kernel::db::Tx<'_>| {
        let rows = tx.query(sql, &[])?;
        rows.iter().map(|row| row.get::<String>(0)).collect::<Result<Vec<_>, _>>()
    };
    app.db.read(read).await.expect("read")
}

async fn open_cases(app: &App) -> i64 {
    let sql = "SELECT COUNT(*) FROM joint_case WHERE closed_at IS NULL";
    app.db.read(|tx| tx.one(sql, &[])?.get::<i64>(0)).await.expect("a count")
}

/// The card that was ordered at the outlet of the other region is made here.
async fn make_card(town: &Town, id: &str) {
    let find = "SELECT org_id FROM joint_outlet";
    let org: Id = town.app.db.read(|tx| tx.one(find, &[])?.get(0)).await.expect("an outlet");
    let clerk = Actor { org: Some(org), ..testing::actor(Role::Clerk) };
    let blanks = cards::production::rules::stock::Movement::Received;
    cards::production::service::stock::enter(&town.app, &clerk, blanks, 9, "blank cards")
        .await
        .expect("blank cards");
    let (person, produce) = (id.parse().expect("an id"), cards::rules::Command::Produce);
    cards::service::perform(&town.app, &clerk, person, produce).await.expect("made");
}

/// Art. 3, 11, 12, 17: loss, replacement, hand-over and activation at a joint outlet, by the rules of home.
#[tokio::test(flavor = "multi_thread")]
async fn a_holder_reports_a_loss_and_gets_a_new_card_at_an_outlet_of_the_other_region() {
    for mut pair in pairs("joint_life").await {
        let person = grown_ups().nth(70).expect("somebody");
        let id = pair.home.register(&person).await;
        pair.home.give_card(&id).await;

        let look = pair.ask(&person, "look", json!({})).await;
        assert_eq!(
            (&look["state"], &look["answer"]["stage"]["zh"]),
            (&json!("done"), &json!("使用中"))
        );
        let why = |service: &str| {
            let all = look["answer"]["possible"].as_array().expect("a list").clone();
            all.into_iter().find(|one| one[0] == service).expect("is named")[1].clone()
        };
        assert_eq!(why("lose"), Value::Null);
        assert!(why("release")["zh"].as_str().is_some_and(|text| text.contains("不能办理")));
        assert!(!look.to_string().contains(person.number.as_str()), "{look}");

        let lost = pair.ask(&person, "lose", json!({})).await;
        assert_eq!(lost["answer"]["clocks"][0][1]["zh"], "正式挂失", "{lost}");
        let again = pair.ask(&person, "lose", json!({})).await;
        let no = &again["answer"];
        assert_eq!(
            (&again["state"], &no["result"], &no["article"]),
            (&json!("refused"), &json!("cards/wrong-state"), &json!(11))
        );

        // 40 KB travel in several parts.
        let mut scan = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        scan.extend(std::iter::repeat_n(7u8, 40_000));
        let papers = json!([{"kind": "document_front", "content": BASE64.encode(&scan)}]);
        let more =
            json!({"cause": "lost", "fee": "paid", "fee_proof": "NC-0001", "papers": papers});
        let new = pair.ask(&person, "replace", more).await;
        assert_eq!((&new["state"], &new["closed_at"]), (&json!("done"), &Value::Null), "{new}");
        let case = new["case"].as_str().expect("an id").to_owned();
        assert_eq!((open_cases(&pair.home.app).await, open_cases(&pair.there.app).await), (1, 1));
        assert_eq!(pair.home.count("person_evidence").await, 1);
        assert_eq!(pair.home.count("joint_paper").await, 0, "parts are gone once it is answered");

        make_card(&pair.home, &id).await;
        let handed = pair.ask(&person, "hand-over", json!({"to": person.name})).await;
        assert_eq!(handed["answer"]["result"], "ok", "{handed}");
        assert_ne!(pair.read(&case).await["closed_at"], Value::Null, "handed over: it has ended");
        assert_eq!((open_cases(&pair.home.app).await, open_cases(&pair.there.app).await), (0, 0));
        let on = pair.ask(&person, "activate", json!({"password": "蜀道不难2718"})).await;
        assert_eq!(on["answer"]["clocks"][0][1]["zh"], "正常", "{on}");
        assert!(!pair.home.code(&id).await.is_empty());

        // The holder sees at home who did what where; nothing of him is kept there.
        let mut phone = pair.home.holder(&id).await;
        assert!(phone.get("/me/access").await.text().contains("南充通办网点"));
        assert_eq!(pair.there.count("person").await, 0);
        for sql in ["SELECT text FROM region_outbox", "SELECT detail FROM journal_entry"] {
            for text in texts(&pair.there.app, sql).await {
                assert!(!text.contains(person.number.as_str()) && !text.contains(&person.name));
            }
        }
        settles(&pair).await;
        pair.home.journal_holds().await;
        pair.there.journal_holds().await;
    }
}

/// Both sides count the fees of the month alike.
async fn settles(pair: &Pair) {
    let next = Utc::now().day().replace_day(28).expect("a day") + time::Duration::days(8);
    assert_eq!(months::round(&pair.there.app, next).await.expect("counted"), "1 told");
    assert_eq!(months::round(&pair.there.app, next).await.expect("counted"), "0 told");
    for _ in 0..3 {
        pair.travel().await;
    }
    deliver::round(&pair.home.app).await.expect("delivered");
    let sql = "SELECT cases, fen, their_cases, their_fen FROM joint_month";
    for (town, way) in [(&pair.there, "out"), (&pair.home, "in")] {
        let read = town.app.db.read(move |tx| {
            let row = tx.one(&format!("{sql} WHERE way = $1"), &[v(way)])?;
            Ok::<_, kernel::db::DbError>([
                row.get::<i64>(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
            ])
        });
        let [cases, fen, their_cases, their_fen] = read.await.expect("a month");
        assert!(cases >= 4 && fen > 0);
        assert_eq!((cases, fen), (their_cases, their_fen), "{way}");
    }
    let mut officer = testing::actor(Role::MunicipalOfficer);
    officer.org = Some(Id(1));
    let key = ("500000", &Utc::now().day().to_string()[..7], false);
    months::settle(&pair.there.app, &officer, key, "PAY-1").await.expect("settled");
    let twice = months::settle(&pair.there.app, &officer, key, "PAY-2").await;
    assert_eq!(twice.expect_err("refused").code, "joint/month-settled");
}

/// Art. 5, 11: one person has one card, wherever he applies.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_card_is_applied_for_there_and_the_rules_of_home_decide() {
    for mut pair in pairs("joint_apply").await {
        let person = grown_ups().nth(71).expect("somebody");
        let unknown = pair.ask(&person, "look", json!({})).await;
        assert_eq!(unknown["answer"]["result"], "joint/no-such-holder");
        let mut form = registration(&person);
        for name in ["number", "name"] {
            form.as_object_mut().expect("fields").remove(name);
        }
        let applied = pair.ask(&person, "apply", form.clone()).await;
        assert_eq!(
            (&applied["state"], &applied["answer"]["stage"]["zh"]),
            (&json!("done"), &json!("待制卡")),
            "{applied}"
        );
        let twice = pair.ask(&person, "apply", form.clone()).await;
        let no = &twice["answer"];
        assert_eq!(
            (&no["result"], &no["article"]),
            (&json!("cards/one-person-one-card"), &json!(5))
        );
        let wrong_name = GeneratedPerson { name: "别人".to_owned(), ..person.clone() };
        let other = pair.ask(&wrong_name, "look", json!({})).await;
        assert_eq!(
            other["answer"]["result"], "joint/no-such-holder",
            "a number alone tells nothing"
        );
        form["ground"] = json!("study");
        let somebody = grown_ups().nth(72).expect("somebody");
        let faulty = pair.ask(&somebody, "apply", form).await;
        assert!(
            faulty["answer"]["reason"]["zh"].as_str().is_some_and(|t| t.contains("权益截止日期")),
            "{faulty}"
        );
        assert_eq!(pair.home.count("card").await, 1);
    }
}

/// Art. 11, 18: only joint outlets, only with the person and his document there.
#[tokio::test(flavor = "multi_thread")]
async fn only_joint_outlets_send_and_one_that_home_closed_is_refused() {
    for mut pair in pairs("joint_doors").await {
        let person = grown_ups().nth(73).expect("somebody");
        let usual = outlet(&pair.there.app, "township", "apply,loss").await;
        let mut usual = Client::program(&pair.there.built.router, &pair.there.app, &usual).await;
        let body = json!({"region": "500000", "service": "look", "proof": "document",
            "number": person.number.as_str(), "name": person.name});
        let refused = usual.post_json("/api/v1/joint/cases", &body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (403, "joint/not-joint-outlet")
        );
        let mut unproved = body.clone();
        unproved["proof"] = json!("");
        let refused = pair.counter.post_json("/api/v1/joint/cases", &unproved).await;
        assert_eq!(refused.json()["errors"][0]["field"], "proof");
        let mut nowhere = body.clone();
        nowhere["region"] = json!("520000");
        let refused = pair.counter.post_json("/api/v1/joint/cases", &nowhere).await;
        assert_eq!(refused.code(), "regions/unlisted");
        let mut script = body;
        script["papers"] = json!([{"kind": "other", "content": BASE64.encode(b"#!/bin/sh")}]);
        let refused = pair.counter.post_json("/api/v1/joint/cases", &script).await;
        assert_eq!(refused.code(), "joint/papers");
        assert_eq!(pair.there.count("joint_case").await, 0, "nothing refused is half written");

        pair.ask(&person, "look", json!({})).await;
        let officer = testing::actor(Role::MunicipalOfficer);
        let mut office = Client::signed_in(&pair.home.built.router, &pair.home.app, &officer).await;
        let page = office.get("/office/joint").await.text();
        let (_, rest) = page.split_once("/office/joint/outlets/").expect("the outlet is listed");
        let path = format!("/office/joint/outlets/{}", rest.split('"').next().expect("an id"));
        assert_eq!(office.post_form(&path, &[("state", "closed")]).await.status, 303);
        let closed = pair.ask(&person, "look", json!({})).await;
        assert_eq!(closed["answer"]["result"], "joint/outlet-closed");
        assert_eq!(office.post_form(&path, &[("state", "open")]).await.status, 303);
        let open = pair.ask(&person, "look", json!({})).await;
        assert_eq!(open["answer"]["result"], "joint/no-such-holder");
    }
}

/// Art. 11, 17: a lost connection delays and never loses, and nothing is done twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_line_keeps_a_case_until_it_is_answered_once() {
    for mut pair in pairs("joint_line").await {
        let person = grown_ups().nth(74).expect("somebody");
        let id = pair.home.register(&person).await;
        pair.home.give_card(&id).await;
        let cut = "UPDATE region_link SET next_at = $1";
        let until = Utc::now().plus_seconds(30);
        pair.there.app.db.housekeeping(move |tx| tx.execute(cut, &[v(until)])).await.expect("cut");
        let case = pair
            .write(json!({"region": "500000", "service": "lose-temporarily", "proof": "document",
                "number": person.number.as_str(), "name": person.name}))
            .await;
        pair.travel().await;
        let late = pair.read(&case).await;
        assert_eq!((&late["state"], &late["late"]), (&json!("sent"), &json!(false)));
        let whole = "UPDATE region_link SET next_at = 0";
        pair.there.app.db.housekeeping(|tx| tx.execute(whole, &[])).await.expect("whole");
        assert_eq!(pair.answered(&case).await["state"], "done");
        // The receipt was lost: the case comes again and is not done again.
        let forget = "UPDATE region_outbox SET result = '', receipt = ''";
        for app in [&pair.there.app, &pair.home.app] {
            app.db.housekeeping(|tx| tx.execute(forget, &[])).await.expect("forgotten");
        }
        pair.travel().await;
        assert_eq!(pair.home.count("joint_case").await, 1);
        assert_eq!(pair.read(&case).await["state"], "done");
    }
}

/// Art. 11, 15: the clerk sees what can be done, and why not.
#[tokio::test(flavor = "multi_thread")]
async fn the_counter_s_pages_lead_from_a_look_to_the_next_step() {
    let mut pair = pairs("joint_pages").await.remove(0);
    let person = grown_ups().nth(75).expect("somebody");
    let id = pair.home.register(&person).await;
    pair.home.give_card(&id).await;
    let look = pair.ask(&person, "look", json!({})).await;
    let find = "SELECT outlet_id FROM joint_case";
    let org: Id = pair.there.app.db.read(|tx| tx.one(find, &[])?.get(0)).await.expect("an outlet");
    let clerk = Actor { org: Some(org), ..testing::actor(Role::Clerk) };
    let mut desk = Client::signed_in(&pair.there.built.router, &pair.there.app, &clerk).await;
    let case = look["case"].as_str().expect("an id");
    let page = desk.get(&format!("/desk/joint/case/{case}")).await.text();
    assert!(page.contains("使用中") && !page.contains(person.number.as_str()), "{page}");
    let next = format!("/desk/joint/new?service=lose&amp;from={case}");
    assert!(page.contains(&next), "{page}");
    let form = desk.get(&next.replace("&amp;", "&")).await.text();
    assert!(form.contains(person.number.as_str()), "the number need not be typed twice");
    assert!(desk.get("/desk/joint").await.text().contains("查询卡状态"));
    // A day later it is in no form any more.
    let old = "UPDATE joint_case SET sent_at = 0";
    pair.there.app.db.housekeeping(|tx| tx.execute(old, &[])).await.expect("long ago");
    let hourly = regions::jobs().into_iter().find(|job| job.name == "regions.joint-hourly");
    (hourly.expect("a job").run)(pair.there.app.clone()).await.expect("forgotten");
    let form = desk.get(&next.replace("&amp;", "&")).await.text();
    assert!(!form.contains(person.number.as_str()), "the number is deleted");
    // Another outlet's clerk sees nothing of it.
    let stranger = testing::actor(Role::Clerk);
    let mut stranger =
        Client::signed_in(&pair.there.built.router, &pair.there.app, &stranger).await;
    assert_eq!(stranger.get(&format!("/desk/joint/case/{case}")).await.status, 404);
}

/// The clerk's own way through it in a browser: look, see the answer come, report the loss.
#[tokio::test(flavor = "multi_thread")]
async fn browser_a_clerk_serves_a_holder_of_the_other_region() {
    if !browser::wanted() {
        return;
    }
    let mut pair = pairs("joint_browser").await.remove(0);
    let person = grown_ups().nth(76).expect("somebody");
    let id = pair.home.register(&person).await;
    pair.home.give_card(&id).await;
    let clerk = outlet(&pair.there.app, JOINT, "apply,loss,replace").await;
    let client = Client::signed_in(&pair.there.built.router, &pair.there.app, &clerk).await;
    let url = regions::service::trust::own(&pair.there.app).expect("set up").endpoint;
    let browser = Browser::desktop().await;
    browser.open(&format!("{url}/status")).await;
    browser.set_cookie("lang", "zh-CN").await;
    for (name, value) in &client.cookies {
        browser.set_cookie(name, value).await;
    }
    browser.open(&format!("{url}/desk/joint")).await;
    browser.press("查询卡状态和可办业务").await;
    browser.fill("number", person.number.as_str()).await;
    browser.fill("name", &person.name).await;
    browser.press("已核对人证一致").await;
    look(&browser, "new").await;
    browser.press("提交发卡地").await;
    browser.wait_for_text("等待发卡地答复").await;
    look(&browser, "waits").await;
    pair.travel().await;
    // The page looks again by itself.
    browser.wait_for_text("使用中").await;
    look(&browser, "answer").await;
    browser.press("正式挂失").await;
    browser.press("已核对人证一致").await;
    browser.press("提交发卡地").await;
    browser.wait_for_text("等待发卡地答复").await;
    pair.travel().await;
    browser.wait_for_text("正式挂失：已办理").await;
    for path in ["/desk/joint", "/desk/joint/new?service=replace", "/desk/joint/new?service=apply"]
    {
        browser.open(&format!("{url}{path}")).await;
        look(&browser, &path.replace(['/', '?', '='], "_")).await;
    }
    office_sees_it(&pair).await;
}

async fn office_sees_it(pair: &Pair) {
    let officer = testing::actor(Role::MunicipalOfficer);
    let client = Client::signed_in(&pair.home.built.router, &pair.home.app, &officer).await;
    let url = regions::service::trust::own(&pair.home.app).expect("set up").endpoint;
    let browser = Browser::desktop().await;
    browser.open(&format!("{url}/status")).await;
    browser.set_cookie("lang", "zh-CN").await;
    for (name, value) in &client.cookies {
        browser.set_cookie(name, value).await;
    }
    browser.open(&format!("{url}/office/joint")).await;
    browser.wait_for_text("对方代我办").await;
    look(&browser, "office").await;
}

/// axe finds nothing serious, and a picture is there for who wants it.
async fn look(browser: &Browser, name: &str) {
    assert_eq!(browser.axe(AXE).await, [] as [&str; 0], "{name}");
    if let Some(folder) = pictures() {
        browser.picture(&folder.join(format!("joint-{name}.png"))).await;
    }
}

/// A batch for the counter there passes bank, factory and key centre, and is sent out to it.
async fn send_there(home: &Town) {
    use cards::production::service::{answers, batches};
    use cards::production::{files, partner, rules::LineEvent, store};
    let find = "SELECT org_id FROM joint_outlet";
    let org: Id = home.app.db.read(|tx| tx.one(find, &[])?.get(0)).await.expect("an outlet");
    let clerk = Actor { org: Some(org), ..testing::actor(Role::Clerk) };
    let scope = batches::Scope::Outlet(org);
    let batch = batches::gather(&home.app, &clerk, scope, None).await.expect("gathered").id;
    for _ in ["bank", "factory", "key centre"] {
        batches::send(&home.app, &clerk, batch).await.expect("sent");
        let keys = home.app.keys.clone();
        let out = home.app.db.read(move |tx| {
            let all = store::files::of_batch(tx, batch)?;
            let out = all.into_iter().rfind(|file| file.direction == "out");
            let id = out.expect("went out").id;
            store::files::by_id(tx, &keys, id).map(|file| file.and_then(|(_, content)| content))
        });
        let out = out.await.expect("read").expect("content");
        let sheet = files::read(&out).expect("what went out can be read");
        let back = partner::answer(&sheet, Utc::now().day(), |_| LineEvent::Good);
        let back = back.expect("answered");
        answers::take(&home.app, &clerk, back, Some(batch)).await.expect("taken");
    }
    batches::send(&home.app, &clerk, batch).await.expect("sent to the counter");
}

/// Art. 11: cards that home made and sent to the joint outlet are received there by its clerk, and only then
/// handed over.
#[tokio::test(flavor = "multi_thread")]
async fn cards_on_their_way_are_received_at_the_joint_outlet_and_then_handed_over() {
    for mut pair in pairs("joint_arrived").await {
        let person = grown_ups().nth(77).expect("somebody");
        let mut form = registration(&person);
        for name in ["number", "name"] {
            form.as_object_mut().expect("fields").remove(name);
        }
        let applied = pair.ask(&person, "apply", form).await;
        assert_eq!(applied["state"], "done", "{applied}");
        let early = pair.ask(&person, "hand-over", json!({"to": person.name})).await;
        assert_eq!(early["state"], "refused", "not made yet: {early}");
        send_there(&pair.home).await;
        let early = pair.ask(&person, "hand-over", json!({"to": person.name})).await;
        assert_eq!(early["state"], "refused", "on its way: {early}");
        for cards in [1, 0] {
            let case = pair.write(json!({"region": "500000", "service": "arrived"})).await;
            let came = pair.answered(&case).await;
            let answer = (&came["state"], &came["answer"]["cards"]);
            assert_eq!(answer, (&json!("done"), &json!(cards)), "{came}");
        }
        let handed = pair.ask(&person, "hand-over", json!({"to": person.name})).await;
        assert_eq!(handed["answer"]["result"], "ok", "{handed}");
        assert_eq!((open_cases(&pair.home.app).await, open_cases(&pair.there.app).await), (0, 0));
    }
}
