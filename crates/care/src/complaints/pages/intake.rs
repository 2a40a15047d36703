//! Sending a matter in, and following it.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Actor, Role};
use kernel::divisions::{self, Division, Region};
use kernel::http::{Form, Page, Path, Query, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;

use super::{about, act as act_name, badge, field, kind, outcome, state, with_problem};
use crate::complaints::api::channel_of;
use crate::complaints::rules::{self, Act, FIELDS, KINDS, Matter, Refused, Step, Told, Word};
use crate::complaints::service::{self, Owner, Seen, place};

/// The form as typed.
#[derive(Clone, Default, Deserialize)]
pub(super) struct NewForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    division: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    sensitive: String,
}

impl NewForm {
    fn told(&self) -> Told {
        Told {
            kind: self.kind.clone(),
            field: self.field.clone(),
            division: self.division.clone(),
            body: self.text.clone(),
            about: self.about.clone(),
            name: self.name.clone(),
            phone: self.phone.clone(),
            sensitive: self.sensitive == "1",
        }
    }

    /// Kind and field that fit the thing that it is about.
    fn guessed(mut self) -> Self {
        let about = rules::about(&self.about).map_or("", |(kind, _)| kind.0);
        let (kind, field) = match about {
            "access" => ("objection", "data"),
            "payment" => ("complaint", "money"),
            "item" => ("consultation", "item"),
            "terminal" => ("complaint", "terminal"),
            "card" | "freeze" | "use" => ("complaint", "card"),
            _ => ("consultation", "card"),
        };
        if self.kind.is_empty() {
            self.kind = kind.to_owned();
        }
        if self.field.is_empty() {
            self.field = field.to_owned();
        }
        if self.division.is_empty() {
            self.division = "500000".to_owned();
        }
        self
    }
}

#[derive(Template)]
#[template(path = "complaint_new.html")]
struct NewPage {
    p: Page,
    /// Where the form goes.
    action: &'static str,
    form: NewForm,
    kinds: &'static [Word],
    fields: &'static [Word],
    places: Vec<&'static Division>,
    /// Whether somebody fills it in for another.
    for_other: bool,
    stranger: bool,
    entered: Vec<Matter>,
    made: Option<Matter>,
    problem: Option<Problem>,
}

impl NewPage {
    fn about_word(&self) -> Option<(String, String)> {
        let (kind, id) = rules::about(&self.form.about)?;
        Some((about(&self.p, kind.0), id.to_owned()))
    }
}

async fn show_new(
    app: &App,
    actor: Option<&Actor>,
    p: Page,
    form: NewForm,
    done: Result<Option<Matter>, Problem>,
) -> Result<Response, Problem> {
    let role = actor.map(|actor| actor.role);
    let action = match role {
        None => "/complaints",
        Some(Role::Holder) => "/me/complaints",
        Some(Role::HotlineAgent) => "/hotline/complaints",
        Some(_) => "/desk/complaints",
    };
    let for_other = role.is_some_and(|role| role != Role::Holder);
    let entered = match actor {
        Some(actor) if for_other => service::entered(app, actor.account).await?,
        _ => Vec::new(),
    };
    let (made, problem) = match done {
        Ok(made) => (made, None),
        Err(problem) => (None, Some(problem)),
    };
    let status = problem.as_ref().map(|problem| problem.status);
    let places = divisions::in_force_on(Utc::now().day())
        .filter(|division| division.region == Region::Chongqing)
        .collect();
    let (kinds, fields, stranger) = (KINDS, FIELDS, role.is_none());
    let page = NewPage {
        p,
        action,
        form: form.guessed(),
        kinds,
        fields,
        places,
        for_other,
        stranger,
        entered,
        made,
        problem,
    };
    with_problem(render(&page), status)
}

pub(super) async fn new(
    Shared(app): Shared<App>,
    p: Page,
    Query(form): Query<NewForm>,
) -> Result<Response, Problem> {
    show_new(&app, None, p, form, Ok(None)).await
}

pub(super) async fn open(
    Shared(app): Shared<App>,
    p: Page,
    Form(form): Form<NewForm>,
) -> Result<Response, Problem> {
    let done = service::open(&app, None, "page", form.told()).await;
    let kept = if done.is_ok() { NewForm::default() } else { form };
    show_new(&app, None, p, kept, done.map(Some)).await
}

pub(super) async fn new_mine(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Query(form): Query<NewForm>,
) -> Result<Response, Problem> {
    show_new(&app, Some(&actor), p, form, Ok(None)).await
}

pub(super) async fn open_mine(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<NewForm>,
) -> Result<Response, Problem> {
    match service::open(&app, Some(&actor), "me", form.told()).await {
        Ok(matter) => Ok(Redirect::to(&format!("/me/complaints/{}", matter.id)).into_response()),
        Err(problem) => show_new(&app, Some(&actor), p, form, Err(problem)).await,
    }
}

pub(super) async fn new_for(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Query(form): Query<NewForm>,
) -> Result<Response, Problem> {
    show_new(&app, Some(&actor), p, form, Ok(None)).await
}

pub(super) async fn take(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<NewForm>,
) -> Result<Response, Problem> {
    let done = service::open(&app, Some(&actor), channel_of(&actor), form.told()).await;
    let kept = if done.is_ok() { NewForm::default() } else { form };
    show_new(&app, Some(&actor), p, kept, done.map(Some)).await
}

#[derive(Template)]
#[template(path = "me_complaints.html")]
struct MinePage {
    p: Page,
    matters: Vec<Matter>,
}

fn person_of(actor: &Actor) -> Result<Id, Problem> {
    actor.person.ok_or_else(Problem::forbidden)
}

pub(super) async fn mine(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let matters = service::mine(&app, person_of(&actor)?).await?;
    render(&MinePage { p, matters })
}

#[derive(Template)]
#[template(path = "complaint_follow.html")]
struct FollowPage {
    p: Page,
    reference: String,
    action: String,
    seen: Option<Seen>,
    problem: Option<Problem>,
}

impl FollowPage {
    fn can(&self, act: &str) -> bool {
        let acts = self.seen.as_ref().map(|seen| &seen.acts);
        acts.is_some_and(|acts| acts.iter().any(|can| can.code() == act))
    }
}

async fn show(
    app: &App,
    p: Page,
    owner: Owner,
    id: Option<Id>,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (reference, action) = match (&owner, id) {
        (Owner::Person(..), Some(id)) => (String::new(), format!("/me/complaints/{id}")),
        (Owner::Reference(reference), _) => (reference.clone(), "/complaints/follow".to_owned()),
        _ => return Err(Refused::Unknown.into()),
    };
    let asked = !reference.is_empty() || id.is_some();
    let (seen, problem) = match asked {
        false => (None, problem),
        true => match service::follow(app, owner, id).await {
            Ok(seen) => (Some(seen), problem),
            Err(other) if id.is_some() => return Err(other),
            Err(other) => (None, Some(other)),
        },
    };
    let status = problem.as_ref().map(|problem| problem.status);
    with_problem(render(&FollowPage { p, reference, action, seen, problem }), status)
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    reference: String,
}

pub(super) async fn follow(
    Shared(app): Shared<App>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    show(&app, p, Owner::Reference(asked.reference), None, None).await
}

#[derive(Deserialize)]
pub(super) struct ActForm {
    #[serde(default)]
    reference: String,
    act: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    score: String,
}

impl ActForm {
    fn step(&self) -> Result<Step, Problem> {
        let act = Act::of(&self.act).ok_or(Refused::State)?;
        Ok(Step { score: self.score.parse().ok(), ..Step::new(act, self.note.clone()) })
    }
}

pub(super) async fn act(
    Shared(app): Shared<App>,
    p: Page,
    Form(form): Form<ActForm>,
) -> Result<Response, Problem> {
    let owner = Owner::Reference(form.reference.clone());
    let done = service::act_as_owner(&app, owner.clone(), None, form.step()?).await;
    show(&app, p, owner, None, done.err()).await
}

async fn own(actor: Actor, id: &str) -> Result<(Owner, Option<Id>), Problem> {
    let id = id.parse().map_err(|_| Refused::Unknown)?;
    let person = person_of(&actor)?;
    Ok((Owner::Person(actor, person), Some(id)))
}

pub(super) async fn follow_mine(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (owner, id) = own(actor, &id).await?;
    show(&app, p, owner, id, None).await
}

pub(super) async fn act_mine(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<ActForm>,
) -> Result<Response, Problem> {
    let (owner, id) = own(actor, &id).await?;
    let done = service::act_as_owner(&app, owner.clone(), id, form.step()?).await;
    show(&app, p, owner, id, done.err()).await
}
