//! Programmes for programs, and as open data.

use axum::extract::State as Shared;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use kernel::actor::Access;
use kernel::http::{Json, Path, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use serde::Serialize;
use sheet::CsvWriter;
use utoipa_axum::routes;

use super::formula::yuan;
use super::service;
use super::store::Programme;

pub(super) fn routes() -> Routes {
    Routes::new("funds")
        .api(Access::Public, &[8], routes!(list))
        .api(Access::Public, &[8], routes!(one))
        .page(Method::GET, "/open/programmes.json", Access::Public, &[8], json)
        .page(Method::GET, "/open/programmes.csv", Access::Public, &[8], csv)
}

/// A programme as it is public.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProgrammeBody {
    /// Code.
    code: String,
    /// Version that counts.
    version: i64,
    /// First day of the version.
    from: String,
    /// `open` or `closed`.
    state: String,
    /// Responsible department.
    department: String,
    /// The public content.
    #[schema(value_type = Object)]
    body: super::rules::Body,
}

fn body(one: Programme) -> ProgrammeBody {
    ProgrammeBody {
        code: one.current.code,
        version: one.current.version,
        from: day_text(one.current.from),
        state: one.state,
        department: one.department,
        body: one.current.body,
    }
}

/// All programmes.
#[utoipa::path(get, path = "/api/v1/programmes", tag = "funds",
    responses((status = 200, body = Vec<ProgrammeBody>)))]
async fn list(Shared(app): Shared<App>) -> Result<Json<Vec<ProgrammeBody>>, Problem> {
    Ok(Json(service::all(&app).await?.into_iter().map(body).collect()))
}

/// One programme.
#[utoipa::path(get, path = "/api/v1/programmes/{code}", tag = "funds",
    params(("code" = String, Path)), responses((status = 200, body = ProgrammeBody)))]
async fn one(
    Shared(app): Shared<App>,
    Path(code): Path<String>,
) -> Result<Json<ProgrammeBody>, Problem> {
    Ok(Json(body(service::one(&app, code).await?)))
}

async fn json(Shared(app): Shared<App>) -> Result<Response, Problem> {
    let all: Vec<_> = service::all(&app).await?.into_iter().map(body).collect();
    Ok(Json(all).into_response())
}

const NAMES: [&str; 18] = [
    "项目编码",
    "版本",
    "生效日期",
    "状态",
    "项目名称",
    "英文名称",
    "类别",
    "主管部门",
    "补贴对象",
    "补贴标准",
    "政策依据",
    "发放频次",
    "发放时间",
    "办理指南",
    "咨询电话",
    "发放方式",
    "单笔上限（元）",
    "公示天数",
];

async fn csv(Shared(app): Shared<App>) -> Result<Response, Problem> {
    let all = service::all(&app).await?;
    let write = || {
        let mut writer = CsvWriter::new(Vec::new())?;
        writer.row(NAMES)?;
        for one in &all {
            writer.row(cells(one))?;
        }
        writer.finish()
    };
    // Writing into memory cannot fail.
    let bytes = write().map_err(|_: std::io::Error| Problem::not_found())?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response())
}

fn cells(one: &Programme) -> [String; 18] {
    let (version, body) = (&one.current, &one.current.body);
    let kind = super::kinds::Kind::from_code(&body.kind).map(|kind| kind.name().zh);
    [
        version.code.clone(),
        version.version.to_string(),
        day_text(version.from),
        one.state.clone(),
        body.name_zh.clone(),
        body.name_en.clone(),
        kind.unwrap_or_default(),
        one.department.clone(),
        body.target_zh.clone(),
        body.standard_zh.clone(),
        body.basis.clone(),
        body.frequency.clone(),
        body.pay_time.clone(),
        body.guide.clone(),
        body.phones.clone(),
        if body.per_household { "按户".to_owned() } else { "按人".to_owned() },
        yuan(body.max_line_fen),
        body.public_days.to_string(),
    ]
}
