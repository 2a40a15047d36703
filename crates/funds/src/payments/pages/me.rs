//! "What I received, from whom, why" (Art. 8).

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;

use super::queue::CardForm;
use super::{csv_of, id_of, reason_name};
use crate::payments::rules::State as Standing;
use crate::payments::service::look::{self, Received};
use crate::payments::service::returned as again;
use crate::programmes::formula::{money, yuan};

#[derive(Template)]
#[template(path = "pay_me.html")]
struct MePage {
    p: Page,
    lines: Vec<Received>,
    accounts: Vec<(Id, Text, String)>,
}

impl MePage {
    /// Years in which something arrived, newest first.
    fn years(&self) -> std::collections::BTreeSet<std::cmp::Reverse<i32>> {
        let paid = self.lines.iter().filter(|one| one.stored.payment.state == Standing::Paid);
        paid.map(|one| std::cmp::Reverse(one.stored.changed_at.day().year())).collect()
    }

    /// What arrived this year, fen.
    fn year(&self) -> i64 {
        let year = kernel::time::Utc::now().day().year();
        let arrived = |one: &&Received| {
            one.stored.payment.state == Standing::Paid && one.stored.changed_at.day().year() == year
        };
        self.lines.iter().filter(arrived).map(|one| one.stored.payment.fen).sum()
    }

    fn state(&self, one: &Received) -> (String, &'static str) {
        let (text, badge) = state(one);
        (self.p.text(&text).to_owned(), badge)
    }

    /// Returned money for which nobody chose an account yet.
    fn waits(&self, one: &Received) -> bool {
        let payment = &one.stored.payment;
        payment.state == Standing::Returned
            && !payment.held
            && !payment.reissued
            && one.correction.as_ref().is_none_or(|made| made.state == "made")
    }

    fn day(&self, one: &Received) -> String {
        day_text(one.stored.changed_at.day())
    }
}

fn state(one: &Received) -> (Text, &'static str) {
    let payment = &one.stored.payment;
    match payment.state {
        _ if one.frozen => (Text::new("冻结中，解冻后发放", "Frozen; paid after the thaw"), "warn"),
        _ if payment.held => (Text::new("正在核实", "Being verified"), "warn"),
        Standing::Returned if payment.reissued => (Text::new("已重新发放", "Paid again"), "info"),
        Standing::Approved | Standing::Reserved | Standing::Intent => {
            (Text::new("等待发放", "About to be paid"), "info")
        }
        state => (state.name(), state.badge()),
    }
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let lines = look::own(&app, &actor).await?;
    let accounts = look::own_accounts(&app, &actor).await?;
    render(&MePage { p, lines, accounts })
}

#[derive(Template)]
#[template(path = "pay_me_year.html")]
struct YearPage {
    p: Page,
    year: i32,
    lines: Vec<Received>,
}

impl YearPage {
    fn total(&self) -> i64 {
        self.lines.iter().map(|one| one.stored.payment.owed()).sum()
    }

    /// What arrived and was not given back, by programme.
    fn programmes(&self) -> Vec<(String, usize, i64)> {
        let mut all: std::collections::BTreeMap<String, (usize, i64)> = Default::default();
        for one in &self.lines {
            let sum = all.entry(self.p.text(&one.what).to_owned()).or_default();
            *sum = (sum.0 + 1, sum.1 + one.stored.payment.owed());
        }
        all.into_iter().map(|(name, (count, fen))| (name, count, fen)).collect()
    }

    fn day(&self, one: &Received) -> String {
        day_text(one.stored.changed_at.day())
    }
}

/// The statement of a year, to be printed: what arrived, from whom, and why.
pub(super) async fn year(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(year): Path<String>,
) -> Result<Response, Problem> {
    let year: i32 = year.parse().map_err(|_| Problem::not_found())?;
    let mut lines = look::own(&app, &actor).await?;
    lines.retain(|one| {
        one.stored.payment.state == Standing::Paid && one.stored.changed_at.day().year() == year
    });
    render(&YearPage { p, year, lines })
}

pub(super) async fn csv(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let head = [
        p.t("日期", "day"),
        p.t("项目", "programme"),
        p.t("期间", "period"),
        p.t("金额（元）", "yuan"),
        p.t("状态", "state"),
        p.t("银行", "bank"),
        p.t("编号", "number"),
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in look::own(&app, &actor).await? {
        rows.push(vec![
            day_text(one.stored.changed_at.day()),
            p.text(&one.what).to_owned(),
            one.stored.period.clone(),
            yuan(one.stored.payment.fen),
            p.text(&state(&one).0).to_owned(),
            p.text(&one.bank).to_owned(),
            one.stored.id.to_string(),
        ]);
    }
    csv_of("my-payments.csv", &rows)
}

pub(super) async fn correct(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<CardForm>,
) -> Result<Response, Problem> {
    again::correct(&app, &actor, id_of(&id)?, id_of(&form.card)?).await?;
    Ok(Redirect::to("/me/payments").into_response())
}
