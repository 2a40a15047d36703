//! Questions on both engines: what leaves, what is on record, what is refused.

mod files;

use std::collections::BTreeSet;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, v};
use kernel::http::build;
use kernel::id::Id;
use kernel::journal;
use kernel::platform::App;
use kernel::testing::{Client, actor, id};
use kernel::time::Utc;
use people::rules::Person;
use proptest::prelude::*;
use serde_json::json;
use time::Duration;

use super::rules::{self, Ask, Brakes, Seen, Signal, Who, check, signals};
use super::service;
use crate::agreements::catalogue::SharedField;
use crate::agreements::rules::{Agreement, Refused, State, Terms};
use crate::agreements::service as agreements;
use crate::agreements::tests::{agreement_id, department, houses, publish, terms};

/// The person at a place of the generated population, entered in the register.
pub(crate) async fn enter(app: &App, index: u32) -> Person {
    let made = people::generate::person(77, index).expect("within the population");
    let person = Person {
        id: id(),
        number: made.number,
        document: made.document,
        name: made.name,
        sex: made.sex,
        birth: made.birth,
        nation: String::new(),
        phone: made.phone,
        address: made.address,
        household: made.household.map(|d| d.code.to_owned()).unwrap_or_default(),
        ground: made.ground,
        ground_until: None,
        deceased_on: None,
        version: 1,
    };
    let entered = person.clone();
    let done = app.db.housekeeping(move |tx| people::store::insert(tx, &entered, Utc::now()));
    done.await.expect("a new person");
    person
}

/// An agreement with its program.
pub(crate) struct Program {
    pub id: Id,
    pub version: Id,
    pub actor: Actor,
}

pub(crate) async fn program(app: &App, officer: &Actor, terms: Terms) -> Program {
    let version = publish(app, officer, terms).await;
    agreements::credential(app, officer, version).await.expect("issued");
    let agreement = agreement_id(app, officer, version).await;
    let account = app.db.read(move |tx| crate::agreements::store::program(tx, agreement)).await;
    let account = account.expect("read").expect("a program");
    let actor = Actor { account, name: "共享程序".to_owned(), ..officer.clone() };
    Program { id: agreement, version, actor }
}

/// A weekday at ten in the morning, so that no brake acts by the clock.
fn working_hour() -> Utc {
    let mut day = Utc::now().day();
    while day.weekday().number_days_from_monday() >= 5 {
        day = day.saturating_add(Duration::DAY);
    }
    Utc::start_of(day).plus_seconds(10 * 3_600)
}

pub(crate) fn ask(program: &Program, request: &str, people: &[&Person]) -> Ask {
    let who = |(at, person): (usize, &&Person)| Who {
        reference: format!("line-{at}"),
        number: person.number.as_str().to_owned(),
        card_number: String::new(),
    };
    Ask {
        request_id: request.to_owned(),
        agreement: program.id,
        purpose: "PENSION-CHECK".to_owned(),
        case_no: "案2026-17".to_owned(),
        officer: "李经办".to_owned(),
        second_officer: String::new(),
        fields: Vec::new(),
        persons: people.iter().enumerate().map(who).collect(),
    }
}

async fn query(app: &App, program: &Program, ask: Ask) -> Result<service::Answer, &'static str> {
    let answer = service::query_at(app, &program.actor, ask, working_hour()).await;
    answer.map_err(|problem| problem.code)
}

pub(crate) async fn reads_of(app: &App, person: Id) -> Vec<journal::Stored> {
    let about = app.db.read(move |tx| journal::about(tx, person, Id(i64::MAX), 50)).await;
    about.expect("read").into_iter().filter(|entry| entry.act == "share.read").collect()
}

#[tokio::test]
async fn only_agreed_fields_leave_and_the_holder_sees_who_why_and_which() {
    for house in houses("query").await {
        let app = &house.app;
        let person = enter(app, 1).await;
        let program = program(app, &house.officer, terms("name_masked,alive,card_state")).await;
        let question = ask(&program, "request-1", &[&person]);
        let answer = query(app, &program, question.clone()).await.expect("answered");
        let line = &answer.results[0];
        let given: Vec<&str> = line.fields.keys().map(String::as_str).collect();
        assert_eq!(given, ["alive", "card_state", "name_masked"]);
        assert_eq!(
            (line.fields["alive"].as_str(), line.fields["card_state"].as_str()),
            ("yes", "none")
        );
        let text = serde_json::to_string(&answer).expect("JSON");
        assert!(!text.contains(person.number.as_str()) && !text.contains(&person.phone));
        let read = reads_of(app, person.id).await;
        assert_eq!(read.len(), 1, "{}", read.len());
        assert_eq!(read[0].org_id, house.officer.org);
        assert_eq!(read[0].fields, "name_masked,alive,card_state");
        assert!(read[0].purpose.contains("某部门") && read[0].purpose.contains("案2026-17"));
        assert!(read[0].detail.contains("李经办"));
        let again = query(app, &program, question.clone()).await.expect("the same answer");
        assert_eq!(again, answer);
        assert_eq!(reads_of(app, person.id).await.len(), 1, "one question, one entry");
        let other = Ask { case_no: "另一案".to_owned(), ..question };
        assert_eq!(query(app, &program, other).await, Err("sharing/request-reused"));
    }
}

#[tokio::test]
async fn what_the_agreement_does_not_say_is_refused_and_on_record() {
    for house in houses("refused").await {
        let app = &house.app;
        let person = enter(app, 2).await;
        let program = program(app, &house.officer, Terms { per_day: 2, ..terms("alive") }).await;
        let question = |request: &str| ask(&program, request, &[&person]);
        let bent = |change: fn(&mut Ask)| {
            let mut bent = question("request-x");
            change(&mut bent);
            bent
        };
        let cases = [
            (bent(|a| a.purpose = "OTHER".to_owned()), "sharing/other-purpose"),
            (bent(|a| a.fields = vec!["name".to_owned()]), "sharing/other-field"),
            (bent(|a| a.case_no = " ".to_owned()), "sharing/no-case"),
            (bent(|a| a.officer.clear()), "sharing/no-case"),
            (bent(|a| a.second_officer = "李 经办".to_owned()), "sharing/same-officer"),
            (bent(|a| a.persons.clear()), "sharing/persons"),
            (bent(|a| a.persons[0].card_number = "1".to_owned()), "sharing/persons"),
            (bent(|a| a.request_id = "short".to_owned()), "sharing/request-id"),
            (bent(|a| a.agreement = Id(7)), "sharing/not-your-agreement"),
        ];
        for (asked, code) in cases {
            assert_eq!(query(app, &program, asked).await, Err(code));
        }
        let stranger = Program { actor: department(app).await, ..program };
        assert_eq!(
            query(app, &stranger, question("request-s")).await,
            Err("sharing/not-your-agreement")
        );
        assert!(reads_of(app, person.id).await.is_empty());
        let newest = app.db.read(|tx| journal::newest(tx, Id(i64::MAX), 50)).await.expect("read");
        let refused = newest.iter().filter(|entry| entry.act == "share.refused");
        assert_eq!(refused.count(), 10, "each refusal is on record");
    }
}

#[tokio::test]
async fn volume_is_spent_once_and_revoking_counts_from_the_next_question_on() {
    for house in houses("volume").await {
        let app = &house.app;
        let (one, two) = (enter(app, 3).await, enter(app, 4).await);
        let program = program(app, &house.officer, Terms { per_day: 3, ..terms("alive") }).await;
        query(app, &program, ask(&program, "request-1", &[&one, &two])).await.expect("two");
        let over = query(app, &program, ask(&program, "request-2", &[&one, &two])).await;
        assert_eq!(over, Err("sharing/volume-spent"));
        assert_eq!(reads_of(app, one.id).await.len(), 1, "what was refused was not read");
        query(app, &program, ask(&program, "request-3", &[&one])).await.expect("the third");
        let chief = actor(Role::MunicipalApprover);
        agreements::revoke(app, &chief, program.version, "停止").await.expect("revoked");
        let after = query(app, &program, ask(&program, "request-1", &[&one, &two])).await;
        assert_eq!(after, Err("sharing/not-your-agreement"), "not even what was answered before");
    }
}

#[tokio::test]
async fn nothing_is_answered_when_the_journal_cannot_be_written() {
    for house in houses("nojournal").await {
        let app = &house.app;
        let person = enter(app, 5).await;
        let program = program(app, &house.officer, terms("alive")).await;
        let broken = app.db.housekeeping(|tx| {
            tx.execute("ALTER TABLE journal_pending RENAME TO journal_pending_away", &[])?;
            Ok::<_, DbError>(())
        });
        broken.await.expect("the journal is broken");
        let answer = query(app, &program, ask(&program, "request-1", &[&person])).await;
        assert_eq!(answer, Err("platform/internal"));
        let repair = app.db.housekeeping(|tx| {
            tx.execute("ALTER TABLE journal_pending_away RENAME TO journal_pending", &[])?;
            Ok::<_, DbError>(())
        });
        repair.await.expect("repaired");
        let count = |tx: &mut kernel::db::Tx<'_>| {
            tx.one("SELECT COUNT(*) FROM share_request", &[])?.get::<i64>(0)
        };
        assert_eq!(app.db.read::<i64, DbError>(count).await.expect("read"), 0);
        assert!(reads_of(app, person.id).await.is_empty());
        assert!(query(app, &program, ask(&program, "request-1", &[&person])).await.is_ok());
    }
}

/// Each value of an answer but those of agreed fields.
fn identifiers(answer: &service::Answer) -> BTreeSet<String> {
    let lines = answer.results.iter();
    lines.filter_map(|line| line.pseudonym.clone()).collect()
}

#[tokio::test]
async fn the_answers_of_two_departments_cannot_be_joined() {
    for house in houses("join").await {
        let app = &house.app;
        let mut people = Vec::new();
        for index in 20..40 {
            people.push(enter(app, index).await);
        }
        let everybody: Vec<&Person> = people.iter().collect();
        let other = department(app).await;
        let here = program(app, &house.officer, terms("alive")).await;
        let there = program(app, &other, terms("alive")).await;
        let mine = query(app, &here, ask(&here, "request-1", &everybody)).await.expect("mine");
        let theirs =
            query(app, &there, ask(&there, "request-1", &everybody)).await.expect("theirs");
        assert_eq!(identifiers(&mine).len(), 20, "one organisation tells its people apart");
        assert!(identifiers(&mine).is_disjoint(&identifiers(&theirs)));
        let again = query(app, &here, ask(&here, "request-2", &everybody)).await.expect("again");
        assert_eq!(identifiers(&mine), identifiers(&again), "and knows them again");
    }
}

#[tokio::test]
async fn an_unknown_person_is_answered_without_a_word_why() {
    for house in houses("unknown").await {
        let app = &house.app;
        let known = enter(app, 41).await;
        let missing = people::generate::person(77, 42).expect("somebody who is not entered");
        let program = program(app, &house.officer, terms("alive")).await;
        let mut question = ask(&program, "request-1", &[&known, &known]);
        question.persons[1].number = missing.number.as_str().to_owned();
        let answer = query(app, &program, question).await.expect("answered");
        let states: Vec<&str> = answer.results.iter().map(|line| line.state.as_str()).collect();
        assert_eq!(states, ["found", "no-data"]);
        assert!(answer.results[1].pseudonym.is_none() && answer.results[1].fields.is_empty());
    }
}

#[tokio::test]
async fn the_brake_asks_for_a_second_officer_and_a_canary_alarms_in_silence() {
    for house in houses("brake").await {
        let app = &house.app;
        let (guarded, canary) = (enter(app, 50).await, enter(app, 51).await);
        let router = build(app.clone(), super::routes()).router;
        let chief = actor(Role::MunicipalApprover);
        let mut desk = Client::signed_in(&router, app, &chief).await;
        for (person, kind) in [(&guarded, "marked"), (&canary, "canary")] {
            let form = [("number", person.number.as_str()), ("kind", kind), ("reason", "测试")];
            assert_eq!(desk.post_form("/office/sharing/marked", &form).await.status, 303);
        }
        let program = program(app, &house.officer, terms("alive")).await;
        let stopped = query(app, &program, ask(&program, "request-1", &[&guarded])).await;
        assert_eq!(stopped, Err("sharing/second-officer"));
        let mut agreed = ask(&program, "request-2", &[&guarded]);
        agreed.second_officer = "王复核".to_owned();
        query(app, &program, agreed).await.expect("two officers");
        query(app, &program, ask(&program, "request-3", &[&canary])).await.expect("as anybody");
        let alerts = app.db.read(super::store::alerts).await.expect("read");
        let told: Vec<(&str, bool)> =
            alerts.iter().rev().map(|alert| (alert.kind.as_str(), alert.answered)).collect();
        assert_eq!(told, [("marked", false), ("marked", true), ("canary", true)]);
        assert!(desk.get("/office/sharing/alerts").await.text().contains("读取诱饵记录"));
        let id = alerts[0].id.to_string();
        let seen = [("id", id.as_str()), ("comment", "已联系该部门")];
        assert_eq!(desk.post_form("/office/sharing/alerts", &seen).await.status, 303);
        assert!(desk.get("/office/sharing/alerts").await.text().contains("已联系该部门"));
        let drift = desk.get("/office/sharing/drift").await.text();
        assert!(drift.contains("案2026-17") && drift.contains("李经办"));
    }
}

#[test]
fn each_signal_has_its_own_cause() {
    let brakes = Brakes { rate: 100, novelty: 50, off_hours: 10 };
    let (day, night) = (working_hour(), working_hour().plus_seconds(12 * 3_600));
    let quiet = Seen { persons: 10, last_hour: 90, novel: 50, ..Seen::default() };
    assert_eq!(signals(quiet, brakes, day), []);
    assert_eq!(signals(Seen { last_hour: 91, ..quiet }, brakes, day), [Signal::Rate]);
    assert_eq!(signals(Seen { novel: 51, ..quiet }, brakes, day), [Signal::Novelty]);
    assert_eq!(
        signals(Seen { persons: 11, last_hour: 0, ..quiet }, brakes, night),
        [Signal::OffHours]
    );
    assert_eq!(signals(Seen { marked: 1, ..quiet }, brakes, day), [Signal::Marked]);
    assert_eq!(signals(Seen { canaries: 1, ..quiet }, brakes, day), [Signal::Canary]);
}

fn an_agreement(fields: Vec<SharedField>) -> Agreement {
    Agreement {
        version_id: Id(1),
        id: Id(2),
        number: 1,
        org: Id(3),
        terms: Terms { fields, ..terms("") },
        state: State::Published,
        asked_by: Id(4),
        assessed_by: Some(Id(5)),
        first_by: Some(Id(6)),
        second_by: Some(Id(7)),
        review_on: None,
        version: 1,
    }
}

proptest! {
    /// Whatever is agreed and asked for, what is answered was agreed.
    #[test]
    fn no_field_leaves_outside_an_agreement(
        agreed in proptest::sample::subsequence(SharedField::ALL.to_vec(), 1..16),
        wanted in proptest::sample::subsequence(SharedField::ALL.to_vec(), 0..16),
        rubbish in proptest::option::of("[a-z_]{1,12}"),
    ) {
        let agreement = an_agreement(agreed.clone());
        let mut codes: Vec<String> = wanted.iter().map(|f| f.code().to_owned()).collect();
        codes.extend(rubbish.clone());
        let question = Ask {
            request_id: "request-1".to_owned(),
            agreement: agreement.id,
            purpose: agreement.terms.purpose_code.clone(),
            case_no: "1".to_owned(),
            officer: "a".to_owned(),
            second_officer: String::new(),
            fields: codes.clone(),
            persons: vec![Who { number: "1".to_owned(), ..Who::default() }],
        };
        let outside = |code: &String| {
            SharedField::from_code(code).is_none_or(|field| !agreed.contains(&field))
        };
        match check(&question, &agreement) {
            Ok(fields) => {
                prop_assert!(fields.iter().all(|field| agreed.contains(field)));
                prop_assert!(!codes.iter().any(outside));
            }
            Err(refused) => {
                prop_assert_eq!(refused, Refused::OtherField);
                prop_assert!(codes.iter().any(outside));
            }
        }
    }
}

#[tokio::test]
async fn random_agreements_give_exactly_their_fields_and_the_matrix_says_the_same() {
    for house in houses("matrix").await {
        let app = &house.app;
        let person = enter(app, 60).await;
        let sets =
            ["alive", "name,number", "birth_date,sex,phone", "entitlement,financial,over_60"];
        let router = build(app.clone(), super::routes()).router;
        for fields in sets {
            let program = program(app, &house.officer, terms(fields)).await;
            let answer = query(app, &program, ask(&program, "request-1", &[&person])).await;
            let answer = answer.expect("answered");
            let given: BTreeSet<&str> =
                answer.results[0].fields.keys().map(String::as_str).collect();
            assert_eq!(given, fields.split(',').collect::<BTreeSet<_>>());
            let open = Client::new(&router).get("/api/v1/sharing/matrix").await.json();
            let lines = open.as_array().expect("a list").clone();
            let line = lines.iter().find(|line| line["agreement"] == json!(program.id.to_string()));
            let listed: BTreeSet<&str> = line.expect("in the matrix")["fields"]
                .as_array()
                .expect("codes")
                .iter()
                .filter_map(|code| code.as_str())
                .collect();
            assert_eq!(listed, given);
        }
    }
}

#[tokio::test]
async fn a_program_asks_with_its_credential_and_a_clerk_may_not() {
    for house in houses("api").await {
        let app = &house.app;
        let person = enter(app, 70).await;
        let version = publish(app, &house.officer, terms("alive")).await;
        let token = agreements::credential(app, &house.officer, version).await.expect("issued");
        let agreement = agreement_id(app, &house.officer, version).await;
        app.db
            .housekeeping(|tx| {
                let sql = "INSERT INTO setting (name, from_at, value) VALUES ($1, 0, 1000)";
                tx.execute(sql, &[v("sharing.brake-off-hours")]).map(drop)
            })
            .await
            .expect("no brake by the clock");
        let router = build(app.clone(), super::routes()).router;
        let body = json!({
            "request_id": "request-1", "agreement": agreement.to_string(),
            "purpose": "PENSION-CHECK", "case_no": "1", "officer": "a",
            "persons": [{ "ref": "x", "number": person.number.as_str() }],
        });
        let mut program = Client::new(&router);
        program.bearer = Some(token);
        let answer = program.post_json("/api/v1/sharing/query", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["results"][0]["fields"], json!({ "alive": "yes" }));
        let mut clerk = Client::program(&router, app, &actor(Role::Clerk)).await;
        assert_eq!(clerk.post_json("/api/v1/sharing/query", &body).await.status, 403);
        let mut human = Client::program(&router, app, &house.officer).await;
        let refused = human.post_json("/api/v1/sharing/query", &body).await;
        assert_eq!(refused.code(), "sharing/not-your-agreement");
        assert_eq!(refused.json()["article"], answer_article());
    }
}

fn answer_article() -> serde_json::Value {
    let problem = kernel::problem::Problem::from(Refused::NotYourAgreement);
    problem.to_json(kernel::law::Lang::Zh)["article"].clone()
}

#[test]
fn a_pseudonym_needs_the_key_and_differs_by_organisation() {
    let keys = |seed: u8| {
        let store = seal::keystore::SoftKeys::parse("").expect("no keys yet");
        store.add("share-pseudonym", &[seed; 32]);
        kernel::keys::Keys::new(store)
    };
    let of = |seed: u8, org: i64| rules::pseudonym(&keys(seed), Id(org), Id(9)).expect("made");
    assert_eq!(of(1, 1), of(1, 1));
    assert_ne!(of(1, 1), of(1, 2));
    assert_ne!(of(1, 1), of(2, 1));
}
