//! The public register of agreements as open data.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use kernel::actor::Access;
use kernel::db::DbError;
use kernel::http::{Json, Routes};
use kernel::id::Id;
use kernel::org::Org;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use serde::Serialize;
use utoipa_axum::routes;

use super::rules::Agreement;
use super::service;

pub(super) fn routes() -> Routes {
    Routes::new("sharing").api(Access::Public, &[18], routes!(register)).page(
        axum::http::Method::GET,
        "/sharing.csv",
        Access::Public,
        &[18],
        table,
    )
}

/// One published version.
#[derive(Serialize, utoipa::ToSchema)]
struct Line {
    #[schema(value_type = String)]
    agreement: Id,
    version: i64,
    organisation: String,
    item: String,
    matter: String,
    purpose_code: String,
    purpose: String,
    legal_basis: String,
    fields: Vec<&'static str>,
    from: String,
    until: String,
    persons_per_day: i64,
    retention_days: i64,
    security_level: i64,
    /// `published` or `revoked`.
    state: &'static str,
    next_review: Option<String>,
}

impl Line {
    fn of((one, org): (Agreement, Option<Org>)) -> Self {
        let fields = one.terms.fields.iter().map(|field| field.code()).collect();
        Self {
            agreement: one.id,
            version: one.number,
            organisation: org.map(|org| org.name_zh).unwrap_or_default(),
            item: one.terms.item,
            matter: one.terms.matter,
            purpose_code: one.terms.purpose_code,
            purpose: one.terms.purpose,
            legal_basis: one.terms.basis,
            fields,
            from: day_text(one.terms.from),
            until: day_text(one.terms.until),
            persons_per_day: one.terms.per_day,
            retention_days: one.terms.keep_days,
            security_level: one.terms.level,
            state: one.state.code(),
            next_review: one.review_on.map(day_text),
        }
    }
}

/// All agreements that are or were in force: who gets which fields for what.
#[utoipa::path(get, path = "/api/v1/sharing/agreements", tag = "sharing",
    responses((status = 200, body = [Line])))]
async fn register(State(app): State<App>) -> Result<Json<Vec<Line>>, Problem> {
    Ok(Json(service::register(&app).await?.into_iter().map(Line::of).collect()))
}

/// What a spreadsheet would take for a formula is not one.
pub(crate) fn plain(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if risky { format!("'{text}") } else { text.to_owned() }
}

async fn table(State(app): State<App>) -> Result<Response, Problem> {
    let mut out = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    let heads = "agreement,version,organisation,item,matter,purpose_code,purpose,legal_basis,fields,\
                 from,until,persons_per_day,retention_days,security_level,state,next_review";
    let failed = |error: csv::Error| Problem::from(DbError::Engine(error.to_string()));
    out.write_record(heads.split(',')).map_err(failed)?;
    for line in service::register(&app).await?.into_iter().map(Line::of) {
        let row = [
            line.agreement.to_string(),
            line.version.to_string(),
            line.organisation,
            line.item,
            line.matter,
            line.purpose_code,
            line.purpose,
            line.legal_basis,
            line.fields.join(" "),
            line.from,
            line.until,
            line.persons_per_day.to_string(),
            line.retention_days.to_string(),
            line.security_level.to_string(),
            line.state.to_owned(),
            line.next_review.unwrap_or_default(),
        ];
        out.write_record(row.iter().map(|cell| plain(cell))).map_err(failed)?;
    }
    let bytes = out.into_inner().map_err(|error| DbError::Engine(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response())
}
