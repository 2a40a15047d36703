//! What the pages of this crate share.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::http::Page;
use kernel::id::Id;
use kernel::problem::Problem;

use crate::evidence::store::Evidence;

/// Reads an id of the path.
pub(crate) fn parse(id: &str) -> Result<Id, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// The same page with its new state, or the page that `again` renders with what was wrong.
pub(crate) async fn after<T, F: Future<Output = Result<Response, Problem>>>(
    done: Result<T, Problem>,
    next: &str,
    again: impl FnOnce(Problem) -> F,
) -> Result<Response, Problem> {
    match done {
        Ok(_) => Ok(Redirect::to(next).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            Ok((status, again(problem).await?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

/// A piece of evidence as a file that is neither guessed at, run nor kept by the browser.
pub(crate) fn file(one: &Evidence, content: Vec<u8>) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    headers.insert(header::CONTENT_TYPE, text(one.media.code()));
    headers.insert(header::CONTENT_DISPOSITION, text(&one.media.disposition(one.id)));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, text("nosniff"));
    headers.insert(header::CACHE_CONTROL, text("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, text("default-src 'none'; sandbox"));
    response
}

/// One choice of proof for a form: id and words.
pub(crate) fn proofs(p: &Page, evidence: &[Evidence]) -> Vec<(String, String)> {
    let kept = evidence.iter().filter(|one| one.removed_at.is_none());
    let words = |one: &Evidence| {
        format!("{} {} {}", p.text(&one.kind.name()), one.taken_at.day(), one.purpose)
    };
    kept.map(|one| (one.id.to_string(), words(one))).collect()
}
