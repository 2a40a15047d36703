//! Training for programs: who may work, and announcements.

use axum::extract::{Query, State as AppState};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::publicity;
use super::{service, store};

const STAFF: Access = Access::Roles(&[
    Role::Clerk,
    Role::OutletManager,
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DepartmentOfficer,
    Role::HotlineAgent,
]);

pub(super) fn routes() -> Routes {
    Routes::new("care").api(STAFF, &[21], routes!(own)).api(
        Access::Public,
        &[21],
        routes!(announcements),
    )
}

/// A certificate.
#[derive(Serialize, utoipa::ToSchema)]
struct CertificateBody {
    #[schema(value_type = String)]
    course: Id,
    number: String,
    got_on: String,
    until: String,
}

/// What the caller has learnt, and what is missing.
#[derive(Serialize, utoipa::ToSchema)]
struct OwnBody {
    certificates: Vec<CertificateBody>,
    /// Courses that the caller's role needs and he lacks today.
    #[schema(value_type = Vec<String>)]
    missing: Vec<Id>,
}

/// The caller's certificates, and what his role still needs (Art. 21).
#[utoipa::path(get, path = "/api/v1/training/own", tag = "training",
    responses((status = 200, body = OwnBody)))]
async fn own(AppState(app): AppState<App>, actor: Actor) -> Result<Json<OwnBody>, Problem> {
    let today = Utc::now().day();
    let (held, missing) = app
        .db
        .read(move |tx| {
            let held = store::certificates(tx, actor.account)?;
            Ok::<_, Problem>((held, service::missing(tx, actor.account, actor.role, today)?))
        })
        .await?;
    let body = |one: store::Certificate| CertificateBody {
        course: one.course,
        number: one.number,
        got_on: day_text(one.got_on),
        until: day_text(one.until),
    };
    Ok(Json(OwnBody { certificates: held.into_iter().map(body).collect(), missing }))
}

/// How many announcements are asked for.
#[derive(Deserialize, utoipa::IntoParams)]
struct Most {
    /// 20 when not given, 100 at most.
    most: Option<i64>,
}

/// An announcement.
#[derive(Serialize, utoipa::ToSchema)]
struct AnnouncementBody {
    #[schema(value_type = String)]
    id: Id,
    title: String,
    words: String,
    /// First day.
    from: String,
    /// Last day.
    until: String,
}

/// Announcements of today, newest first (Art. 21).
#[utoipa::path(get, path = "/api/v1/announcements", tag = "training", params(Most),
    responses((status = 200, body = [AnnouncementBody])))]
async fn announcements(
    AppState(app): AppState<App>,
    Query(asked): Query<Most>,
) -> Result<Json<Vec<AnnouncementBody>>, Problem> {
    let (today, most) = (Utc::now().day(), asked.most.unwrap_or(20).clamp(1, 100));
    let found = app.db.read(move |tx| publicity::announcements(tx, today, most)).await?;
    let body = found.into_iter().map(|one| AnnouncementBody {
        id: one.id,
        title: one.title,
        words: one.words,
        from: day_text(one.first),
        until: day_text(one.last),
    });
    Ok(Json(body.collect()))
}
