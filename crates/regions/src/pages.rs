//! The bridge console.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, NoFields, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use crate::national;
use crate::onecard::service::ask_again;
use crate::onecard::store::{self as onecard, Held};
use crate::recognition;
use crate::recognition::store::Figure;
use crate::rules::{self, Descriptor, Signed};
use crate::service::{incidents, trust};
use crate::store::{self, Alarm, Health, Incident, Known, Note, Received};

const READERS: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];
/// Who decides whom to trust.
const TRUSTERS: &[Role] = &[Role::MunicipalApprover];
const READER: Access = Access::Roles(READERS);
const OFFICER: Access = Access::Roles(&[Role::MunicipalOfficer]);
const APPROVER: Access = Access::Roles(TRUSTERS);
const BOTH: Access = Access::Roles(&[Role::MunicipalOfficer, Role::MunicipalApprover]);
const HOME: &str = "/office/regions";

pub(crate) fn routes() -> Routes {
    Routes::new("regions")
        .page(Method::GET, HOME, READER, &[17, 20, 23], console)
        .page(Method::POST, "/office/regions/import", OFFICER, &[17], import)
        .page(Method::POST, "/office/regions/decide/{id}", APPROVER, &[17], decide)
        .page(Method::POST, "/office/regions/revoke/{region}", BOTH, &[20], revoke)
        .page(Method::POST, "/office/regions/again", OFFICER, &[5, 17], again)
        .page(Method::POST, "/office/regions/incidents", BOTH, &[20], tell)
        .page(Method::POST, "/office/regions/incidents/{origin}/{id}", BOTH, &[20], add_note)
        .page(Method::POST, "/office/regions/own-key", BOTH, &[20], revoke_own)
        .nav(READERS, HOME, Text::new("川渝协同", "Other regions"), None)
        .work(
            TRUSTERS,
            "/office/regions",
            Text::new("地区互信审批", "Regions to trust"),
            |tx, actor, _| kernel::work::decisions(tx, actor, &[trust::APPROVAL]),
        )
}

#[derive(Template)]
#[template(path = "regions.html")]
struct Console {
    p: Page,
    own: Option<Descriptor>,
    known: Vec<Known>,
    health: Vec<Health>,
    alarms: Vec<Alarm>,
    incidents: Vec<(Incident, Vec<Note>)>,
    asked: Vec<Figure>,
    held: Vec<Held>,
    /// Regions that do not answer who has a card.
    off: Vec<String>,
    /// The national platforms: failures in a row, last answer, waiting and refused lines; none when no way
    /// is set up.
    national: Option<(i64, Option<Utc>, i64, i64)>,
    receipts: Vec<Received>,
    refused: Vec<Received>,
    now: Utc,
    imports: bool,
    decides: bool,
}

impl Console {
    fn state(&self, known: &Known) -> (&'static str, &str) {
        match known.state.as_str() {
            "waiting" => ("badge-warn", self.p.t("待审批", "Waits")),
            "trusted" => ("badge-ok", self.p.t("互信", "Trusted")),
            "refused" => ("badge-bad", self.p.t("未通过", "Refused")),
            "revoked" => ("badge-bad", self.p.t("已撤销", "Revoked")),
            _ => ("badge-info", self.p.t("已更替", "Replaced")),
        }
    }

    /// How long the oldest message waits.
    fn lag(&self, oldest: &Utc) -> String {
        self.span(&(self.now.seconds() - oldest.seconds()))
    }

    /// Seconds for people.
    fn span(&self, seconds: &i64) -> String {
        match *seconds {
            seconds if seconds < 120 => format!("{} {}", seconds.max(0), self.p.t("秒", "s")),
            seconds if seconds < 7_200 => format!("{} {}", seconds / 60, self.p.t("分钟", "min")),
            seconds => format!("{} {}", seconds / 3_600, self.p.t("小时", "h")),
        }
    }

    /// Regions that have dealt with an emergency.
    fn done(&self, notes: &[Note]) -> String {
        let mut all: Vec<&str> =
            notes.iter().filter(|note| note.done).map(|note| note.region.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all.join(self.p.t("、", ", "))
    }
}

async fn console(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let signed = trust::own_descriptor(&app).ok();
    let own = signed.and_then(|signed: Signed| serde_json::from_str(&signed.text).ok());
    let since = Utc(Utc::now().0 - Utc::DAY);
    let imports = actor.role == Role::MunicipalOfficer;
    let decides = actor.role == Role::MunicipalApprover;
    let national = national::port::configured(&app.config.data).is_some();
    let console = move |tx: &mut kernel::db::Tx<'_>| {
        let mut incidents = Vec::new();
        for incident in store::incidents(tx)? {
            let notes = store::notes(tx, (&incident.origin, &incident.id))?;
            incidents.push((incident, notes));
        }
        Ok::<_, Problem>(Console {
            p: p.clone(),
            own: own.clone(),
            known: store::newest(tx)?,
            health: store::health(tx)?,
            alarms: store::alarms(tx)?,
            incidents,
            asked: recognition::store::figures(tx, since)?,
            held: onecard::held(tx)?,
            off: onecard::off(tx)?,
            national: national.then(|| national::store::health(tx)).transpose()?,
            receipts: store::receipts(tx, 10)?,
            refused: store::refused(tx, 20)?,
            now: Utc::now(),
            imports,
            decides,
        })
    };
    render(&app.db.read(console).await?)
}

fn back() -> Response {
    Redirect::to(HOME).into_response()
}

#[derive(Deserialize)]
struct Import {
    descriptor: String,
}

async fn import(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Import>,
) -> Result<Response, Problem> {
    trust::import(&app, &actor, &form.descriptor).await?;
    Ok(back())
}

#[derive(Deserialize)]
struct Decision {
    decision: String,
    #[serde(default)]
    fingerprint: String,
}

async fn decide(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<Id>,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let yes = match form.decision.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Problem::field("decision", Text::new("请选择", "Choose"))),
    };
    trust::decide(&app, &actor, id, yes, &form.fingerprint).await?;
    Ok(back())
}

async fn revoke(
    State(app): State<App>,
    actor: Actor,
    Path(region): Path<String>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    if region.len() != 6 || !region.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::not_found());
    }
    trust::revoke(&app, &actor, &region).await?;
    Ok(back())
}

#[derive(Deserialize)]
struct Again {
    card: Id,
    person: Id,
    region: String,
}

async fn again(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Again>,
) -> Result<Response, Problem> {
    ask_again(&app, &actor, form.card, form.person, &form.region).await?;
    Ok(back())
}

#[derive(Deserialize)]
struct Told {
    title: String,
    text: String,
}

async fn tell(
    State(app): State<App>,
    actor: Actor,
    Form(told): Form<Told>,
) -> Result<Response, Problem> {
    incidents::tell(&app, &actor, &told.title, &told.text).await?;
    Ok(back())
}

#[derive(Deserialize)]
struct Noted {
    text: String,
    #[serde(default)]
    done: String,
}

async fn add_note(
    State(app): State<App>,
    actor: Actor,
    Path((origin, id)): Path<(String, String)>,
    Form(noted): Form<Noted>,
) -> Result<Response, Problem> {
    let done = noted.done == "1";
    incidents::add_note(&app, &actor, (&origin, &id), &noted.text, done).await?;
    Ok(back())
}

#[derive(Deserialize)]
struct Why {
    #[serde(default)]
    why: String,
}

async fn revoke_own(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Why>,
) -> Result<Response, Problem> {
    trust::revoke_own(&app, &actor, &form.why).await?;
    Ok(back())
}
