//! JSON over HTTP with a bearer secret. Whatever is not a well-formed answer to this very request is
//! unknown: a timeout, another id, rubbish, a status that the format does not name.

use std::time::{Duration, Instant};

use kernel::id::Id;
use serde::Serialize;

use super::{Ask, BankPort, Codes, Words};
use crate::rules::Answer;

/// The way to a bank over HTTP.
pub struct HttpPort {
    address: String,
    secret: String,
    first_query: i64,
    codes: Codes,
    agent: ureq::Agent,
}

/// The longest pause between two queries.
const LONGEST: i64 = 3_600;
/// The most bytes of an answer.
const MOST_BYTES: u64 = 64 * 1024;

#[derive(Serialize)]
struct Sent<'a> {
    id: String,
    operation: &'static str,
    #[serde(flatten)]
    body: &'a super::Body,
}

impl HttpPort {
    /// A port to `address`.
    ///
    /// # Errors
    /// The address is neither `https` nor this machine, or the secret is empty or broken.
    pub fn new(
        address: &str,
        secret: &str,
        timeout: Duration,
        first_query: i64,
    ) -> Result<Self, String> {
        let (address, secret) = (address.trim_end_matches('/'), secret.trim());
        let own = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        let own = own.iter().filter_map(|own| address.strip_prefix(own));
        let is_own = own.into_iter().any(|rest| rest.is_empty() || rest.starts_with([':', '/']));
        if !is_own && !address.starts_with("https://") {
            return Err(format!("{address}: https is needed, the secret would be in the clear"));
        }
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the secret is empty or not plain ASCII".to_owned());
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A redirect would carry the secret and the person's data elsewhere.
            .max_redirects(0)
            .build();
        Ok(Self {
            address: address.to_owned(),
            secret: secret.to_owned(),
            first_query: first_query.max(1),
            codes: Codes::new(),
            agent: config.into(),
        })
    }

    /// The same with the bank's own codes of refusal.
    #[must_use]
    pub fn with_codes(mut self, codes: Codes) -> Self {
        self.codes = codes;
        self
    }

    fn ask(&self, ask: &Ask) -> Option<Answer> {
        let url = format!("{}/requests", self.address);
        let id = ask.id.to_string();
        let sent = Sent { id: id.clone(), operation: ask.operation.code(), body: &ask.body };
        let response = self
            .agent
            .post(url)
            .header("Authorization", format!("Bearer {}", self.secret))
            .header("Idempotency-Key", &id)
            .send_json(sent);
        self.read(ask.id, response)
    }

    fn ask_after(&self, id: Id) -> Option<Answer> {
        let url = format!("{}/requests/{id}", self.address);
        let bearer = format!("Bearer {}", self.secret);
        self.read(id, self.agent.get(url).header("Authorization", bearer).call())
    }

    /// `None` when the host could not be talked to at all.
    fn read(
        &self,
        id: Id,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Option<Answer> {
        let mut response = match response {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(request = %id, error = %error, "a bank did not answer");
                return None;
            }
        };
        let status = response.status().as_u16();
        // 409 is the answer of a bank that has carried the request out before, with its result.
        if !matches!(status, 200 | 404 | 409 | 422) {
            tracing::warn!(request = %id, status, "a bank answered with a status of no meaning");
            return Some(Answer::Unknown);
        }
        let words = response.body_mut().with_config().limit(MOST_BYTES).read_json::<Words>();
        let words = words.ok().filter(|words| words.id == id.to_string());
        let answer = words.and_then(|words| words.meaning(&self.codes).ok());
        Some(match (status, answer) {
            (404, Some(Answer::NeverSeen)) => Answer::NeverSeen,
            (404, _) | (_, Some(Answer::NeverSeen) | None) => Answer::Unknown,
            (_, Some(answer)) => answer,
        })
    }
}

impl BankPort for HttpPort {
    fn send(&self, asks: &[Ask]) -> Vec<Answer> {
        let mut patience = Patience::new();
        let one = |ask: &Ask| match patience.is_left() {
            false => Answer::NotSent,
            true => patience.noted(self.ask(ask)),
        };
        asks.iter().map(one).collect()
    }

    fn query(&self, ids: &[Id]) -> Vec<Answer> {
        let mut patience = Patience::new();
        let one = |id: &Id| match patience.is_left() {
            false => Answer::Unknown,
            true => patience.noted(self.ask_after(*id)),
        };
        ids.iter().map(one).collect()
    }

    fn batch(&self) -> usize {
        200
    }

    fn pauses(&self) -> (i64, i64) {
        (self.first_query, LONGEST)
    }
}

/// How long a host is talked to in one round. After one timeout the others need not wait for the
/// same, and a slow host does not keep other banks waiting.
struct Patience {
    until: Instant,
}

impl Patience {
    const SECONDS: u64 = 20;

    fn new() -> Self {
        Self { until: Instant::now() + Duration::from_secs(Self::SECONDS) }
    }

    fn is_left(&self) -> bool {
        Instant::now() < self.until
    }

    fn noted(&mut self, answer: Option<Answer>) -> Answer {
        if answer.is_none() {
            self.until = Instant::now();
        }
        answer.unwrap_or(Answer::Unknown)
    }
}
