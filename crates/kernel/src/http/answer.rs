//! Answers: rendered pages, and problems as JSON for programs or as a page for people.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::guard::Caller;
use super::page::{Page, lang_of};
use crate::db::{AsDbError, DbError};
use crate::law::Lang;
use crate::platform::App;
use crate::problem::Problem;

/// Renders a page.
///
/// # Errors
/// A template that cannot be rendered: a fault of the program.
pub fn render(template: &impl Template) -> Result<Response, Problem> {
    let html = template.render();
    html.map(|html| Html(html).into_response())
        .map_err(|error| DbError::Engine(format!("template: {error}")).into())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if self.status >= 500 {
            // The cause is for operators; people and programs are told the code only.
            tracing::error!(code = self.code, cause = ?self.as_db(), "request failed");
        }
        metrics::counter!("yikatong_problems_total", "code" => self.code).increment(1);
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self.to_json(Lang::Zh))).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if self.status == 503 || self.status == 429 {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    p: Page,
    problem: &'a Problem,
}

/// Gives problems their language, and people a page instead of JSON.
pub(super) async fn translate(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let for_programs = parts.uri.path().starts_with("/api/");
    let wants_html = parts
        .headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let (lang, mut seen) = (lang_of(&parts), parts.clone());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    if !for_programs && wants_html {
        if let Some(caller) = response.extensions_mut().remove::<Caller>() {
            seen.extensions.insert(caller);
        }
        let page = ProblemPage { p: Page::of(&seen, &app), problem: &problem };
        if let Ok(html) = page.render() {
            // The other headers (Allow, Retry-After) stay.
            let (mut parts, _) = response.into_parts();
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.remove(header::CONTENT_TYPE);
            return (parts, Html(html)).into_response();
        }
    }
    if lang == Lang::En {
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        let text = problem.to_json(lang).to_string();
        return Response::from_parts(parts, axum::body::Body::from(text));
    }
    response
}
