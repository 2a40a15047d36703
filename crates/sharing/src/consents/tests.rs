//! Consent through HTTP, on both engines: without it nothing is given.

use kernel::actor::{Actor, Role};
use kernel::http::build;
use kernel::testing::{Client, actor};

use crate::agreements::rules::Terms;
use crate::agreements::tests::{houses, terms};
use crate::queries::service as queries;
use crate::queries::tests::{ask, enter, program, reads_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_given_before_a_person_consents_nor_after_he_withdraws() {
    for house in houses("consents").await {
        let app = &house.app;
        let router = build(app.clone(), crate::routes(&[])).router;
        let agreed = Terms { by_consent: true, ..terms("alive,name_masked") };
        let program = program(app, &house.officer, agreed).await;
        let (person, other) = (enter(app, 600).await, enter(app, 601).await);
        let holder = Actor { person: Some(person.id), ..actor(Role::Holder) };
        let mut phone = Client::signed_in(&router, app, &holder).await;
        let page = phone.get("/me/consents").await.text();
        assert!(page.contains(&program.id.to_string()) && page.contains("未同意"), "{page}");
        let states = async |request: &str| {
            let question = ask(&program, request, &[&person, &other]);
            let question =
                crate::queries::rules::Ask { second_officer: "王复核".into(), ..question };
            let answer = queries::query(app, &program.actor, question).await.expect("answered");
            answer.results.into_iter().map(|line| line.state).collect::<Vec<_>>()
        };
        assert_eq!(states("consent-0001").await, ["no-data", "no-data"]);
        assert!(reads_of(app, person.id).await.is_empty(), "nothing was read");
        let agreement = program.id.to_string();
        let say = async |phone: &mut Client, said: &str| {
            phone.post_form("/me/consents", &[("agreement", &agreement), ("said", said)]).await
        };
        assert_eq!(say(&mut phone, "yes").await.status, 303);
        assert_eq!(states("consent-0002").await, ["found", "no-data"], "his own, nobody else's");
        assert_eq!(reads_of(app, person.id).await.len(), 1);
        assert_eq!(say(&mut phone, "no").await.status, 303);
        assert_eq!(states("consent-0003").await, ["no-data", "no-data"]);
        let made_up = [("agreement", "0000000000001"), ("said", "yes")];
        assert_eq!(phone.post_form("/me/consents", &made_up).await.status, 403);
    }
}
