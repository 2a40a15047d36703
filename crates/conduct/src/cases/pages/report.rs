//! Anybody reports a violation, and follows it with number and code.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kernel::actor::Actor;
use kernel::divisions::Division;
use kernel::http::{Form, Page, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;

use super::{districts, fault, with_status};
use crate::cases::rules::CLAUSES;
use crate::cases::service::{self, More, Status, Telling, Told};

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    p: Page,
    form: Telling,
    more: More,
    districts: Vec<&'static Division>,
    problem: Option<Problem>,
    told: Option<Told>,
    status: Option<Status>,
}

impl ReportPage {
    fn fault(&self, field: &str) -> Option<&str> {
        fault(&self.p, &self.problem, field)
    }
}

fn page(p: Page) -> ReportPage {
    let (form, more, districts) = (Telling::default(), More::default(), districts());
    ReportPage { p, form, more, districts, problem: None, told: None, status: None }
}

pub(super) async fn form(p: Page) -> Result<Response, Problem> {
    render(&page(p))
}

pub(super) async fn tell(
    State(app): State<App>,
    actor: Result<Actor, Problem>,
    p: Page,
    Form(form): Form<Telling>,
) -> Result<Response, Problem> {
    match service::report(&app, actor.ok().as_ref(), &form).await {
        Ok(told) => render(&ReportPage { told: Some(told), ..page(p) }),
        Err(problem) if problem.status == 422 => {
            with_status(render(&ReportPage { form, problem: Some(problem), ..page(p) }), Some(422))
        }
        Err(problem) => Err(problem),
    }
}

pub(super) async fn status(
    State(app): State<App>,
    p: Page,
    Form(more): Form<More>,
) -> Result<Response, Problem> {
    match service::status(&app, &more.number, &more.code).await {
        Ok(status) => render(&ReportPage { more, status: Some(status), ..page(p) }),
        Err(problem) if problem.status == 404 => wrong(p, more),
        Err(problem) => Err(problem),
    }
}

fn wrong(p: Page, more: More) -> Result<Response, Problem> {
    let more = More { code: String::new(), ..more };
    let text = Text::new("编号或查询码不对", "Number or code is wrong");
    let problem = Some(Problem::field("number", text));
    with_status(render(&ReportPage { more, problem, ..page(p) }), Some(404))
}

pub(super) async fn more(
    State(app): State<App>,
    p: Page,
    Form(more): Form<More>,
) -> Result<Response, Problem> {
    match service::more(&app, &more).await {
        Ok(()) => {
            let status = service::status(&app, &more.number, &more.code).await?;
            let p = p.with_flash("ok", Text::new("已补充", "Added"));
            let more = More { words: String::new(), ..more };
            render(&ReportPage { more, status: Some(status), ..page(p) })
        }
        Err(problem) if problem.status == 404 => wrong(p, more),
        Err(problem) => Err(problem),
    }
}
