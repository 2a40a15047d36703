//! The page on which an officer asks about one person, and on which colleagues confirm.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::service::{self, Outcome, Typed};
use super::store::{self, Question};
use crate::agreements::catalogue::SharedField;
use crate::agreements::rules::Agreement;
use crate::queries::service::Answer;

const OFFICERS: &[Role] = &[Role::DepartmentOfficer];
const PATH: &str = "/office/sharing/ask";

pub(super) fn routes() -> Routes {
    let to = Access::Roles(OFFICERS);
    Routes::new("sharing")
        .page(Method::GET, PATH, to, &[18, 19], look)
        .page(Method::POST, PATH, to, &[18, 19], ask)
        .page(Method::GET, "/office/sharing/ask/{id}", to, &[18, 19], again)
        .page(Method::POST, "/office/sharing/ask/{id}", to, &[19, 25], second)
        .nav(OFFICERS, PATH, Text::new("查询个人信息", "Look up a person"), None)
        .work(OFFICERS, PATH, Text::new("查询复核", "Questions to confirm"), store::count_waiting)
}

#[derive(Template)]
#[template(path = "office_sharing_ask.html")]
struct AskPage {
    p: Page,
    agreements: Vec<Agreement>,
    form: AskForm,
    answer: Option<Answer>,
    waits: bool,
    waiting: Vec<Question>,
    mine: Vec<Question>,
    reader: Id,
    problem: Option<Problem>,
}

impl AskPage {
    fn chosen(&self, one: &Agreement) -> bool {
        self.form.agreement == one.id.to_string()
    }

    fn label(&self, code: &str) -> String {
        let field = SharedField::from_code(code);
        field.map_or_else(|| code.to_owned(), |field| self.p.text(&field.label()).to_owned())
    }

    fn purpose(&self, id: &Id) -> &str {
        let one = self.agreements.iter().find(|one| one.id == *id);
        one.map_or("—", |one| one.terms.purpose.as_str())
    }

    fn fields(&self, one: &Agreement) -> String {
        let labels = one.terms.fields.iter().map(|field| self.p.text(&field.label()).to_owned());
        labels.collect::<Vec<_>>().join(self.p.t("、", ", "))
    }

    fn state(&self, one: &Question) -> &str {
        match one.state.as_str() {
            "waiting" => self.p.t("待第二人确认", "Waits for a colleague"),
            "answered" => self.p.t("已答复", "Answered"),
            "declined" => self.p.t("未获确认", "Declined"),
            _ => self.p.t("已失效", "Lapsed"),
        }
    }
}

#[derive(Clone, Default, Deserialize)]
struct AskForm {
    #[serde(default)]
    agreement: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    case_no: String,
}

/// What the page shows beside the form.
#[derive(Default)]
struct Shown {
    answer: Option<Answer>,
    waits: bool,
    problem: Option<Problem>,
}

async fn page(
    app: &App,
    p: Page,
    actor: &Actor,
    form: AskForm,
    shown: Shown,
) -> Result<Response, Problem> {
    let agreements = service::open_to(app, actor).await?;
    let (org, me) = (actor.org.ok_or_else(Problem::forbidden)?, actor.account);
    let since = Utc(Utc::now().0 - Utc::DAY);
    let lists = app.db.read(move |tx| {
        Ok::<_, Problem>((store::waiting(tx, org)?, store::mine(tx, org, me, since)?))
    });
    let (waiting, mine) = lists.await?;
    let Shown { answer, waits, problem } = shown;
    let status = problem.as_ref().map_or(200, |problem| problem.status);
    let page = AskPage { p, agreements, form, answer, waits, waiting, mine, reader: me, problem };
    let status = StatusCode::from_u16(status).unwrap_or_default();
    let mut response = (status, render(&page)?).into_response();
    // Personal data does not stay in the browser.
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

async fn look(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    page(&app, p, &actor, AskForm::default(), Shown::default()).await
}

async fn ask(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<AskForm>,
) -> Result<Response, Problem> {
    let typed = Typed {
        agreement: form.agreement.parse().ok(),
        number: form.number.clone(),
        case_no: form.case_no.clone(),
    };
    let shown = match service::ask(&app, &actor, &typed).await {
        Ok(Outcome::Answered(_, answer)) => Shown { answer: Some(*answer), ..Shown::default() },
        Ok(Outcome::Waits(_)) => Shown { waits: true, ..Shown::default() },
        Err(problem) if problem.status < 500 => {
            Shown { problem: Some(problem), ..Shown::default() }
        }
        Err(problem) => return Err(problem),
    };
    // The number is typed anew for the next person; agreement and case mostly stay.
    let form = match shown.problem {
        Some(_) => form,
        None => AskForm { number: String::new(), ..form },
    };
    page(&app, p, &actor, form, shown).await
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

async fn again(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let answer = service::again(&app, &actor, id_of(&id)?).await?;
    let shown = Shown { answer: Some(answer), ..Shown::default() };
    page(&app, p, &actor, AskForm::default(), shown).await
}

#[derive(Deserialize)]
struct Decision {
    decision: String,
}

async fn second(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    match service::second(&app, &actor, id_of(&id)?, form.decision == "yes").await {
        Ok(()) => Ok(Redirect::to(PATH).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            let shown = Shown { problem: Some(problem), ..Shown::default() };
            page(&app, p, &actor, AskForm::default(), shown).await
        }
        Err(problem) => Err(problem),
    }
}
