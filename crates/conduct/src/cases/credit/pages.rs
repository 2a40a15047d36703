//! The holder's page of his credit, and the office's page of objections and repairs.

use askama::Template;
use axum::extract::State as AppState;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::journal::{self, Entry as Record};
use kernel::keys::Keys;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use serde::Deserialize;
use time::{Date, Duration};

use super::rules::{Act, State};
use super::service::{self, binding};
use super::store::{self, Entry};
use super::{REPAIR_DAYS, SWITCH};
use crate::cases::rules::Clause;

const HOLDERS: &[Role] = &[Role::Holder];
const APPROVERS: &[Role] = &[Role::MunicipalApprover];

pub(crate) fn routes() -> Routes {
    let to = Access::Roles;
    Routes::new("conduct")
        .page(Method::GET, "/me/credit", to(HOLDERS), &[26], own)
        .page(Method::POST, "/me/credit/{id}", to(HOLDERS), &[26], step_own)
        .page(Method::GET, "/office/credit", to(APPROVERS), &[26], waiting)
        .page(Method::POST, "/office/credit/{id}", to(APPROVERS), &[26], step)
        .more("/me/credit", Text::new("信用信息", "My credit"))
        .nav(APPROVERS, "/office/credit", Text::new("信用异议和修复", "Credit"), None)
        .work(
            APPROVERS,
            "/office/credit",
            Text::new("信用异议和修复", "Credit objections"),
            |tx, _, _| store::count_waiting(tx),
        )
}

/// A submission with its seals opened.
struct Shown {
    entry: Entry,
    clause: Option<&'static Clause>,
    objection: String,
    answer: String,
    repair: String,
    repair_from: Option<Date>,
}

impl Shown {
    fn of(keys: &Keys, entry: Entry, repair_days: i64) -> Self {
        let open = |place: &str, sealed: &Option<Vec<u8>>| {
            let bytes = sealed.as_ref().and_then(|s| keys.open_field(s, &binding(entry.id, place)));
            bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
        };
        let after = |day: Date| day.saturating_add(Duration::days(repair_days));
        Self {
            clause: Clause::from_code(&entry.clause),
            objection: open("objection", &entry.objection),
            answer: open("answer", &entry.answer),
            repair: open("repair", &entry.repair),
            repair_from: entry.submitted_on.map(after),
            entry,
        }
    }

    fn can_object(&self, today: &Date) -> bool {
        self.entry.state == State::Noticed && self.entry.due >= *today
    }

    fn can_repair(&self, today: &Date) -> bool {
        self.entry.state == State::Submitted && self.repair_from.is_some_and(|day| day <= *today)
    }
}

#[derive(Template)]
#[template(path = "me_credit.html")]
struct OwnPage {
    p: Page,
    on: bool,
    all: Vec<Shown>,
    today: Date,
}

async fn own(AppState(app): AppState<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let now = Utc::now();
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let record = Record::new(app.id(), now, &actor, "credit.read-own", "Art. 26")
        .about(person)
        .why("查看本人信用信息 / reading one's own credit", &[]);
    let keys = app.keys.clone();
    let read = app.db.write(move |tx| {
        journal::record(tx, &record)?;
        let days = settings::get(tx, &REPAIR_DAYS, now)?;
        let all = store::of_person(tx, person)?.into_iter();
        let all = all.map(|entry| Shown::of(&keys, entry, days)).collect::<Vec<_>>();
        Ok::<_, Problem>((settings::get(tx, &SWITCH, now)? == 1, all))
    });
    let (on, all) = read.await?;
    render(&OwnPage { p, on, all, today: now.day() })
}

#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    act: String,
    #[serde(default)]
    words: String,
}

fn act_of(code: &str) -> Result<Act, Problem> {
    let act = match code {
        "object" => Act::Object,
        "ask-repair" => Act::AskRepair,
        "accept" => Act::Accept,
        "overrule" => Act::Overrule,
        "grant" => Act::Grant,
        "deny" => Act::Deny,
        _ => {
            let text = Text::new("请选择办理方式", "Choose what to do");
            return Err(Problem::field("act", text));
        }
    };
    Ok(act)
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

async fn step_own(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    service::act(&app, &actor, id_of(&id)?, act_of(&sent.act)?, &sent.words).await?;
    Ok(Redirect::to("/me/credit").into_response())
}

#[derive(Template)]
#[template(path = "office_credit.html")]
struct WaitingPage {
    p: Page,
    on: bool,
    counts: Vec<(State, i64)>,
    all: Vec<Shown>,
    reader: Id,
}

async fn waiting(AppState(app): AppState<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let (now, keys) = (Utc::now(), app.keys.clone());
    let first = Record::new(app.id(), now, &actor, "credit.listed", "Art. 26")
        .why("处理信用异议和修复 / objections and repairs", &[]);
    let ids: Vec<Id> = (0..200).map(|_| app.id()).collect();
    let read = app.db.write(move |tx| {
        let all = store::waiting(tx)?;
        // Each person whose objection is read sees it in his record.
        let look =
            |(entry, id): (&Entry, &Id)| Record { id: *id, ..first.clone() }.about(entry.person);
        let mut records: Vec<Record> = all.iter().zip(&ids).map(look).collect();
        records.push(first.clone());
        journal::record_all(tx, &records)?;
        let counts = store::counts(tx)?.into_iter();
        let counts = counts.filter_map(|(code, n)| Some((State::from_code(&code)?, n)));
        let on = settings::get(tx, &SWITCH, now)? == 1;
        let all: Vec<Shown> = all.into_iter().map(|entry| Shown::of(&keys, entry, 0)).collect();
        Ok::<_, Problem>((on, counts.collect::<Vec<_>>(), all))
    });
    let (on, counts, all) = read.await?;
    render(&WaitingPage { p, on, counts, all, reader: actor.account })
}

async fn step(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    service::act(&app, &actor, id_of(&id)?, act_of(&sent.act)?, &sent.words).await?;
    Ok(Redirect::to("/office/credit").into_response())
}
