//! The clerk's desk and the holder's cards.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::id::Id;
use kernel::law::{Refusal as _, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use people::rules::Person;
use serde::Deserialize;

use crate::api::DESK;
use crate::rules::{Card, Command, Refused, Stage};
use crate::service::{self, Glance, Possible};
use crate::store::{self, ECard};

const CLERKS: &[Role] = &[Role::Clerk, Role::OutletManager];
const HOLDER: Access = Access::Roles(&[Role::Holder]);

pub(crate) fn routes() -> Routes {
    Routes::new("cards")
        .page(Method::GET, "/desk", DESK, &[11], desk)
        .page(Method::GET, "/desk/people/{person}", DESK, &[11, 12, 15], person)
        .page(Method::POST, "/desk/people/{person}", DESK, &[5, 11, 12], act)
        .page(Method::GET, "/me", HOLDER, &[2, 7], me)
        .nav(CLERKS, "/desk", Text::new("工作台", "Desk"), Some('d'))
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
    let found = match q.is_empty() {
        true => Vec::new(),
        false => people::service::search(&app, &actor, q.clone()).await?,
    };
    render(&DeskPage { p, q, found, ordered, produced })
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    p: Page,
    glance: Glance,
    possible: Vec<Possible>,
    problem: Option<Problem>,
    child: bool,
    household: String,
}

impl PersonPage {
    fn new(
        p: Page,
        actor: &Actor,
        glance: Glance,
        problem: Option<Problem>,
    ) -> Result<Self, Problem> {
        let possible = service::possible(&glance, actor.org.ok_or_else(Problem::forbidden)?);
        let child = glance.person.age_on(kernel::time::Utc::now().day()) < 16;
        let division = kernel::divisions::find(&glance.person.household);
        let household = division.map(|d| p.t(d.zh, d.en).to_owned()).unwrap_or_default();
        Ok(Self { p, glance, possible, problem, child, household })
    }

    fn name_of(&self, command: &Command) -> &str {
        let (zh, en) = match command {
            Command::Apply { .. } => ("申领（实体卡和电子卡）", "Apply for both cards"),
            Command::Produce => ("即时制卡", "Make the card now"),
            Command::HandOver { .. } => ("发卡", "Hand over"),
            Command::Activate { .. } => ("激活", "Activate"),
        };
        self.p.t(zh, en)
    }

    fn why(&self, refused: &Refused) -> String {
        let article = refused.article().map(|a| format!(" ({})", self.p.article(&a)));
        format!("{}{}", self.p.text(&refused.reason()), article.unwrap_or_default())
    }

    fn birth(&self) -> String {
        day_text(self.glance.person.birth)
    }
}

fn parse(id: &str) -> Result<Id, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

async fn person(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let glance = service::glance(&app, &actor, parse(&id)?).await?;
    render(&PersonPage::new(p, &actor, glance, None)?)
}

#[derive(Deserialize)]
struct Act {
    act: String,
    #[serde(default)]
    guardian: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

impl Act {
    fn command(self) -> Result<Command, Problem> {
        match self.act.as_str() {
            "apply" => Ok(Command::Apply { guardian: self.guardian }),
            "produce" => Ok(Command::Produce),
            "hand-over" => Ok(Command::HandOver { to: self.to }),
            "activate" if self.password != self.again => {
                let text = Text::new("两次输入的密码不一致", "The two passwords differ");
                Err(Problem::field("again", text))
            }
            "activate" => Ok(Command::Activate { password: self.password }),
            _ => Err(Problem::not_found()),
        }
    }
}

async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Act>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let done = match form.command() {
        Ok(command) => service::perform(&app, &actor, id, command).await.map(drop),
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/desk/people/{id}")).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let glance = service::glance(&app, &actor, id).await?;
            let page = render(&PersonPage::new(p, &actor, glance, Some(problem))?)?;
            Ok((status, page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    p: Page,
    name: String,
    number: String,
    card: Option<Card>,
    ecard: Option<ECard>,
}

impl MePage {
    fn until(&self, card: &Card) -> String {
        card.expires_on.map(day_text).unwrap_or_default()
    }
}

/// The holder's own cards: his own look needs no entry.
async fn me(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let id = actor.person.ok_or_else(Problem::forbidden)?;
    let (person, (card, ecard)) = app
        .db
        .read(move |tx| {
            let person = people::store::by_id(tx, id)?.ok_or(people::rules::Refused::Unknown)?;
            Ok::<_, Problem>((person, service::cards_of(tx, id)?))
        })
        .await?;
    let number = person.number.mask();
    render(&MePage { p, name: person.name, number, card, ecard })
}
