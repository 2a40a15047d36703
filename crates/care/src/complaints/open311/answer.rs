//! The two forms of answers, and errors as the specification has them.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// How an answer is written: the ending of the path says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `.json`
    Json,
    /// `.xml`
    Xml,
}

/// A path's last part without its ending; JSON where there is none.
pub fn ending(name: &str) -> (&str, Format) {
    match (name.strip_suffix(".xml"), name.strip_suffix(".json")) {
        (Some(rest), _) => (rest, Format::Xml),
        (None, Some(rest)) => (rest, Format::Json),
        (None, None) => (name, Format::Json),
    }
}

fn escape(text: &str, to: &mut String) {
    for c in text.chars() {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            // XML 1.0 has no place for other control characters.
            c if c < ' ' && !matches!(c, '\n' | '\t' | '\r') => {}
            c => to.push(c),
        }
    }
}

fn write(name: &str, item: &str, value: &Value, to: &mut String) {
    *to += &format!("<{name}>");
    match value {
        Value::Array(list) => list.iter().for_each(|one| write(item, item, one, to)),
        Value::Object(fields) => {
            // `values` holds `value`s, `attributes` hold `attribute`s.
            let item = |name: &String| name.strip_suffix('s').unwrap_or(name).to_owned();
            fields.iter().for_each(|(name, one)| write(name, &item(name), one, to));
        }
        Value::Null => {}
        Value::String(text) => escape(text, to),
        other => escape(&other.to_string(), to),
    }
    *to += &format!("</{name}>");
}

/// A list as XML: `<root><item>…</item></root>`.
pub fn xml(root: &str, item: &str, value: &Value) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    write(root, item, value, &mut text);
    text
}

/// An answer in its format.
pub fn answer(
    format: Format,
    status: StatusCode,
    root: &str,
    item: &str,
    value: &Value,
) -> Response {
    let (kind, body) = match format {
        Format::Json => ("application/json; charset=utf-8", value.to_string()),
        Format::Xml => ("text/xml; charset=utf-8", xml(root, item, value)),
    };
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// An error: its HTTP status and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub u16, pub String);

impl Fault {
    /// 400: something is missing or wrong.
    pub fn bad(words: impl Into<String>) -> Self {
        Self(400, words.into())
    }

    /// 404: there is none.
    pub fn none(what: &str) -> Self {
        Self(404, format!("{what} was not found."))
    }

    /// The answer: a list of `code` and `description`.
    pub fn answer(&self, format: Format) -> Response {
        let status = StatusCode::from_u16(self.0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let value = json!([{ "code": self.0, "description": self.1 }]);
        answer(format, status, "errors", "error", &value)
    }
}

impl From<kernel::problem::Problem> for Fault {
    fn from(problem: kernel::problem::Problem) -> Self {
        // The specification knows 400, not 422.
        let status = if problem.status == 422 { 400 } else { problem.status };
        Self(status, format!("{} ({})", problem.title.en, problem.code))
    }
}

impl From<kernel::db::DbError> for Fault {
    fn from(error: kernel::db::DbError) -> Self {
        kernel::problem::Problem::from(error).into()
    }
}
