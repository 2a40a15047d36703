//! What stands behind a total, and the year's account.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kernel::actor::Actor;
use kernel::http::{Page, Query, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::office::{View, name_of, tab_name};
use super::{Names, READERS, csv_of};
use crate::payments::service::look;
use crate::payments::store::figures::{By, Figure, Year};
use crate::programmes::formula::{money, yuan};

#[derive(Template)]
#[template(path = "pay_total.html")]
struct TotalPage {
    p: Page,
    by: By,
    key: String,
    name: String,
    from: String,
    to: String,
    batches: Vec<Figure>,
    may_read: bool,
}

impl TotalPage {
    fn id(&self, one: &Figure) -> String {
        one.key.parse().map(Id).unwrap_or_default().to_string()
    }

    /// The lines of a bank alone, where a bank's total is looked at.
    fn lines(&self) -> String {
        match self.by {
            By::Bank => format!("?bank={}", self.key.parse().map(Id).unwrap_or_default()),
            _ => String::new(),
        }
    }

    fn total(&self) -> Figure {
        Figure::total(&self.batches)
    }
}

pub(super) async fn total(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let (from, to) = view.span();
    let (by, key) = (view.by(), view.key.clone());
    let span = (from.clone(), to.clone());
    let (batches, names) = look::behind(&app, &actor, (by, key.clone()), span).await?;
    let name = name_of(&p, &Names::new(names), by, &key, &key);
    let may_read = READERS.contains(&actor.role);
    render(&TotalPage { p, by, key, name, from, to, batches, may_read })
}

#[derive(Deserialize)]
pub(super) struct YearView {
    #[serde(default)]
    by: String,
    #[serde(default)]
    year: String,
}

impl YearView {
    /// Programme or district; nothing else is closed by the year.
    fn by(&self) -> By {
        By::from_code(&self.by).filter(|by| YEARS.contains(by)).unwrap_or(By::Programme)
    }

    fn year(&self) -> String {
        let good = self.year.len() == 4 && self.year.bytes().all(|b| b.is_ascii_digit());
        let this = || Utc::now().day().year().to_string();
        if good { self.year.clone() } else { this() }
    }
}

const YEARS: [By; 3] = [By::Programme, By::Department, By::District];

#[derive(Template)]
#[template(path = "pay_year.html")]
struct YearPage {
    p: Page,
    by: By,
    year: String,
    rows: Vec<Year>,
    names: Names,
}

impl YearPage {
    fn tabs(&self) -> [(&'static str, &str, bool); 3] {
        YEARS.map(|by| (by.code(), tab_name(&self.p, by), by == self.by))
    }

    fn heads(&self) -> [&str; 9] {
        let p = &self.p;
        [
            tab_name(p, self.by),
            p.t("上年结转（元）", "Brought forward"),
            p.t("本年拨付（元）", "Drawn"),
            p.t("本年到账（元）", "Paid"),
            p.t("到账笔数", "Payments"),
            p.t("重复支付（元）", "Paid twice"),
            p.t("追回（元）", "Recovered"),
            p.t("结转下年（元）", "Carried forward"),
            p.t("执行率", "Paid of all"),
        ]
    }

    /// All groups and, behind them, their sum; each cell with its heading.
    fn cells(&self) -> Vec<(String, Vec<(&str, String)>)> {
        let total =
            Year { name: self.p.t("合计", "Total").to_owned(), ..Year::total(&self.rows) };
        let all = self.rows.iter().chain(std::iter::once(&total));
        let row = |one: &Year| {
            let name = match one.key.is_empty() {
                true => one.name.clone(),
                false => name_of(&self.p, &self.names, self.by, &one.key, &one.name),
            };
            let heads = self.heads().into_iter().skip(1);
            (name, heads.zip(figures(one, money)).collect())
        };
        all.map(row).collect()
    }
}

fn figures(one: &Year, yuan: fn(i64) -> String) -> [String; 8] {
    let all = one.forward + one.drawn;
    let share = if all == 0 { 0 } else { one.paid as i128 * 1_000 / all as i128 };
    [
        yuan(one.forward),
        yuan(one.drawn),
        yuan(one.paid),
        one.paid_lines.to_string(),
        yuan(one.overpaid),
        yuan(one.recovered),
        yuan(one.carried),
        format!("{}.{}%", share / 10, share % 10),
    ]
}

async fn page(app: &App, actor: &Actor, p: Page, view: &YearView) -> Result<YearPage, Problem> {
    let (by, year) = (view.by(), view.year());
    let (rows, names) = look::year(app, actor, by, year.clone()).await?;
    Ok(YearPage { p, by, year, rows, names: Names::new(names) })
}

pub(super) async fn year(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(view): Query<YearView>,
) -> Result<Response, Problem> {
    render(&page(&app, &actor, p, &view).await?)
}

pub(super) async fn year_csv(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(view): Query<YearView>,
) -> Result<Response, Problem> {
    let page = page(&app, &actor, p, &view).await?;
    let mut rows = vec![page.heads().map(str::to_owned).to_vec()];
    for one in &page.rows {
        let name = name_of(&page.p, &page.names, page.by, &one.key, &one.name);
        rows.push(std::iter::once(name).chain(figures(one, yuan)).collect());
    }
    csv_of(&format!("funds-{}-{}.csv", page.year, page.by.code()), &rows)
}
