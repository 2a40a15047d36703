//! Pages of tasks: the list with its sums, a new one, one with its history.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State as AppState;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::divisions;
use kernel::http::{Form, Page, Path, Query, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::org::Org;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;
use time::Date;

use super::{Orgs, id_of, place, with_status};
use crate::coordination::api::MEMBERS;
use crate::coordination::rules::{self, Act, Kind, State};
use crate::coordination::service::{self, NewTask, Whole, With};
use crate::coordination::store::{self, Meeting, Task};

/// A line of figures: name, open, late, done.
struct Line {
    name: String,
    open: i64,
    late: i64,
    done: i64,
}

fn lines(tasks: &[Task], today: Date, name: impl Fn(&Task) -> String) -> Vec<Line> {
    let mut sums: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    for task in tasks.iter().filter(|task| task.state != State::Dropped) {
        let sum = sums.entry(name(task)).or_default();
        match task.state.is_final() {
            true => sum.2 += 1,
            false => sum.0 += 1,
        }
        sum.1 += i64::from(task.late(today));
    }
    let line = |(name, (open, late, done))| Line { name, open, late, done };
    sums.into_iter().map(line).collect()
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    show: String,
}

#[derive(Template)]
#[template(path = "coordination.html")]
struct ListPage {
    p: Page,
    tasks: Vec<Task>,
    asked: Vec<Id>,
    orgs: Orgs,
    by_org: Vec<Line>,
    by_field: Vec<Line>,
    by_place: Vec<Line>,
    show: String,
    today: Date,
    totals: (usize, usize, usize),
    member: bool,
}

impl ListPage {
    fn groups(&self) -> [(&str, &Vec<Line>); 3] {
        let t = |zh, en| self.p.t(zh, en);
        [
            (t("按牵头单位", "By lead"), &self.by_org),
            (t("按领域", "By field"), &self.by_field),
            (t("按范围", "By place"), &self.by_place),
        ]
    }
}

pub(super) async fn list(
    AppState(app): AppState<App>,
    actor: Actor,
    Query(asked): Query<Asked>,
    p: Page,
) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let seen = service::overview(&app, actor.org).await?;
    let orgs = Orgs(seen.orgs);
    let totals = (
        seen.tasks.iter().filter(|task| !task.state.is_final()).count(),
        seen.tasks.iter().filter(|task| task.late(today)).count(),
        seen.tasks.iter().filter(|task| task.state == State::Done).count(),
    );
    let by_org = lines(&seen.tasks, today, |task| orgs.name(&p, &task.lead));
    let by_field = lines(&seen.tasks, today, |task| match task.field.as_str() {
        "" => p.t("其他", "Other").to_owned(),
        field => field.to_owned(),
    });
    let by_place = lines(&seen.tasks, today, |task| place(&p, &task.division));
    let own = |task: &Task| Some(task.lead) == actor.org || seen.asked.contains(&task.id);
    let wanted = |task: &Task| match asked.show.as_str() {
        "own" => own(task) && !task.state.is_final(),
        "late" => task.late(today),
        "done" => task.state.is_final(),
        _ => !task.state.is_final(),
    };
    let tasks = seen.tasks.iter().filter(|task| wanted(task)).cloned().collect();
    let member = MEMBERS.contains(&actor.role);
    let (asked, show) = (seen.asked, asked.show);
    render(&ListPage {
        p,
        tasks,
        asked,
        orgs,
        by_org,
        by_field,
        by_place,
        show,
        today,
        totals,
        member,
    })
}

#[derive(Clone, Default, Deserialize)]
pub(super) struct TaskForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    division: String,
    #[serde(default)]
    lead: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    meeting: String,
    #[serde(flatten)]
    others: BTreeMap<String, String>,
}

#[derive(Template)]
#[template(path = "coordination_new.html")]
struct FormPage {
    p: Page,
    form: TaskForm,
    orgs: Vec<Org>,
    meetings: Vec<Meeting>,
    places: Vec<(&'static str, &'static str)>,
    authority: bool,
    problem: Option<Problem>,
}

impl FormPage {
    fn fault(&self, field: &str) -> Option<&str> {
        let faults = self.problem.iter().flat_map(|problem| &problem.fields);
        faults.into_iter().find(|fault| fault.field == field).map(|fault| self.p.text(&fault.text))
    }

    fn asks(&self, org: &Org) -> bool {
        self.form.others.contains_key(&format!("ask.{}", org.id))
    }
}

async fn form_with(
    app: &App,
    p: Page,
    actor: &Actor,
    form: TaskForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (orgs, meetings) =
        app.db.read(|tx| Ok::<_, Problem>((kernel::org::all(tx)?, store::meetings(tx)?))).await?;
    const WORKS: [&str; 4] = ["hrss", "department", "finance", "bank"];
    let orgs = orgs.into_iter().filter(|org| WORKS.contains(&org.kind.as_str())).collect();
    let places = divisions::children(divisions::Region::Chongqing, Utc::now().day());
    let places = places.map(|one| (one.code, p.t(one.zh, one.en))).collect();
    let authority = rules::is_authority(actor);
    let page = FormPage { p, form, orgs, meetings, places, authority, problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

pub(super) async fn form(
    AppState(app): AppState<App>,
    actor: Actor,
    Query(form): Query<TaskForm>,
    p: Page,
) -> Result<Response, Problem> {
    form_with(&app, p, &actor, form, None).await
}

pub(super) async fn create(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<TaskForm>,
) -> Result<Response, Problem> {
    let asked = form.others.keys().filter_map(|key| key.strip_prefix("ask.")?.parse().ok());
    let new = NewTask {
        kind: form.kind.clone(),
        title: form.title.clone(),
        words: form.words.clone(),
        field: form.field.clone(),
        division: form.division.clone(),
        lead: form.lead.parse().ok(),
        due: form.due.clone(),
        meeting: form.meeting.parse().ok(),
        asked: asked.collect(),
    };
    match service::create(&app, &actor, &new).await {
        Ok(id) => Ok(Redirect::to(&format!("/office/coordination/tasks/{id}")).into_response()),
        Err(problem) if problem.status < 500 => {
            form_with(&app, p, &actor, form, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "coordination_task.html")]
struct TaskPage {
    p: Page,
    whole: Whole,
    orgs: Orgs,
    possible: Vec<Act>,
    may_say: bool,
    today: Date,
    problem: Option<Problem>,
}

impl TaskPage {
    fn act_name<'a>(&self, code: &'a str) -> std::borrow::Cow<'a, str> {
        let other = match code {
            "created" => Some(("提出", "Entered")),
            "reminded" => Some(("提醒", "Reminder")),
            "escalated" => Some(("督办", "Escalation")),
            "agrees" => Some(("同意", "Agrees")),
            "agrees-with-changes" => Some(("修改后同意", "Agrees with changes")),
            "objects" => Some(("不同意", "Objects")),
            "asked" => Some(("待答复", "Asked")),
            _ => None,
        };
        match (Act::from_code(code), other) {
            (Some(act), _) => self.p.text(&act.name()).to_owned().into(),
            (None, Some((zh, en))) => self.p.t(zh, en).to_owned().into(),
            (None, None) => code.into(),
        }
    }
}

async fn task_page(
    app: &App,
    p: Page,
    actor: &Actor,
    id: Id,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (whole, orgs) = app
        .db
        .read(move |tx| Ok::<_, Problem>((service::whole(tx, id)?, kernel::org::all(tx)?)))
        .await?;
    let today = Utc::now().day();
    let (possible, may_say) = (whole.possible(actor, today), whole.may_say(actor.org, today));
    let page = TaskPage { p, whole, orgs: Orgs(orgs), possible, may_say, today, problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

pub(super) async fn one(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    task_page(&app, p, &actor, id_of(&id)?, None).await
}

#[derive(Deserialize)]
pub(super) struct ActForm {
    act: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    percent: String,
    #[serde(default)]
    lead: String,
    #[serde(default)]
    due: String,
}

async fn answered(
    app: &App,
    p: Page,
    actor: &Actor,
    id: Id,
    result: Result<(), Problem>,
) -> Result<Response, Problem> {
    match result {
        Ok(()) => Ok(Redirect::to(&format!("/office/coordination/tasks/{id}")).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            task_page(app, p, actor, id, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

pub(super) async fn act(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<ActForm>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let unknown = || Problem::field("act", Text::new("没有这个办理动作", "No such act"));
    let act = Act::from_code(&form.act).ok_or_else(unknown)?;
    let with = With {
        words: form.words,
        percent: form.percent.trim().parse().ok(),
        lead: form.lead.parse().ok(),
        due: parse_day(form.due.trim()),
    };
    let result = service::act(&app, &actor, id, act, with).await;
    answered(&app, p, &actor, id, result).await
}

#[derive(Deserialize)]
pub(super) struct SayForm {
    opinion: String,
    #[serde(default)]
    words: String,
}

pub(super) async fn say(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<SayForm>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let result = service::say(&app, &actor, id, &form.opinion, &form.words).await;
    answered(&app, p, &actor, id, result).await
}

/// Names of the kinds that a person may enter.
fn kinds(authority: &bool) -> Vec<Kind> {
    match authority {
        true => vec![Kind::Task, Kind::Proposal],
        false => vec![Kind::Proposal],
    }
}
