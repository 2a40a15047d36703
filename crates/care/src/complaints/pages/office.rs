//! The work of those who distribute and handle matters.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Actor, Role};
use kernel::approval::Approval;
use kernel::divisions::{self, Division, Region};
use kernel::http::{Form, Page, Path, Query, render};
use kernel::id::Id;
use kernel::org::Org;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;

use super::{about, act as act_name, badge, channel, field, kind, outcome, state, with_problem};
use crate::complaints::api::optional;
use crate::complaints::knowledge::{self, Answer};
use crate::complaints::rules::{Act, FIELDS, Matter, OUTCOMES, Refused, State, Step, Word};
use crate::complaints::service::{self, Seen, calendars, place};

#[derive(Template)]
#[template(path = "office_complaints.html")]
struct ListPage {
    p: Page,
    now: State,
    matters: Vec<Matter>,
}

impl ListPage {
    fn states(&self) -> [State; 6] {
        State::ALL
    }

    fn late(&self, matter: &Matter) -> bool {
        matches!(matter.state, State::Received | State::Assigned) && matter.due < Utc::now().day()
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    state: String,
}

pub(super) async fn list(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let now = State::of(&asked.state).unwrap_or(State::Assigned);
    let matters = service::work(&app, &actor, now).await?;
    render(&ListPage { p, now, matters })
}

#[derive(Template)]
#[template(path = "office_complaint.html")]
struct OnePage {
    p: Page,
    seen: Seen,
    orgs: Vec<Org>,
    outcomes: &'static [Word],
    /// Published answers that may fit.
    answers: Vec<Answer>,
    /// Who could be named to handle it.
    nameable: Vec<(Id, String)>,
    /// The reader has pages about persons.
    desk: bool,
    /// The reader may make a case of it.
    authority: bool,
    problem: Option<Problem>,
    form: ActForm,
}

impl OnePage {
    fn can(&self, act: &str) -> bool {
        self.seen.acts.iter().any(|can| can.code() == act)
    }

    /// The page of what it is about, where there is one for everybody who may read this.
    fn about_link(&self) -> Option<String> {
        let (kind, id) = &self.seen.matter.about;
        match kind.as_str() {
            "item" => Some(format!("/items/{id}")),
            "freeze" if !self.desk => Some(format!("/office/freezes/{id}")),
            _ => None,
        }
    }
}

/// The form as typed.
#[derive(Clone, Default, Deserialize)]
pub(super) struct ActForm {
    #[serde(default)]
    act: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    org: String,
    #[serde(default)]
    into: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    outcome: String,
}

impl ActForm {
    fn step(&self) -> Result<Step, Problem> {
        let act = Act::of(&self.act).ok_or(Refused::State)?;
        Ok(Step {
            org: optional(&self.org)?,
            into: optional(&self.into)?,
            account: optional(&self.account)?,
            outcome: self.outcome.clone(),
            ..Step::new(act, self.note.clone())
        })
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    id: &str,
    form: ActForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Refused::Unknown)?;
    let seen = service::look(app, actor, id).await?;
    let orgs = service::orgs(app).await?;
    let mut answers = match seen.matter.body.is_empty() {
        true => Vec::new(),
        false => knowledge::search(app, &seen.matter.body).await?,
    };
    answers.truncate(3);
    let names = seen.matter.sensitive && seen.acts.contains(&Act::Name);
    let nameable = match names {
        true => service::nameable(app, actor, &seen.matter).await?,
        false => Vec::new(),
    };
    let status = problem.as_ref().map(|problem| problem.status);
    let (outcomes, desk) = (OUTCOMES, matches!(actor.role, Role::Clerk | Role::OutletManager));
    let authority = matches!(
        actor.role,
        Role::DistrictOfficer
            | Role::DistrictApprover
            | Role::MunicipalOfficer
            | Role::MunicipalApprover
    );
    let page =
        OnePage { p, seen, orgs, outcomes, answers, nameable, desk, authority, problem, form };
    with_problem(render(&page), status)
}

pub(super) async fn one(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show(&app, &actor, p, &id, ActForm::default(), None).await
}

pub(super) async fn act(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<ActForm>,
) -> Result<Response, Problem> {
    let known = id.parse().map_err(|_| Refused::Unknown)?;
    let step = form.step()?;
    match service::act(&app, &actor, known, step).await {
        // After a transfer the matter may be out of sight.
        Ok(_) => Ok(Redirect::to("/office/complaints").into_response()),
        Err(problem) => show(&app, &actor, p, &id, form, Some(problem)).await,
    }
}

#[derive(Template)]
#[template(path = "complaints_rules.html")]
struct RulesPage {
    p: Page,
    version: i64,
    days: String,
    waiting: Vec<(Approval, String)>,
    own: Id,
    orgs: Vec<Org>,
    fields: &'static [Word],
    places: Vec<&'static Division>,
    /// Field, place and organisation of each route, in words.
    routes: Vec<[String; 3]>,
    /// The last day that the calendar lists, when the next months are missing.
    ends: Option<String>,
    problem: Option<Problem>,
}

/// Days ahead that the calendar should list.
const AHEAD: i64 = 60;

async fn show_rules(
    app: &App,
    actor: &Actor,
    p: Page,
    typed: Option<String>,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (version, calendar, waiting) = calendars::state(app).await?;
    let today = Utc::now().day();
    let places = divisions::children(Region::Chongqing, today).collect();
    let orgs = service::orgs(app).await?;
    let all = || p.t("全部", "All").to_owned();
    let route = |(code, division, org): (String, String, Id)| {
        let org = orgs.iter().find(|one| one.id == org);
        [
            if code.is_empty() { all() } else { field(&p, &code) },
            if division.is_empty() { all() } else { place(&division, &p.lang) },
            org.map_or_else(String::new, |org| p.t(&org.name_zh, &org.name_en).to_owned()),
        ]
    };
    let routes = app.db.read(crate::complaints::store::routes).await.map_err(Problem::from)?;
    let routes = routes.into_iter().map(route).collect();
    let soon = today.saturating_add(time::Duration::days(AHEAD));
    let ends = calendar.last().filter(|last| *last < soon).map(day_text);
    let status = problem.as_ref().map(|problem| problem.status);
    let page = RulesPage {
        p,
        version,
        days: typed.unwrap_or_else(|| calendar.text()),
        waiting,
        own: actor.account,
        orgs,
        fields: FIELDS,
        places,
        routes,
        ends,
        problem,
    };
    with_problem(render(&page), status)
}

pub(super) async fn rules(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    show_rules(&app, &actor, p, None, None).await
}

#[derive(Deserialize)]
pub(super) struct SetForm {
    what: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    division: String,
    #[serde(default)]
    org: String,
}

pub(super) async fn set(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<SetForm>,
) -> Result<Response, Problem> {
    let done = match form.what.as_str() {
        "propose" => calendars::propose(&app, &actor, form.days.clone()).await.map(drop),
        "yes" | "no" => {
            let id = optional(&form.id)?.ok_or_else(Problem::not_found)?;
            calendars::decide(&app, &actor, id, form.what == "yes").await
        }
        "route" => {
            let org = optional(&form.org)?.ok_or(Refused::Org)?;
            service::set_route(&app, &actor, form.field.clone(), form.division.clone(), org).await
        }
        _ => Err(Refused::State.into()),
    };
    let typed = (done.is_err() && form.what == "propose").then_some(form.days);
    show_rules(&app, &actor, p, typed, done.err()).await
}
