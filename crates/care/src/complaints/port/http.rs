//! Orders over HTTP. Each request is signed with HMAC-SM3 or SM2 over method, path, moment, nonce and
//! the digest of the body, so that nothing of it can be changed or sent again later.

use std::time::Duration;

use kernel::platform::random;
use kernel::time::Utc;
use seal::sm2::SigningKey;
use seal::sm3::{MacKey, sm3};
use serde::Deserialize;

use super::{Batch, Hotline, Order, Report};

/// How requests are signed.
#[derive(Debug)]
pub enum Signer {
    /// HMAC-SM3 with a shared secret.
    Hmac(MacKey),
    /// SM2 with a key whose public half the hotline has.
    Sm2(Box<SigningKey>),
}

/// What is signed.
pub fn signed_text(method: &str, path: &str, at: i64, nonce: &str, body: &[u8]) -> String {
    format!("{method}\n{path}\n{at}\n{nonce}\n{}", hex::encode(sm3(body)))
}

impl Signer {
    fn sign(&self, text: &str) -> String {
        match self {
            Self::Hmac(key) => hex::encode(key.mac(text.as_bytes())),
            Self::Sm2(key) => hex::encode(key.sign(text.as_bytes())),
        }
    }
}

/// The way to a hotline over HTTP.
#[derive(Debug)]
pub struct HttpPort {
    address: String,
    /// What the path of the address begins with; it is signed too.
    prefix: String,
    name: String,
    signer: Signer,
    agent: ureq::Agent,
}

/// The most bytes of an answer.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

#[derive(Deserialize)]
struct Page {
    orders: Vec<serde_json::Value>,
}

impl HttpPort {
    /// A port to `address`; `name` tells the hotline whose key it is.
    ///
    /// # Errors
    /// The address is neither `https` nor this machine.
    pub fn new(address: &str, name: &str, signer: Signer) -> Result<Self, String> {
        let address = address.trim_end_matches('/');
        let own = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        let mut own = own.iter().filter_map(|own| address.strip_prefix(own));
        if !own.any(|rest| rest.is_empty() || rest.starts_with([':', '/']))
            && !address.starts_with("https://")
        {
            return Err(format!("{address}: https is needed, orders hold personal data"));
        }
        let (_, rest) = address.split_once("://").unwrap_or_default();
        let prefix = rest.find('/').map(|at| rest[at..].to_owned()).unwrap_or_default();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(20)))
            .http_status_as_error(false)
            // A redirect would carry personal data elsewhere.
            .max_redirects(0)
            .build();
        let (address, name) = (address.to_owned(), name.to_owned());
        Ok(Self { address, prefix, name, signer, agent: config.into() })
    }

    /// One signed request; the body of a success.
    fn call(&self, path: &str, key: &str, body: Option<String>) -> Result<Vec<u8>, String> {
        let method = if body.is_some() { "POST" } else { "GET" };
        let (at, nonce) = (Utc::now().seconds(), hex::encode(random::<16>()));
        let sent = body.as_deref().unwrap_or_default();
        let whole = format!("{}{path}", self.prefix);
        let text = signed_text(method, &whole, at, &nonce, sent.as_bytes());
        let url = format!("{}{path}", self.address);
        let headers = [
            ("x-yikatong-key", self.name.clone()),
            ("x-yikatong-timestamp", at.to_string()),
            ("x-yikatong-nonce", nonce),
            ("x-yikatong-signature", self.signer.sign(&text)),
            ("idempotency-key", key.to_owned()),
        ];
        let answer = match body {
            None => {
                let request = self.agent.get(&url);
                headers.iter().fold(request, |r, (name, value)| r.header(*name, value)).call()
            }
            Some(body) => {
                let request = self.agent.post(&url).header("content-type", "application/json");
                headers.iter().fold(request, |r, (name, value)| r.header(*name, value)).send(body)
            }
        };
        let mut answer = answer.map_err(|error| format!("{path}: {error}"))?;
        if !answer.status().is_success() {
            return Err(format!("{path}: {}", answer.status()));
        }
        let body = answer.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
        body.map_err(|error| format!("{path}: {error}"))
    }
}

impl Hotline for HttpPort {
    fn collect(&self) -> Result<Vec<Batch>, String> {
        let body = self.call("/orders", "", None)?;
        let page: Page =
            serde_json::from_slice(&body).map_err(|_| "/orders: not {\"orders\": […]}")?;
        if page.orders.is_empty() {
            return Ok(Vec::new());
        }
        let orders = (1..).zip(&page.orders);
        let lines = orders.map(|(n, order)| (n, Order::parse(&order.to_string()))).collect();
        Ok(vec![Batch { name: hex::encode(sm3(&body)), lines }])
    }

    /// Tells which orders are here by number, and which of the page by place are not.
    fn settle(&self, batch: &Batch, faults: &[(i64, String)]) -> Result<(), String> {
        let bad = |n: &i64| faults.iter().any(|(line, _)| line == n);
        let taken = batch.lines.iter().filter(|(n, _)| !bad(n));
        let taken: Vec<&str> =
            taken.filter_map(|(_, order)| order.as_ref().ok()).map(|o| o.number.as_str()).collect();
        let line = |(n, why): &(i64, String)| serde_json::json!({ "行号": n, "原因": why });
        let faults: Vec<_> = faults.iter().map(line).collect();
        let body = serde_json::json!({ "taken": taken, "faults": faults }).to_string();
        self.call("/orders/acks", &batch.name, Some(body)).map(drop)
    }

    fn report(&self, reports: &[Report]) -> Vec<bool> {
        let send = |report: &Report| {
            let key = format!("{}:{}", report.number, report.version);
            let body = serde_json::to_string(report).map_err(|error| error.to_string())?;
            self.call(&format!("/orders/{}/reports", report.number), &key, Some(body))
        };
        let mut silent = false;
        let mut sent = Vec::new();
        for report in reports {
            // A hotline that is down is not asked two hundred times for its timeout.
            let done = if silent { Err("not asked again".to_owned()) } else { send(report) };
            if let Err(fault) = &done {
                tracing::warn!(fault, "no report");
                silent |= !fault.contains(": 4");
            }
            sent.push(done.is_ok());
        }
        sent
    }
}
