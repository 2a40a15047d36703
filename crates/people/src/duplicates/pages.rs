//! The queue of duplicates and the side-by-side review.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use serde::Deserialize;

use super::api::{self, Act};
use super::merge::{self, HasCard};
use super::rules::State as Stage;
use super::service;
use super::store::Finding;
use crate::rules::Person;
use crate::show::{after, parse};

const REVIEWERS: &[Role] = &[Role::OutletManager, Role::DistrictOfficer, Role::DistrictApprover];
pub(crate) const REVIEW: Access = Access::Roles(REVIEWERS);

pub(crate) fn routes(has_card: HasCard) -> Routes {
    Routes::new("people")
        .page(Method::GET, "/desk/duplicates", REVIEW, &[5], queue)
        .page(Method::GET, "/desk/duplicates/{id}", REVIEW, &[5, 19], review)
        .page(Method::POST, "/desk/duplicates/{id}", REVIEW, &[5, 25], act)
        .share(has_card)
        .nav(REVIEWERS, "/desk/duplicates", Text::new("重复登记", "Duplicates"), Some('u'))
        .work(
            REVIEWERS,
            "/desk/duplicates",
            Text::new("重复登记核对", "Duplicates"),
            |tx, _, _| super::store::count_waiting(tx),
        )
}

#[derive(Template)]
#[template(path = "duplicates.html")]
struct QueuePage {
    p: Page,
    state: Stage,
    states: [Stage; 5],
    found: Vec<Finding>,
    next: Option<Id>,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

async fn queue(
    State(app): State<App>,
    p: Page,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let state = Stage::from_code(&wanted.state).unwrap_or(Stage::Open);
    let from = wanted.after.parse().unwrap_or(Id(0));
    let found = service::queue(&app, state, from).await?;
    let next = (found.len() == 50).then(|| found.last().map(|one| one.id)).flatten();
    render(&QueuePage { p, state, states: Stage::ALL, found, next })
}

/// One line of the side-by-side view.
struct Compared {
    label: Text,
    low: String,
    high: String,
}

fn compared(low: &Person, high: &Person) -> Vec<Compared> {
    let line = |zh: &str, en: &str, of: &dyn Fn(&Person) -> String| Compared {
        label: Text::new(zh, en),
        low: of(low),
        high: of(high),
    };
    vec![
        line("姓名", "Name", &|one| one.name.clone()),
        line("社会保障号码", "Number", &|one| one.number.as_str().to_owned()),
        line("证件类型", "Document", &|one| one.document.zh().to_owned()),
        line("性别", "Sex", &|one| one.sex.zh().to_owned()),
        line("出生日期", "Born", &|one| day_text(one.birth)),
        line("民族或国籍", "Nation", &|one| one.nation.clone()),
        line("手机", "Phone", &|one| one.phone.clone()),
        line("地址", "Address", &|one| one.address.clone()),
        line("户籍", "Household", &|one| one.household.clone()),
        line("申领依据", "Ground", &|one| one.ground.name().zh),
    ]
}

#[derive(Template)]
#[template(path = "duplicate.html")]
struct ReviewPage {
    p: Page,
    problem: Option<Problem>,
    finding: Finding,
    lines: Vec<Compared>,
    low_card: bool,
    high_card: bool,
    wanted: Option<String>,
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    id: Id,
    has_card: HasCard,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (finding, low, high) = service::side_by_side(app, actor, id).await?;
    let (looked, pair) = (finding.clone(), (low.id, high.id));
    let read = move |tx: &mut kernel::db::Tx<'_>| {
        let asked = merge::waiting(tx, &looked)?.map(|asked| asked.summary);
        Ok::<_, Problem>((has_card(tx, pair.0)?, has_card(tx, pair.1)?, asked))
    };
    let (low_card, high_card, wanted) = app.db.read(read).await?;
    let lines = compared(&low, &high);
    render(&ReviewPage { p, problem, finding, lines, low_card, high_card, wanted })
}

async fn review(
    State(app): State<App>,
    Extension(has_card): Extension<HasCard>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show(&app, &actor, p, parse(&id)?, has_card, None).await
}

async fn act(
    State(app): State<App>,
    Extension(has_card): Extension<HasCard>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(sent): Form<Act>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let done = api::carry_out(&app, &actor, id, &sent, has_card).await;
    let next = format!("/desk/duplicates/{id}");
    after(done, &next, |problem| show(&app, &actor, p, id, has_card, Some(problem))).await
}
