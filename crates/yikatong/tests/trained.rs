//! A terminal can require that somebody of its organisation was trained (Art. 21).

use std::collections::BTreeMap;
use std::time::Duration;

use care::training::service as training;
use care::training::store::{Course, Question};
use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::testing::{self, Client};
use kernel::time::Utc;
use serde_json::json;

use crate::town::{Town, grown_ups};

async fn course(town: &Town, writer: &Actor, reader: &Actor) -> Id {
    let course = Course {
        id: Id(0),
        title: "用卡场所服务规范".to_owned(),
        words: "清单内事项不得拒绝持卡办理。".to_owned(),
        roles: vec![Role::OutletManager],
        asked: 1,
        pass_percent: 100,
        valid_days: 365,
        state: String::new(),
        made_by: writer.account,
        version: 1,
    };
    let course = training::write(&town.app, writer, course).await.expect("written");
    let question = Question {
        id: Id(0),
        words: "能否拒绝".to_owned(),
        options: vec!["能".to_owned(), "不能".to_owned()],
        answer: 1,
        why: String::new(),
    };
    training::add_question(&town.app, writer, course, question).await.expect("a question");
    training::set_open(&town.app, reader, course, true).await.expect("opened");
    course
}

async fn passes(town: &Town, who: &Actor, course: Id) {
    let attempt = training::begin(&town.app, who, course).await.expect("begun");
    let paper = training::paper(&town.app, who, attempt).await.expect("a paper");
    let answers: BTreeMap<Id, i64> =
        paper.questions.iter().map(|one| (one.id, one.answer)).collect();
    let done = training::answer(&town.app, who, attempt, answers).await.expect("ended");
    assert!(done.certificate.is_some());
}

/// Art. 15, 21: no yes and no no from a terminal at which nobody was trained, until somebody is.
#[tokio::test]
async fn a_terminal_waits_until_somebody_of_its_organisation_holds_the_certificate() {
    for mut town in Town::on_all_engines("trained").await {
        let manager = testing::actor(Role::OutletManager);
        let mut desk = Client::program(&town.built.router, &town.app, &manager).await;
        let body = json!({"place": "测试图书馆", "items": [items::seed::LIBRARY]});
        let made = desk.post_json("/api/v1/terminals", &body).await.json();
        let mut terminal = Client::new(&town.built.router);
        terminal.bearer = made["token"].as_str().map(str::to_owned);
        let person = town.register(&grown_ups().next().expect("somebody")).await;
        town.give_card(&person).await;
        let (writer, reader) =
            (testing::actor(Role::MunicipalOfficer), testing::actor(Role::MunicipalApprover));
        let course = course(&town, &writer, &reader).await;
        let today = Some(Utc::now().day());
        training::require(&town.app, &writer, Role::Terminal, course, today)
            .await
            .expect("required");
        training::round(&town.app).await.expect("a round");
        // A session is believed for a second.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let code = town.code(&person).await;
        let asked = json!({"code": code, "item": items::seed::LIBRARY});
        let refused = terminal.post_json("/api/v1/verify", &asked).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (403, "platform/duty-first"),
            "{}",
            town.test.engine
        );
        let stranger = testing::actor(Role::OutletManager);
        passes(&town, &stranger, course).await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(
            terminal.post_json("/api/v1/verify", &asked).await.status,
            403,
            "of another place"
        );
        passes(&town, &manager, course).await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let verdict = terminal.post_json("/api/v1/verify", &asked).await;
        assert_eq!(verdict.json()["result"], "yes", "{}", verdict.text());
    }
}
