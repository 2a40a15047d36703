//! The ground of Art. 5 at the desk, and those that end soon.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::http::{Form, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use super::service::{self, Entitlement, HINT_DAYS, NewEntitlement};
use crate::api::DESK;
use crate::evidence;
use crate::rules::{Ground, Person};
use crate::show::{after, parse, proofs};

const CLERKS: &[Role] = &[Role::Clerk, Role::OutletManager];
const SHOWN: i64 = 50;

pub(crate) fn routes() -> Routes {
    let path = "/desk/people/{person}/entitlement";
    Routes::new("people")
        .page(Method::GET, path, DESK, &[5, 13], list)
        .page(Method::POST, path, DESK, &[5, 13], act)
        .page(Method::GET, "/desk/entitlements", DESK, &[5], ending)
        .nav(CLERKS, "/desk/entitlements", Text::new("权益到期", "Ending soon"), Some('q'))
}

#[derive(Template)]
#[template(path = "entitlement.html")]
struct EntitlementPage {
    p: Page,
    problem: Option<Problem>,
    tab: &'static str,
    id: String,
    person: Person,
    told: Vec<Entitlement>,
    grounds: Vec<Ground>,
    proofs: Vec<(String, String)>,
}

impl EntitlementPage {
    fn reason(&self, code: &str) -> &str {
        match code {
            "renewed" => self.p.t("续期", "Renewed"),
            "ended" => self.p.t("终止", "Ended"),
            _ => self.p.t("登记", "Set"),
        }
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    id: Id,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (person, told) = service::told(app, actor, id).await?;
    let evidence = evidence::service::list(app, actor, id).await?;
    let (proofs, id) = (proofs(&p, &evidence), person.id.to_string());
    let grounds = Ground::ALL.to_vec();
    render(&EntitlementPage { p, problem, tab: "entitlement", id, person, told, grounds, proofs })
}

async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show(&app, &actor, p, parse(&id)?, None).await
}

async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<NewEntitlement>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let done = service::record(&app, &actor, id, form).await;
    let next = format!("/desk/people/{id}/entitlement");
    after(done, &next, |problem| show(&app, &actor, p, id, Some(problem))).await
}

#[derive(Template)]
#[template(path = "ending.html")]
struct EndingPage {
    p: Page,
    days: i64,
    people: Vec<Person>,
}

/// Each person shown is journalled as read.
async fn ending(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let now = Utc::now();
    let entries: Vec<Entry> =
        (0..SHOWN).map(|_| Entry::new(app.id(), now, &actor, "person.read", "Art. 5")).collect();
    let read = move |tx: &mut Tx<'_>| {
        let days = settings::get(tx, &HINT_DAYS, now)?;
        let people = service::ending(tx, now.day(), days, SHOWN)?;
        for (person, entry) in people.iter().zip(&entries) {
            let why = "权益到期提示 / entitlement ends soon";
            let entry = entry.clone().about(person.id).why(why, &["name", "phone", "ground"]);
            journal::record(tx, &entry)?;
        }
        Ok::<_, Problem>((days, people))
    };
    let (days, people) = app.db.write(read).await?;
    render(&EndingPage { p, days, people })
}
