//! Sending what waits: batches, at least once, with growing pauses. Local work never waits for it.

use std::time::Duration;

use kernel::law::Refusal as _;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::messages::Answer;
use crate::rules::{self, Descriptor, MESSAGE, Refused, Signed};
use crate::store;

/// The most batches to one region in a round, so that a backlog there holds up no other region for long.
const BATCHES: usize = 100;
/// How long the other side may take for a batch.
const PATIENCE: Duration = Duration::from_secs(10);
/// Seconds that a message waits which the other side could not take yet.
const HELD_S: i64 = 3;

/// One round to all trusted regions; a region that does not answer holds up no other. While batches are
/// full and get through, the next one follows at once: a backlog is gone soon.
///
/// # Errors
/// Of the database only.
pub async fn round(app: &App) -> Result<String, Problem> {
    revocations(app).await?;
    let regions = app.db.read(|tx| Ok::<_, Problem>(store::all_trusted(tx)?)).await?;
    let (mut sent, mut failed) = (0, 0);
    for known in regions {
        for _ in 0..BATCHES {
            let got = to_region(app, &known.said).await?;
            sent += got.unwrap_or(0);
            failed += usize::from(got.is_none());
            if got != Some(rules::BATCH) {
                break;
            }
        }
    }
    Ok(format!("{sent} delivered, {failed} unreachable"))
}

/// Tells regions that our key is not to be believed any more, until each has taken it.
async fn revocations(app: &App) -> Result<(), Problem> {
    let waiting = app.db.read(|tx| Ok::<_, Problem>(store::revocations(tx, Utc::now())?)).await?;
    for (region, serial, endpoint, signed) in waiting {
        let url = format!("{endpoint}/regions/v1/revoked");
        let call = move || super::reaches(&url, &signed);
        if tokio::task::spawn_blocking(call).await.unwrap_or(false) {
            let told = move |tx: &mut kernel::db::Tx<'_>| {
                store::revocation_told(tx, (&region, serial), Utc::now())
            };
            app.db.housekeeping::<(), kernel::db::DbError>(told).await?;
        }
    }
    Ok(())
}

/// Sends one batch. How many messages got a receipt; none when the region did not answer as agreed.
async fn to_region(app: &App, region: &Descriptor) -> Result<Option<usize>, Problem> {
    let (code, now) = (region.region.clone(), Utc::now());
    let (failures, next_at, waiting) = app
        .db
        .read(move |tx| {
            let (failures, next_at) = store::link(tx, &code)?;
            let most = rules::BATCH as i64;
            Ok::<_, Problem>((failures, next_at, store::unsent(tx, &code, most, now)?))
        })
        .await?;
    if waiting.is_empty() || !rules::is_due(next_at.seconds(), now.seconds()) {
        return Ok(Some(0));
    }
    let url = format!("{}/regions/v1/messages", region.endpoint);
    // Signed when it is sent, so that what waits outlives a rotation of the key.
    let sign = |(_, text): &(String, String)| super::sign_now(app, MESSAGE, text.clone());
    let batch = waiting.iter().map(sign).collect::<Result<Vec<Signed>, Problem>>()?;
    let body = serde_json::to_string(&batch).expect("plain data");
    let call =
        tokio::task::spawn_blocking(move || super::call_json::<Vec<Answer>>(&url, &body, PATIENCE));
    let answers = call.await.ok().flatten();
    let answers = answers.unwrap_or_default();
    let held = too_early(&waiting, &answers);
    let good = receipts(region, &waiting, answers);
    let count = good.len();
    let (code, failures) = (region.region.clone(), if count > 0 { 0 } else { failures + 1 });
    let keep = move |tx: &mut kernel::db::Tx<'_>| {
        let done = Utc::now();
        for (id, result, receipt) in &good {
            store::keep_receipt(tx, id, result, receipt, done)?;
        }
        for id in &held {
            store::hold(tx, id, done.plus_seconds(HELD_S))?;
        }
        let ok_at = (failures == 0).then_some(done);
        let pause = if failures == 0 { 0 } else { rules::pause_s(failures) };
        store::note_link(tx, &code, failures, done.plus_seconds(pause), ok_at)
    };
    app.db.housekeeping::<(), kernel::db::DbError>(keep).await?;
    Ok((count > 0).then_some(count))
}

/// Messages that the other side cannot take yet, though it listens: others go first.
fn too_early(sent: &[(String, String)], answers: &[Answer]) -> Vec<String> {
    let early = [Refused::Future.code(), Refused::Later.code()];
    let is_early = |answer: &Answer| answer.why.as_deref().is_some_and(|why| early.contains(&why));
    let pairs = sent.iter().zip(answers).filter(|(_, answer)| is_early(answer));
    pairs.map(|((id, _), _)| id.clone()).collect()
}

/// The receipts that are that region's word on exactly the message sent.
fn receipts(
    region: &Descriptor,
    sent: &[(String, String)],
    answers: Vec<Answer>,
) -> Vec<(String, String, String)> {
    let read = |((id, text), answer): (&(String, String), Answer)| {
        let receipt = answer.receipt?;
        let said = rules::judge_receipt(&receipt, region, id, text).ok()?;
        Some((id.clone(), said.result, store::signed_text(&receipt)))
    };
    sent.iter().zip(answers).filter_map(read).collect()
}
