//! The dashboard of finance.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::divisions;
use kernel::http::{Form, Page, Path, Query, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;

use super::{FINANCE, Names, STOPPERS, csv_of, id_of};
use crate::payments::service::look::{self, Overview};
use crate::payments::service::release;
use crate::payments::store::figures::{By, Figure};
use crate::programmes::formula::{money, yuan};

#[derive(Deserialize)]
pub(super) struct View {
    #[serde(default)]
    by: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    /// The group whose batches are asked for.
    #[serde(default)]
    pub(super) key: String,
}

impl View {
    pub(super) fn by(&self) -> By {
        By::from_code(&self.by).unwrap_or(By::Programme)
    }

    /// From the first to the last period; this year when it is left out.
    pub(super) fn span(&self) -> (String, String) {
        let year: String = day_text(Utc::now().day()).chars().take(4).collect();
        let month = |text: &str, or: &str| {
            let good = text.len() == 7 && text.as_bytes()[4] == b'-';
            if good { text.to_owned() } else { format!("{year}-{or}") }
        };
        (month(&self.from, "01"), month(&self.to, "12"))
    }
}

/// One bar of the chart: what arrived out of what was released.
struct Bar {
    name: String,
    said: String,
    width: i64,
    top: usize,
    line: usize,
}

#[derive(Template)]
#[template(path = "pay_office.html")]
struct OfficePage {
    p: Page,
    seen: Overview,
    by: By,
    from: String,
    to: String,
    names: Names,
    may_stop: bool,
    may_lift: bool,
}

impl OfficePage {
    fn tab(&self) -> &str {
        tab_name(&self.p, self.by)
    }

    /// Code, name, and whether it is the present one.
    fn tabs(&self) -> [(&'static str, &str, bool); 5] {
        By::ALL.map(|by| (by.code(), tab_name(&self.p, by), by == self.by))
    }

    fn name(&self, figure: &Figure) -> String {
        name(&self.p, &self.names, self.by, figure)
    }

    fn bars(&self) -> Vec<Bar> {
        let most = self.seen.figures.iter().map(|one| one.paid_fen).max().unwrap_or(0).max(1);
        let figures = self.seen.figures.iter().take(20).enumerate();
        figures
            .map(|(place, figure)| Bar {
                name: self.name(figure).chars().take(18).collect(),
                said: money(figure.paid_fen),
                width: (figure.paid_fen.max(0) as i128 * 400 / most as i128) as i64,
                top: place * 28 + 6,
                line: place * 28 + 20,
            })
            .collect()
    }

    fn told(&self) -> String {
        let bars = self.bars();
        let said = bars.iter().map(|bar| format!("{} {}", bar.name, bar.said));
        said.collect::<Vec<_>>().join(self.p.t("，", ", "))
    }

    fn height(&self) -> usize {
        self.bars().len() * 28 + 8
    }

    fn total(&self) -> Figure {
        Figure::total(&self.seen.figures)
    }
}

pub(super) fn tab_name(p: &Page, by: By) -> &str {
    match by {
        By::Department => p.t("按部门", "By department"),
        By::Programme => p.t("按项目", "By programme"),
        By::District => p.t("按区县", "By district"),
        By::Bank => p.t("按银行", "By bank"),
        By::Day => p.t("按日", "By day"),
    }
}

fn name(p: &Page, names: &Names, by: By, figure: &Figure) -> String {
    name_of(p, names, by, &figure.key, &figure.name)
}

/// A group's name in the reader's language.
pub(super) fn name_of(p: &Page, names: &Names, by: By, key: &str, stored: &str) -> String {
    let district = || divisions::find(key);
    match by {
        By::Day => key.to_owned(),
        By::District => match district() {
            Some(division) => p.t(division.zh, division.en).to_owned(),
            None => key.to_owned(),
        },
        By::Department | By::Programme | By::Bank => {
            let id = key.parse().map(Id).unwrap_or_default();
            let name = p.text(&names.get(id)).to_owned();
            if name.is_empty() { stored.to_owned() } else { name }
        }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let (from, to) = view.span();
    let mut seen = look::overview(&app, &actor, view.by(), from.clone(), to.clone()).await?;
    let names = Names::new(std::mem::take(&mut seen.names));
    let (may_stop, may_lift) = (STOPPERS.contains(&actor.role), FINANCE.contains(&actor.role));
    render(&OfficePage { p, seen, by: view.by(), from, to, names, may_stop, may_lift })
}

pub(super) async fn csv(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let (from, to) = view.span();
    let mut seen = look::overview(&app, &actor, view.by(), from, to).await?;
    let names = Names::new(std::mem::take(&mut seen.names));
    let head = [
        p.t("分组", "group"),
        p.t("拨付笔数", "released"),
        p.t("拨付元", "released yuan"),
        p.t("到账笔数", "paid"),
        p.t("到账元", "paid yuan"),
        p.t("退回笔数", "returned"),
        p.t("退回元", "returned yuan"),
        p.t("在途笔数", "pending"),
        p.t("在途元", "pending yuan"),
        p.t("待查元", "suspense yuan"),
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in &seen.figures {
        rows.push(vec![
            name(&p, &names, view.by(), one),
            one.released.to_string(),
            yuan(one.released_fen),
            one.paid.to_string(),
            yuan(one.paid_fen),
            one.returned.to_string(),
            yuan(one.returned_fen),
            one.pending.to_string(),
            yuan(one.pending_fen),
            yuan(one.suspense_fen),
        ]);
    }
    csv_of(&format!("funds-{}.csv", view.by().code()), &rows)
}

#[derive(Deserialize)]
pub(super) struct StopForm {
    #[serde(default)]
    batch: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn stop(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<StopForm>,
) -> Result<Response, Problem> {
    if form.batch.is_empty() {
        release::stop(&app, &actor, None, &form.reason).await?;
        return Ok(Redirect::to("/office/funds").into_response());
    }
    let id = id_of(&form.batch)?;
    release::stop(&app, &actor, Some(id), &form.reason).await?;
    Ok(Redirect::to(&format!("/office/funds/batches/{id}")).into_response())
}

#[derive(Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    pub(super) reason: String,
}

pub(super) async fn lift(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Why>,
) -> Result<Response, Problem> {
    release::lift(&app, &actor, id_of(&id)?, &form.reason).await?;
    Ok(Redirect::to("/office/funds").into_response())
}
