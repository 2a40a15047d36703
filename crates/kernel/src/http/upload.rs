//! Files sent with a form, and bodies that are a file.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use serde::de::DeserializeOwned;

use super::extract::{bad_form, csrf_of, stale_form, unreadable_body};
use crate::law::Text;
use crate::problem::Problem;

/// One file as its sender named it. Neither name nor kind is to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedFile {
    /// Name of the form's field.
    pub field: String,
    /// Name that the sender's machine gave it, without folders.
    pub name: String,
    /// Media type that the sender claims.
    pub media: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// A `multipart/form-data` form: its fields, and the files that are not empty. The route declares
/// how large it may be (`Routes::upload`); `_csrf` is checked as for `Form`.
pub struct Upload<T> {
    /// The fields.
    pub form: T,
    /// The files in the form's order.
    pub files: Vec<UploadedFile>,
}

impl<T> Upload<T> {
    /// The file of a field.
    ///
    /// # Errors
    /// None was chosen.
    pub fn file(&self, field: &str) -> Result<&UploadedFile, Problem> {
        let found = self.files.iter().find(|file| file.field == field);
        found.ok_or_else(|| Problem::field(field, Text::new("请选择文件", "Choose a file")))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Upload<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let expected = csrf_of(&request);
        let parts = Multipart::from_request(request, state).await.map_err(|_| not_an_upload())?;
        let (pairs, files) = read_parts(parts).await?;
        if let Some(expected) = expected {
            let sent = pairs.iter().find(|(name, _)| name == "_csrf").map_or("", |(_, v)| v);
            if !seal::token::same(sent.as_bytes(), expected.as_bytes()) {
                return Err(stale_form());
            }
        }
        let encoded = serde_urlencoded::to_string(&pairs).map_err(|_| bad_form())?;
        let form = serde_urlencoded::from_str(&encoded).map_err(|_| bad_form())?;
        Ok(Self { form, files })
    }
}

type Parts = (Vec<(String, String)>, Vec<UploadedFile>);

async fn read_parts(mut parts: Multipart) -> Result<Parts, Problem> {
    let (mut pairs, mut files) = (Vec::new(), Vec::new());
    while let Some(part) = parts.next_field().await.map_err(|error| unreadable(&error))? {
        let field = part.name().unwrap_or_default().to_owned();
        let Some(name) = part.file_name().map(base_name) else {
            let text = part.text().await.map_err(|error| unreadable(&error))?;
            if text.contains('\0') {
                return Err(bad_form());
            }
            pairs.push((field, text));
            continue;
        };
        let media = part.content_type().unwrap_or("application/octet-stream").to_owned();
        let bytes = part.bytes().await.map_err(|error| unreadable(&error))?.to_vec();
        if !bytes.is_empty() {
            files.push(UploadedFile { field, name, media, bytes });
        }
    }
    Ok((pairs, files))
}

/// Some browsers send the whole path.
fn base_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(120).collect()
}

fn unreadable(error: &MultipartError) -> Problem {
    unreadable_body(error.status())
}

fn not_an_upload() -> Problem {
    Problem::new(
        415,
        "platform/not-an-upload",
        Text::new("请使用页面上的表单上传文件", "Use the form on the page to send a file"),
        Text::new("以 multipart/form-data 提交", "Send multipart/form-data"),
    )
}

/// A body that is a file as it is: the API's way to send one.
pub struct FileBody {
    /// `Content-Type` as sent.
    pub media: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl<S: Send + Sync> FromRequest<S> for FileBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let media = media.unwrap_or("application/octet-stream").to_owned();
        let body = axum::body::Bytes::from_request(request, state).await;
        let bytes = body.map_err(|rejection| unreadable_body(rejection.status()))?.to_vec();
        Ok(Self { media, bytes })
    }
}

#[cfg(test)]
mod tests;
