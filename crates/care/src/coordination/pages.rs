//! Pages of the coordination mechanism: tasks, meetings, the register of duties.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State as AppState;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::divisions;
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::org::Org;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;
use time::Date;

use super::api::MEMBERS;
use super::rules::{self, Act, Kind, State};
use super::service::{self, NewTask, Whole, With};
use super::store::{self, Duty, Meeting, Task};

const READERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DepartmentOfficer,
    Role::Auditor,
];
const READER: Access = Access::Roles(READERS);
const MEMBER: Access = Access::Roles(MEMBERS);
const AUTHORITY: Access = Access::Roles(&[Role::MunicipalOfficer, Role::MunicipalApprover]);

pub(super) fn routes() -> Routes {
    Routes::new("care")
        .page(Method::GET, "/office/coordination", READER, &[9], list)
        .page(Method::GET, "/office/coordination/new", MEMBER, &[6, 9], form)
        .page(Method::POST, "/office/coordination/new", MEMBER, &[6, 9], create)
        .page(Method::GET, "/office/coordination/tasks/{id}", READER, &[9], one)
        .page(Method::POST, "/office/coordination/tasks/{id}/act", MEMBER, &[9], act)
        .page(Method::POST, "/office/coordination/tasks/{id}/opinion", MEMBER, &[6, 9], say)
        .page(Method::GET, "/office/coordination/meetings", READER, &[9], meetings)
        .page(Method::POST, "/office/coordination/meetings", AUTHORITY, &[9], enter_meeting)
        .page(Method::GET, "/office/coordination/duties", READER, &[9], duties)
        .page(Method::POST, "/office/coordination/duties", AUTHORITY, &[9], add_duty)
        .page(Method::POST, "/office/coordination/duties/{id}/end", AUTHORITY, &[9], end_duty)
        .page(Method::GET, "/duties", Access::Public, &[9], open_duties)
        .nav(READERS, "/office/coordination", Text::new("部门协调", "Coordination"), None)
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn with_status(page: Response, problem: Option<&Problem>) -> Response {
    let status = problem.map_or(200, |problem| problem.status);
    (StatusCode::from_u16(status).unwrap_or_default(), page).into_response()
}

/// Names of organisations for the templates.
struct Orgs(Vec<Org>);

impl Orgs {
    fn name(&self, p: &Page, id: &Id) -> String {
        let found = self.0.iter().find(|org| org.id == *id);
        found.map_or_else(String::new, |org| p.t(&org.name_zh, &org.name_en).to_owned())
    }
}

fn place(p: &Page, code: &str) -> String {
    match code {
        "" => p.t("全市", "Whole city").to_owned(),
        code => divisions::find(code)
            .map_or_else(|| code.to_owned(), |one| p.t(one.zh, one.en).to_owned()),
    }
}

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
struct Asked {
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

async fn list(
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
struct TaskForm {
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

async fn form(
    AppState(app): AppState<App>,
    actor: Actor,
    Query(form): Query<TaskForm>,
    p: Page,
) -> Result<Response, Problem> {
    form_with(&app, p, &actor, form, None).await
}

async fn create(
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

async fn one(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    task_page(&app, p, &actor, id_of(&id)?, None).await
}

#[derive(Deserialize)]
struct ActForm {
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

async fn act(
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
struct SayForm {
    opinion: String,
    #[serde(default)]
    words: String,
}

async fn say(
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

#[derive(Clone, Default, Deserialize)]
struct MeetingForm {
    #[serde(default)]
    title: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    present: String,
    #[serde(default)]
    minutes: String,
}

#[derive(Template)]
#[template(path = "coordination_meetings.html")]
struct MeetingsPage {
    p: Page,
    meetings: Vec<(Meeting, Vec<Task>)>,
    form: MeetingForm,
    authority: bool,
    problem: Option<Problem>,
}

async fn meetings_page(
    app: &App,
    p: Page,
    actor: &Actor,
    form: MeetingForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let meetings = app
        .db
        .read(|tx| {
            let mut all = Vec::new();
            for meeting in store::meetings(tx)? {
                let decided = store::of_meeting(tx, meeting.id)?;
                all.push((meeting, decided));
            }
            Ok::<_, Problem>(all)
        })
        .await?;
    let page = MeetingsPage { p, meetings, form, authority: rules::is_authority(actor), problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn meetings(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let form = MeetingForm { day: day_text(Utc::now().day()), ..MeetingForm::default() };
    meetings_page(&app, p, &actor, form, None).await
}

async fn enter_meeting(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<MeetingForm>,
) -> Result<Response, Problem> {
    let no_day = || Problem::field("day", Text::new("请填写日期", "The day of the meeting"));
    let result = match parse_day(form.day.trim()) {
        None => Err(no_day()),
        Some(day) => {
            let meeting = Meeting {
                id: Id(0),
                day,
                title: form.title.trim().to_owned(),
                present: form.present.trim().chars().take(500).collect(),
                minutes: form.minutes.trim().to_owned(),
                entered_name: String::new(),
            };
            service::enter_meeting(&app, &actor, meeting).await
        }
    };
    match result {
        Ok(_) => Ok(Redirect::to("/office/coordination/meetings").into_response()),
        Err(problem) => meetings_page(&app, p, &actor, form, Some(problem)).await,
    }
}

#[derive(Clone, Default, Deserialize)]
struct DutyForm {
    #[serde(default)]
    org: String,
    #[serde(default)]
    article: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    every_days: String,
}

#[derive(Template)]
#[template(path = "coordination_duties.html")]
struct DutiesPage {
    p: Page,
    duties: Vec<Duty>,
    orgs: Orgs,
    form: DutyForm,
    authority: bool,
    problem: Option<Problem>,
}

async fn duties_page(
    app: &App,
    p: Page,
    authority: bool,
    form: DutyForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (duties, orgs) =
        app.db.read(|tx| Ok::<_, Problem>((store::duties(tx)?, kernel::org::all(tx)?))).await?;
    let page = DutiesPage { p, duties, orgs: Orgs(orgs), form, authority, problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn duties(AppState(app): AppState<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    duties_page(&app, p, rules::is_authority(&actor), DutyForm::default(), None).await
}

async fn open_duties(AppState(app): AppState<App>, p: Page) -> Result<Response, Problem> {
    duties_page(&app, p, false, DutyForm::default(), None).await
}

async fn add_duty(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<DutyForm>,
) -> Result<Response, Problem> {
    let no_org = || Problem::field("org", Text::new("请选择单位", "Choose an organisation"));
    let result = match form.org.parse() {
        Err(_) => Err(no_org()),
        Ok(org) => {
            let duty = Duty {
                id: Id(0),
                org,
                article: form.article.trim().parse().unwrap_or(0),
                words: form.words.trim().to_owned(),
                field: form.field.trim().chars().take(40).collect(),
                every_days: form.every_days.trim().parse().unwrap_or(0),
                since: Utc::now().day(),
                until: None,
            };
            service::add_duty(&app, &actor, duty).await
        }
    };
    match result {
        Ok(_) => Ok(Redirect::to("/office/coordination/duties").into_response()),
        Err(problem) => duties_page(&app, p, true, form, Some(problem)).await,
    }
}

async fn end_duty(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    service::end_duty(&app, &actor, id_of(&id)?).await?;
    Ok(Redirect::to("/office/coordination/duties").into_response())
}

/// Names of the kinds that a person may enter.
fn kinds(authority: &bool) -> Vec<Kind> {
    match authority {
        true => vec![Kind::Task, Kind::Proposal],
        false => vec![Kind::Proposal],
    }
}
