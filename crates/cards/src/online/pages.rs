//! The public form and its way, and the clerk's list.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::divisions::{self, Division};
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::outbox::{self, FileSms};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::document::DocumentKind;
use people::rules::Ground;
use people::service::Registration;
use serde::Deserialize;

use super::service::{self, Opened, Status};
use crate::production::service::progress::{ProgressStep, StepState};

const CLERKS: &[Role] = &[Role::Clerk, Role::OutletManager];

pub(super) fn routes() -> Routes {
    let (get, post) = (Method::GET, Method::POST);
    let desk = Access::Roles(CLERKS);
    Routes::new("cards")
        .page(get.clone(), "/apply", Access::Public, &[5, 12], form)
        .page(post.clone(), "/apply", Access::Public, &[5, 12], send)
        .page(get.clone(), "/apply/{reference}", Access::Public, &[12], status)
        .page(post.clone(), "/apply/{reference}", Access::Public, &[12], confirm)
        .page(get, "/desk/applications", desk, &[5, 12], list)
        .page(post, "/desk/applications", desk, &[5, 12], decide)
        .nav(CLERKS, "/desk/applications", Text::new("网上申请", "From phones"), None)
        .work(
            CLERKS,
            "/desk/applications",
            Text::new("网上申请", "From phones"),
            |tx, actor, _| super::store::count_waiting(tx, actor.org.unwrap_or_default()),
        )
}

#[derive(Template)]
#[template(path = "apply.html")]
struct ApplyPage {
    p: Page,
    form: Registration,
    outlet: String,
    outlets: Vec<(Id, Text)>,
    documents: Vec<DocumentKind>,
    grounds: Vec<Ground>,
    divisions: Vec<&'static Division>,
    problem: Option<Problem>,
}

impl ApplyPage {
    fn error(&self, field: &str) -> String {
        let faults = self.problem.iter().flat_map(|problem| &problem.fields);
        let mine = faults.filter(|fault| fault.field == field);
        let mine: Vec<&str> = mine.map(|fault| self.p.text(&fault.text)).collect();
        mine.join(self.p.t("；", "; "))
    }
}

async fn show(
    app: &App,
    p: Page,
    form: Registration,
    outlet: String,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let status = problem.as_ref().map_or(200, |problem| problem.status);
    let page = render(&ApplyPage {
        p,
        form,
        outlet,
        outlets: crate::service::relatives::outlets(app).await?,
        documents: DocumentKind::ALL.to_vec(),
        grounds: Ground::ALL.to_vec(),
        divisions: divisions::in_force_on(Utc::now().day()).collect(),
        problem,
    })?;
    Ok((StatusCode::from_u16(status).unwrap_or_default(), page).into_response())
}

#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    outlet: String,
    #[serde(default)]
    reference: String,
}

async fn form(
    State(app): State<App>,
    p: Page,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Problem> {
    let typed: String =
        chosen.reference.trim().chars().filter(char::is_ascii_alphanumeric).collect();
    if !typed.is_empty() {
        return Ok(Redirect::to(&format!("/apply/{typed}")).into_response());
    }
    let form = Registration {
        document: DocumentKind::ALL[0].code().to_owned(),
        ground: Ground::Household.code().to_owned(),
        ..Registration::default()
    };
    show(&app, p, form, chosen.outlet, None).await
}

#[derive(Deserialize)]
struct Sent {
    outlet: String,
    #[serde(flatten)]
    form: Registration,
}

async fn send(
    State(app): State<App>,
    p: Page,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let done = match sent.outlet.parse() {
        Ok(outlet) => service::send(&app, &sent.form, outlet).await,
        Err(_) => {
            let text = Text::new("请选择领卡网点", "Choose where to collect it");
            Err(Problem::field("outlet", text))
        }
    };
    match done {
        Ok(reference) => {
            // The demonstration has no phone: its message is shown on the page that follows.
            let phone = if app.config.demo { sent.form.phone.as_str() } else { "" };
            let next = format!("/apply/{reference}?phone={phone}");
            Ok(Redirect::to(next.trim_end_matches("?phone=")).into_response())
        }
        Err(problem) if problem.status < 500 => {
            show(&app, p, sent.form, sent.outlet, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "apply_status.html")]
struct StatusPage {
    p: Page,
    reference: String,
    status: Status,
    outlet: Option<Text>,
    sms: Option<String>,
    problem: Option<Problem>,
}

fn is_now(step: &ProgressStep) -> bool {
    step.state == StepState::Now
}

#[derive(Deserialize)]
struct Phone {
    #[serde(default)]
    phone: String,
}

async fn show_status(
    app: &App,
    p: Page,
    reference: String,
    phone: &str,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let status = service::status(app, &reference).await?;
    let outlets = crate::service::relatives::outlets(app).await?;
    let outlet = outlets.into_iter().find(|(id, _)| *id == status.outlet).map(|(_, name)| name);
    let shown = app.config.demo && status.state == "unconfirmed" && !phone.is_empty();
    let shown = shown && outbox::handed_over(app).await?;
    let sms = shown
        .then(|| FileSms(app.config.data.join("sms.jsonl")).last_to(phone, "申领验证码"))
        .flatten();
    let sms = sms.map(|sms| sms.text);
    let code = problem.as_ref().map_or(200, |problem| problem.status);
    let page = render(&StatusPage { p, reference, status, outlet, sms, problem })?;
    Ok((StatusCode::from_u16(code).unwrap_or_default(), page).into_response())
}

async fn status(
    State(app): State<App>,
    p: Page,
    Path(reference): Path<String>,
    Query(at): Query<Phone>,
) -> Result<Response, Problem> {
    if app.config.demo {
        // The message is on its way for a moment.
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    }
    show_status(&app, p, reference, &at.phone, None).await
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

async fn confirm(
    State(app): State<App>,
    p: Page,
    Path(reference): Path<String>,
    Form(typed): Form<Code>,
) -> Result<Response, Problem> {
    match service::confirm(&app, &reference, &typed.code).await {
        Ok(()) => Ok(Redirect::to(&format!("/apply/{reference}")).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            show_status(&app, p, reference, "", Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "desk_applications.html")]
struct ListPage {
    p: Page,
    waiting: Vec<Opened>,
    problem: Option<Problem>,
}

impl ListPage {
    fn document(&self, opened: &Opened) -> &str {
        let kind = DocumentKind::from_code(&opened.form.document);
        kind.map_or("", |kind| self.p.t(kind.zh(), kind.en()))
    }

    fn ground(&self, opened: &Opened) -> String {
        let ground = Ground::from_code(&opened.form.ground);
        ground.map(|ground| self.p.text(&ground.name()).to_owned()).unwrap_or_default()
    }
}

async fn show_list(
    app: &App,
    clerk: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let waiting = service::waiting(app, clerk).await?;
    let code = problem.as_ref().map_or(200, |problem| problem.status);
    let page = render(&ListPage { p, waiting, problem })?;
    Ok((StatusCode::from_u16(code).unwrap_or_default(), page).into_response())
}

async fn list(State(app): State<App>, clerk: Actor, p: Page) -> Result<Response, Problem> {
    show_list(&app, &clerk, p, None).await
}

#[derive(Deserialize)]
struct Decision {
    id: String,
    decision: String,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    reason: String,
}

async fn decide(
    State(app): State<App>,
    clerk: Actor,
    p: Page,
    Form(asked): Form<Decision>,
) -> Result<Response, Problem> {
    let id: Id = asked.id.parse().map_err(|_| Problem::not_found())?;
    let done = match asked.decision.as_str() {
        "accept" if asked.seen != "1" => {
            let text = Text::new("请先核对本人和证件原件", "See the person and the document first");
            Err(Problem::field("seen", text))
        }
        "accept" => service::accept(&app, &clerk, id).await.map(Some),
        "refuse" => service::refuse(&app, &clerk, id, &asked.reason).await.map(|()| None),
        _ => Err(Problem::not_found()),
    };
    match done {
        Ok(Some(person)) => {
            Ok(Redirect::to(&format!("/desk/people/{}", person.id)).into_response())
        }
        Ok(None) => Ok(Redirect::to("/desk/applications").into_response()),
        Err(problem) if problem.status < 500 => show_list(&app, &clerk, p, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}
