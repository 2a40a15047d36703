//! The municipal office: banks, agreements, decisions.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::approval::Approval;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;

use super::{id_of, places, services, waivers, with_problem};
use crate::rules::{Agreement, AgreementState, Offer, Service, Waiver};
use crate::service::agreements::{self, NewAgreement, NewBank};
use crate::service::offers;
use crate::store::agreements::Bank;

#[derive(Template)]
#[template(path = "office_banks.html")]
struct BanksPage {
    p: Page,
    banks: Vec<(Bank, Option<Agreement>)>,
    candidates: Vec<(Id, Text)>,
    form: BankForm,
    problem: Option<Problem>,
}

#[derive(Default, Deserialize)]
pub(super) struct BankForm {
    org: String,
    code: String,
    phone: String,
    about_zh: String,
    #[serde(default)]
    about_en: String,
}

pub(super) async fn list(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    show_banks(&app, p, BankForm::default(), None).await
}

async fn show_banks(
    app: &App,
    p: Page,
    form: BankForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let status = problem.as_ref().map(|problem| problem.status);
    let banks = agreements::list(app, Utc::now()).await?;
    let candidates = agreements::candidates(app).await?;
    with_problem(render(&BanksPage { p, banks, candidates, form, problem }), status)
}

pub(super) async fn add(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<BankForm>,
) -> Result<Response, Problem> {
    let BankForm { code, phone, about_zh, about_en, .. } = &form;
    let new = NewBank {
        org: id_of(&form.org)?,
        code: code.trim().to_owned(),
        phone: phone.trim().to_owned(),
        about_zh: about_zh.clone(),
        about_en: about_en.clone(),
    };
    match agreements::add_bank(&app, &actor, new).await {
        Ok(bank) => {
            let next = format!("/office/banks/{}/agreement", bank.code);
            Ok(Redirect::to(&next).into_response())
        }
        Err(problem) if problem.status < 500 => show_banks(&app, p, form, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

/// The form as sent; ticked boxes are `service.CODE` and `waiver.CODE`.
#[derive(Default, Deserialize)]
pub(super) struct AgreementForm {
    number: String,
    signed_on: String,
    from: String,
    until: String,
    #[serde(flatten)]
    ticked: BTreeMap<String, String>,
}

impl AgreementForm {
    fn ticks(&self, group: &str) -> String {
        let codes = self.ticked.keys().filter_map(|name| name.strip_prefix(group));
        codes.collect::<Vec<_>>().join(",")
    }

    fn has(&self, name: &str) -> bool {
        self.ticked.contains_key(name)
    }
}

#[derive(Template)]
#[template(path = "office_agreement.html")]
struct AgreementPage {
    p: Page,
    bank: Bank,
    versions: Vec<Agreement>,
    form: AgreementForm,
    problem: Option<Problem>,
}

impl AgreementPage {
    fn state(&self, version: &Agreement) -> (&'static str, &str) {
        let today = Utc::now().day();
        match version.state {
            AgreementState::Proposed => ("badge-warn", self.p.t("待审批", "Waits")),
            AgreementState::Rejected => ("badge-bad", self.p.t("已退回", "Sent back")),
            _ if version.in_force(today) => ("badge-ok", self.p.t("有效", "In force")),
            _ if version.from > today => ("badge-info", self.p.t("未生效", "Not yet")),
            _ => ("badge-info", self.p.t("已到期", "Over")),
        }
    }
}

pub(super) async fn form(
    State(app): State<App>,
    p: Page,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let (bank, versions) = agreements::one(&app, code).await?;
    render(&AgreementPage { p, bank, versions, form: AgreementForm::default(), problem: None })
}

pub(super) async fn propose(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(code): Path<String>,
    Form(form): Form<AgreementForm>,
) -> Result<Response, Problem> {
    let (bank, versions) = agreements::one(&app, code).await?;
    let new = NewAgreement {
        bank: bank.id,
        number: form.number.clone(),
        signed_on: form.signed_on.clone(),
        from: form.from.clone(),
        until: form.until.clone(),
        services: form.ticks("service."),
        waivers: form.ticks("waiver."),
    };
    match agreements::propose(&app, &actor, &new).await {
        Ok(_) => {
            let here = format!("/office/banks/{}/agreement", bank.code);
            Ok(Redirect::to(&here).into_response())
        }
        Err(problem) if problem.status < 500 => {
            let status = Some(problem.status);
            let page = AgreementPage { p, bank, versions, form, problem: Some(problem) };
            with_problem(render(&page), status)
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "office_decide.html")]
struct DecidePage {
    p: Page,
    agreements: Vec<(Approval, Agreement)>,
    offers: Vec<(Approval, Offer)>,
    names: HashMap<Id, Text>,
    /// Account of the reader, who may not decide on his own work.
    reader: Id,
}

impl DecidePage {
    fn bank(&self, id: &Id) -> &str {
        self.names.get(id).map_or("", |name| self.p.text(name))
    }
}

pub(super) async fn waiting(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let (agreements, offers) = (agreements::waiting(&app).await?, offers::waiting(&app).await?);
    let names = agreements::names(&app).await?;
    render(&DecidePage { p, agreements, offers, names, reader: actor.account })
}

#[derive(Deserialize)]
pub(super) struct Decision {
    id: String,
    what: String,
    decision: String,
    #[serde(default)]
    comment: String,
}

pub(super) async fn decide(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let (id, comment) = (id_of(&form.id)?, form.comment.chars().take(500).collect::<String>());
    let yes = match form.decision.as_str() {
        "yes" => true,
        "no" => false,
        _ => {
            let text = Text::new("请选择同意或退回", "Choose to confirm or to send back");
            return Err(Problem::field("decision", text));
        }
    };
    match form.what.as_str() {
        "agreement" => agreements::decide(&app, &actor, id, yes, &comment).await?,
        "offer" => offers::decide(&app, &actor, id, yes, &comment).await?,
        _ => return Err(Problem::not_found()),
    }
    Ok(Redirect::to("/office/banks/decide").into_response())
}
