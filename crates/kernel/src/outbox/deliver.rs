//! Bringing messages to the gateway, and what becomes of those that it does not take.

use std::sync::Arc;
use std::time::Duration;

use super::{Failed, Sms, SmsPort};
use crate::db::{DbError, Row, Tx, v};
use crate::id::Id;
use crate::platform::App;
use crate::time::Utc;

/// Messages of a round.
const ROUND: i64 = 100;
/// Messages that are on their way at the same time.
const AT_ONCE: usize = 8;
/// Attempts before a message waits for an operator: the last comes about half a day after the first.
const MOST_TRIES: i64 = 12;

/// Seconds until the next attempt: 10, 20, 40 … up to two hours.
fn pause(tries: i64) -> i64 {
    (10 << tries.clamp(1, 20).saturating_sub(1)).min(7_200)
}

/// Delivers waiting messages for as long as the runtime lives.
pub async fn run(app: App, port: Arc<dyn SmsPort>) {
    loop {
        match deliver(&app, &port, Utc::now()).await {
            Ok(Some(said)) => {
                tracing::warn!(said, "the SMS gateway is not there; messages wait");
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "messages could not be delivered; they wait");
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// One round; the words of a gateway that cannot be spoken to.
///
/// # Errors
/// See [`DbError`].
pub async fn deliver(
    app: &App,
    port: &Arc<dyn SmsPort>,
    now: Utc,
) -> Result<Option<String>, DbError> {
    let due = app.db.read(move |tx| due(tx, now)).await?;
    for some in due.chunks(AT_ONCE) {
        let mut sending = tokio::task::JoinSet::new();
        for (id, body, tries) in some.iter().cloned() {
            let port = port.clone();
            sending.spawn_blocking(move || (id, tries, send(port.as_ref(), id, &body)));
        }
        let mut down = None;
        while let Some(sent) = sending.join_next().await {
            let (id, tries, result) = sent.map_err(|error| DbError::Engine(error.to_string()))?;
            if let Err(Failed::Down(said)) = &result {
                down = Some(said.clone());
            }
            app.db.housekeeping(move |tx| note(tx, id, tries + 1, &result, now)).await?;
        }
        if down.is_some() {
            return Ok(down);
        }
    }
    Ok(None)
}

fn send(port: &dyn SmsPort, id: Id, body: &str) -> Result<(), Failed> {
    let sms: Sms = serde_json::from_str(body)
        .map_err(|_| Failed::Never("the kept message is unreadable".to_owned()))?;
    port.send(id, &sms)
}

fn due(tx: &mut Tx<'_>, now: Utc) -> Result<Vec<(Id, String, i64)>, DbError> {
    let sql = "SELECT id, body, tries FROM outbox
               WHERE topic = 'sms' AND NOT dead AND next_at <= $1 ORDER BY id LIMIT $2";
    let rows = tx.query(sql, &[v(now), v(ROUND)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

fn note(
    tx: &mut Tx<'_>,
    id: Id,
    tries: i64,
    result: &Result<(), Failed>,
    now: Utc,
) -> Result<(), DbError> {
    let (said, tries, dead) = match result {
        Ok(()) => return tx.execute("DELETE FROM outbox WHERE id = $1", &[v(id)]).map(drop),
        // It is nobody's fault but the gateway's: it counts for no message.
        Err(Failed::Down(said)) => (said, tries - 1, false),
        Err(Failed::Later(said)) => (said, tries, tries >= MOST_TRIES),
        Err(Failed::Never(said)) => (said, tries, true),
    };
    let next = if tries == 0 { now } else { now.plus_seconds(pause(tries)) };
    let sql = "UPDATE outbox SET tries = $1, next_at = $2, said = $3, dead = $4 WHERE id = $5";
    tx.execute(sql, &[v(tries), v(next), v(said), v(dead), v(id)]).map(drop)
}

/// How the messages stand.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// Messages that wait.
    pub waiting: i64,
    /// When the oldest of them was written.
    pub oldest: Option<Utc>,
    /// What the gateway said last about one that waits.
    pub said: String,
    /// Those that the gateway did not take: id, when they were written, its word. 200 at most.
    pub dead: Vec<(Id, Utc, String)>,
}

/// Reads how the messages stand, without their texts.
///
/// # Errors
/// See [`DbError`].
pub fn queue(tx: &mut Tx<'_>) -> Result<Queue, DbError> {
    let sql = "SELECT COUNT(*), MIN(created_at), MAX(said) FROM outbox WHERE NOT dead";
    let row = tx.one(sql, &[])?;
    let (waiting, oldest) = (row.get(0)?, row.get(1)?);
    let said = row.get::<Option<String>>(2)?.unwrap_or_default();
    let sql = "SELECT id, created_at, said FROM outbox WHERE dead ORDER BY id DESC LIMIT 200";
    let read = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let dead = tx.query(sql, &[])?.iter().map(read).collect::<Result<_, DbError>>()?;
    Ok(Queue { waiting, oldest, said, dead })
}

/// Takes a message up again that the gateway did not take, or gives it up.
///
/// # Errors
/// [`DbError::Conflict`] when it is no such message.
pub fn again(tx: &mut Tx<'_>, id: Id, again: bool) -> Result<(), DbError> {
    let sql = match again {
        true => "UPDATE outbox SET dead = FALSE, tries = 0, next_at = 0 WHERE id = $1 AND dead",
        false => "DELETE FROM outbox WHERE id = $1 AND dead",
    };
    tx.execute_one(sql, &[v(id)])
}
