//! The host over HTTP.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::book::{Booked, BookedBatch};
use super::files::Host;
use super::script::Act;
use super::story;
use crate::codes::Meaning;
use crate::contract::{Batch, Reason, ReportKind, check_batch};
use crate::port::wire::{self, Answer, NONCE, SIGNATURE, Settlement, TIME, WireLine, WireReport};

#[derive(Clone)]
struct Shared {
    host: Arc<Host>,
    asked: Arc<AtomicU64>,
}

/// The host's endpoints: `POST /batches`, `GET /batches/{id}`, `GET /reports`,
/// `POST /reports/settled`; only requests that the platform signed are heard.
pub fn router(host: Arc<Host>) -> Router {
    Router::new()
        .fallback(hear)
        .layer(DefaultBodyLimit::max(1 << 30))
        .with_state(Shared { host, asked: Arc::default() })
}

/// Serves until the runtime ends.
///
/// # Errors
/// The listener fails.
pub async fn serve(listener: tokio::net::TcpListener, host: Arc<Host>) -> io::Result<()> {
    axum::serve(listener, router(host)).await
}

async fn hear(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Signatures and the book take their time: not on the threads that serve.
    let work = move || answer(&shared, method.as_str(), uri.path(), &headers, &body);
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn answer(shared: &Shared, method: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let host = &shared.host;
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let (time, nonce) = (header(TIME), header(NONCE));
    let now =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    let fresh = time.parse::<i64>().is_ok_and(|time| time.abs_diff(now) <= wire::SKEW as u64);
    let text = wire::request_text(method, path, time, nonce, body);
    let signed = crate::sign::read(header(SIGNATURE)).is_some_and(|signature| {
        host.platform.iter().any(|key| key.verifies(text.as_bytes(), &signature))
    });
    if !fresh || !signed {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let said = match (method, path) {
        ("POST", "/batches") => take(host, body),
        ("GET", "/reports") => reports(host),
        ("POST", "/reports/settled") => settle(host, body),
        ("GET", path) => match path.strip_prefix("/batches/") {
            Some(id) => query(host, id),
            None => return StatusCode::NOT_FOUND.into_response(),
        },
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let (status, said) = match said {
        Ok(said) => said,
        Err(error) => {
            tracing::warn!(%error, "the book cannot be written");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let body = serde_json::to_vec(&said).expect("text and numbers are JSON");
    let text = wire::answer_text(status, path, nonce, &body);
    let signature = hex::encode(host.key.sign(text.as_bytes()));
    let asked = shared.asked.fetch_add(1, Ordering::Relaxed);
    let what = format!("{method} {path} {asked}");
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    if host.script.does(Act::Silence, &what) {
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    if host.script.does(Act::Truncate, &what) {
        let half = body[..body.len() / 2].to_vec();
        return (status, [(SIGNATURE, signature)], half).into_response();
    }
    (status, [(SIGNATURE, signature)], body).into_response()
}

type Said = io::Result<(u16, Answer)>;

fn take(host: &Host, body: &[u8]) -> Said {
    let batch = serde_json::from_slice::<Batch>(body).map_err(|error| error.to_string());
    let batch = batch.and_then(|batch| check_batch(&batch).map(|()| batch));
    let refuse = |batch: String, reason| {
        let code = host.codes.of_batch(Meaning::Bad(reason)).to_owned();
        Ok((422, Answer::Refused { batch, code }))
    };
    let batch = match batch {
        Ok(batch) if batch.bank == host.bank => batch,
        _ => return refuse(String::new(), Reason::Malformed),
    };
    if !host.take(&batch)? {
        return refuse(batch.id, Reason::DuplicateBatch);
    }
    let refused = host.with(|state| state.book.batch(&batch.id).and_then(|b| b.refused));
    match refused {
        Some(reason) => refuse(batch.id, reason),
        None => Ok((200, Answer::Taken { batch: batch.id })),
    }
}

fn query(host: &Host, id: &str) -> Said {
    let batch = id.to_owned();
    let known = host.with(|state| state.book.batch(id).cloned());
    let Some(booked) = known else { return Ok((404, Answer::NeverSeen { batch })) };
    if booked.refused.is_some() {
        // Whoever lost the first answer may also have lost the batch: each order is named.
        return Ok((200, Answer::Reports { batch, reports: vec![refusal(host, &booked)] }));
    }
    let reports = told(host, id, "")?;
    if reports.is_empty() {
        return Ok((200, Answer::InProgress { batch }));
    }
    Ok((200, Answer::Reports { batch, reports }))
}

fn reports(host: &Host) -> Said {
    let ids: Vec<String> =
        host.with(|state| state.book.batches().map(|b| b.batch.clone()).collect());
    let mut reports = Vec::new();
    for id in ids {
        reports.extend(told(host, &id, "http ")?);
    }
    Ok((200, Answer::Reports { batch: String::new(), reports }))
}

fn refusal(host: &Host, booked: &BookedBatch) -> WireReport {
    let code = booked.refused.map_or("", |reason| host.codes.of_line(Meaning::Bad(reason)));
    let line = |order: &Booked| WireLine {
        reference: order.reference.clone(),
        fen: order.fen,
        code: code.to_owned(),
        bank_ref: String::new(),
        at: 0,
    };
    WireReport {
        id: "refusal".to_owned(),
        batch: booked.batch.clone(),
        kind: ReportKind::Result.code().to_owned(),
        lines: booked.orders.iter().map(line).collect(),
    }
}

/// What is due of a batch. With the empty prefix also what was put away: whoever asks is told all.
fn told(host: &Host, id: &str, prefix: &str) -> io::Result<Vec<WireReport>> {
    let due = host.with(|state| state.due(id, prefix, &host.script))?;
    if let Some((_, booked)) = due.first().filter(|(_, booked)| booked.refused.is_some()) {
        return Ok(vec![refusal(host, booked)]);
    }
    let mut reports = Vec::new();
    for (telling, booked) in due.iter().filter(|(telling, _)| !telling.cut) {
        let lines = story::lines(telling, booked, &host.script).into_iter();
        let lines = lines.map(|told| WireLine {
            reference: told.order.reference,
            fen: told.order.fen,
            code: host.codes.of_line(told.meaning).to_owned(),
            bank_ref: told.bank_ref,
            at: told.at,
        });
        reports.push(WireReport {
            id: telling.id.clone(),
            batch: id.to_owned(),
            kind: telling.kind.code().to_owned(),
            lines: lines.collect(),
        });
    }
    Ok(reports)
}

fn settle(host: &Host, body: &[u8]) -> Said {
    let Ok(settlement) = serde_json::from_slice::<Settlement>(body) else {
        return Ok((422, Answer::Settled { digest: String::new() }));
    };
    let ids: Vec<String> =
        host.with(|state| state.book.batches().map(|b| b.batch.clone()).collect());
    for id in ids {
        for report in told(host, &id, "http ")? {
            if hex::encode(report.digest()) == settlement.digest {
                let ids = host.with(|state| state.ids(&id, &report.id, &host.script));
                for id in ids {
                    host.with(|state| state.book.tell(&format!("http {id}")))?;
                }
            }
        }
    }
    Ok((200, Answer::Settled { digest: settlement.digest }))
}
