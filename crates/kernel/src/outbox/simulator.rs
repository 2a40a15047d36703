//! An SMS gateway that behaves badly on demand, and keeps a book of what it took.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use seal::sm3::MacKey;

use super::gateway::{Message, SIGNATURE, TIMESTAMP, Taken, signed};
use crate::time::Utc;

/// How old a request may be, in seconds.
const LATEST_S: i64 = 300;

/// How often it behaves badly, each of a hundred.
#[derive(Clone, Copy, Debug, Default)]
pub struct Script {
    /// First number of the dice.
    pub seed: u64,
    /// Fails with 500 and takes nothing.
    pub fail: u64,
    /// Takes the message, and the answer is lost.
    pub lose: u64,
    /// Answers as if about another message.
    pub mix: u64,
    /// Has too much to do (429).
    pub busy: u64,
    /// Waits a while before it answers.
    pub slow: u64,
    /// Numbers that end so are refused for good.
    pub refuse: Option<char>,
}

impl std::str::FromStr for Script {
    type Err = String;

    /// `good`, or words with numbers: `seed=7,fail=10,lose=5,mix=5,busy=5,slow=5,refuse=9`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        for part in text.split(',').filter(|part| *part != "good") {
            let (word, value) = part.split_once('=').ok_or_else(|| format!("{part}: no value"))?;
            let number = || value.parse().map_err(|_| format!("{part}: no number"));
            match word {
                "seed" => script.seed = number()?,
                "fail" => script.fail = number()?,
                "lose" => script.lose = number()?,
                "mix" => script.mix = number()?,
                "busy" => script.busy = number()?,
                "slow" => script.slow = number()?,
                "refuse" => script.refuse = value.chars().next(),
                _ => return Err(format!("{word}: fail, lose, mix, busy, slow, refuse or seed")),
            }
        }
        Ok(script)
    }
}

/// What it took: text by id, and how often each was sent.
pub type Book = Arc<Mutex<BTreeMap<String, (String, u32)>>>;

#[derive(Clone)]
struct Gateway {
    script: Script,
    secret: Arc<MacKey>,
    dice: Arc<Mutex<u64>>,
    book: Book,
}

/// The gateway's routes, to be served, and its book.
pub fn gateway(script: Script, secret: &str) -> (Router, Book) {
    let book = Book::default();
    let gateway = Gateway {
        script,
        secret: Arc::new(MacKey::new(secret.as_bytes())),
        dice: Arc::new(Mutex::new(script.seed)),
        book: book.clone(),
    };
    (Router::new().route("/send", post(take)).with_state(gateway), book)
}

impl Gateway {
    /// 0 to 99 (the generator of Knuth's MMIX).
    fn rolls(&self) -> u64 {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        *dice =
            dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*dice >> 33) % 100
    }

    fn is_signed(&self, headers: &HeaderMap, body: &str) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let timestamp = text(TIMESTAMP).and_then(|text| text.parse::<i64>().ok());
        let timestamp = timestamp.filter(|at| (Utc::now().seconds() - at).abs() <= LATEST_S);
        let right = timestamp.map(|at| signed(&self.secret, at, body));
        right.is_some_and(|right| text(SIGNATURE) == Some(&right))
    }
}

async fn take(State(it): State<Gateway>, headers: HeaderMap, body: String) -> Response {
    if !it.is_signed(&headers, &body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(message) = serde_json::from_str::<Message>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (script, roll) = (it.script, it.rolls());
    let within = |from: u64, width: u64| (from..from + width).contains(&roll);
    let (lose, mix) = (script.fail, script.fail + script.lose);
    let (busy, slow) = (mix + script.mix, mix + script.mix + script.busy);
    if within(0, script.fail) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if within(busy, script.busy) {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    if within(slow, script.slow) {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let id = message.id.to_string();
    let refused = script.refuse.is_some_and(|end| message.to.ends_with(end));
    if !refused {
        let mut book = it.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.entry(id.clone()).or_insert((message.text, 0)).1 += 1;
    }
    if within(lose, script.lose) {
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    let id = if within(mix, script.mix) { "another".to_owned() } else { id };
    let state = if refused { "refused" } else { "accepted" }.to_owned();
    axum::Json(Taken { id, state }).into_response()
}
