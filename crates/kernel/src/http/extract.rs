//! Extractors whose refusals are [`Problem`]s, never an engine's own words.

use std::net::IpAddr;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::guard::Caller;
use crate::law::Text;
use crate::problem::Problem;

/// A JSON body, in or out.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(bad_json(&rejection)),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn bad_json(rejection: &JsonRejection) -> Problem {
    let advice = Text::new("请对照接口文档检查请求体", "Compare the body with the API description");
    match rejection {
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            415,
            "platform/not-json",
            Text::new("请求体应为 JSON", "The body must be JSON"),
            Text::new("设置 Content-Type: application/json", "Send Content-Type: application/json"),
        ),
        JsonRejection::BytesRejection(inner) => unreadable_body(inner.status()),
        // The parser's text names the place and the expected type, not the values sent.
        JsonRejection::JsonDataError(_) => Problem::new(
            422,
            "platform/invalid-input",
            Text::new(
                "请求体的字段不符合要求",
                "A field of the body is missing or of a wrong type",
            ),
            advice,
        ),
        _ => Problem::new(
            400,
            "platform/malformed-json",
            Text::new("请求体不是合法的 JSON", "The body is not well-formed JSON"),
            advice,
        ),
    }
}

pub(super) fn unreadable_body(status: StatusCode) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            413,
            "platform/too-large",
            Text::new("提交的内容过大", "The request is too large"),
            Text::new("请拆分后提交", "Send it in smaller parts"),
        );
    }
    Problem::new(
        400,
        "platform/unreadable-body",
        Text::new("无法读取提交的内容", "The body could not be read"),
        Text::new("请重新提交", "Send it again"),
    )
}

/// The fields of a posted form. For signed-in callers its `_csrf` must be the session's.
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let expected = csrf_of(&request);
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            return Err(Problem::new(
                415,
                "platform/not-a-form",
                Text::new("请使用页面上的表单提交", "Use the form on the page"),
                Text::new("刷新页面后重试", "Reload the page and try again"),
            ));
        }
        let body = axum::body::Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection| unreadable_body(rejection.status()))?;
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_bytes(&body).map_err(|_| bad_form())?;
        // PostgreSQL's TEXT has no place for U+0000, and no field of a form has use for it.
        if std::str::from_utf8(&body).is_err() || pairs.iter().any(|(_, v)| v.contains('\0')) {
            return Err(bad_form());
        }
        if let Some(expected) = expected {
            let sent = pairs.iter().find(|(name, _)| name == "_csrf").map_or("", |(_, v)| v);
            if !seal::token::same(sent.as_bytes(), expected.as_bytes()) {
                return Err(stale_form());
            }
        }
        serde_urlencoded::from_bytes(&body).map(Self).map_err(|_| bad_form())
    }
}

/// What a signed-in caller's form must carry.
pub(super) fn csrf_of(request: &Request) -> Option<String> {
    let session = request.extensions().get::<Caller>()?.session.as_ref()?;
    Some(session.csrf.clone())
}

/// A form without fields beside its `_csrf`.
#[derive(serde::Deserialize)]
pub struct NoFields {}

pub(super) fn bad_form() -> Problem {
    Problem::new(
        422,
        "platform/invalid-input",
        Text::new("表单缺少必填项或格式有误", "The form misses a field or has a wrong one"),
        Text::new("请返回检查后重新提交", "Go back, check and send again"),
    )
}

pub(super) fn stale_form() -> Problem {
    Problem::new(
        403,
        "platform/stale-form",
        Text::new("页面已过期", "This page is too old"),
        Text::new("请刷新页面后重新提交", "Reload the page and send again"),
    )
}

/// Parameters of the query string.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|inner| Self(inner.0)).map_err(|_| bad_form())
    }
}

/// Parameters of the path; one that cannot be read is simply not found.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|inner| Self(inner.0)).map_err(|_| Problem::not_found())
    }
}

/// The network address that the request came from.
pub struct ClientAddress(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>();
        caller.map(|caller| Self(caller.address)).ok_or_else(Problem::unauthenticated)
    }
}
