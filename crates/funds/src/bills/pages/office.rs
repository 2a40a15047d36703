//! The office: billers, figures, days, what waits for a decision, one payment with its proofs.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::shared::WordForm;
use super::{CHECKERS, FINANCE, PROPOSERS};
use crate::bills::rules::{Kind, State as Standing};
use crate::bills::service::billers::{self, NewBiller};
use crate::bills::service::books::{self, Figures};
use crate::bills::store::payments::{self, Exception, Line, Stored};
use crate::payments::pages::id_of;
use crate::programmes::formula::money;

#[derive(Template)]
#[template(path = "bills_office.html")]
struct OfficePage {
    p: Page,
    actor: Actor,
    all: Figures,
    newest: Vec<Stored>,
}

impl OfficePage {
    fn name(&self, id: &Id) -> String {
        let found = self.all.billers.iter().find(|one| one.id == *id);
        found.map(|one| self.p.text(&one.name).to_owned()).unwrap_or_default()
    }

    fn may_propose(&self) -> bool {
        PROPOSERS.contains(&self.actor.role)
    }

    fn may_decide(&self) -> bool {
        CHECKERS.contains(&self.actor.role)
    }

    fn may_ask(&self) -> bool {
        FINANCE.contains(&self.actor.role)
    }

    fn kinds(&self) -> [Kind; 3] {
        Kind::ALL
    }

    /// What came to the billers: lines and fen.
    fn done(&self) -> (i64, i64) {
        let done = self.all.states.iter().filter(|one| one.1 == Standing::Done);
        done.fold((0, 0), |sum, one| (sum.0 + one.2, sum.1 + one.3))
    }

    /// What is under way.
    fn under_way(&self) -> (i64, i64) {
        let open = self.all.states.iter().filter(|one| !one.1.is_final());
        open.fold((0, 0), |sum, one| (sum.0 + one.2, sum.1 + one.3))
    }

    fn holds(&self) -> bool {
        self.all.balances.iter().all(|(_, booked, stands)| booked == stands)
    }

    fn what(&self, one: &Exception) -> String {
        self.p.text(&kind_name(&one.kind)).to_owned()
    }

    fn actions(&self, one: &Exception) -> Vec<(&'static str, String)> {
        let named = |action: &&'static str| (*action, self.p.text(&action_name(action)).to_owned());
        books::actions(&one.kind).iter().map(named).collect()
    }

    fn action(&self, one: &Exception) -> String {
        self.p.text(&action_name(&one.action)).to_owned()
    }

    fn own(&self, one: &Exception) -> bool {
        one.asked_by == Some(self.actor.account)
    }
}

fn kind_name(kind: &str) -> Text {
    let (zh, en) = match kind {
        "contradicts" => ("银行前后说法不一", "The bank contradicts itself"),
        "amount" => ("金额不一致", "The amount differs"),
        "vanished" => ("银行查不到已受理的扣款", "The bank lost an order that it took"),
        "missing-there" => ("收费单位对账文件中没有", "Missing in the biller's day"),
        "unknown-there" => ("收费单位多出的记录", "Unknown line in the biller's day"),
        "refund" => ("退款未成功", "A refund did not arrive"),
        "give-back" => ("收费单位同意退费", "The biller gives it back"),
        "unknown-line" => ("银行回单行无法识别", "A line of the bank that nobody knows"),
        _ => ("账实不符", "Books and payments differ"),
    };
    Text::new(zh, en)
}

fn action_name(action: &str) -> Text {
    let (zh, en) = match action {
        "was-taken" => ("确认已扣款", "It was debited"),
        "was-not-taken" => ("确认未扣款", "It was not debited"),
        "struck" => ("收费单位已冲销，确认未扣款", "The biller struck it out; not debited"),
        "give-back" => ("退还持卡人", "Give it back to the holder"),
        "retry" => ("重新退款", "Try the refund again"),
        _ => ("维持现状", "Leave it as it stands"),
    };
    Text::new(zh, en)
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let all = books::figures(&app).await?;
    let newest = app.db.read(|tx| payments::newest(tx, None, 20)).await?;
    render(&OfficePage { p, actor, all, newest })
}

/// A new biller.
#[derive(Deserialize)]
pub(super) struct BillerForm {
    code: String,
    name_zh: String,
    name_en: String,
    kind: String,
    phone: String,
    #[serde(default)]
    divisions: String,
    account: String,
}

fn back() -> Response {
    Redirect::to("/office/bills").into_response()
}

pub(super) async fn propose(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<BillerForm>,
) -> Result<Response, Problem> {
    let BillerForm { code, name_zh, name_en, kind, phone, divisions, account } = form;
    let new = NewBiller { code, name_zh, name_en, kind, phone, divisions, account };
    billers::propose(&app, &actor, new).await?;
    Ok(back())
}

pub(super) async fn decide_biller(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<WordForm>,
) -> Result<Response, Problem> {
    billers::decide(&app, &actor, id_of(&id)?, &form.word).await?;
    Ok(back())
}

#[derive(Template)]
#[template(path = "bill_proof.html")]
struct ProofPage {
    p: Page,
    one: Stored,
    lines: Vec<Line>,
    may_ask: bool,
}

impl ProofPage {
    fn digest(&self) -> String {
        hex::encode(&self.one.digest)
    }

    fn is_done(&self) -> bool {
        self.one.payment.state == Standing::Done
    }
}

pub(super) async fn proof(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let read = app.db.read(move |tx| {
        let one = payments::get(tx, id)?.ok_or_else(Problem::not_found)?;
        Ok::<_, Problem>((one, payments::lines(tx, id)?))
    });
    let (one, lines) = read.await?;
    render(&ProofPage { p, one, lines, may_ask: FINANCE.contains(&actor.role) })
}

/// A reason.
#[derive(Deserialize)]
pub(super) struct WhyForm {
    reason: String,
}

pub(super) async fn give_back(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<WhyForm>,
) -> Result<Response, Problem> {
    books::ask_give_back(&app, &actor, id_of(&id)?, &form.reason).await?;
    Ok(back())
}

pub(super) async fn ask(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<WordForm>,
) -> Result<Response, Problem> {
    books::ask(&app, &actor, id_of(&id)?, &form.word).await?;
    Ok(back())
}

pub(super) async fn decide(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<WordForm>,
) -> Result<Response, Problem> {
    books::decide(&app, &actor, id_of(&id)?, form.word == "yes").await?;
    Ok(back())
}
