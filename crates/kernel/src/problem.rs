//! Problems that people and programs are told (RFC 9457): stable code, article, what to do.

use serde::Serialize;

use crate::db::{AsDbError, DbError};
use crate::law::{Article, Lang, Refusal, Text};

/// A fault in one field of a form or body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field's name as sent.
    pub field: String,
    /// What is wrong with it.
    pub text: Text,
}

/// Why a request was not carried out. Nothing of it has happened.
#[derive(Clone, Debug)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable code: `capability/what`.
    pub code: &'static str,
    /// The article that requires it, where one does.
    pub article: Option<Article>,
    /// What happened, in plain words.
    pub title: Text,
    /// What to do now.
    pub advice: Box<Text>,
    /// Faults of single fields.
    pub fields: Vec<FieldProblem>,
    db: Option<Box<DbError>>,
}

impl Problem {
    /// A problem without an article.
    pub fn new(status: u16, code: &'static str, title: Text, advice: Text) -> Self {
        Self {
            status,
            code,
            article: None,
            title,
            advice: Box::new(advice),
            fields: Vec::new(),
            db: None,
        }
    }

    /// A rule said no.
    pub fn refused(refusal: &dyn Refusal) -> Self {
        let mut problem =
            Self::new(refusal.status(), refusal.code(), refusal.reason(), refusal.advice());
        problem.article = refusal.article();
        problem
    }

    /// Fields of a form or body are wrong: 422.
    pub fn invalid(fields: Vec<FieldProblem>) -> Self {
        let mut problem = Self::new(
            422,
            "platform/invalid-input",
            Text::new("填写的内容有误", "Some fields are not right"),
            Text::new("请按提示改正后重新提交", "Correct the marked fields and send again"),
        );
        problem.fields = fields;
        problem
    }

    /// One field is wrong: 422.
    pub fn field(field: impl Into<String>, text: Text) -> Self {
        Self::invalid(vec![FieldProblem { field: field.into(), text }])
    }

    /// The thing does not exist, or this actor may not know that it does: 404.
    pub fn not_found() -> Self {
        Self::new(
            404,
            "platform/not-found",
            Text::new("没有找到", "Not found"),
            Text::new("请检查网址或编号", "Check the address or the number"),
        )
    }

    /// Not signed in: 401.
    pub fn unauthenticated() -> Self {
        Self::new(
            401,
            "platform/sign-in-required",
            Text::new("请先登录", "Sign in first"),
            Text::new("登录后再试", "Sign in and try again"),
        )
    }

    /// Signed in, but this role may not: 403.
    pub fn forbidden() -> Self {
        Self::new(
            403,
            "platform/not-permitted",
            Text::new("您的岗位无权进行此操作", "Your role does not permit this"),
            Text::new("如确有需要，请联系本单位管理员", "If you need it, ask your administrator"),
        )
    }

    /// As RFC 9457 JSON in one language.
    pub fn to_json(&self, lang: Lang) -> serde_json::Value {
        let body = Body {
            kind: format!("/problems/{}", self.code),
            title: self.title.get(lang),
            status: self.status,
            code: self.code,
            article: self.article.map(|article| article.0),
            detail: self.advice.get(lang),
            errors: self
                .fields
                .iter()
                .map(|f| FieldBody { field: &f.field, text: f.text.get(lang) })
                .collect(),
        };
        serde_json::to_value(body).unwrap_or_default()
    }
}

/// The JSON form of a [`Problem`] (`application/problem+json`).
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Body<'a> {
    /// Address of the problem's kind.
    #[serde(rename = "type")]
    #[schema(example = "/problems/cards/one-person-one-card")]
    kind: String,
    /// What happened.
    title: &'a str,
    /// HTTP status.
    status: u16,
    /// Stable code.
    code: &'a str,
    /// Article of the regulation, where one applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    article: Option<u8>,
    /// What to do now.
    detail: &'a str,
    /// Faults of single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldBody<'a>>,
}

/// A fault in one field.
#[derive(Serialize, utoipa::ToSchema)]
struct FieldBody<'a> {
    field: &'a str,
    text: &'a str,
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        let again = Text::new("请稍后再试", "Try again in a moment");
        let mut problem = match &error {
            DbError::Busy | DbError::Unavailable(_) => {
                let title = Text::new("系统繁忙", "The platform is busy");
                Self::new(503, "platform/busy", title, again)
            }
            DbError::Conflict => Self::new(
                409,
                "platform/changed-meanwhile",
                Text::new("数据刚刚被他人更改", "Somebody else has just changed this"),
                Text::new("请刷新页面后再办理", "Reload the page and decide again"),
            ),
            DbError::Unique(_) => Self::new(
                409,
                "platform/duplicate",
                Text::new("该记录已存在", "This already exists"),
                Text::new("请查询已有记录", "Look up the existing record"),
            ),
            DbError::Forbidden(_) => Self::new(
                409,
                "platform/against-the-schema",
                Text::new("该操作违反数据规则", "A rule of the data forbids this"),
                Text::new("请检查后重新提交", "Check and send again"),
            ),
            _ => Self::new(
                500,
                "platform/internal",
                Text::new("系统内部错误", "Something went wrong inside"),
                Text::new("请稍后再试；如仍出现请拨打12333", "Try again later or call 12333"),
            ),
        };
        problem.db = Some(Box::new(error));
        problem
    }
}

impl AsDbError for Problem {
    fn as_db(&self) -> Option<&DbError> {
        self.db.as_deref()
    }
}

impl<R: Refusal> From<R> for Problem {
    fn from(refusal: R) -> Self {
        Self::refused(&refusal)
    }
}
