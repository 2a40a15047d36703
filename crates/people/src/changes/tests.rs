use super::service::{self, NameChange, NumberChange};
use super::store;
use crate::testing::{code_of, houses, somebody};

#[tokio::test]
async fn an_old_number_keeps_leading_to_the_person_and_the_change_is_told() {
    for house in houses("changes_number").await {
        let (old, new) = (somebody(1, true), somebody(2, true));
        let person = house.register(old.clone()).await;
        let form = |evidence: String| NumberChange {
            number: new.number.clone(),
            document: new.document.clone(),
            reason: "new-document".to_owned(),
            from: String::new(),
            evidence,
        };
        let bare = service::change_number(&house.app, &house.clerk, person.id, form(String::new()));
        assert_eq!(code_of(bare.await), "people/evidence-missing");
        let proof = house.proof(person.id).await;
        let changed =
            service::change_number(&house.app, &house.clerk, person.id, form(proof.clone()));
        let changed = changed.await.expect("changed");
        assert_eq!(changed.birth, changed.number.birth().expect("it tells"));
        for text in [&old.number, &new.number] {
            let number = crate::number::PersonNumber::restore(text).expect("valid");
            let found = house.read(move |tx| crate::store::by_number(tx, &number)).await;
            assert_eq!(found.expect("found").id, person.id, "{}", house.engine);
        }
        let again = service::change_number(&house.app, &house.clerk, person.id, form(proof)).await;
        assert_eq!(code_of(again), "people/nothing-changes");
        let story = service::story(&house.app, &house.clerk, person.id).await.expect("told");
        let known: Vec<_> = story.1.iter().map(|n| (n.number.as_str(), n.is_current)).collect();
        assert_eq!(known, [(new.number.as_str(), true), (old.number.as_str(), false)]);
        assert!(story.1[1].until.is_some());
        let line = story.2.iter().find(|line| line.field == "number").expect("a line");
        assert_eq!((&line.old, &line.new), (&old.number, &new.number));
    }
}

#[tokio::test]
async fn a_changed_name_is_found_by_its_new_pinyin() {
    for house in houses("changes_name").await {
        let person = house.register(somebody(1, true)).await;
        let form = NameChange {
            name: "欧阳新名".to_owned(),
            reason: "renamed".to_owned(),
            from: "2020-02-02".to_owned(),
            evidence: house.proof(person.id).await,
        };
        let wrong = NameChange { reason: "because".to_owned(), ..form.clone() };
        let refused = service::change_name(&house.app, &house.clerk, person.id, wrong).await;
        assert_eq!(code_of(refused), "platform/invalid-input");
        service::change_name(&house.app, &house.clerk, person.id, form).await.expect("changed");
        let found = house.read(|tx| crate::store::search(tx, "ouyangxinming", 5)).await;
        assert_eq!(found.len(), 1, "{}", house.engine);
        let id = person.id;
        let lines = house.read(move |tx| store::history(tx, &[id])).await;
        assert_eq!(
            (lines[0].old.as_str(), lines[0].new.as_str()),
            (person.name.as_str(), "欧阳新名")
        );
        assert_eq!(house.journalled("person.name-changed").await, 1);
    }
}
