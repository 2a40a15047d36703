//! The registration form for programs: a printing station, a window of another system.

use axum::extract::State;
use kernel::actor::Actor;
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use serde::Serialize;
use utoipa_axum::routes;

use super::print;
use super::service::{self, Fields, SignedForm, Signing, TEXT_VERSION};
use crate::api::DESK;
use crate::show::parse;

pub(crate) fn routes() -> Routes {
    Routes::new("people").api(DESK, &[12, 15], routes!(open)).api(DESK, &[12, 15], routes!(sign))
}

/// A text in both languages.
#[derive(Serialize, utoipa::ToSchema)]
struct Both {
    /// Chinese.
    zh: String,
    /// English.
    en: String,
}

impl From<Text> for Both {
    fn from(text: Text) -> Self {
        Self { zh: text.zh, en: text.en }
    }
}

/// One printed line.
#[derive(Serialize, utoipa::ToSchema)]
struct LineBody {
    /// What is asked.
    label: Both,
    /// What it says.
    value: String,
}

/// A form, ready to be printed: the lines in order, then the declaration, then place for the signature.
#[derive(Serialize, utoipa::ToSchema)]
struct FormBody {
    /// Id of a signed form; none for the form as it would be printed now.
    #[schema(value_type = Option<String>)]
    id: Option<Id>,
    /// Version of the text.
    version: String,
    /// Lines about the person.
    lines: Vec<LineBody>,
    /// What is declared with the signature.
    declaration: Both,
    /// The signature in the vault.
    #[schema(value_type = Option<String>)]
    signature: Option<Id>,
    /// How it was filled in and who helped (Art. 15); empty before it is signed.
    how: String,
    /// Day of the signature, `YYYY-MM-DD`.
    signed_on: Option<String>,
    /// The clerk.
    by: String,
}

fn blank(fields: &Fields, version: &str) -> FormBody {
    let line = |one: print::Line| LineBody { label: one.label.into(), value: one.value };
    FormBody {
        id: None,
        version: version.to_owned(),
        lines: print::lines(fields).into_iter().map(line).collect(),
        declaration: print::declaration().into(),
        signature: None,
        how: String::new(),
        signed_on: None,
        by: String::new(),
    }
}

fn signed(form: &SignedForm) -> FormBody {
    FormBody {
        id: Some(form.id),
        signature: Some(form.signature),
        how: print::how(form),
        signed_on: Some(day_text(form.signed_on)),
        by: form.by_name.clone(),
        ..blank(&form.fields, &form.text_version)
    }
}

/// The forms of a person.
#[derive(Serialize, utoipa::ToSchema)]
struct Forms {
    /// As the register knows the person now, to be printed and signed.
    now: FormBody,
    /// As they were signed, newest first.
    signed: Vec<FormBody>,
}

/// The registration form of a person for printing, and those that were signed (Art. 12); the look is
/// journalled.
#[utoipa::path(get, path = "/api/v1/people/{person}/form", tag = "people",
    responses((status = 200, body = Forms), (status = 404, description = "no such person")))]
async fn open(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
) -> Result<Json<Forms>, Problem> {
    let (person, forms) = service::open(&app, &actor, parse(&person)?).await?;
    let now = blank(&Fields::of(&person), TEXT_VERSION);
    Ok(Json(Forms { now, signed: forms.iter().map(signed).collect() }))
}

/// Keeps the form as it was signed, with its signature from the vault and who helped (Art. 12, 15).
#[utoipa::path(post, path = "/api/v1/people/{person}/form", tag = "people", request_body = Signing,
    responses((status = 200, body = FormBody), (status = 422, description = "wrong fields, or no signature")))]
async fn sign(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
    Json(form): Json<Signing>,
) -> Result<Json<FormBody>, Problem> {
    Ok(Json(signed(&service::sign(&app, &actor, parse(&person)?, form).await?)))
}
