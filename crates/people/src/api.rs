//! The person register for programs.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Query, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use crate::rules::Person;
use crate::service::{self, Registration};

/// Who works with people at a counter.
pub(crate) const DESK: Access = Access::Roles(&[Role::Clerk, Role::OutletManager]);

pub(crate) fn routes() -> Routes {
    Routes::new("people").api(DESK, &[12], routes!(register)).api(DESK, &[12, 19], routes!(search))
}

/// A person as a clerk sees him.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PersonBody {
    /// Id in the register.
    #[schema(value_type = String)]
    pub id: Id,
    /// Name as on the document.
    pub name: String,
    /// Person number.
    pub number: String,
    /// `1` male, `2` female.
    pub sex: &'static str,
    /// `YYYY-MM-DD`.
    pub birth: String,
    /// Phone.
    pub phone: String,
    /// Division of the household book.
    pub household: String,
    /// Ground of Art. 5.
    pub ground: &'static str,
    /// Whether Art. 5 gives the person a card today.
    pub eligible: bool,
}

impl PersonBody {
    /// What a clerk may see.
    pub fn of(person: &Person) -> Self {
        let today = kernel::time::Utc::now().day();
        Self {
            id: person.id,
            name: person.name.clone(),
            number: person.number.as_str().to_owned(),
            sex: person.sex.code(),
            birth: kernel::time::day_text(person.birth),
            phone: person.phone.clone(),
            household: person.household.clone(),
            ground: person.ground.code(),
            eligible: crate::rules::eligibility(person, today).is_ok(),
        }
    }
}

/// Registers a person, or finds him (Art. 12).
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = Registration,
    responses((status = 200, body = PersonBody), (status = 422, description = "wrong fields"),
        (status = 409, description = "the number belongs to another name")))]
async fn register(
    State(app): State<App>,
    actor: Actor,
    Json(form): Json<Registration>,
) -> Result<Json<PersonBody>, Problem> {
    let person = service::register(&app, &actor, form).await?;
    Ok(Json(PersonBody::of(&person)))
}

#[derive(Deserialize, utoipa::IntoParams)]
struct Search {
    /// Number, name, pinyin, initials or phone.
    q: String,
}

/// Finds people by number, name, pinyin or phone.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(Search),
    responses((status = 200, body = Vec<PersonBody>)))]
async fn search(
    State(app): State<App>,
    actor: Actor,
    Query(search): Query<Search>,
) -> Result<Json<Vec<PersonBody>>, Problem> {
    let found = service::search(&app, &actor, search.q).await?;
    Ok(Json(found.iter().map(PersonBody::of).collect()))
}
