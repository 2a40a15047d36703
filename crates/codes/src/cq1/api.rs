//! Signed lists for terminals. Everybody may read them: they say nothing about anybody.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::actor::Access;
use kernel::http::{Path, Routes};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use utoipa_axum::routes;

use super::abroad::{self, Neighbour};
use super::store::{self, List};

pub(crate) fn routes() -> Routes {
    Routes::new("codes")
        .api(Access::Public, &[16], routes!(keys))
        .api(Access::Public, &[16, 20], routes!(status))
        .api(Access::Public, &[16, 20], routes!(delta))
        .api(Access::Public, &[16, 17], routes!(keys_abroad))
        .api(Access::Public, &[16, 17, 20], routes!(status_abroad))
        .merge(super::device_api::routes())
}

async fn newest(app: &App, kind: &'static str) -> Result<List, Problem> {
    let list = app.db.read(move |tx| Ok::<_, Problem>(store::list(tx, kind)?)).await?;
    list.filter(|list| list.serial > 0).ok_or_else(Problem::not_found)
}

/// The bytes, or 304 for who has them already. Any cache on the way may keep them for a while.
fn answer(list: List, max_age: u32, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", list.serial);
    let cache = format!("public, max-age={max_age}");
    let has =
        asked.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let headers = [(header::ETAG, tag), (header::CACHE_CONTROL, cache)];
    if has {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    (headers, kind, list.body).into_response()
}

/// The signed list of issuer keys.
#[utoipa::path(get, path = "/api/v1/cq1/keys", tag = "codes",
    responses((status = 200, description = "`CQK1…`, see docs/card-code.md"), (status = 304, description = "the same")))]
async fn keys(State(app): State<App>, asked: HeaderMap) -> Result<Response, Problem> {
    Ok(answer(newest(&app, "keys").await?, 300, &asked))
}

/// The whole signed status list.
#[utoipa::path(get, path = "/api/v1/cq1/status", tag = "codes",
    responses((status = 200, description = "`CQS1…`"), (status = 304, description = "the same")))]
async fn status(State(app): State<App>, asked: HeaderMap) -> Result<Response, Problem> {
    Ok(answer(newest(&app, "status").await?, 30, &asked))
}

/// What leads from the list with this serial to the next one.
#[utoipa::path(get, path = "/api/v1/cq1/status/deltas/{base}", tag = "codes",
    params(("base" = i64, Path, description = "serial of the list that is held")),
    responses((status = 200, description = "`CQS1…`"), (status = 204, description = "it is the newest"),
        (status = 404, description = "unknown or too old: take the whole list")))]
async fn delta(
    State(app): State<App>,
    Path(base): Path<i64>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let newest = newest(&app, "status").await?.serial;
    if base == newest {
        let headers = [(header::CACHE_CONTROL, "public, max-age=5")];
        return Ok((StatusCode::NO_CONTENT, headers).into_response());
    }
    let body = app.db.read(move |tx| Ok::<_, Problem>(store::delta(tx, base)?)).await?;
    let body = body.filter(|_| base < newest).ok_or_else(delta_gone)?;
    Ok(answer(List { serial: base + 1, issued_at: 0, body }, 86_400, &asked))
}

async fn neighbour(app: &App, region: String) -> Result<Neighbour, Problem> {
    let held = app.db.read(|tx| Ok::<_, Problem>(abroad::held(tx)?)).await?;
    held.into_iter().find(|held| held.region == region).ok_or_else(Problem::not_found)
}

/// The signed list of issuer keys of another region, as it was fetched there.
#[utoipa::path(get, path = "/api/v1/cq1/regions/{region}/keys", tag = "codes",
    params(("region" = String, Path, description = "six digits")),
    responses((status = 200, description = "`CQK1…`"), (status = 304, description = "the same")))]
async fn keys_abroad(
    State(app): State<App>,
    Path(region): Path<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    Ok(answer(neighbour(&app, region).await?.keys, 300, &asked))
}

/// The signed status list of another region, as it was fetched there.
#[utoipa::path(get, path = "/api/v1/cq1/regions/{region}/status", tag = "codes",
    params(("region" = String, Path, description = "six digits")),
    responses((status = 200, description = "`CQS1…`"), (status = 304, description = "the same")))]
async fn status_abroad(
    State(app): State<App>,
    Path(region): Path<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    Ok(answer(neighbour(&app, region).await?.status, 15, &asked))
}

fn delta_gone() -> Problem {
    Problem::new(
        404,
        "codes/delta-gone",
        Text::new("没有该增量", "There is no such delta"),
        Text::new("请下载完整状态清单", "Take the whole list"),
    )
}
