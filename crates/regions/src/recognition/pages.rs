//! The holder's page of using the card in the other region.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use items::rules::{Item, List};
use items::service::Catalogue;
use kernel::actor::{Access, Actor, Role};
use kernel::db::Tx;
use kernel::http::{Page, Routes, render};
use kernel::journal::{self, Entry};
use kernel::law::{Refusal as _, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::store::{self, Elsewhere};
use crate::places::store::{self as places, Place};
use crate::store as regions;

const HERE: &str = "/me/elsewhere";

pub(crate) fn routes() -> Routes {
    let holders = Access::Roles(&[Role::Holder]);
    Routes::new("regions")
        .page(Method::GET, HERE, holders, &[3, 7, 14, 18, 19], page)
        .more(HERE, Text::new("在四川使用", "Use in Sichuan"))
}

#[derive(Template)]
#[template(path = "regions_use.html")]
struct UsePage {
    p: Page,
    regions: Vec<String>,
    items: Vec<Arc<Item>>,
    uses: Vec<Elsewhere>,
    places: Vec<(String, Place)>,
}

/// The days of a week that have the same hours, together: first day, last day, hours.
fn week(hours: &str) -> Vec<(usize, usize, &str)> {
    let mut spans: Vec<(usize, usize, &str)> = Vec::new();
    for (day, hours) in hours.split(';').map(str::trim).enumerate().take(7) {
        match spans.last_mut() {
            Some((_, last, same)) if *same == hours => *last = day,
            _ => spans.push((day, day, hours)),
        }
    }
    spans.retain(|(.., hours)| !hours.is_empty());
    spans
}

impl UsePage {
    /// Where the card is used: the other region of the joint list.
    fn there(&self) -> &str {
        match self.p.region {
            Some(kernel::divisions::Region::Sichuan) => self.p.t("重庆", "Chongqing"),
            _ => self.p.t("四川", "Sichuan"),
        }
    }

    fn hours(&self, place: &Place) -> String {
        let zh = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
        let en = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let day = |at: usize| self.p.t(zh[at], en[at]);
        let span = |(first, last, hours): (usize, usize, &str)| match first == last {
            true => format!("{} {hours}", day(first)),
            false => format!("{}{}{} {hours}", day(first), self.p.t("至", "–"), day(last)),
        };
        let spans: Vec<String> = week(&place.hours).into_iter().map(span).collect();
        spans.join(self.p.t("；", "; "))
    }

    fn result(&self, one: &Elsewhere) -> Option<String> {
        let refused = codes::rules::Refused::from_code(&one.result);
        let known = refused.map(|refused| self.p.text(&refused.reason()).to_owned());
        (one.result != "ok").then(|| known.unwrap_or_else(|| one.result.clone()))
    }
}

async fn page(
    State(app): State<App>,
    Extension(catalogue): Extension<Arc<Catalogue>>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, &actor, "card.elsewhere-read", "Art. 19")
        .about(person)
        .why("查看异地用卡记录 / use in other regions", &["uses"]);
    let read = move |tx: &mut Tx<'_>| {
        let known = regions::all_trusted(tx)?.into_iter();
        let names: Vec<String> = known.map(|known| known.said.name).collect();
        journal::record(tx, &entry)?;
        Ok::<_, Problem>((names, store::elsewhere(tx, person)?, places::theirs(tx)?))
    };
    let (regions, uses, places) = app.db.write(read).await?;
    let mut items = catalogue.on(now.day());
    items.retain(|item| item.list == List::Joint);
    render(&UsePage { p, regions, items, uses, places })
}
