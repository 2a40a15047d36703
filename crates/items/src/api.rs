//! The public list for programs.

use std::sync::Arc;

use axum::Extension;
use kernel::actor::Access;
use kernel::http::{Json, Path, Query, Routes};
use kernel::law::Text;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::{Deserialize, Serialize};
use time::Date;
use utoipa_axum::routes;

use crate::rules::Item;
use crate::service::Catalogue;

pub(crate) fn routes() -> Routes {
    Routes::new("items").api(Access::Public, &[14], routes!(list)).api(
        Access::Public,
        &[14],
        routes!(one),
    )
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
    /// Field of life.
    area: &'static str,
    /// `city`, `district` or `joint` (Art. 14).
    list: &'static str,
    /// What it discloses of the holder (Art. 18).
    fields: Vec<&'static str>,
    /// Legal basis.
    basis: String,
    /// First day in force.
    from: String,
    /// Last day in force, when it is known.
    until: Option<String>,
}

fn body(item: &Item) -> ItemBody {
    ItemBody {
        code: item.code.clone(),
        version: item.version,
        name_zh: item.name.zh.clone(),
        name_en: item.name.en.clone(),
        area: item.area.code(),
        list: item.list.code(),
        fields: item.fields.iter().map(|field| field.code()).collect(),
        basis: item.basis.clone(),
        from: day_text(item.from),
        until: item.until.map(day_text),
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
struct Day {
    /// The list of this day, `YYYY-MM-DD`; today when left out.
    day: Option<String>,
}

impl Day {
    fn read(&self) -> Result<Date, Problem> {
        match &self.day {
            None => Ok(Utc::now().day()),
            Some(text) => parse_day(text).ok_or_else(|| {
                Problem::field("day", Text::new("日期格式如 2026-03-01", "Like 2026-03-01"))
            }),
        }
    }
}

/// The list in force on a day (Art. 14).
#[utoipa::path(get, path = "/api/v1/items", tag = "items", params(Day),
    responses((status = 200, body = Vec<ItemBody>)))]
async fn list(
    Extension(catalogue): Extension<Arc<Catalogue>>,
    Query(day): Query<Day>,
) -> Result<Json<Vec<ItemBody>>, Problem> {
    let items = catalogue.on(day.read()?);
    Ok(Json(items.iter().map(|item| body(item)).collect()))
}

/// The version of an item in force on a day.
#[utoipa::path(get, path = "/api/v1/items/{code}", tag = "items", params(("code" = String, Path), Day),
    responses((status = 200, body = ItemBody), (status = 404, description = "not on the list that day")))]
async fn one(
    Extension(catalogue): Extension<Arc<Catalogue>>,
    Path(code): Path<String>,
    Query(day): Query<Day>,
) -> Result<Json<ItemBody>, Problem> {
    let item = catalogue.get(&code, day.read()?).ok_or_else(Problem::not_found)?;
    Ok(Json(body(&item)))
}
