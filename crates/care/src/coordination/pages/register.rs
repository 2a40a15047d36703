//! Pages of meetings and of the register of duties.

use askama::Template;
use axum::extract::State as AppState;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;

use super::{Orgs, id_of, with_status};
use crate::coordination::rules;
use crate::coordination::service;
use crate::coordination::store::{self, Duty, Meeting, Task};

#[derive(Clone, Default, Deserialize)]
pub(super) struct MeetingForm {
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

pub(super) async fn meetings(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let form = MeetingForm { day: day_text(Utc::now().day()), ..MeetingForm::default() };
    meetings_page(&app, p, &actor, form, None).await
}

pub(super) async fn enter_meeting(
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
pub(super) struct DutyForm {
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

pub(super) async fn duties(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    duties_page(&app, p, rules::is_authority(&actor), DutyForm::default(), None).await
}

pub(super) async fn open_duties(
    AppState(app): AppState<App>,
    p: Page,
) -> Result<Response, Problem> {
    duties_page(&app, p, false, DutyForm::default(), None).await
}

pub(super) async fn add_duty(
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

pub(super) async fn end_duty(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    service::end_duty(&app, &actor, id_of(&id)?).await?;
    Ok(Redirect::to("/office/coordination/duties").into_response())
}
