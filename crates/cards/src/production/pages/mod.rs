//! Pages of production: batches, instant issue, blanks, shelf and post, spoiled cards.

mod batches;
mod instant;
mod lists;
mod shelf;
mod stock;

use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Role};
use kernel::http::Routes;
use kernel::id::Id;
use kernel::law::Text;
use kernel::problem::Problem;
use serde::Deserialize;

use super::files::MOST_BYTES;
use crate::api::DESK;

/// Who works with batches: an outlet with its own, officers with those of their division.
pub(super) const WORKERS: Access = Access::Roles(WORKER_ROLES);
const WORKER_ROLES: &[Role] =
    &[Role::Clerk, Role::OutletManager, Role::DistrictOfficer, Role::MunicipalOfficer];

/// All pages of production.
pub fn routes() -> Routes {
    const AT: &str = "/desk/production";
    Routes::new("cards")
        .page(Method::GET, AT, WORKERS, &[11], lists::list)
        .page(Method::POST, AT, WORKERS, &[11], lists::gather)
        .page(Method::GET, "/desk/production/overdue", WORKERS, &[11], lists::overdue)
        .page(Method::GET, "/desk/production/batches/{code}", WORKERS, &[11], batches::one)
        .page(Method::POST, "/desk/production/batches/{code}", WORKERS, &[11], batches::act)
        .upload(
            "/desk/production/batches/{code}/files",
            WORKERS,
            &[11],
            MOST_BYTES + 64 * 1024,
            batches::upload,
        )
        .page(Method::GET, "/desk/production/files/{code}", WORKERS, &[11, 19], batches::download)
        .page(Method::GET, "/desk/production/spoiled", WORKERS, &[11], shelf::spoiled)
        .page(Method::POST, "/desk/production/spoiled", WORKERS, &[11, 25], shelf::destroy)
        .page(Method::GET, "/desk/production/instant", DESK, &[11], instant::list)
        .page(Method::GET, "/desk/production/instant/{person}", DESK, &[11], instant::one)
        .page(Method::POST, "/desk/production/instant/{person}", DESK, &[11], instant::act)
        .page(Method::GET, "/desk/production/stock", DESK, &[11], stock::show)
        .page(Method::POST, "/desk/production/stock", DESK, &[11, 25], stock::act)
        .page(Method::GET, "/desk/production/shelf", DESK, &[11], shelf::show)
        .page(Method::GET, "/desk/production/shelf/post.txt", DESK, &[11, 19], shelf::post_list)
        .upload("/desk/production/shelf/post", DESK, &[11], MOST_BYTES, shelf::post_file)
        .page(Method::GET, "/desk/production/shelf/{person}", DESK, &[11, 12], shelf::one)
        .page(Method::POST, "/desk/production/shelf/{person}", DESK, &[11, 12], shelf::act)
        .nav(WORKER_ROLES, AT, Text::new("制卡", "Production"), Some('p'))
}

/// What the address tells beside the path: what was just done, and which page of a list.
#[derive(Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    done: String,
    #[serde(default)]
    page: String,
}

fn parse(id: &str) -> Result<Id, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

fn number(field: &'static str, text: &str) -> Result<i64, Problem> {
    let wrong = || Text::new("请填写整数", "A whole number is needed");
    text.trim().parse().map_err(|_| Problem::field(field, wrong()))
}

/// A file to be saved, never shown in the browser.
pub(super) fn attachment(name: &str, content: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, content).into_response()
}
