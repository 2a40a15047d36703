//! The end of the auditor's way: a journal entry of money, and its proof in the log.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use kernel::http::{Page, Path, render};
use kernel::journal::proof::{self, Proof, Proved};
use kernel::platform::App;
use kernel::problem::Problem;

use super::id_of;

#[derive(Template)]
#[template(path = "pay_entry.html")]
struct EntryPage {
    p: Page,
    id: String,
    /// None while the entry stands under no signed head yet, which takes less than a second.
    proved: Option<Proved>,
}

impl EntryPage {
    /// What is on record, by the names of the journal.
    fn facts(&self) -> Vec<(String, String)> {
        let entry = self.proved.as_ref().and_then(|proved| proved.entry.as_object());
        let fact = |(name, value): (&String, &serde_json::Value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), text)
        };
        let all = entry.into_iter().flatten().map(fact);
        all.filter(|(_, text)| !text.is_empty() && text != "null").collect()
    }
}

/// The proof of an entry of money; no other is shown here.
async fn made(app: &App, id: &str) -> Result<Option<(Proof, Proved)>, Problem> {
    let id = id_of(id)?;
    let (keys, origin) = (app.keys.clone(), app.config.journal_origin.clone());
    let known = app
        .db
        .read(move |tx| {
            let sql = "SELECT act FROM journal_entry WHERE id = $1";
            let act = tx.optional(sql, &[kernel::db::v(id)])?;
            act.map(|row| row.get::<String>(0)).transpose().map_err(Problem::from)
        })
        .await?;
    let of_money = |act: &String| act.starts_with("funds.") || act.starts_with("roster.");
    known.filter(of_money).ok_or_else(Problem::not_found)?;
    let proof = match app.db.read(move |tx| proof::make(tx, &keys, &origin, id, None)).await {
        Ok(proof) => proof,
        Err(problem) if problem.status == 409 => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let proved = proof.check(None).map_err(|_| Problem::not_found())?;
    Ok(Some((proof, proved)))
}

pub(super) async fn show(
    State(app): State<App>,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let proved = made(&app, &id).await?.map(|(_, proved)| proved);
    render(&EntryPage { p, id, proved })
}

pub(super) async fn download(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (proof, _) = made(&app, &id).await?.ok_or_else(Problem::not_found)?;
    let name = format!("attachment; filename=\"proof-{}.json\"", id_of(&id)?);
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(proof)).into_response())
}
