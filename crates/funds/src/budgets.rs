//! Budgets: how much may be approved of a programme in a year (Art. 8). One official of finance asks for an
//! amount, another confirms it; an approval beyond it is refused. A programme without a budget has no bound.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::approval::{self, Approval};
use kernel::db::{DbError, Row, Tx, v};
use kernel::http::{Form, Json, Page, Path, Query, Routes, render};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::{Article, Refusal, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use crate::payments::pages::{CHECKERS, VIEWERS, id_of};
use crate::programmes::formula::money;
use crate::programmes::formula::parse_decimal;

const KIND: &str = "funds.budget";
/// Who asks for a budget.
const MAKERS: &[Role] = &[Role::DepartmentOfficer];

/// Why an approval or a budget is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The list is more than what is left of the year's budget.
    Exceeded,
    /// Less than what is approved already.
    BelowApproved,
    /// Only finance asks for budgets.
    NotFinance,
    /// A change of this budget waits already.
    Waits,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Exceeded => "budgets/exceeded",
            Self::BelowApproved => "budgets/below-approved",
            Self::NotFinance => "budgets/not-finance",
            Self::Waits => "budgets/waits",
        }
    }

    fn article(&self) -> Option<Article> {
        matches!(self, Self::Exceeded).then_some(Article(8))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::Exceeded => ("超过该项目本年预算余额", "More than what is left of the budget"),
            Self::BelowApproved => ("低于已批准金额", "Less than what is approved already"),
            Self::NotFinance => ("预算由财政部门填报", "Budgets are asked for by finance"),
            Self::Waits => ("该预算已有待确认的调整", "A change of this budget waits already"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::Exceeded => {
                ("请先调整预算，或退回名册", "Change the budget first, or send the list back")
            }
            Self::BelowApproved => ("请填写不低于已批准的金额", "Enter at least what is approved"),
            Self::NotFinance => ("请联系财政部门", "Ask the finance department"),
            Self::Waits => ("请先确认或退回", "Decide on that one first"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        if matches!(self, Self::NotFinance) { 403 } else { 409 }
    }
}

/// Whether `more` fits into a budget of which `approved` is bound.
///
/// # Errors
/// [`Refused::Exceeded`].
pub fn fits(budget: i64, approved: i64, more: i64) -> Result<(), Refused> {
    match approved.checked_add(more) {
        Some(all) if all <= budget => Ok(()),
        _ => Err(Refused::Exceeded),
    }
}

/// A programme in a year: budget, what is approved, what arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Programme.
    pub programme: Id,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: Text,
    /// Fen; none without a budget.
    pub fen: Option<i64>,
    /// Approved and not taken back or returned, fen.
    pub reserved: i64,
    /// Of that what arrived, fen.
    pub spent: i64,
}

impl Budget {
    /// What may still be approved.
    pub fn left(&self) -> Option<i64> {
        self.fen.map(|fen| fen - self.reserved)
    }
}

/// All programmes in a year, by code.
///
/// # Errors
/// See [`DbError`].
pub fn of_year(tx: &mut Tx<'_>, year: &str) -> Result<Vec<Budget>, DbError> {
    let sum = |states: &str| {
        format!(
            "(SELECT CAST(COALESCE(SUM(p.amount_fen), 0) AS BIGINT) FROM payment p
              WHERE p.programme_id = g.id AND p.period LIKE $2 AND p.state {states})"
        )
    };
    let (reserved, spent) = (sum("NOT IN ('returned', 'void')"), sum("= 'paid'"));
    let sql = format!(
        "SELECT g.id, g.code, g.name_zh, g.name_en, b.fen, {reserved}, {spent} FROM programme g
         LEFT JOIN programme_budget b ON b.programme_id = g.id AND b.year = $1 ORDER BY g.code"
    );
    let read = |row: &Row| {
        Ok(Budget {
            programme: row.get(0)?,
            code: row.get(1)?,
            name: Text::new(row.get::<String>(2)?, row.get::<String>(3)?),
            fen: row.get(4)?,
            reserved: row.get(5)?,
            spent: row.get(6)?,
        })
    };
    tx.query(&sql, &[v(year), v(format!("{year}%"))])?.iter().map(read).collect()
}

/// Binds a list's total in the transaction of its approval; two approvals at once do not both fit.
///
/// # Errors
/// [`Refused::Exceeded`].
pub fn bind(tx: &mut Tx<'_>, programme: Id, period: &str, fen: i64) -> Result<(), Problem> {
    let year = period.get(..4).unwrap_or_default();
    let sql = "SELECT fen, version FROM programme_budget WHERE programme_id = $1 AND year = $2";
    let Some(row) = tx.optional(sql, &[v(programme), v(year)])? else { return Ok(()) };
    let (budget, version): (i64, i64) = (row.get(0)?, row.get(1)?);
    let all = of_year(tx, year)?;
    let reserved = all.iter().find(|one| one.programme == programme).map_or(0, |one| one.reserved);
    fits(budget, reserved, fen)?;
    let sql = "UPDATE programme_budget SET version = version + 1
               WHERE programme_id = $1 AND year = $2 AND version = $3";
    Ok(tx.execute_one(sql, &[v(programme), v(year), v(version)])?)
}

/// Finance asks for a budget.
///
/// # Errors
/// [`Refused::NotFinance`], [`Refused::BelowApproved`], [`Refused::Waits`].
pub async fn ask(
    app: &App,
    actor: &Actor,
    programme: Id,
    year: &str,
    fen: i64,
) -> Result<(), Problem> {
    let (id, now, actor, year) = (app.id(), Utc::now(), actor.clone(), year.to_owned());
    let entry =
        Entry::new(app.id(), now, &actor, "funds.budget-asked", "Art. 8").on("approval", id);
    app.db
        .write(move |tx| {
            if !crate::rosters::service::is_finance(tx, &actor)? {
                return Err(Refused::NotFinance.into());
            }
            let all = of_year(tx, &year)?;
            let known = all.iter().find(|one| one.programme == programme);
            let known = known.ok_or_else(Problem::not_found)?;
            if fen < known.reserved {
                return Err(Refused::BelowApproved.into());
            }
            let object = format!("{programme} {year}");
            let asked = approval::ask(tx, id, &actor, KIND, &object, &fen.to_string(), now);
            asked.map_err(|error| match error {
                DbError::Unique(_) => Problem::from(Refused::Waits),
                other => other.into(),
            })?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Somebody else confirms a budget, or sends it back.
///
/// # Errors
/// It was his own, or is decided already.
pub async fn decide(app: &App, actor: &Actor, id: Id, yes: bool) -> Result<(), Problem> {
    let (now, actor) = (Utc::now(), actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "funds.budget-decided", "Art. 25");
    let entry = entry.on("approval", id);
    app.db
        .write(move |tx| {
            let made = approval::decide(tx, id, &actor, yes, "", now)?;
            let (programme, year) = object(&made).ok_or_else(Problem::not_found)?;
            let fen: i64 = made.summary.parse().map_err(|_| Problem::not_found())?;
            if yes {
                let sql =
                    "INSERT INTO programme_budget (programme_id, year, fen, changed_at, version)
                           VALUES ($1, $2, $3, $4, 1)
                           ON CONFLICT (programme_id, year) DO UPDATE SET fen = $3, changed_at = $4,
                               version = programme_budget.version + 1";
                tx.execute(sql, &[v(programme), v(year), v(fen), v(now)])?;
            }
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

fn object(made: &Approval) -> Option<(Id, &str)> {
    let (programme, year) = made.object.split_once(' ')?;
    Some((programme.parse().ok()?, year)).filter(|_| made.kind == KIND)
}

pub(crate) fn routes() -> Routes {
    let view = Access::Roles(VIEWERS);
    Routes::new("funds")
        .page(Method::GET, "/office/funds/budgets", view, &[8], show)
        .page(Method::POST, "/office/funds/budgets", Access::Roles(MAKERS), &[8], asked)
        .page(
            Method::POST,
            "/office/funds/budgets/{id}",
            Access::Roles(CHECKERS),
            &[8, 25],
            decided,
        )
        .api(view, &[8], routes!(budgets))
        .nav(VIEWERS, "/office/funds/budgets", Text::new("预算", "Budgets"), None)
        .work(
            CHECKERS,
            "/office/funds/budgets",
            Text::new("预算审批", "Budgets to decide"),
            |tx, actor, _| kernel::work::decisions(tx, actor, &[KIND]),
        )
}

#[derive(Template)]
#[template(path = "budgets.html")]
struct BudgetsPage {
    p: Page,
    actor: Actor,
    year: String,
    all: Vec<Budget>,
    waiting: Vec<Approval>,
}

impl BudgetsPage {
    fn may_ask(&self) -> bool {
        MAKERS.contains(&self.actor.role)
    }

    fn may_decide(&self, one: &Approval) -> bool {
        CHECKERS.contains(&self.actor.role) && one.made_by != self.actor.account
    }

    /// Programme, year and amount of a change that waits.
    fn what(&self, one: &Approval) -> (String, String, String) {
        let (programme, year) = object(one).unwrap_or_default();
        let found = self.all.iter().find(|known| known.programme == programme);
        let name = found.map(|known| self.p.text(&known.name).to_owned()).unwrap_or_default();
        (name, year.to_owned(), money(one.summary.parse::<i64>().unwrap_or_default()))
    }
}

/// Which year is looked at; the present one when it is left out.
#[derive(Deserialize)]
struct View {
    #[serde(default)]
    year: String,
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit())
}

async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let this = || day_text(Utc::now().day())[..4].to_owned();
    let year = if is_year(&view.year) { view.year } else { this() };
    let of = year.clone();
    let read =
        app.db.read(move |tx| Ok::<_, DbError>((of_year(tx, &of)?, approval::open(tx, KIND)?)));
    let (all, waiting) = read.await?;
    render(&BudgetsPage { p, actor, year, all, waiting })
}

/// What is asked for.
#[derive(Deserialize)]
struct AskForm {
    programme: String,
    year: String,
    yuan: String,
}

async fn asked(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<AskForm>,
) -> Result<Response, Problem> {
    let wrong = |field: &str| Problem::field(field, Text::new("请检查填写的内容", "Check it"));
    let fen = parse_decimal(&form.yuan, 2).ok_or_else(|| wrong("yuan"))?;
    let year = form.year.trim();
    if !is_year(year) {
        return Err(wrong("year"));
    }
    ask(&app, &actor, id_of(&form.programme)?, year, fen).await?;
    Ok(Redirect::to(&format!("/office/funds/budgets?year={year}")).into_response())
}

/// Yes or no.
#[derive(Deserialize)]
struct DecideForm {
    word: String,
}

async fn decided(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<DecideForm>,
) -> Result<Response, Problem> {
    decide(&app, &actor, id_of(&id)?, form.word == "yes").await?;
    Ok(Redirect::to("/office/funds/budgets").into_response())
}

/// A programme's budget in a year.
#[derive(Serialize, utoipa::ToSchema)]
struct BudgetBody {
    /// Code of the programme.
    programme: String,
    /// Budget in fen; none has no bound.
    fen: Option<i64>,
    /// Approved and not returned, fen.
    reserved: i64,
    /// Of that what arrived, fen.
    spent: i64,
}

/// Budgets of all programmes in a year.
#[utoipa::path(get, path = "/api/v1/funds/budgets/{year}", tag = "funds", params(("year" = String, Path)),
    responses((status = 200, body = Vec<BudgetBody>)))]
async fn budgets(
    State(app): State<App>,
    Path(year): Path<String>,
) -> Result<Json<Vec<BudgetBody>>, Problem> {
    if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::not_found());
    }
    let all = app.db.read(move |tx| of_year(tx, &year)).await?;
    let body = all.into_iter().map(|one| BudgetBody {
        programme: one.code,
        fen: one.fen,
        reserved: one.reserved,
        spent: one.spent,
    });
    Ok(Json(body.collect()))
}

#[cfg(test)]
mod tests {
    use kernel::testing::databases;

    use super::*;
    use crate::rosters::tests::World;

    #[test]
    fn the_last_fen_of_a_budget_fits_and_one_more_does_not() {
        assert_eq!(fits(100, 40, 60), Ok(()));
        assert_eq!(fits(100, 40, 61), Err(Refused::Exceeded));
        assert_eq!(fits(i64::MAX, i64::MAX, 1), Err(Refused::Exceeded));
    }

    #[tokio::test]
    async fn an_approval_beyond_the_budget_is_refused_until_two_people_raise_it() {
        for test in databases("budgets") {
            let world = World::new(&test, 2).await;
            let roster = world.enter_good("A-1", 2, 10_000).await;
            world.to_notice(roster.id).await;
            world.end_notice().await;
            let (app, finance) = (&world.app, &world.finance);
            let foreign = ask(app, &world.officer, roster.programme, "2026", 1).await;
            assert_eq!(foreign.err().map(|p| p.code), Some("budgets/not-finance"));
            for (fen, fits) in [(19_999, false), (20_000, true)] {
                ask(app, &finance[0], roster.programme, "2026", fen).await.expect("asked");
                let waits = app.db.read(|tx| approval::open(tx, KIND)).await.expect("read")[0].id;
                let own = decide(app, &finance[0], waits, true).await;
                assert_eq!(own.err().map(|p| p.code), Some("approval/own-work"));
                decide(app, &finance[1], waits, true).await.expect("confirmed");
                let approved = world.approve(&finance[0], roster.id).await;
                let code = approved.err().map(|problem| problem.code);
                assert_eq!(code.is_none(), fits, "{}: {code:?}", test.engine);
            }
            let all = app.db.read(|tx| of_year(tx, "2026")).await.expect("read");
            let one = all.iter().find(|one| one.programme == roster.programme).expect("there");
            assert_eq!((one.fen, one.reserved, one.left()), (Some(20_000), 20_000, Some(0)));
        }
    }
}
