//! One batch, its lines, and the proofs of one payment.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Json, Page, Path, Query, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::office::Why;
use super::{CHECKERS, FINANCE, MAKERS, Names, READERS, STOPPERS, id_of, reason_name};
use crate::payments::rules::Account;
use crate::payments::rules::State as Standing;
use crate::payments::rules::batch::BatchState;
use crate::payments::rules::files::FileState;
use crate::payments::rules::invariants::Sum;
use crate::payments::service::exceptions;
use crate::payments::service::look::{self, Proof, Whole};
use crate::payments::service::release::{self, Hand};
use crate::payments::store::batches::Batch;
use crate::payments::store::payments::Stored;
use crate::programmes::formula::money;

#[derive(Template)]
#[template(path = "pay_batch.html")]
struct BatchPage {
    p: Page,
    whole: Whole,
    names: Names,
    actor: Actor,
}

impl BatchPage {
    fn steps(&self) -> [(&'static str, String, bool); 5] {
        let state = self.whole.batch.release.state;
        let order = [
            BatchState::Accepted,
            BatchState::Reserved,
            BatchState::Asked,
            BatchState::Released,
            BatchState::Settled,
        ];
        order.map(|step| {
            let class = match () {
                () if step == state && step != BatchState::Settled => "step-now",
                () if step <= state && state != BatchState::Void => "step-done",
                () => "",
            };
            (class, self.p.text(&step.name()).to_owned(), class == "step-now")
        })
    }

    fn parts(&self) -> [(Text, Sum, &'static str); 6] {
        let tally = &self.whole.tally;
        [
            (Text::new("已到账", "Paid"), tally.paid, "paid"),
            (Text::new("已退回", "Returned"), tally.returned, "returned"),
            (Text::new("处理中", "Pending"), tally.pending, "sent"),
            (Text::new("待银行核实", "Being verified"), tally.unknown, "unknown"),
            (Text::new("待查", "Suspense"), tally.suspense, ""),
            (Text::new("已取消", "Cancelled"), tally.void, "void"),
        ]
    }

    fn moving(&self) -> bool {
        let state = self.whole.batch.release.state;
        let released = state == BatchState::Released && self.whole.stops.is_empty();
        state == BatchState::Accepted || released
    }

    fn done(&self) -> i64 {
        let tally = &self.whole.tally;
        tally.all().count - tally.pending.count - tally.unknown.count
    }

    fn may_ask(&self) -> bool {
        self.whole.batch.release.state == BatchState::Reserved && MAKERS.contains(&self.actor.role)
    }

    fn may_approve(&self) -> bool {
        let release = &self.whole.batch.release;
        let mine = [release.asked_by, release.first_by].contains(&Some(self.actor.account));
        release.state == BatchState::Asked && CHECKERS.contains(&self.actor.role) && !mine
    }

    fn may_stop(&self) -> bool {
        STOPPERS.contains(&self.actor.role)
            && !self.whole.stops.iter().any(|stop| stop.batch == self.whole.batch.id)
    }

    fn may_read(&self) -> bool {
        READERS.contains(&self.actor.role)
    }

    fn accounts(&self) -> Vec<(Account, i64)> {
        let of = |account| (account, self.whole.balances.of(account));
        Account::ALL.into_iter().map(of).filter(|(_, fen)| *fen != 0).collect()
    }
}

/// A file's state in words, with the class of its badge.
fn file_state(state: &FileState) -> (Text, &'static str) {
    match state {
        FileState::Intent => (Text::new("待发送", "Waits to leave"), "info"),
        FileState::Sending => (Text::new("发送中", "Leaving"), "info"),
        FileState::Sent => (Text::new("银行已收", "At the bank"), "info"),
        FileState::Unknown => (Text::new("待银行核实", "Being verified"), "warn"),
        FileState::Refused => (Text::new("银行拒收", "Refused"), "bad"),
        FileState::Settled => (Text::new("已办结", "Settled"), "ok"),
    }
}

/// What an entry is about, in words.
pub(super) fn kind_name(kind: &str) -> Text {
    let (zh, en) = match kind {
        "approve" => ("批准入账", "Approved"),
        "reserve" => ("预留资金", "Set aside"),
        "void" => ("取消", "Cancelled"),
        "intend" => ("拨付银行", "Released to the bank"),
        "turn-back" => ("无可收款账户退回", "Could not leave"),
        "withdraw" => ("银行整批拒收", "File refused"),
        "pay" => ("到账", "Paid"),
        "return" => ("银行退回", "Returned"),
        "hold" => ("转入待查", "Put into suspense"),
        "accept-return" => ("认定已退回", "Found returned"),
        "accept-paid" => ("认定已到账", "Found paid"),
        "dismiss" => ("维持原状", "Left as it stood"),
        "reissue" => ("转出补发", "Paid again"),
        "overpay" => ("重复支付挂账", "Paid twice"),
        "forgive" => ("银行更正", "Withdrawn by the bank"),
        "recover" => ("追回", "Recovered"),
        other => (other, other),
    };
    Text::new(zh, en)
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut whole = look::batch(&app, &actor, id_of(&id)?).await?;
    let names = Names::new(std::mem::take(&mut whole.names));
    render(&BatchPage { p, whole, names, actor })
}

pub(super) async fn progress(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Json<serde_json::Value>, Problem> {
    let (done, total, batch) = look::progress(&app, &actor, id_of(&id)?).await?;
    let state = batch.release.state;
    let finished = !matches!(state, BatchState::Accepted | BatchState::Released);
    let text = format!("{} {done} / {total}", p.text(&state.name()));
    let body = serde_json::json!({
        "done": done, "total": total, "text": text, "finished": finished });
    Ok(Json(body))
}

#[derive(Deserialize)]
pub(super) struct HandForm {
    hand: String,
}

pub(super) async fn release(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<HandForm>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let hand = Hand::from_code(&form.hand).ok_or_else(Problem::not_found)?;
    // Two doors in one form: each hand belongs to its roles.
    let roles = if hand == Hand::Ask { MAKERS } else { CHECKERS };
    if !roles.contains(&actor.role) {
        return Err(Problem::forbidden());
    }
    release::release(&app, &actor, id, hand).await?;
    Ok(Redirect::to(&format!("/office/funds/batches/{id}")).into_response())
}

pub(super) async fn take_back(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Why>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    release::take_back(&app, &actor, id, &form.reason).await?;
    Ok(Redirect::to(&format!("/office/funds/batches/{id}")).into_response())
}

#[derive(Deserialize)]
pub(super) struct LinesOf {
    #[serde(default)]
    state: String,
    #[serde(default)]
    bank: String,
    #[serde(default)]
    after: i64,
}

#[derive(Template)]
#[template(path = "pay_lines.html")]
struct LinesPage {
    p: Page,
    batch: Batch,
    lines: Vec<Stored>,
    state: String,
    bank: String,
}

impl LinesPage {
    fn next(&self) -> Option<i64> {
        self.lines.last().filter(|_| self.lines.len() == 50).map(|last| last.id.0)
    }
}

pub(super) async fn lines(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Query(of): Query<LinesOf>,
) -> Result<Response, Problem> {
    let state = Standing::from_code(&of.state);
    let bank = if of.bank.is_empty() { None } else { Some(id_of(&of.bank)?) };
    let of_these = (state, bank);
    let (batch, lines) = look::lines(&app, &actor, id_of(&id)?, of_these, of.after).await?;
    let state = state.map(Standing::code).unwrap_or_default().to_owned();
    let bank = bank.map(|bank| bank.to_string()).unwrap_or_default();
    render(&LinesPage { p, batch, lines, state, bank })
}

#[derive(Template)]
#[template(path = "pay_proof.html")]
struct ProofPage {
    p: Page,
    proof: Proof,
    actor: Actor,
}

impl ProofPage {
    /// Whether the reader may report it as paid wrongly.
    fn may_report(&self) -> bool {
        let payment = &self.proof.stored.payment;
        let waits = self.proof.exceptions.iter().any(|one| one.state != "closed");
        FINANCE.contains(&self.actor.role)
            && payment.state == Standing::Paid
            && !payment.held
            && !payment.recovered
            && !waits
    }

    fn digest(&self) -> String {
        self.proof.file.as_ref().map(|file| hex::encode(&file.digest)).unwrap_or_default()
    }

    fn report_digest(&self) -> String {
        self.proof.report.as_ref().map(|one| hex::encode(&one.digest)).unwrap_or_default()
    }

    fn word(&self, word: &str) -> &str {
        match word {
            "paid" => self.p.t("已到账", "Paid"),
            "returned" => self.p.t("已退回", "Returned"),
            _ => self.p.t("处理中", "Pending"),
        }
    }

    fn meaning(&self, meaning: &str) -> &str {
        match meaning {
            "pay" | "return" | "take" => self.p.t("已入账", "Booked"),
            "exception" => self.p.t("列为差错", "Exception"),
            _ => self.p.t("重复，无变化", "Nothing new"),
        }
    }
}

pub(super) async fn proof(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let proof = look::proof(&app, &actor, id_of(&id)?).await?;
    render(&ProofPage { p, proof, actor })
}

pub(super) async fn wrong(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Why>,
) -> Result<Response, Problem> {
    exceptions::report_wrong(&app, &actor, id_of(&id)?, &form.reason).await?;
    Ok(Redirect::to("/office/funds/exceptions").into_response())
}
