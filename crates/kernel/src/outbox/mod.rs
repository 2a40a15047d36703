//! Messages to the outside, written in the transaction of what they tell, delivered afterwards.
//!
//! A message is delivered at least once, under an id by which the gateway knows it again; it is erased
//! when it was taken. One that the gateway refuses for good waits for an operator and holds up nobody.

mod deliver;
mod gateway;
pub mod simulator;
#[cfg(test)]
mod tests;

use std::io::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::db::{DbError, Tx, sealed, v};
use crate::id::Id;
use crate::platform::Platform;
use crate::time::Utc;

pub use deliver::{Queue, again, deliver, queue, run};
pub use gateway::{HttpSms, port_in};

/// A short message to a phone.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Sms {
    /// Phone number.
    pub to: String,
    /// Text.
    pub text: String,
}

/// Why a message was not taken. The words go to operators: no numbers and no texts in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The gateway cannot be spoken to now, or does not know us: the others wait too.
    #[error("{0}")]
    Down(String),
    /// It did not take this one; it is tried again later.
    #[error("{0}")]
    Later(String),
    /// It will never take this one.
    #[error("{0}")]
    Never(String),
}

/// The way to the operator's SMS gateway. An implementation must not log texts: they carry codes.
pub trait SmsPort: Send + Sync {
    /// Hands one message over; `id` is the same at each attempt.
    ///
    /// # Errors
    /// The gateway did not take it.
    fn send(&self, id: Id, sms: &Sms) -> Result<(), Failed>;
}

/// Appends each message as a JSON line to a file: for demonstrations, and for gateways that read
/// files.
pub struct FileSms(pub PathBuf);

impl SmsPort for FileSms {
    fn send(&self, _: Id, sms: &Sms) -> Result<(), Failed> {
        let append = || {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.0)?;
            let line = serde_json::to_string(sms)? + "\n";
            file.write_all(line.as_bytes())
        };
        append().map_err(|error: std::io::Error| Failed::Down(error.to_string()))
    }
}

impl FileSms {
    /// The last message to a phone that has a word in it: what the demonstration shows on screen.
    pub fn last_to(&self, phone: &str, word: &str) -> Option<Sms> {
        let text = std::fs::read_to_string(&self.0).ok()?;
        let messages = text.lines().rev().filter_map(|line| serde_json::from_str::<Sms>(line).ok());
        messages.into_iter().find(|sms| sms.to == phone && sms.text.contains(word))
    }
}

/// Waits until what is in the outbox was handed over, three seconds at most; whether it was. For the
/// demonstration, which shows a message on the next page.
///
/// # Errors
/// See [`DbError`].
pub async fn handed_over(app: &Platform) -> Result<bool, DbError> {
    let sql = "SELECT COUNT(*) FROM outbox WHERE topic = 'sms' AND tries = 0 AND NOT dead";
    for _ in 0..15 {
        let waiting: i64 = app.db.read(move |tx| tx.one(sql, &[])?.get(0)).await?;
        if waiting == 0 {
            return Ok(true);
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    Ok(false)
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

/// No way to a gateway: all messages wait.
pub struct NoSms;

impl SmsPort for NoSms {
    fn send(&self, _: Id, _: &Sms) -> Result<(), Failed> {
        Err(Failed::Down("sms.json cannot be used".to_owned()))
    }
}
