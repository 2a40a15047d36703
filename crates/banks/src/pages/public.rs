//! What everybody sees: the cooperating banks, one bank, the offers.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kernel::divisions::{self, Division, Region};
use kernel::http::{Page, Path, Query, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};

use super::{places, services, waivers};
use crate::api::Wanted;
use crate::rules::{self, Agreement, Kind, Offer};
use crate::service::offers::Filter;
use crate::service::{agreements, offers};
use crate::store::agreements::Bank;

#[derive(Template)]
#[template(path = "banks.html")]
struct BanksPage {
    p: Page,
    banks: Vec<(Bank, Agreement)>,
}

pub(super) async fn list(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let banks = agreements::list(&app, Utc::now()).await?.into_iter();
    let banks = banks.filter_map(|(bank, agreement)| Some((bank, agreement?))).collect();
    render(&BanksPage { p, banks })
}

#[derive(Template)]
#[template(path = "bank.html")]
struct BankPage {
    p: Page,
    bank: Bank,
    agreement: Option<Agreement>,
    offers: Vec<Offer>,
}

pub(super) async fn one(
    State(app): State<App>,
    p: Page,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let (bank, versions) = agreements::one(&app, code).await?;
    let agreement = rules::in_force(&versions, Utc::now().day()).cloned();
    let filter = Filter { bank: Some(bank.id), ..Filter::default() };
    let offers = offers::public(&app, filter).await?;
    render(&BankPage { p, bank, agreement, offers })
}

#[derive(Template)]
#[template(path = "offers.html")]
struct OffersPage {
    p: Page,
    wanted: Wanted,
    banks: Vec<Bank>,
    divisions: Vec<&'static Division>,
    names: HashMap<Id, (String, Text)>,
    offers: Vec<Offer>,
}

impl OffersPage {
    fn bank(&self, offer: &Offer) -> &str {
        self.names.get(&offer.bank).map_or("", |(_, name)| self.p.text(name))
    }

    fn code(&self, offer: &Offer) -> &str {
        self.names.get(&offer.bank).map_or("", |(code, _)| code)
    }
}

pub(super) async fn offers(
    State(app): State<App>,
    p: Page,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let found = offers::public(&app, wanted.filter(&app).await?).await?;
    let now = Utc::now();
    let banks = agreements::list(&app, now).await?.into_iter();
    let banks: Vec<Bank> = banks.filter(|(_, a)| a.is_some()).map(|(bank, _)| bank).collect();
    let names = banks.iter().map(|b| (b.id, (b.code.clone(), b.name.clone()))).collect();
    let divisions = divisions::children(Region::Chongqing, now.day()).collect();
    render(&OffersPage { p, wanted, banks, divisions, names, offers: found })
}
