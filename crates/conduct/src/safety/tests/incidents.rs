//! From the opening to the review; the breach of personal data; what the public sees.

use kernel::actor::Role;
use kernel::testing::{Client, actor};

use super::house::{code_of, towns};
use crate::safety::incidents::plan::{self, Kind};
use crate::safety::incidents::service::{self, Doing, Opening};

fn opening(kind: &str, drill: &str) -> Opening {
    Opening {
        kind: kind.to_owned(),
        level: "2".to_owned(),
        drill: drill.to_owned(),
        title: "名单外泄".to_owned(),
        words: "一份名单被发到群里".to_owned(),
        component: "payments".to_owned(),
        impact: "partial".to_owned(),
    }
}

/// The graver, the more is to be done, and nothing is to be done later.
#[test]
fn a_graver_level_has_all_steps_of_the_lighter_ones() {
    for kind in Kind::ALL {
        for level in 2..=4 {
            let (graver, lighter) =
                (plan::steps(kind, level - 1, 72), plan::steps(kind, level, 72));
            assert!(lighter.iter().all(|step| graver.contains(step)), "{kind:?} {level}");
            assert!(!lighter.is_empty());
        }
        let steps = plan::steps(kind, 1, 72);
        assert!(steps.is_sorted_by_key(|step| step.minutes));
        let told = steps.iter().any(|step| step.kind == "breach" && step.minutes == 72 * 60);
        assert_eq!(told, kind == Kind::DataBreach, "PIPL 57");
    }
}

#[tokio::test]
async fn a_breach_is_closed_only_when_people_were_told_and_tasks_are_done() {
    for town in towns("safety_breach").await {
        let (app, officer) = (&town.app, actor(Role::MunicipalOfficer));
        let bad = Opening { level: "9".to_owned(), ..opening("data-breach", "") };
        assert_eq!(code_of(service::open(app, &officer, &bad).await), "incidents/not-in-plan");
        let id = service::open(app, &officer, &opening("data-breach", "")).await.expect("open").id;
        let act = async |act: &str, words: &str| {
            let doing = Doing {
                act: act.to_owned(),
                words: words.to_owned(),
                lessons: "改用加密传输".to_owned(),
                people: "120".to_owned(),
                owner: "数据处".to_owned(),
                days: "30".to_owned(),
                ..Doing::default()
            };
            code_of(service::act(app, &officer, id, doing).await)
        };
        assert_eq!(act("close", "").await, "incidents/not-now");
        assert_eq!(act("contain", "链接已失效").await, "ok");
        assert_eq!(act("resolve", "已全部删除").await, "ok");
        assert_eq!(act("close", "").await, "incidents/tasks-open");
        let (_, _, tasks) = service::one(app, id).await.expect("there");
        for task in &tasks {
            let task = task.id.to_string();
            let doing = Doing { act: "task".to_owned(), task, ..Doing::default() };
            service::act(app, &officer, id, doing.clone()).await.expect("done");
            assert_eq!(code_of(service::act(app, &officer, id, doing).await), "incidents/not-now");
        }
        assert_eq!(act("close", "").await, "incidents/no-review");
        assert_eq!(act("review", "误用群聊传名单").await, "ok");
        assert_eq!(act("close", "").await, "incidents/holders-not-told", "PIPL 57");
        assert_eq!(act("exempt", "名单未含敏感信息且已删除").await, "ok");
        assert_eq!(act("measure", "培训全体经办").await, "ok");
        assert_eq!(act("close", "").await, "ok", "{}", town.engine);
        assert_eq!(act("note", "迟到的话").await, "incidents/not-now");
        let (one, events, _) = service::one(app, id).await.expect("there");
        assert_eq!((one.state.as_str(), one.people), ("closed", 120));
        assert!(one.holders_told.starts_with("免予通知"));
        let noted = town.acts("incident.closed").await + town.acts("incident.opened").await;
        assert_eq!(noted, 2, "the timeline stands in the journal");
        assert!(events.len() >= tasks.len() + 6);
    }
}

/// The public sees what was published, in plain words; drills and what is not published never.
#[tokio::test]
async fn the_status_page_shows_what_was_published_and_no_drill() {
    for town in towns("safety_status").await {
        let mut public = Client::new(&town.router);
        assert!(public.get("/status").await.text().contains("各项服务运行正常"));
        let mut desk = town.browser(&actor(Role::MunicipalOfficer)).await;
        for drill in ["", "1"] {
            let mut form = vec![
                ("kind", "bank"),
                ("level", "3"),
                ("title", "某银行文件被拒"),
                ("words", "连续三批被拒"),
                ("component", "payments"),
                ("impact", "partial"),
            ];
            if !drill.is_empty() {
                form.push(("drill", drill));
            }
            let made = desk.post_form("/office/incidents", &form).await;
            assert_eq!(made.status, 303, "{}", made.text());
            let path = made.header("location").to_owned();
            let json = public.get("/api/v1/status").await.json();
            let shown = json["incidents"].as_array().map_or(9, Vec::len);
            assert_eq!(shown, usize::from(!drill.is_empty()), "nothing before it is published");
            let text =
                [("act", "publish"), ("public_zh", ""), ("public_en", "x"), ("impact", "down")];
            assert_eq!(desk.post_form(&path, &text).await.status, 422);
            let words =
                if drill.is_empty() { "部分补贴晚到一天" } else { "演练内容不外传" };
            let text = [
                ("act", "publish"),
                ("public_zh", words),
                ("public_en", "Some payments are a day late"),
                ("impact", "down"),
            ];
            assert_eq!(desk.post_form(&path, &text).await.status, 303);
            assert!(desk.get(&path).await.text().contains(words));
        }
        let page = public.get("/status").await.text();
        assert!(page.contains("部分补贴晚到一天") && !page.contains("演练内容不外传"));
        let json = public.get("/api/v1/status").await.json();
        assert_eq!(json["components"][1]["impact"], "down", "{}", town.engine);
        assert_eq!(json["components"][0]["impact"], "none");
        assert!(desk.get("/office/emergency-plan").await.text().contains("电话树"));
        assert_eq!(desk.get("/office/incidents/x").await.status, 404);
        assert_eq!(desk.post_form("/office/incidents", &[]).await.status, 422);
        let mut auditor = town.browser(&actor(Role::Auditor)).await;
        assert!(!auditor.get("/office/incidents").await.text().contains("启动应急处置"));
    }
}

/// Art. 20: the plan's deadlines are watched, and a graver level brings its tasks with it.
#[tokio::test]
async fn a_graver_level_adds_its_tasks_and_what_is_late_is_raised_once() {
    for town in towns("safety_level").await {
        let (app, officer) = (&town.app, actor(Role::MunicipalOfficer));
        let light = Opening { level: "4".to_owned(), ..opening("card-fraud", "") };
        let id = service::open(app, &officer, &light).await.expect("open").id;
        let (_, _, before) = service::one(app, id).await.expect("there");
        let rise = |level: &str| Doing {
            act: "level".to_owned(),
            level: level.to_owned(),
            words: "涉及三个区县".to_owned(),
            ..Doing::default()
        };
        for wrong in ["4", "5", ""] {
            let same = service::act(app, &officer, id, rise(wrong)).await;
            assert_eq!(code_of(same), "incidents/not-in-plan", "{wrong}");
        }
        service::act(app, &officer, id, rise("1")).await.expect("raised");
        let (one, events, tasks) = service::one(app, id).await.expect("there");
        assert_eq!(one.level, 1, "{}", town.engine);
        assert_eq!(tasks.len(), plan::steps(Kind::CardFraud, 1, 72).len());
        assert!(before.iter().all(|task| tasks.contains(task)), "what was asked stays");
        assert!(events.iter().any(|event| event.words == "IV → I：涉及三个区县"));
        let last = tasks.iter().map(|task| task.due_at).max().expect("tasks");
        assert_eq!(service::watch_at(app, one.opened_at).await.expect("a round"), 0);
        let done =
            Doing { act: "task".to_owned(), task: tasks[0].id.to_string(), ..Doing::default() };
        service::act(app, &officer, id, done).await.expect("done");
        let after = last.plus_seconds(1);
        assert_eq!(service::watch_at(app, after).await.expect("a round"), tasks.len() - 1);
        assert_eq!(service::watch_at(app, after).await.expect("a round"), 0, "{}", town.engine);
        assert_eq!(town.acts("incident.task-late").await as usize, tasks.len() - 1);
        let mut desk = town.browser(&officer).await;
        assert!(desk.get(&format!("/office/incidents/{id}")).await.text().contains("调整级别"));
    }
}
