//! Bills for programs of officials: figures, and one payment with its proofs.

use axum::extract::State;
use kernel::actor::Access;
use kernel::http::{Json, Path, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Serialize;
use utoipa_axum::routes;

use super::service::books;
use super::store::payments;
use crate::payments::pages::{READERS, VIEWERS, id_of};

pub(crate) fn routes() -> Routes {
    Routes::new("funds").api(Access::Roles(VIEWERS), &[8], routes!(figures)).api(
        Access::Roles(READERS),
        &[8, 19],
        routes!(payment),
    )
}

/// Payments of one biller in one state.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FigureBody {
    /// Code of the biller.
    biller: String,
    /// `intent`, `sent`, `unknown`, `failed`, `debited`, `done`, `owed`, `returning`, `refunded`, `held`.
    state: &'static str,
    /// How many.
    count: i64,
    /// Fen.
    fen: i64,
}

/// Payments of bills by biller and state (Art. 8).
#[utoipa::path(get, path = "/api/v1/bills/figures", tag = "funds",
    responses((status = 200, body = Vec<FigureBody>)))]
async fn figures(State(app): State<App>) -> Result<Json<Vec<FigureBody>>, Problem> {
    let all = books::figures(&app).await?;
    let code = |id| all.billers.iter().find(|biller| biller.id == id).map(|one| one.code.clone());
    let body = all.states.iter().map(|(biller, state, count, fen)| FigureBody {
        biller: code(*biller).unwrap_or_default(),
        state: state.code(),
        count: *count,
        fen: *fen,
    });
    Ok(Json(body.collect()))
}

/// An entry of the ledger.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EntryBody {
    /// RFC 3339, UTC.
    at: String,
    /// What happened.
    kind: String,
    /// Account that received.
    debit: &'static str,
    /// Account that gave.
    credit: &'static str,
    /// Fen.
    fen: i64,
    /// Journal entry.
    entry: String,
}

/// One payment with its entries; no name, no account.
#[derive(Serialize, utoipa::ToSchema)]
pub struct BillPaymentBody {
    /// Its id, which bank and biller know too.
    id: String,
    /// State.
    state: &'static str,
    /// Fen.
    fen: i64,
    /// The biller's number of the bill.
    bill: String,
    /// SM3 of the order that left, hexadecimal.
    order_sm3: String,
    /// The biller's receipt.
    receipt: String,
    /// Entries, oldest first.
    entries: Vec<EntryBody>,
}

/// One bill payment (Art. 8).
#[utoipa::path(get, path = "/api/v1/bills/payments/{id}", tag = "funds", params(("id" = String, Path)),
    responses((status = 200, body = BillPaymentBody), (status = 404, description = "there is none")))]
async fn payment(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<BillPaymentBody>, Problem> {
    let id = id_of(&id)?;
    let read = app.db.read(move |tx| {
        let one = payments::get(tx, id)?.ok_or_else(Problem::not_found)?;
        Ok::<_, Problem>((one, payments::lines(tx, id)?))
    });
    let (one, lines) = read.await?;
    let entries = lines.into_iter().map(|line| EntryBody {
        at: line.at.rfc3339(),
        kind: line.kind,
        debit: line.debit.code(),
        credit: line.credit.code(),
        fen: line.fen,
        entry: line.entry.to_string(),
    });
    Ok(Json(BillPaymentBody {
        id: one.id.to_string(),
        state: one.payment.state.code(),
        fen: one.payment.fen,
        bill: one.bill,
        order_sm3: hex::encode(&one.digest),
        receipt: one.biller_ref,
        entries: entries.collect(),
    }))
}
