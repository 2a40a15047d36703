//! A bank's own offers.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::divisions::{self, Division, Region};
use kernel::http::{Form, Page, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;

use super::{id_of, places, with_problem};
use crate::rules::{Kind, Offer, OfferState};
use crate::service::offers::{self, NewOffer};

#[derive(Template)]
#[template(path = "office_offers.html")]
struct OffersPage {
    p: Page,
    offers: Vec<Offer>,
    divisions: Vec<&'static Division>,
    form: OfferForm,
    problem: Option<Problem>,
}

impl OffersPage {
    fn badge(&self, offer: &Offer) -> (&'static str, String) {
        if offer.state == OfferState::Published && !offer.is_public(Utc::now().day()) {
            return ("badge-info", self.p.t("已到期", "Over").to_owned());
        }
        let badge = match offer.state {
            OfferState::Proposed => "badge-warn",
            OfferState::Published => "badge-ok",
            OfferState::Rejected => "badge-bad",
            OfferState::Withdrawn => "badge-info",
        };
        (badge, self.p.text(&offer.state.name()).to_owned())
    }

    fn may_withdraw(&self, offer: &Offer) -> bool {
        offer.is_public(Utc::now().day())
    }
}

#[derive(Default, Deserialize)]
pub(super) struct OfferForm {
    kind: String,
    title_zh: String,
    #[serde(default)]
    title_en: String,
    text_zh: String,
    #[serde(default)]
    text_en: String,
    from: String,
    until: String,
    /// `division.CODE` of each ticked box, and what else the form carries.
    #[serde(flatten)]
    ticked: BTreeMap<String, String>,
}

impl OfferForm {
    fn codes(&self) -> impl Iterator<Item = &str> {
        self.ticked.keys().filter_map(|name| name.strip_prefix("division."))
    }

    fn has(&self, code: &str) -> bool {
        self.codes().any(|ticked| ticked == code)
    }

    fn meant(&self) -> NewOffer {
        NewOffer {
            kind: self.kind.clone(),
            title_zh: self.title_zh.clone(),
            title_en: self.title_en.clone(),
            text_zh: self.text_zh.clone(),
            text_en: self.text_en.clone(),
            divisions: self.codes().collect::<Vec<_>>().join(","),
            from: self.from.clone(),
            until: self.until.clone(),
        }
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    form: OfferForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let status = problem.as_ref().map(|problem| problem.status);
    let offers = offers::own(app, actor).await?;
    let divisions = divisions::children(Region::Chongqing, Utc::now().day()).collect();
    with_problem(render(&OffersPage { p, offers, divisions, form, problem }), status)
}

pub(super) async fn own(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    show(&app, &actor, p, OfferForm::default(), None).await
}

pub(super) async fn draft(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<OfferForm>,
) -> Result<Response, Problem> {
    match offers::draft(&app, &actor, &form.meant()).await {
        Ok(_) => Ok(Redirect::to("/office/banks/offers").into_response()),
        Err(problem) if problem.status < 500 => show(&app, &actor, p, form, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
pub(super) struct Withdrawal {
    id: String,
}

pub(super) async fn withdraw(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Withdrawal>,
) -> Result<Response, Problem> {
    offers::withdraw(&app, &actor, id_of(&form.id)?).await?;
    Ok(Redirect::to("/office/banks/offers").into_response())
}
