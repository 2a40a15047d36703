use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases, platform};
use kernel::time::{Utc, day_text};
use proptest::prelude::*;
use serde_json::json;
use time::Duration;
use time::macros::date;

use super::rules::{self, Act, Hand, Kind, Nudge, Refused, Standing, State, TRANSITIONS};
use super::service::{self, NewTask, With};
use super::store::{self, Duty, Meeting};

fn code<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

#[test]
fn each_act_has_one_row_and_no_final_state_is_left() {
    for act in Act::ALL {
        assert_eq!(TRANSITIONS.iter().filter(|row| row.0 == act).count(), 1, "{act:?}");
        assert_eq!(Act::from_code(act.code()), Some(act));
    }
    for (act, from, _, _) in TRANSITIONS {
        assert!(!from.iter().any(|state| state.is_final()), "{act:?} leaves an ended task");
    }
    for state in State::ALL.into_iter().filter(|state| !state.is_final()) {
        assert!(TRANSITIONS.iter().any(|row| row.1.contains(&state)), "{state:?} has a way out");
    }
}

fn an_act() -> impl Strategy<Value = (Act, usize)> {
    (prop::sample::select(Act::ALL.to_vec()), 0..4usize)
}

proptest! {
    /// Nobody confirms his own report, and only the lead's and the authority's hands move a task.
    #[test]
    fn whatever_is_tried_a_task_is_done_only_by_two_hands(acts in prop::collection::vec(an_act(), 1..60)) {
        let lead = Id(7);
        let people = [
            Actor { org: Some(lead), ..actor(Role::DepartmentOfficer) },
            // An authority that leads a task itself.
            Actor { org: Some(lead), ..actor(Role::MunicipalOfficer) },
            actor(Role::MunicipalApprover),
            actor(Role::DepartmentOfficer),
        ];
        let mut standing =
            Standing { state: State::Consulting, lead, reported_by: None, open_opinions: 0 };
        for (act, who) in acts {
            let who = &people[who];
            let Ok(next) = rules::follow(&standing, act, who, "x") else { continue };
            prop_assert!(who.org == Some(lead) || rules::is_authority(who));
            match act {
                Act::Report => standing.reported_by = Some(who.account),
                Act::Confirm => prop_assert_ne!(standing.reported_by, Some(who.account)),
                _ => {}
            }
            standing.state = next;
        }
        prop_assert!(standing.state != State::Done || standing.reported_by.is_some());
    }

    /// A duty's day is after today and one period away at most, however long it has run.
    #[test]
    fn a_periodic_duty_is_due_once_in_each_period(every in 1i64..800, passed in 0i64..4_000) {
        let since = date!(2026 - 01 - 01);
        let today = since + Duration::days(passed);
        let due = rules::next_due(since, every, today).expect("periodic");
        prop_assert!(due > today && (due - today).whole_days() <= every);
        prop_assert_eq!((due - since).whole_days() % every, 0);
    }
}

#[test]
fn a_reminder_comes_before_the_day_and_the_escalation_after_it_each_once() {
    let due = date!(2026 - 12 - 10);
    let on = |day, reminded, escalated| rules::nudge(due, day, 7, reminded, escalated);
    assert_eq!(on(date!(2026 - 12 - 02), false, false), None);
    assert_eq!(on(date!(2026 - 12 - 03), false, false), Some(Nudge::Remind));
    assert_eq!(on(date!(2026 - 12 - 10), true, false), None);
    assert_eq!(on(date!(2026 - 12 - 11), true, false), Some(Nudge::Escalate));
    assert_eq!(on(date!(2026 - 12 - 20), true, true), None);
    assert!(TRANSITIONS.iter().any(|row| row.3 == Hand::Lead));
}

struct House {
    app: App,
    transport: Actor,
    culture: Actor,
    officer: Actor,
    approver: Actor,
    test: TestDb,
}

async fn houses(name: &str) -> Vec<House> {
    let mut made = Vec::new();
    for test in databases(name) {
        let app = platform(&test, &[kernel::MIGRATIONS, super::MIGRATIONS]).await;
        let (transport, culture) = (actor(Role::DepartmentOfficer), actor(Role::DepartmentOfficer));
        for (one, name) in [(&transport, "市交通局"), (&culture, "市文化旅游委")] {
            let org = kernel::org::Org {
                id: one.org.expect("an officer has an organisation"),
                credit_code: None,
                name_zh: name.to_owned(),
                name_en: name.to_owned(),
                kind: "department".to_owned(),
                division: "500000".to_owned(),
                parent: None,
            };
            app.db
                .housekeeping(move |tx| kernel::org::add(tx, &org, Utc::now()))
                .await
                .expect("a department");
        }
        let (officer, approver) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        made.push(House { app, transport, culture, officer, approver, test });
    }
    made
}

fn in_days(days: i64) -> String {
    day_text(Utc::now().day() + Duration::days(days))
}

fn a_task(lead: &Actor) -> NewTask {
    NewTask {
        kind: "task".to_owned(),
        title: "公交线路全部受理社保卡".to_owned(),
        words: "年底前完成全市公交终端改造。".to_owned(),
        field: "交通出行".to_owned(),
        lead: lead.org,
        due: in_days(5),
        ..NewTask::default()
    }
}

fn why(words: &str) -> With {
    With { words: words.to_owned(), ..With::default() }
}

/// Art. 9: given by the authority, carried by the lead, confirmed by somebody else, all on record.
#[tokio::test]
async fn a_task_is_given_accepted_reported_and_confirmed_by_another_hand() {
    for house in houses("care_task").await {
        let (app, lead) = (&house.app, &house.transport);
        let refused = service::create(app, &house.culture, &a_task(lead)).await;
        assert_eq!(code(refused), "coordination/other-hand", "{}", house.test.engine);
        let past = NewTask { due: in_days(-1), ..a_task(lead) };
        assert_eq!(
            code(service::create(app, &house.officer, &past).await),
            "platform/invalid-input"
        );
        let id = service::create(app, &house.officer, &a_task(lead)).await.expect("given");
        let step = |who: &Actor, act, with| {
            let (app, who) = (app.clone(), who.clone());
            async move { code(service::act(&app, &who, id, act, with).await) }
        };
        assert_eq!(step(&house.culture, Act::Accept, why("")).await, "coordination/other-hand");
        assert_eq!(step(lead, Act::Report, why("x")).await, "coordination/not-now");
        assert_eq!(step(lead, Act::Accept, why("")).await, "ok");
        let half = With { percent: Some(50), ..why("完成一半线路") };
        assert_eq!(step(lead, Act::Progress, half).await, "ok");
        let much = With { percent: Some(101), ..why("x") };
        assert_eq!(step(lead, Act::Progress, much).await, "platform/invalid-input");
        assert_eq!(step(lead, Act::Report, why(" ")).await, "coordination/words-missing");
        assert_eq!(step(lead, Act::Report, why("全部完成")).await, "ok");
        assert_eq!(step(&house.approver, Act::Return, why("缺验收报告")).await, "ok");
        assert_eq!(step(lead, Act::Report, why("已补报告")).await, "ok");
        assert_eq!(step(&house.approver, Act::Confirm, why("")).await, "ok");
        let whole = app.db.read(move |tx| service::whole(tx, id)).await.expect("read");
        assert_eq!((whole.task.state, whole.task.percent), (State::Done, 100));
        let acts: Vec<&str> = whole.steps.iter().map(|step| step.act.as_str()).collect();
        assert_eq!(
            acts,
            ["created", "accept", "progress", "report", "return", "report", "confirm"]
        );
        assert_eq!(step(lead, Act::Progress, why("x")).await, "coordination/not-now");
    }
}

/// Art. 6: a department proposes its field; those it touches are asked and have their time.
#[tokio::test]
async fn a_proposal_waits_for_the_departments_that_were_asked() {
    for house in houses("care_proposal").await {
        let app = &house.app;
        let new = NewTask {
            kind: "proposal".to_owned(),
            title: "文旅一卡通".to_owned(),
            words: "将景区年票并入社保卡。".to_owned(),
            due: in_days(60),
            asked: house.transport.org.into_iter().collect(),
            ..NewTask::default()
        };
        let id = service::create(app, &house.culture, &new).await.expect("proposed");
        let adopt = || service::act(app, &house.approver, id, Act::Adopt, why("同意立项"));
        assert_eq!(code(adopt().await), "coordination/opinions-open", "{}", house.test.engine);
        let said = service::say(app, &house.culture, id, "agrees", "").await;
        assert_eq!(code(said), "coordination/not-asked");
        let bare = service::say(app, &house.transport, id, "objects", "").await;
        assert_eq!(code(bare), "coordination/words-missing");
        service::say(app, &house.transport, id, "agrees-with-changes", "与公交码合并")
            .await
            .expect("said");
        let twice = service::say(app, &house.transport, id, "agrees", "").await;
        assert_eq!(code(twice), "coordination/opinion-closed");
        adopt().await.expect("adopted");
        let whole = app.db.read(move |tx| service::whole(tx, id)).await.expect("read");
        assert_eq!((whole.task.state, whole.task.kind), (State::Given, Kind::Proposal));
        assert_eq!(whole.opinions[0].words, "与公交码合并");
    }
}

/// Duties make their tasks by themselves, once a period; what is near or late is said once.
#[tokio::test]
async fn duties_make_tasks_and_late_tasks_are_told_once() {
    for house in houses("care_duties").await {
        let app = &house.app;
        let duty = Duty {
            id: Id(0),
            org: house.transport.org.expect("an organisation"),
            article: 9,
            words: "每季度报告公交用卡情况".to_owned(),
            field: "交通出行".to_owned(),
            every_days: 90,
            since: Utc::now().day(),
            until: None,
        };
        let bad = Duty { article: 29, ..duty.clone() };
        assert_eq!(
            code(service::add_duty(app, &house.officer, bad).await),
            "platform/invalid-input"
        );
        let id = service::add_duty(app, &house.officer, duty).await.expect("added");
        for _ in 0..2 {
            service::round_on(app, Utc::now()).await.expect("a round");
        }
        let tasks = app.db.read(store::tasks).await.expect("read");
        assert_eq!(tasks.len(), 1, "{}: one for the period", house.test.engine);
        assert_eq!((tasks[0].kind, tasks[0].duty), (Kind::Duty, Some(id)));
        let task = tasks[0].id;
        let later = Utc::now().plus_seconds(85 * 86_400);
        for _ in 0..2 {
            service::round_on(app, later).await.expect("a round");
        }
        let much_later = Utc::now().plus_seconds(95 * 86_400);
        for _ in 0..2 {
            service::round_on(app, much_later).await.expect("a round");
        }
        let whole = app.db.read(move |tx| service::whole(tx, task)).await.expect("read");
        let acts: Vec<&str> = whole.steps.iter().map(|step| step.act.as_str()).collect();
        assert_eq!(acts, ["created", "reminded", "escalated"]);
        service::end_duty(app, &house.officer, id).await.expect("ended");
        assert_eq!(code(service::end_duty(app, &house.officer, id).await), "platform/not-found");
    }
}

#[tokio::test]
async fn pages_and_api_serve_the_mechanism_and_a_meeting_leads_to_a_task() {
    for house in houses("care_pages").await {
        let router = kernel::http::build(
            house.app.clone(),
            kernel::http::kernel_routes().merge(super::routes()),
        )
        .router;
        let mut office = Client::signed_in(&router, &house.app, &house.officer).await;
        let today = in_days(0);
        let fields = [
            ("title", "一卡通联席会议"),
            ("day", &today),
            ("present", "交通、文旅"),
            ("minutes", "会议决定推进公交受理。"),
        ];
        assert_eq!(office.post_form("/office/coordination/meetings", &fields).await.status, 303);
        let shown = office.get("/office/coordination/meetings").await;
        assert!(shown.text().contains("会议决定推进公交受理"), "{}", house.test.engine);
        let meeting = house.app.db.read(store::meetings).await.expect("read");
        let [Meeting { id: meeting, .. }] = meeting[..] else { panic!("one meeting") };
        let (meeting, lead) = (meeting.to_string(), house.transport.org.expect("one").to_string());
        let due = in_days(30);
        let fields = [
            ("kind", "task"),
            ("title", "公交受理"),
            ("words", "全部线路"),
            ("lead", &lead),
            ("due", &due),
            ("meeting", &meeting),
        ];
        let made = office.post_form("/office/coordination/new", &fields).await;
        assert_eq!(made.status, 303, "{}", made.text());
        let path = made.header("location").to_owned();
        let bad = office.post_form("/office/coordination/new", &[("kind", "task")]).await;
        assert_eq!(bad.status, 422);
        assert!(bad.text().contains("请选择牵头单位"));
        let mut lead = Client::signed_in(&router, &house.app, &house.transport).await;
        assert!(lead.get(&path).await.text().contains("签收"));
        let done = lead.post_form(&format!("{path}/act"), &[("act", "accept")]).await;
        assert_eq!(done.status, 303);
        let wrong =
            lead.post_form(&format!("{path}/act"), &[("act", "drop"), ("words", "x")]).await;
        assert_eq!(wrong.status, 403);
        assert!(lead.get("/office/coordination?show=own").await.text().contains("公交受理"));
        let mut program = Client::program(&router, &house.app, &house.transport).await;
        let tasks = program.get("/api/v1/coordination/tasks").await.json();
        let id = tasks[0]["id"].as_str().expect("an id").to_owned();
        assert_eq!(tasks[0]["state"], "accepted");
        let path = format!("/api/v1/coordination/tasks/{id}");
        let step = json!({"act": "report", "words": "已完成"});
        assert_eq!(program.post_json(&format!("{path}/steps"), &step).await.status, 204);
        let whole = program.get(&path).await.json();
        assert_eq!((&whole["task"]["state"], &whole["possible"]), (&json!("reported"), &json!([])));
        let refused = program.post_json(&format!("{path}/steps"), &step).await;
        assert_eq!(
            (refused.code().as_str(), &refused.json()["article"]),
            ("coordination/not-now", &json!(9))
        );
    }
}

#[test]
fn each_refusal_has_its_article_and_its_advice() {
    use kernel::law::Refusal as _;
    for refused in Refused::ALL {
        assert!(refused.article().is_some() && !refused.advice().zh.is_empty(), "{refused:?}");
    }
}
