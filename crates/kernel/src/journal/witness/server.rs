//! Watching the logs of others.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use seal::head::TreeHead;
use seal::note::{Cosignature, NamedKey, cosigned_text, open_checkpoint};
use seal::sm2::SignerId;

use super::rules::{Posted, Refused, Seen, Verdict, judge};
use super::store::{self, Alarm, WatchedLog};
use super::{KEY, key as witness_key};
use crate::actor::Actor;
use crate::db::{DbError, Tx};
use crate::http::FileBody;
use crate::journal::{self, Entry, log};
use crate::platform::App;
use crate::problem::Problem;
use crate::time::Utc;

/// The public key of this installation as a witness.
pub(super) async fn key(State(app): State<App>, asked: HeaderMap) -> Result<Response, Problem> {
    log::answer_key(&asked, witness_key(&app.keys, &app.config.journal_origin))
}

/// Takes a checkpoint of a watched log and signs it when it grew out of the one seen last.
pub(super) async fn add_checkpoint(
    State(app): State<App>,
    body: FileBody,
) -> Result<Response, Problem> {
    let text = String::from_utf8(body.bytes).map_err(|_| Refused::Form)?;
    let posted = Posted::parse(&text).ok_or(Refused::Form)?;
    match watch(&app, posted, Utc::now()).await? {
        Answer::Signed(line) => Ok(plain(StatusCode::OK, "text/plain; charset=utf-8", line)),
        Answer::Conflict(size) => {
            Ok(plain(StatusCode::CONFLICT, "text/x.tlog.size", size.to_string()))
        }
    }
}

fn plain(status: StatusCode, kind: &'static str, line: String) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], line + "\n").into_response()
}

enum Answer {
    Signed(String),
    Conflict(i64),
}

async fn watch(app: &App, posted: Posted, now: Utc) -> Result<Answer, Problem> {
    let (note, _) = open_checkpoint(&posted.checkpoint).ok_or(Refused::Form)?;
    let origin = note.lines().next().unwrap_or_default().to_owned();
    let watched = app.db.read(move |tx| Ok::<_, Problem>(store::log(tx, &origin)?)).await?;
    let watched = watched.filter(|log| log.active).ok_or(Refused::UnknownLog)?;
    let head = open(&note, &watched)?;
    let (verdict, kept) = (verdict(&watched, &posted, &head)?, watched.size);
    match verdict {
        Verdict::Conflict => Ok(Answer::Conflict(kept)),
        Verdict::Backwards => Err(Refused::Backwards.into()),
        Verdict::Fork => Err(alarm(app, &watched, "fork", &head, note, now).await?),
        Verdict::Unproved => Err(alarm(app, &watched, "unproved", &head, note, now).await?),
        Verdict::Sign => {
            let (size, before) = (head.size, watched);
            let moved = app
                .db
                .housekeeping(move |tx: &mut Tx<'_>| store::saw(tx, &before, size, &note, now));
            match moved.await {
                Ok(()) => sign(app, &head, now),
                // Somebody else was faster: the log is told what was seen.
                Err(DbError::Conflict) => {
                    let origin = head.origin;
                    let read = app.db.read(move |tx| Ok::<_, Problem>(store::log(tx, &origin)?));
                    Ok(Answer::Conflict(read.await?.map_or(0, |log| log.size)))
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}

fn open(note: &str, watched: &WatchedLog) -> Result<TreeHead, Problem> {
    let key = NamedKey::parse(&watched.public_key).map_err(|_| Refused::NoKey)?;
    let head = TreeHead::open(note, &key.key).map_err(|_| Refused::Signature)?;
    match i64::try_from(head.size) {
        Ok(_) => Ok(head),
        Err(_) => Err(Refused::Form.into()),
    }
}

fn verdict(watched: &WatchedLog, posted: &Posted, head: &TreeHead) -> Result<Verdict, Problem> {
    let seen = match watched.note.is_empty() {
        true => Seen::nothing(),
        false => {
            let before = open(&watched.note, watched)?;
            Seen { size: before.size, root: before.root }
        }
    };
    Ok(judge(&seen, posted.old, &posted.proof, head))
}

/// Only after the head is durably the newest one seen.
fn sign(app: &App, head: &TreeHead, now: Utc) -> Result<Answer, Problem> {
    let failed = |error: seal::keystore::KeyError| DbError::Unavailable(error.to_string());
    let key = witness_key(&app.keys, &app.config.journal_origin).map_err(failed)?;
    let at_s = now.seconds() as u64;
    let text = cosigned_text(head, at_s);
    let signature = app.keys.store().sign(KEY, SignerId::WITNESS, text.as_bytes());
    let signature = signature.map_err(failed)?;
    let key_id = key.id();
    let cosignature = Cosignature { witness: key.name, key_id, at_s, signature };
    Ok(Answer::Signed(cosignature.line()))
}

/// Keeps the evidence; returns what the log is told.
async fn alarm(
    app: &App,
    watched: &WatchedLog,
    kind: &'static str,
    head: &TreeHead,
    note: String,
    now: Utc,
) -> Result<Problem, Problem> {
    tracing::error!(origin = watched.origin, kind, size = head.size, "a log shows another history");
    let alarm = Alarm {
        id: app.id(),
        origin: watched.origin.clone(),
        at: now,
        kind: kind.to_owned(),
        size: head.size as i64,
        root: head.root,
        seen: watched.note.clone(),
        note,
    };
    let mut entry = Entry::new(app.id(), now, &Actor::system(), "witness.alarm", "Art. 19");
    entry.object = format!("log:{}", alarm.origin);
    entry.result = format!("witness/{kind}");
    entry.detail = serde_json::json!({ "size": alarm.size, "root": hex::encode(alarm.root) });
    // The same head again is the same alarm.
    let kept = app.db.write(move |tx| match store::has_alarm(tx, &alarm)? {
        true => Ok(()),
        false => {
            store::add_alarm(tx, &alarm)?;
            journal::record(tx, &entry)
        }
    });
    match kept.await {
        Ok(()) | Err(DbError::Unique(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(if kind == "fork" { Refused::Fork } else { Refused::Unproved }.into())
}
