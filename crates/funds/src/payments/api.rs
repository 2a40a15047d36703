//! Payments for programs: figures, batches, one payment with its proofs, the stop button.

use axum::extract::State;
use kernel::actor::{Access, Actor};
use kernel::http::{Json, Path, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::pages::{READERS, STOPPERS, VIEWERS, id_of};
use super::rules::invariants::Sum;
use super::service::{look, release};
use super::store::batches::Batch;

pub(crate) fn routes() -> Routes {
    Routes::new("funds")
        .api(Access::Roles(VIEWERS), &[8], routes!(batch))
        .api(Access::Roles(READERS), &[8, 19], routes!(payment))
        .api(Access::Roles(STOPPERS), &[8, 20], routes!(stop))
}

/// A number of payments and their sum.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SumBody {
    /// How many.
    count: i64,
    /// Fen.
    fen: i64,
}

impl From<Sum> for SumBody {
    fn from(sum: Sum) -> Self {
        Self { count: sum.count, fen: sum.fen }
    }
}

/// A batch: approved = paid + returned + pending + unknown + suspense + void.
#[derive(Serialize, utoipa::ToSchema)]
pub struct BatchBody {
    /// Its id.
    id: String,
    /// `accepted`, `reserved`, `asked`, `released`, `settled`, `void`.
    state: &'static str,
    /// Programme.
    programme: String,
    /// Period, `YYYY-MM`.
    period: String,
    /// Division (GB/T 2260).
    division: String,
    /// What was approved.
    approved: SumBody,
    /// What arrived.
    paid: SumBody,
    /// What came back.
    returned: SumBody,
    /// What is on its way.
    pending: SumBody,
    /// What nobody can tell yet.
    unknown: SumBody,
    /// What is contradicted.
    suspense: SumBody,
    /// What was taken back.
    void: SumBody,
    /// Whether a stop holds it.
    stopped: bool,
}

/// One batch with what became of its money (Art. 8).
#[utoipa::path(get, path = "/api/v1/funds/batches/{id}", tag = "funds", params(("id" = String, Path)),
    responses((status = 200, body = BatchBody), (status = 404, description = "none, or of another district")))]
async fn batch(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<BatchBody>, Problem> {
    let whole = look::batch(&app, &actor, id_of(&id)?).await?;
    let Batch { id, programme, period, division, lines, fen, release, .. } = whole.batch;
    let tally = whole.tally;
    Ok(Json(BatchBody {
        id: id.to_string(),
        state: release.state.code(),
        programme: programme.to_string(),
        period,
        division,
        approved: SumBody { count: lines, fen },
        paid: tally.paid.into(),
        returned: tally.returned.into(),
        pending: tally.pending.into(),
        unknown: tally.unknown.into(),
        suspense: tally.suspense.into(),
        void: tally.void.into(),
        stopped: !whole.stops.is_empty(),
    }))
}

/// One payment with its proofs; no name, no account.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PaymentBody {
    /// Its id, which the bank knows too.
    id: String,
    /// State.
    state: &'static str,
    /// Whether its money is in suspense.
    held: bool,
    /// Amount in fen.
    fen: i64,
    /// Batch.
    batch: String,
    /// Line of the roster.
    line: i64,
    /// Why it came back; empty else.
    reason: String,
    /// File that it left in.
    file: Option<String>,
    /// SM3 of that file, hexadecimal.
    file_sm3: Option<String>,
    /// Journal entry of its intent.
    intent_entry: Option<String>,
    /// Journal entry of the report that told its result.
    result_entry: Option<String>,
    /// The payment whose place it takes.
    reissue_of: Option<String>,
    /// The payment that takes its place.
    reissued_as: Option<String>,
}

/// One payment, down to the journal (Art. 8, 19). The look is journalled.
#[utoipa::path(get, path = "/api/v1/funds/payments/{id}", tag = "funds", params(("id" = String, Path)),
    responses((status = 200, body = PaymentBody), (status = 404, description = "no such payment")))]
async fn payment(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<PaymentBody>, Problem> {
    let proof = look::proof(&app, &actor, id_of(&id)?).await?;
    let stored = proof.stored;
    Ok(Json(PaymentBody {
        id: stored.id.to_string(),
        state: stored.payment.state.code(),
        held: stored.payment.held,
        fen: stored.payment.fen,
        batch: stored.batch.to_string(),
        line: stored.line,
        reason: stored.reason,
        file: stored.file.map(|file| file.to_string()),
        file_sm3: proof.file.as_ref().map(|file| hex::encode(&file.digest)),
        intent_entry: proof.file.as_ref().map(|file| file.entry.to_string()),
        result_entry: proof.report.as_ref().map(|report| report.entry.to_string()),
        reissue_of: stored.reissue_of.map(|other| other.to_string()),
        reissued_as: stored.reissued_as.map(|other| other.to_string()),
    }))
}

/// What to stop and why.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct StopBody {
    /// Batch; everything when left out.
    batch: Option<String>,
    /// Why, 2 to 200 characters.
    reason: String,
}

/// Stops a batch, or everything, at once (Art. 20).
#[utoipa::path(post, path = "/api/v1/funds/stop", tag = "funds", request_body = StopBody,
    responses((status = 200, description = "stopped"), (status = 409, description = "stopped already")))]
async fn stop(
    State(app): State<App>,
    actor: Actor,
    Json(body): Json<StopBody>,
) -> Result<Json<serde_json::Value>, Problem> {
    let batch = body.batch.as_deref().map(id_of).transpose()?;
    release::stop(&app, &actor, batch, &body.reason).await?;
    Ok(Json(serde_json::json!({ "stopped": true })))
}
