//! The public list for programs.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{FileBody, Json, Path, Query, Routes};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::{Deserialize, Serialize};
use time::Date;
use utoipa_axum::routes;

use crate::catalogue::Catalogue;
use crate::rules::{Area, Item, Refused, Word};
use crate::service::{self, Imported};

const MAKERS: Access =
    Access::Roles(&[Role::MunicipalOfficer, Role::DepartmentOfficer, Role::DistrictOfficer]);

pub(crate) fn routes() -> Routes {
    let uploads = Routes::new("items").api(MAKERS, &[14], routes!(import)).bodies(4 << 20);
    Routes::new("items")
        .api(Access::Public, &[14], routes!(list))
        .api(Access::Public, &[14, 18], routes!(one))
        .api(Access::Public, &[14], routes!(versions))
        .merge(uploads)
}

/// One item of the list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ItemBody {
    /// Code, the same in all versions.
    code: String,
    /// Version in force.
    version: i64,
    /// Chinese name.
    name_zh: String,
    /// English name.
    name_en: String,
    /// Field of life: `culture`, `transport` …
    field: &'static str,
    /// `city`, `district` or `joint` (Art. 14).
    list: &'static str,
    /// How surely the holder must be recognised: `code`, `code+password` or `card`.
    level: &'static str,
    /// Ways to use the card: `code`, `card`, `online`.
    ways: Vec<&'static str>,
    /// What it discloses of the holder (Art. 18).
    discloses: Vec<&'static str>,
    /// Legal basis.
    basis: String,
    /// Guide, Chinese.
    guide_zh: String,
    /// Guide, English; may be empty.
    guide_en: String,
    /// First day in force.
    from: String,
    /// Last day in force, when it is known.
    until: Option<String>,
    /// Division in which alone it counts; empty for the whole area of the list.
    division: String,
    /// Why its fields are needed.
    why: String,
    /// What the card is in it: `identity`, `settlement` …
    functions: Vec<&'static str>,
    /// Where it is done: `counter`, `gate` …
    channels: Vec<&'static str>,
    /// Places in words.
    places: String,
    /// Offline uses of one card; 0 forbids it.
    offline_count: i64,
    /// Greatest age of the list of refused cards, in hours.
    offline_list_hours: i64,
    /// Fee in fen.
    fee_fen: i64,
    /// Time limit in working days; 0 for at once.
    working_days: i64,
    /// What else must be brought.
    materials: String,
    /// For whom it is made; empty for everybody.
    groups: Vec<&'static str>,
    /// Phones for questions.
    phones: String,
}

pub(crate) fn body(item: &Item) -> ItemBody {
    let details = &item.details;
    ItemBody {
        code: item.code.clone(),
        version: item.version,
        name_zh: item.name.zh.clone(),
        name_en: item.name.en.clone(),
        field: item.area.code(),
        list: item.list.code(),
        level: item.level.code(),
        ways: item.ways.iter().map(|way| way.code()).collect(),
        discloses: item.fields.iter().map(|field| field.code()).collect(),
        basis: item.basis.clone(),
        guide_zh: item.guide.zh.clone(),
        guide_en: item.guide.en.clone(),
        from: day_text(item.from),
        until: item.until.map(day_text),
        division: details.division.clone(),
        why: details.why.clone(),
        functions: details.functions.iter().map(|word| word.code()).collect(),
        channels: details.channels.iter().map(|word| word.code()).collect(),
        places: details.places.clone(),
        offline_count: details.offline.count,
        offline_list_hours: details.offline.list_hours,
        fee_fen: details.fee_fen,
        working_days: details.days,
        materials: details.materials.clone(),
        groups: details.groups.iter().map(|word| word.code()).collect(),
        phones: details.phones.clone(),
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
struct Day {
    /// The list of this day, `YYYY-MM-DD`; today when left out.
    #[serde(alias = "day")]
    on: Option<String>,
}

pub(crate) fn read_day(day: Option<&str>) -> Result<Date, Problem> {
    let wrong = || Text::new("日期格式如 2026-03-01", "A day looks like 2026-03-01");
    match day {
        None => Ok(Utc::now().day()),
        Some(text) => parse_day(text).ok_or_else(|| Problem::field("on", wrong())),
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
struct Filter {
    /// The list of this day, `YYYY-MM-DD`; today when left out.
    #[serde(alias = "day")]
    on: Option<String>,
    /// Only items of this field of life.
    field: Option<String>,
    /// Only items with this text in code, name or guide.
    #[serde(default)]
    q: String,
}

/// The list in force on a day (Art. 14).
#[utoipa::path(get, path = "/api/v1/items", tag = "items", params(Filter),
    responses((status = 200, body = Vec<ItemBody>), (status = 422, description = "unknown field or day")))]
async fn list(
    Extension(catalogue): Extension<Arc<Catalogue>>,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<ItemBody>>, Problem> {
    let unknown = || Text::new("没有这个领域", "There is no such field of life");
    let area = filter
        .field
        .as_deref()
        .map(|code| Area::from_code(code).ok_or_else(|| Problem::field("field", unknown())));
    let area = area.transpose()?;
    let items = catalogue.search(&filter.q, read_day(filter.on.as_deref())?);
    let wanted = items.iter().filter(|item| area.is_none_or(|area| item.area == area));
    Ok(Json(wanted.map(|item| body(item)).collect()))
}

/// All versions of an item that were ever published, oldest first (Art. 14).
#[utoipa::path(get, path = "/api/v1/items/{code}/versions", tag = "items",
    params(("code" = String, Path)),
    responses((status = 200, body = Vec<ItemBody>), (status = 404, description = "never on the list")))]
async fn versions(
    Extension(catalogue): Extension<Arc<Catalogue>>,
    Path(code): Path<String>,
) -> Result<Json<Vec<ItemBody>>, Problem> {
    let versions = catalogue.versions(&code);
    if versions.is_empty() {
        return Err(Refused::NotListed.into());
    }
    Ok(Json(versions.iter().map(|item| body(item)).collect()))
}

/// The version of an item in force on a day.
#[utoipa::path(get, path = "/api/v1/items/{code}", tag = "items", params(("code" = String, Path), Day),
    responses((status = 200, body = ItemBody), (status = 404, description = "not on the list that day")))]
async fn one(
    Extension(catalogue): Extension<Arc<Catalogue>>,
    Path(code): Path<String>,
    Query(day): Query<Day>,
) -> Result<Json<ItemBody>, Problem> {
    let item = catalogue.listed(&code, read_day(day.on.as_deref())?)?;
    Ok(Json(body(&item)))
}

/// What became of a table.
#[derive(Serialize, utoipa::ToSchema)]
struct ImportBody {
    /// Codes that wait for their procedure now; empty when a line was faulty.
    proposed: Vec<String>,
    /// Faults by line; nothing was proposed when there is one.
    faults: Vec<FaultBody>,
}

/// A fault of a line.
#[derive(Serialize, utoipa::ToSchema)]
struct FaultBody {
    /// Line as the file's own program counts; 0 for the file as a whole.
    line: u64,
    /// What is wrong and what to do.
    text: String,
}

/// Proposes each line of a CSV or XLSX table, all or none (Art. 14).
#[utoipa::path(post, path = "/api/v1/items/import", tag = "items",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportBody), (status = 422, body = ImportBody)))]
async fn import(
    State(app): State<App>,
    actor: Actor,
    file: FileBody,
) -> Result<(StatusCode, Json<ImportBody>), Problem> {
    Ok(match service::import(&app, &actor, file.bytes).await? {
        Imported::Proposed(items) => {
            let proposed = items.into_iter().map(|item| item.code).collect();
            (StatusCode::OK, Json(ImportBody { proposed, faults: Vec::new() }))
        }
        Imported::Faulty(faults) => {
            let told = faults.into_iter();
            let faults = told.map(|fault| FaultBody { line: fault.line, text: fault.text.zh });
            let body = ImportBody { proposed: Vec::new(), faults: faults.collect() };
            (StatusCode::UNPROCESSABLE_ENTITY, Json(body))
        }
    })
}
