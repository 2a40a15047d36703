//! Pages of agreements: the public register, the desk of departments, the decisions of the authority.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, NoFields, Page, Path, Routes, Upload, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::org::Org;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;

use super::catalogue::SharedField;
use super::rules::{self, Agreement, Refused, State as Stage, Terms};
use super::service::{self, Told};

const DEPARTMENTS: &[Role] = &[Role::DepartmentOfficer];
const OFFICERS: &[Role] = &[Role::MunicipalOfficer];
const APPROVERS: &[Role] = &[Role::MunicipalApprover];
const ENDERS: &[Role] = &[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover];
pub(crate) const READERS: &[Role] =
    &[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];
const FILE_READERS: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];

pub(super) fn routes() -> Routes {
    let (get, post) = (Method::GET, Method::POST);
    let to = Access::Roles;
    let room = service::LARGEST + 64 * 1024;
    Routes::new("sharing")
        .page(get.clone(), "/sharing", Access::Public, &[18], register)
        .page(get.clone(), "/office/sharing", to(READERS), &[18], list)
        .page(get.clone(), "/office/sharing/new", to(DEPARTMENTS), &[18], new)
        .page(post.clone(), "/office/sharing/new", to(DEPARTMENTS), &[18], request)
        .page(get.clone(), "/office/sharing/{id}", to(READERS), &[18], one)
        .upload("/office/sharing/{id}/assess", to(OFFICERS), &[18, 19], room, assess)
        .page(get, "/office/sharing/{id}/assessment", to(FILE_READERS), &[19], assessment)
        .page(post.clone(), "/office/sharing/{id}/approve", to(APPROVERS), &[18, 25], approve)
        .page(post.clone(), "/office/sharing/{id}/reject", to(APPROVERS), &[18], reject)
        .page(post.clone(), "/office/sharing/{id}/review", to(APPROVERS), &[18], review)
        .page(post.clone(), "/office/sharing/{id}/revoke", to(ENDERS), &[18], revoke)
        .page(post, "/office/sharing/{id}/credential", to(DEPARTMENTS), &[18], credential)
        .nav(READERS, "/office/sharing", Text::new("数据共享", "Data sharing"), None)
        .work(
            OFFICERS,
            "/office/sharing",
            Text::new("共享协议评估", "Agreements to assess"),
            |tx, actor, _| super::store::count_requested(tx, actor),
        )
        .work(
            APPROVERS,
            "/office/sharing",
            Text::new("共享协议审批", "Agreements to approve"),
            |tx, actor, _| super::store::count_assessed(tx, actor),
        )
}

pub(crate) fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn badge(p: &Page, state: Stage) -> (&'static str, &str) {
    match state {
        Stage::Requested => ("badge-warn", p.t("待评估", "To be assessed")),
        Stage::Assessed => ("badge-warn", p.t("待审批", "To be approved")),
        Stage::Approved => ("badge-warn", p.t("待第二人审批", "Second approval")),
        Stage::Published => ("badge-ok", p.t("已公布", "Published")),
        Stage::Rejected => ("badge-bad", p.t("已退回", "Sent back")),
        Stage::Revoked => ("badge-bad", p.t("已撤销", "Revoked")),
    }
}

fn fields(p: &Page, one: &Agreement) -> String {
    let names = one.terms.fields.iter().map(|field| p.text(&field.label()).to_owned());
    names.collect::<Vec<_>>().join(p.t("、", ", "))
}

fn org_name(p: &Page, org: &Option<Org>) -> String {
    let name = org.as_ref().map(|org| p.t(&org.name_zh, &org.name_en).to_owned());
    name.unwrap_or_else(|| p.t("已撤并的单位", "an organisation that was closed").to_owned())
}

#[derive(Template)]
#[template(path = "sharing.html")]
struct RegisterPage {
    p: Page,
    lines: Vec<(Agreement, Option<Org>)>,
}

async fn register(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    render(&RegisterPage { p, lines: service::register(&app).await? })
}

#[derive(Template)]
#[template(path = "office_sharing.html")]
struct ListPage {
    p: Page,
    lines: Vec<(Agreement, Option<Org>)>,
    asks: bool,
}

async fn list(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let asks = actor.role == Role::DepartmentOfficer;
    let lines = service::list(&app, service::own_org(&actor)).await?;
    render(&ListPage { p, lines, asks })
}

/// The form as typed; ticked fields are `field.CODE`.
#[derive(Clone, Default, Deserialize)]
struct TermsForm {
    #[serde(default)]
    agreement: String,
    item: String,
    matter: String,
    purpose_code: String,
    purpose: String,
    basis: String,
    from: String,
    until: String,
    per_day: String,
    keep_days: String,
    level: String,
    #[serde(default)]
    recipient_key: String,
    #[serde(default)]
    push_url: String,
    #[serde(default)]
    by_consent: String,
    #[serde(flatten)]
    others: BTreeMap<String, String>,
}

impl TermsForm {
    fn has(&self, field: &SharedField) -> bool {
        self.others.contains_key(&format!("field.{}", field.code()))
    }

    fn of(one: &Agreement) -> Self {
        let t = &one.terms;
        let ticked = |field: &SharedField| (format!("field.{}", field.code()), "1".to_owned());
        Self {
            agreement: one.id.to_string(),
            item: t.item.clone(),
            matter: t.matter.clone(),
            purpose_code: t.purpose_code.clone(),
            purpose: t.purpose.clone(),
            basis: t.basis.clone(),
            from: day_text(Utc::now().day()),
            until: day_text(t.until),
            per_day: t.per_day.to_string(),
            keep_days: t.keep_days.to_string(),
            level: t.level.to_string(),
            recipient_key: t.recipient_key.as_deref().map(hex::encode).unwrap_or_default(),
            push_url: t.push_url.clone(),
            by_consent: if t.by_consent { "1" } else { "" }.to_owned(),
            others: t.fields.iter().map(ticked).collect(),
        }
    }

    fn read(&self) -> Result<(Option<Id>, Terms), Problem> {
        let text = |text: &str| text.trim().to_owned();
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| Refused::Volume);
        let day = |text: &str| parse_day(text.trim()).ok_or(Refused::Period);
        let key = self.recipient_key.trim();
        let key = match key.is_empty() {
            true => None,
            false => Some(hex::decode(key).map_err(|_| Refused::RecipientKey)?),
        };
        let agreement = self.agreement.trim();
        let agreement = match agreement.is_empty() {
            true => None,
            false => Some(id_of(agreement)?),
        };
        let terms = Terms {
            item: text(&self.item),
            matter: text(&self.matter),
            purpose_code: text(&self.purpose_code),
            purpose: text(&self.purpose),
            basis: text(&self.basis),
            by_consent: self.by_consent == "1",
            fields: SharedField::ALL.into_iter().filter(|field| self.has(field)).collect(),
            from: day(&self.from)?,
            until: day(&self.until)?,
            per_day: number(&self.per_day)?,
            keep_days: number(&self.keep_days)?,
            level: self.level.trim().parse().map_err(|_| Refused::LevelTooLow)?,
            recipient_key: key,
            push_url: text(&self.push_url),
        };
        Ok((agreement, terms))
    }
}

#[derive(Template)]
#[template(path = "office_sharing_new.html")]
struct FormPage {
    p: Page,
    form: TermsForm,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
struct Base {
    version: Option<String>,
}

async fn new(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    kernel::http::Query(base): kernel::http::Query<Base>,
) -> Result<Response, Problem> {
    let form = match base.version {
        Some(version) => {
            TermsForm::of(&service::told(&app, &actor, id_of(&version)?).await?.agreement)
        }
        None => TermsForm {
            from: day_text(Utc::now().day()),
            per_day: "200".to_owned(),
            keep_days: "30".to_owned(),
            level: "2".to_owned(),
            ..TermsForm::default()
        },
    };
    render(&FormPage { p, form, problem: None })
}

async fn request(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<TermsForm>,
) -> Result<Response, Problem> {
    let done = match form.read() {
        Ok((agreement, terms)) => service::request(&app, &actor, agreement, terms).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(id) => Ok(Redirect::to(&format!("/office/sharing/{id}")).into_response()),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            Ok((status, render(&FormPage { p, form, problem: Some(problem) })?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "office_sharing_one.html")]
struct OnePage {
    p: Page,
    told: Told,
    reader: Actor,
    token: Option<String>,
    problem: Option<Problem>,
}

impl OnePage {
    fn may_assess(&self) -> bool {
        self.reader.role == Role::MunicipalOfficer
            && rules::may_assess(&self.told.agreement, &self.reader).is_ok()
    }

    fn may_approve(&self) -> bool {
        self.reader.role == Role::MunicipalApprover
            && rules::may_approve(&self.told.agreement, &self.reader).is_ok()
    }

    fn published(&self) -> bool {
        self.told.agreement.state == Stage::Published
    }

    fn is(&self, role: &str) -> bool {
        self.reader.role.code() == role
    }

    fn step(&self, code: &str) -> &str {
        let (zh, en) = match code {
            "requested" => ("部门申请", "Requested"),
            "assessed" => ("影响评估", "Impact assessment"),
            "approved" => ("审批同意", "Approved"),
            "rejected" => ("退回", "Sent back"),
            "reviewed" => ("年度复核", "Yearly review"),
            _ => ("撤销", "Revoked"),
        };
        self.p.t(zh, en)
    }
}

async fn show(
    app: &App,
    actor: Actor,
    p: Page,
    id: Id,
    token: Option<String>,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let told = service::told(app, &actor, id).await?;
    let status = problem.as_ref().map_or(200, |problem| problem.status);
    let page = render(&OnePage { p, told, reader: actor, token, problem })?;
    Ok((StatusCode::from_u16(status).unwrap_or_default(), page).into_response())
}

async fn one(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show(&app, actor, p, id_of(&id)?, None, None).await
}

async fn done(
    app: &App,
    actor: Actor,
    p: Page,
    id: Id,
    done: Result<(), Problem>,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/office/sharing/{id}")).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            show(app, actor, p, id, None, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
struct Comment {
    #[serde(default)]
    comment: String,
}

impl Comment {
    fn text(&self) -> String {
        self.comment.trim().chars().take(500).collect()
    }
}

async fn assess(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    upload: Upload<Comment>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let result = match upload.file("file") {
        Ok(file) => {
            service::assess(&app, &actor, id, &upload.form.text(), file.bytes.clone()).await
        }
        Err(problem) => Err(problem),
    };
    done(&app, actor, p, id, result).await
}

async fn assessment(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut response = service::assessment(&app, &actor, id_of(&id)?).await?.into_response();
    let heads = [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"assessment.pdf\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in heads {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

async fn approve(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Comment>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let result = service::approve(&app, &actor, id, &form.text()).await;
    done(&app, actor, p, id, result).await
}

async fn reject(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Comment>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let result = service::reject(&app, &actor, id, &form.text()).await;
    done(&app, actor, p, id, result).await
}

async fn review(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Comment>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let result = service::review(&app, &actor, id, &form.text()).await;
    done(&app, actor, p, id, result).await
}

async fn revoke(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Comment>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let result = service::revoke(&app, &actor, id, &form.text()).await;
    done(&app, actor, p, id, result).await
}

/// The credential is shown once, on the page that answers the form.
async fn credential(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    match service::credential(&app, &actor, id).await {
        Ok(token) => show(&app, actor, p, id, Some(token), None).await,
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            show(&app, actor, p, id, None, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}
