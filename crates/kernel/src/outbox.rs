//! Messages to the outside, written in the transaction of what they tell, delivered afterwards.
//!
//! A message is delivered at least once, in order of its topic; its body is erased when it is done.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use std::io::Write as _;

use crate::db::{DbError, Tx, sealed, v};
use crate::id::Id;
use crate::platform::App;
use crate::time::Utc;

/// A short message to a phone.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Sms {
    /// Phone number.
    pub to: String,
    /// Text.
    pub text: String,
}

/// The way to the operator's SMS gateway. An implementation must not log texts: they carry codes.
pub trait SmsPort: Send + Sync {
    /// Hands one message over.
    ///
    /// # Errors
    /// The gateway did not take it; it is tried again later.
    fn send(&self, sms: &Sms) -> std::io::Result<()>;
}

/// Appends each message as a JSON line to a file: for demonstrations, and for gateways that read
/// files.
pub struct FileSms(pub PathBuf);

impl SmsPort for FileSms {
    fn send(&self, sms: &Sms) -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.0)?;
        let line = serde_json::to_string(sms)? + "\n";
        file.write_all(line.as_bytes())
    }
}

impl FileSms {
    /// The last message to a phone: what the demonstration shows on screen.
    pub fn last_to(&self, phone: &str) -> Option<Sms> {
        let text = std::fs::read_to_string(&self.0).ok()?;
        let messages = text.lines().rev().filter_map(|line| serde_json::from_str::<Sms>(line).ok());
        messages.into_iter().find(|sms| sms.to == phone)
    }
}

/// Puts a short message into the outbox of this transaction.
///
/// # Errors
/// See [`DbError`].
pub fn put_sms(tx: &mut Tx<'_>, id: Id, now: Utc, sms: &Sms) -> Result<(), DbError> {
    let body = serde_json::to_string(sms).map_err(|e| DbError::Engine(e.to_string()))?;
    tx.execute(
        "INSERT INTO outbox (id, topic, body, created_at) VALUES ($1, 'sms', $2, $3)",
        &[v(id), sealed(body), v(now)],
    )?;
    Ok(())
}

/// Puts many short messages into the outbox of this transaction at once.
///
/// # Errors
/// See [`DbError`].
pub fn put_all_sms(tx: &mut Tx<'_>, now: Utc, messages: &[(Id, Sms)]) -> Result<(), DbError> {
    let row = |(id, sms): &(Id, Sms)| {
        let body = serde_json::to_string(sms).map_err(|e| DbError::Engine(e.to_string()))?;
        Ok(vec![v(*id), v("sms"), sealed(body), v(now)])
    };
    let rows = messages.iter().map(row).collect::<Result<Vec<_>, DbError>>()?;
    tx.insert_rows("outbox (id, topic, body, created_at)", "", &rows).map(drop)
}

/// Delivers waiting messages for as long as the runtime lives.
pub async fn run(app: App, port: impl SmsPort + 'static) {
    let port = std::sync::Arc::new(port);
    loop {
        if let Err(error) = deliver(&app, port.clone()).await {
            tracing::warn!(%error, "messages could not be delivered; they wait");
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn deliver(app: &App, port: std::sync::Arc<impl SmsPort + 'static>) -> Result<(), DbError> {
    let waiting: Vec<(Id, String)> = app
        .db
        .read(|tx| {
            let sql = "SELECT id, body FROM outbox WHERE topic = 'sms' ORDER BY id LIMIT 100";
            let rows = tx.query(sql, &[])?;
            rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, DbError>>()
        })
        .await?;
    for (id, body) in waiting {
        let port = port.clone();
        let sent = tokio::task::spawn_blocking(move || port.send(&serde_json::from_str(&body)?));
        match sent.await {
            Ok(Ok(())) => {
                let sql = "DELETE FROM outbox WHERE id = $1";
                app.db.housekeeping(move |tx| tx.execute(sql, &[v(id)]).map(drop)).await?;
            }
            Ok(Err(error)) => return Err(DbError::Unavailable(error.to_string())),
            Err(error) => return Err(DbError::Engine(error.to_string())),
        }
    }
    Ok(())
}
