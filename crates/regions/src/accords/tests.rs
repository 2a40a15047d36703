//! Two installations that agree, on both engines (Art. 18, 23).

use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, actor};
use kernel::time::{Utc, day_text};
use people::generate::GeneratedPerson;
use people::service::Registration;

use super::Refused;
use super::data::{self, Asked};
use super::rules::{Stand, in_force};
use super::service::{self, Draft};
use super::store;
use crate::service::deliver;
use crate::tests::{House, pairs};

fn today() -> String {
    day_text(Utc::now().day())
}

fn district_draft() -> Draft {
    Draft {
        kind: "district".to_owned(),
        region: "510000".to_owned(),
        title_zh: "潼南遂宁公交同城".to_owned(),
        title_en: "One bus card for Tongnan and Suining".to_owned(),
        their_division: "510900".to_owned(),
        items: "CY-TR-001".to_owned(),
        text: "两地公交刷社保卡同价".to_owned(),
        from: today(),
        ..Draft::default()
    }
}

fn of(role: Role, division: &str) -> Actor {
    Actor { division: division.to_owned(), ..actor(role) }
}

async fn travel(one: &House, two: &House) {
    for house in [one, two] {
        deliver::round(&house.app).await.expect("delivered");
    }
}

async fn stands(app: &App, id: &str) -> (Stand, Stand, bool) {
    let id = id.to_owned();
    let read = move |tx: &mut Tx<'_>| Ok::<_, Problem>(store::one(tx, &id)?);
    let kept = app.db.read(read).await.expect("read").expect("is known");
    (kept.ours.stand, kept.theirs.stand, kept.in_force(Utc::now()))
}

async fn refused<T: std::fmt::Debug>(
    done: impl Future<Output = Result<T, Problem>>,
) -> &'static str {
    done.await.expect_err("refused").code
}

/// Art. 23 para 3: two districts agree, each decides for itself, and the authorities above take note.
#[tokio::test(flavor = "multi_thread")]
async fn districts_of_both_sides_pair_each_by_its_own_two_people_and_file_it_upward() {
    for (one, two) in pairs("accords_district").await {
        let (officer, approver) =
            (of(Role::DistrictOfficer, "500152"), of(Role::DistrictApprover, "500152"));
        let (theirs, their_approver) =
            (of(Role::DistrictOfficer, "510900"), of(Role::DistrictApprover, "510900"));
        let id = service::propose(&one.app, &officer, &district_draft()).await.expect("proposed");
        travel(&one, &two).await;
        assert_eq!(stands(&two.app, &id).await, (Stand::Open, Stand::Open, false));

        // Nobody else's to decide, and nobody decides what he laid before himself.
        let stranger = of(Role::DistrictApprover, "500103");
        let decide = |app, who, words| service::decide(app, who, &id, true, words);
        assert_eq!(refused(decide(&one.app, &stranger, "渝字1号")).await, "accords/not-yours");
        let twice = Actor { account: officer.account, ..approver.clone() };
        assert_eq!(refused(decide(&one.app, &twice, "渝字1号")).await, "approval/own-work");
        decide(&one.app, &approver, "潼南府〔2026〕1号").await.expect("decided");
        travel(&one, &two).await;
        assert_eq!(stands(&two.app, &id).await, (Stand::Open, Stand::Decided, false));
        assert_eq!(refused(decide(&two.app, &their_approver, "遂府1号")).await, "accords/not-open");
        service::lay(&two.app, &theirs, &id).await.expect("laid");
        assert_eq!(refused(service::lay(&two.app, &theirs, &id)).await, "accords/not-open");
        let city = actor(Role::MunicipalOfficer);
        assert_eq!(refused(service::file(&two.app, &city, &id)).await, "accords/not-open");
        decide(&two.app, &their_approver, "遂府〔2026〕2号").await.expect("decided");
        travel(&one, &two).await;
        for house in [&one, &two] {
            assert_eq!(stands(&house.app, &id).await, (Stand::Decided, Stand::Decided, true));
            let mut stranger = Client::new(&house.router);
            let page = stranger.get("/cooperation").await.text();
            assert!(
                page.contains("潼南遂宁公交同城") && page.contains("遂府〔2026〕2号"),
                "{page}"
            );
            let list = stranger.get("/api/v1/cooperation").await.json();
            assert_eq!(list[0]["parties"][1]["division"], "510900");
            service::file(&house.app, &city, &id).await.expect("filed");
            assert_eq!(refused(service::file(&house.app, &city, &id)).await, "accords/not-open");
        }

        // One side ends it: it is over on both.
        service::end(&two.app, &their_approver, &id, "线路调整").await.expect("ended");
        travel(&one, &two).await;
        for house in [&one, &two] {
            assert!(!stands(&house.app, &id).await.2);
            let page = Client::new(&house.router).get("/cooperation").await.text();
            assert!(!page.contains("潼南遂宁公交同城"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_is_told_and_a_draft_that_reaches_too_far_is_not_proposed() {
    let (one, two) = pairs("accords_no").await.remove(0);
    let officer = of(Role::DistrictOfficer, "500152");
    let propose = |draft: Draft| {
        let (app, officer) = (one.app.clone(), officer.clone());
        async move { service::propose(&app, &officer, &draft).await }
    };
    for bent in [
        Draft { their_division: "500103".to_owned(), ..district_draft() },
        Draft { items: String::new(), ..district_draft() },
        Draft { from: "soon".to_owned(), ..district_draft() },
        Draft { until: "2020-01-01".to_owned(), ..district_draft() },
        Draft { their_division: "510000".to_owned(), ..district_draft() },
    ] {
        assert_eq!(refused(propose(bent.clone())).await, "accords/not-plain", "{bent:?}");
    }
    let other = Draft { our_division: "500103".to_owned(), ..district_draft() };
    assert_eq!(refused(propose(other)).await, "accords/not-yours");
    let id = propose(district_draft()).await.expect("proposed");
    travel(&one, &two).await;
    let (theirs, approver) =
        (of(Role::DistrictOfficer, "510900"), of(Role::DistrictApprover, "510900"));
    service::lay(&two.app, &theirs, &id).await.expect("laid");
    let silent = service::decide(&two.app, &approver, &id, false, " ").await;
    assert_eq!(silent.expect_err("says why").fields[0].field, "words");
    service::decide(&two.app, &approver, &id, false, "票价未定").await.expect("refused");
    travel(&two, &one).await;
    assert_eq!(stands(&one.app, &id).await, (Stand::Open, Stand::Refused, false));
    let mut office = Client::signed_in(&one.router, &one.app, &officer).await;
    let page = office.get("/office/cooperation").await.text();
    assert!(page.contains("票价未定") && page.contains("不同意"), "{page}");
    assert!(office.get("/office/cooperation/new").await.text().contains("对方区划代码"));
}

fn data_draft() -> Draft {
    Draft {
        kind: "data".to_owned(),
        region: "510000".to_owned(),
        title_zh: "养老待遇资格核对".to_owned(),
        title_en: "Entitlement to pensions".to_owned(),
        our_name: "重庆市人社局".to_owned(),
        their_name: "四川省人社厅".to_owned(),
        text: "核对待遇领取人是否在世".to_owned(),
        basis: "条例第十八条".to_owned(),
        from: today(),
        until: "2099-12-31".to_owned(),
        holder: "510000".to_owned(),
        purpose: "养老待遇资格核对".to_owned(),
        fields: "name_masked,alive".to_owned(),
        per_day: "2".to_owned(),
        ..Draft::default()
    }
}

async fn register(app: &App, person: &GeneratedPerson) {
    let form = Registration {
        number: person.number.as_str().to_owned(),
        document: person.document.code().to_owned(),
        name: person.name.clone(),
        phone: person.phone.clone(),
        address: person.address.clone(),
        household: "510100".to_owned(),
        ground: "residence".to_owned(),
        ground_until: "2030-12-31".to_owned(),
        ..Registration::default()
    };
    let (id, fresh, now) = (app.id(), people::service::fresh_ids(app), Utc::now());
    let entry = Entry::new(app.id(), now, &actor(Role::Clerk), "person.registered", "Art. 12");
    let write = move |tx: &mut Tx<'_>| {
        let read = people::service::read_registration(&form, id, now.day())?;
        people::service::register_in(tx, &read, &entry, &fresh).map(drop)
    };
    app.db.write::<(), Problem>(write).await.expect("registered");
}

async fn acts(app: &App, act: &str) -> Vec<journal::Stored> {
    let before = kernel::id::Id(i64::MAX);
    let all = app.db.read(move |tx| journal::newest(tx, before, 200)).await.expect("read");
    all.into_iter().filter(|entry| entry.act == act).collect()
}

/// Art. 18: what is agreed on both sides is answered, on record in both, and nothing else is.
#[tokio::test(flavor = "multi_thread")]
async fn data_is_shared_under_an_agreement_of_both_sides_and_each_question_is_in_both_journals() {
    for (one, two) in pairs("accords_data").await {
        let fits = |person: &GeneratedPerson| {
            person.document == people::document::DocumentKind::ResidentCard
                && (1960..2000).contains(&person.birth.year())
        };
        let person = (0..).filter_map(|n| people::generate::person(4, n)).find(fits).expect("one");
        register(&two.app, &person).await;
        let (officer, approver) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let id = service::propose(&one.app, &officer, &data_draft()).await.expect("proposed");
        let asked = Asked { number: person.number.as_str().to_owned(), case: "CQ-1".to_owned() };
        let ask = |app: &App| {
            let (app, who, id, asked) = (app.clone(), officer.clone(), id.clone(), asked.clone());
            async move { data::ask(&app, &who, &id, &asked).await }
        };
        assert_eq!(refused(ask(&one.app)).await, "accords/not-in-force");
        travel(&one, &two).await;
        service::decide(&one.app, &approver, &id, true, "渝1号").await.expect("decided");
        // The other side has not heard yet, and has not decided.
        travel(&one, &two).await;
        service::lay(&two.app, &officer, &id).await.expect("laid");
        service::decide(&two.app, &approver, &id, true, "川1号").await.expect("decided");
        travel(&one, &two).await;

        let found = ask(&one.app).await.expect("answered");
        assert!(found.known);
        assert_eq!(found.fields.keys().collect::<Vec<_>>(), ["alive", "name_masked"]);
        assert_eq!(found.fields["alive"], "yes");
        let (here, there) =
            (acts(&one.app, "accord.asked").await, acts(&two.app, "accord.read").await);
        assert_eq!((here.len(), there.len()), (1, 1));
        assert!(there[0].subject_id.is_some(), "the person sees it at home");
        assert!(
            here[0].subject_id.is_none() && !format!("{here:?}").contains(person.number.as_str())
        );
        assert_eq!(refused(ask(&two.app)).await, "accords/wrong-side");

        // Nobody is a plain no; the third question of the day is one too many, on both sides.
        let nobody = Asked { number: "11010119900307803X".to_owned(), ..asked.clone() };
        let found = data::ask(&one.app, &officer, &id, &nobody).await.expect("answered");
        assert_eq!(found, data::Found::default());
        assert_eq!(refused(ask(&one.app)).await, "accords/too-often");
        let forget = "UPDATE accord_asked SET asked = 0 WHERE way = 'out'";
        one.app.db.housekeeping(|tx| tx.execute(forget, &[])).await.expect("forgotten");
        assert_eq!(refused(ask(&one.app)).await, "accords/too-often", "the other side counts too");

        // An end there counts there at once, though here it has not been heard.
        let forget = "UPDATE accord_asked SET asked = 0";
        for house in [&one, &two] {
            house.app.db.housekeeping(|tx| tx.execute(forget, &[])).await.expect("forgotten");
        }
        service::end(&two.app, &approver, &id, "制度调整").await.expect("ended");
        assert_eq!(refused(ask(&one.app)).await, "accords/not-in-force");
        let no = acts(&two.app, "accord.refused").await;
        assert_eq!(no[0].result, "accords/not-in-force");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_a_stranger_and_one_that_is_shown_again_are_alarmed() {
    let (one, two) = pairs("accords_door").await.remove(0);
    let mut stranger = Client::new(&two.router);
    let text = r#"{"from":"990000"}"#.to_owned();
    let signed = crate::service::sign_now(&one.app, data::QUESTION, text).expect("signed");
    let body = serde_json::to_value(&signed).expect("plain data");
    let reply = stranger.post_json("/regions/v1/data", &body).await;
    assert_eq!(reply.code(), "regions/unlisted");
    let question = serde_json::json!({"id": "0a".repeat(16), "from": "500000", "to": "510000",
        "at": Utc::now().seconds(), "accord": "0b".repeat(16), "case": "1", "officer": "甲",
        "journal": "", "sealed": ""});
    let signed = crate::service::sign_now(&one.app, data::QUESTION, question.to_string());
    let body = serde_json::to_value(signed.expect("signed")).expect("plain data");
    let first = stranger.post_json("/regions/v1/data", &body).await;
    assert_eq!(first.status, 200, "{}", first.text());
    assert!(first.text().contains("accords/not-in-force"), "there is no such agreement");
    assert_eq!(stranger.post_json("/regions/v1/data", &body).await.code(), "regions/reused");
    let alarms = two.app.db.read(crate::store::alarms).await.expect("alarms");
    let codes: Vec<&str> = alarms.iter().map(|alarm| alarm.code.as_str()).collect();
    assert!(codes.contains(&"regions/reused") && codes.contains(&"regions/unlisted"), "{codes:?}");
}

#[test]
fn an_agreement_counts_from_its_first_to_its_last_day_and_only_when_both_agree() {
    let all = [Stand::Open, Stand::Decided, Stand::Refused, Stand::Ended];
    let text = r#"{"id":"","kind":"data","title":{"zh":"","en":""},"parties":[
        {"region":"","division":"","name":""},{"region":"","division":"","name":""}],"items":[],
        "outlet":"","text":"","basis":"","from":"2027-01-02","until":"2027-01-03","holder":"",
        "purpose":"","fields":[],"per_day":1}"#;
    let accord = serde_json::from_str(text).expect("an agreement");
    let day = |text: &str| kernel::time::parse_day(text).expect("a day");
    for ours in all {
        for theirs in all {
            let both = ours == Stand::Decided && theirs == Stand::Decided;
            for (when, within) in [
                ("2027-01-01", false),
                ("2027-01-02", true),
                ("2027-01-03", true),
                ("2027-01-04", false),
            ] {
                assert_eq!(in_force(&accord, ours, theirs, day(when)), both && within);
            }
        }
        // What is refused or ended stays so.
        for end in [Stand::Refused, Stand::Ended] {
            assert_eq!(end.leads_to(ours), end == ours);
        }
    }
    for refused in Refused::ALL {
        use kernel::law::Refusal as _;
        assert_eq!(Refused::from_code(refused.code()), Some(refused));
    }
}
