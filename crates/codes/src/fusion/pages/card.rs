//! One card or code: overlaps, plan, formats, keys.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use items::rules::Word as _;
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings as tuned;
use kernel::time::Utc;
use serde::Deserialize;

use super::{day, facts, grade_word, grouped, id_of, names, stand_word, state_badge, with_problem};
use crate::fusion::decoders::{Layout, Sign};
use crate::fusion::rules::{Milestone, Plan, PlanState, Refused, State as Stage};
use crate::fusion::service::figures::{self, Line};
use crate::fusion::service::formats::{self, NewFormat, NewKey};
use crate::fusion::service::gateway::Gateway;
use crate::fusion::service::plans::{self, NewPlan};
use crate::fusion::service::schemes;
use crate::fusion::store::formats::{Format, KeyRow, Standing};
use crate::fusion::{settings, store};

#[derive(Template)]
#[template(path = "fusion/card.html")]
struct CardPage {
    p: Page,
    line: Line,
    plans: Vec<Plan>,
    formats: Vec<(Format, Vec<KeyRow>)>,
    remind: i64,
    may: bool,
    may_revoke: bool,
    form: NewPlan,
    problem: Option<Problem>,
}

impl CardPage {
    fn stand(&self, step: &Milestone) -> (&'static str, &'static str, String) {
        stand_word(&self.p, step.stand(Utc::now().day(), self.remind))
    }

    fn may_plan(&self) -> bool {
        let open = matches!(self.line.scheme.state, Stage::Registered | Stage::Merging);
        let waits = self.plans.iter().any(|plan| plan.state == PlanState::Proposed);
        self.may && open && !waits
    }

    fn sign(&self, layout: &Layout) -> String {
        match &layout.sign {
            Sign::None => {
                self.p.t("无签名（仅号码，最低等级）", "unsigned: number only").to_owned()
            }
            Sign::Sm2 { signer } => format!("SM2 · {signer}"),
            Sign::HmacSm3 { bytes } => format!("HMAC-SM3 · {bytes} B"),
        }
    }

    fn standing_badge(&self, standing: &Standing) -> &'static str {
        match standing {
            Standing::Proposed => "badge-warn",
            Standing::Confirmed => "badge-ok",
            Standing::Rejected | Standing::Revoked => "badge-bad",
        }
    }
}

async fn page(
    app: &App,
    gateway: &Gateway,
    actor: &Actor,
    p: Page,
    id: Id,
    (form, problem): (NewPlan, Option<Problem>),
) -> Result<Response, Problem> {
    let lines = figures::lines(app, gateway.catalogue()).await?;
    let line = lines.into_iter().find(|line| line.scheme.id == id).ok_or(Refused::NoSuchScheme)?;
    let (plans, formats, remind) = app
        .db
        .read(move |tx| {
            let mut formats = Vec::new();
            for format in store::formats::of_scheme(tx, id)? {
                let keys = store::formats::keys_of(tx, format.id)?;
                formats.push((format, keys));
            }
            let remind = tuned::get(tx, &settings::REMIND_DAYS, Utc::now())?;
            Ok::<_, Problem>((store::plans::of_scheme(tx, id)?, formats, remind))
        })
        .await?;
    let status = problem.as_ref().map(|problem| problem.status);
    let may = super::office::may(actor, &line.scheme);
    let may_revoke = may || super::CHECKERS.contains(&actor.role);
    let shown = CardPage { p, line, plans, formats, remind, may, may_revoke, form, problem };
    with_problem(render(&shown), status)
}

pub(super) async fn show(
    State(app): State<App>,
    Extension(gateway): Extension<Arc<Gateway>>,
    actor: Actor,
    p: Page,
    Path(id): Path<Id>,
) -> Result<Response, Problem> {
    page(&app, &gateway, &actor, p, id, Default::default()).await
}

/// Who asks from which page: what every form of the page needs.
type Seen = (State<App>, Extension<Arc<Gateway>>, Actor, Page, Path<Id>);

/// Back to the page after a form: fresh when it was done, with the problem when it was refused.
async fn back(
    (State(app), Extension(gateway), actor, p, Path(id)): Seen,
    form: NewPlan,
    done: Result<(), Problem>,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/office/fusion/{id}")).into_response()),
        Err(problem) if problem.status < 500 => {
            page(&app, &gateway, &actor, p, id, (form, Some(problem))).await
        }
        Err(problem) => Err(problem),
    }
}

/// The living code of the card that the page shows.
async fn code_of(app: &App, id: Id) -> Result<String, Problem> {
    let scheme = app.db.read(move |tx| Ok::<_, Problem>(store::schemes::by_id(tx, id)?)).await?;
    Ok(scheme.ok_or(Refused::NoSuchScheme)?.code)
}

pub(super) async fn plan(seen: Seen, Form(form): Form<NewPlan>) -> Result<Response, Problem> {
    let code = code_of(&seen.0, seen.4.0).await?;
    let done = plans::propose(&seen.0, &seen.2, &code, &form).await.map(drop);
    back(seen, form, done).await
}

#[derive(Deserialize)]
pub(super) struct Reached {
    place: String,
    evidence: String,
}

pub(super) async fn reach(seen: Seen, Form(form): Form<Reached>) -> Result<Response, Problem> {
    let code = code_of(&seen.0, seen.4.0).await?;
    let place = form.place.parse().unwrap_or(0);
    let done = plans::reach(&seen.0, &seen.2, &code, place, &form.evidence).await.map(drop);
    back(seen, NewPlan::default(), done).await
}

#[derive(Deserialize)]
pub(super) struct TypedFormat {
    layout: String,
    from: String,
    #[serde(default)]
    until: String,
}

pub(super) async fn format(seen: Seen, Form(form): Form<TypedFormat>) -> Result<Response, Problem> {
    let code = code_of(&seen.0, seen.4.0).await?;
    let layout = serde_json::from_str(&form.layout).map_err(|_| Problem::from(Refused::Layout));
    let done = match layout {
        Ok(layout) => {
            let new = NewFormat { layout, from: form.from, until: form.until };
            formats::add(&seen.0, &seen.2, &code, &new).await.map(drop)
        }
        Err(problem) => Err(problem),
    };
    back(seen, NewPlan::default(), done).await
}

#[derive(Deserialize)]
pub(super) struct TypedKey {
    format: String,
    kid: String,
    material: String,
    from: String,
    until: String,
}

pub(super) async fn key(seen: Seen, Form(form): Form<TypedKey>) -> Result<Response, Problem> {
    let format = id_of(&form.format)?;
    let TypedKey { kid, material, from, until, .. } = form;
    let new = NewKey { kid, material, from, until };
    let done = formats::add_key(&seen.0, &seen.2, format, &new).await.map(drop);
    back(seen, NewPlan::default(), done).await
}

#[derive(Deserialize)]
pub(super) struct Off {
    #[serde(default)]
    what: String,
    #[serde(default)]
    why: String,
}

pub(super) async fn revoke(seen: Seen, Form(form): Form<Off>) -> Result<Response, Problem> {
    let done = formats::revoke_key(&seen.0, &seen.2, id_of(&form.what)?, &form.why).await;
    back(seen, NewPlan::default(), done).await
}

pub(super) async fn withdraw(seen: Seen, Form(form): Form<Off>) -> Result<Response, Problem> {
    let done = formats::withdraw(&seen.0, &seen.2, id_of(&form.what)?, &form.why).await;
    back(seen, NewPlan::default(), done).await
}

pub(super) async fn end(seen: Seen, Form(form): Form<Off>) -> Result<Response, Problem> {
    let code = code_of(&seen.0, seen.4.0).await?;
    let done = schemes::end(&seen.0, &seen.2, &code, &form.why).await;
    back(seen, NewPlan::default(), done).await
}
