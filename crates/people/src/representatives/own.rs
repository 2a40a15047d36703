//! A holder names who fetches his card or asks for him, from his own phone, for a short time (Art. 12).

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::{Access, Actor, Role};
use kernel::auth;
use kernel::http::{Form, Page, Routes, render};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;
use std::collections::BTreeMap;
use time::Duration;

use super::rules::{self, Act, Kind, Representative};
use super::service::{self, NewRepresentative, read};
use super::store;
use crate::document::DocumentKind;
use crate::rules::Refused as NoPerson;
use crate::show::{after, parse};

/// What can be entrusted from a phone. The rest changes what a card is worth, and takes a signed
/// authorisation at an outlet.
pub const ENTRUSTED: [Act; 3] = [Act::Collect, Act::Loss, Act::Enquire];
/// The longest that it lasts, in days.
const LONGEST_DAYS: i64 = 90;

const HOLDER: Access = Access::Roles(&[Role::Holder]);

pub(crate) fn routes() -> Routes {
    let path = "/me/representatives";
    Routes::new("people")
        .page(Method::GET, path, HOLDER, &[12], list)
        .page(Method::POST, path, HOLDER, &[12], act)
        .more(path, Text::new("委托他人代办", "Who acts for me"))
}

/// Names an agent. The password is asked again: a phone left lying must not be enough.
///
/// # Errors
/// The password is wrong, wrong fields, or [`rules::Refused`].
pub async fn appoint(
    app: &App,
    holder: &Actor,
    mut form: NewRepresentative,
    password: &str,
) -> Result<Representative, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    auth::confirm_password(app, holder.account, password).await?;
    let (now, id) = (Utc::now(), app.id());
    form.kind = Kind::Agent.code().to_owned();
    let mut one = read(&form, id, now.day())?;
    one.scope.retain(|act| ENTRUSTED.contains(act));
    one.until = one.until.min(now.day().saturating_add(Duration::days(LONGEST_DAYS)));
    let entry = Entry::new(app.id(), now, holder, "representative.appointed", "Art. 12");
    let (entry, holder) = (entry.on("representative", id), holder.clone());
    app.db
        .write(move |tx| {
            let person = crate::store::by_id(tx, person)?.ok_or(NoPerson::Unknown)?;
            let one = Representative { person: person.id, ..one.clone() };
            let one = rules::admit(&person, one, now.day())?;
            store::insert(tx, &one, &holder, now)?;
            let why = "本人在线委托 / named by the holder";
            journal::record(tx, &entry.clone().about(person.id).why(why, &["representative"]))?;
            Ok(one)
        })
        .await
}

#[derive(Template)]
#[template(path = "me_representatives.html")]
struct OwnPage {
    p: Page,
    problem: Option<Problem>,
    known: Vec<Representative>,
    documents: Vec<DocumentKind>,
    last: String,
}

impl OwnPage {
    fn scope(&self, one: &Representative) -> String {
        let names: Vec<String> =
            one.scope.iter().map(|act| self.p.text(&act.name()).to_owned()).collect();
        names.join(self.p.t("、", ", "))
    }

    fn holds(&self, one: &Representative) -> bool {
        one.holds_on(Utc::now().day())
    }

    fn may_end(&self, one: &Representative) -> bool {
        one.kind == Kind::Agent && one.ended_at.is_none()
    }
}

async fn show(
    app: &App,
    holder: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let known = service::list(app, holder, person).await?;
    let last = day_text(Utc::now().day().saturating_add(Duration::days(LONGEST_DAYS)));
    render(&OwnPage { p, problem, known, documents: DocumentKind::ALL.to_vec(), last })
}

async fn list(State(app): State<App>, holder: Actor, p: Page) -> Result<Response, Problem> {
    show(&app, &holder, p, None).await
}

/// The form as sent; ticked boxes are `scope.CODE`.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    end: String,
    #[serde(default)]
    password: String,
    #[serde(flatten)]
    fields: BTreeMap<String, String>,
}

async fn act(
    State(app): State<App>,
    holder: Actor,
    p: Page,
    Form(mut sent): Form<Sent>,
) -> Result<Response, Problem> {
    let person: Id = holder.person.ok_or_else(Problem::forbidden)?;
    let done = if sent.end.is_empty() {
        let ticked = sent.fields.keys().filter_map(|name| name.strip_prefix("scope."));
        let scope = ticked.collect::<Vec<_>>().join(",");
        let mut take = |name: &str| sent.fields.remove(name).unwrap_or_default();
        let form = NewRepresentative {
            relation: take("relation"),
            name: take("name"),
            number: take("number"),
            document: take("document"),
            phone: take("phone"),
            until: take("until"),
            scope,
            ..NewRepresentative::default()
        };
        appoint(&app, &holder, form, &sent.password).await.map(drop)
    } else {
        service::end(&app, &holder, person, parse(&sent.end)?).await
    };
    after(done, "/me/representatives", |problem| show(&app, &holder, p, Some(problem))).await
}
