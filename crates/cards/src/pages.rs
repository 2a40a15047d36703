//! The clerk's desk and the holder's cards.

mod bank;
mod day;
mod hotline;
mod me;
pub(crate) mod person;
mod relatives;
mod second;

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Page, Query, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::work::{self, Waiting, Work};
use people::rules::Person;
use serde::Deserialize;

use crate::api::DESK;
use crate::rules::Stage;
use crate::store;

const CLERKS: &[Role] = &[Role::Clerk, Role::OutletManager];
const HOLDER: Access = Access::Roles(&[Role::Holder]);
pub(crate) const HOTLINE: Access = Access::Roles(&[Role::HotlineAgent]);

pub(crate) fn routes() -> Routes {
    Routes::new("cards")
        .page(Method::GET, "/desk", DESK, &[11], desk)
        .page(Method::GET, "/desk/people/{person}", DESK, &[11, 12, 15], person::person)
        .page(Method::POST, "/desk/people/{person}", DESK, &[5, 11, 12, 13], person::act)
        .page(Method::POST, "/desk/people/{person}/destroy", DESK, &[13], second::destroy)
        .page(Method::POST, "/desk/people/{person}/revive", DESK, &[13], second::revive)
        .page(Method::POST, "/desk/people/{person}/bank", DESK, &[10], bank::at_desk)
        .page(Method::POST, "/me/bank", HOLDER, &[10], bank::own)
        .page(Method::GET, "/desk/day", DESK, &[11], day::day)
        .page(Method::GET, "/desk/second-person", DESK, &[13, 25], second::list)
        .page(Method::POST, "/desk/second-person", DESK, &[13, 25], second::decide)
        .page(Method::GET, "/me", HOLDER, &[2, 7], me::me)
        .page(Method::POST, "/me", HOLDER, &[2, 11, 12], me::act)
        .page(Method::GET, "/me/loss", HOLDER, &[11], me::loss)
        .page(Method::GET, "/me/history", HOLDER, &[11, 19], me::history)
        .page(Method::GET, "/me/relatives", HOLDER, &[5, 12, 15], relatives::list)
        .page(Method::POST, "/me/relatives", HOLDER, &[5, 11, 12], relatives::act)
        .page(Method::GET, "/hotline/loss", HOTLINE, &[11, 22], hotline::form)
        .page(Method::POST, "/hotline/loss", HOTLINE, &[11, 22], hotline::report)
        .nav(CLERKS, "/desk", Text::new("工作台", "Desk"), Some('d'))
        .nav(CLERKS, "/desk/day", Text::new("今日办理", "My day"), Some('y'))
        .nav(CLERKS, "/desk/second-person", Text::new("双人复核", "Second person"), Some('2'))
        .work(
            CLERKS,
            "/desk/second-person",
            Text::new("双人复核", "Second person"),
            crate::service::decisions::count_decisions,
        )
        .nav(
            &[Role::HotlineAgent],
            "/hotline/loss",
            Text::new("电话挂失", "Loss by phone"),
            Some('l'),
        )
        .nav(&[Role::Holder], "/me", Text::new("我的卡", "My cards"), None)
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    p: Page,
    q: String,
    found: Vec<Person>,
    ordered: usize,
    produced: usize,
    work: Vec<(Work, Waiting)>,
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

/// A card number finds its holder at once; everything else is a search of the register.
async fn desk(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(search): Query<Search>,
) -> Result<Response, Problem> {
    let outlet = actor.org.ok_or_else(Problem::forbidden)?;
    let q = search.q.trim().to_owned();
    let number = q.to_uppercase();
    let (by_card, ordered, produced) = app
        .db
        .read(move |tx| {
            let by_card = match crate::number::looks_like(&number) {
                true => store::person_of_number(tx, &number)?,
                false => None,
            };
            let ordered = store::at_outlet(tx, outlet, &Stage::Ordered, 1_000)?.len();
            let produced = store::at_outlet(tx, outlet, &Stage::Produced, 1_000)?.len();
            Ok::<_, Problem>((by_card, ordered, produced))
        })
        .await?;
    if let Some(person) = by_card {
        return Ok(Redirect::to(&format!("/desk/people/{person}")).into_response());
    }
    let (found, work) = match q.is_empty() {
        true => (Vec::new(), work::waiting(&app, &actor).await?),
        false => (people::service::search(&app, &actor, q.clone()).await?, Vec::new()),
    };
    render(&DeskPage { p, q, found, ordered, produced, work })
}
