//! JSON over HTTP with a bearer secret: `GET ADDRESS/facts?after=MARK` answers
//! `{"facts": […], "next": "MARK"}`.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::{Delivery, PlatformPort};
use crate::agreements::rules::is_safe_url;

/// The way to the platform over HTTP.
pub struct HttpPort {
    address: String,
    secret: String,
    agent: ureq::Agent,
}

/// The most bytes of an answer.
const LARGEST: u64 = 4 * 1024 * 1024;

#[derive(Deserialize)]
struct Configured {
    address: String,
    secret: String,
}

#[derive(Deserialize)]
struct Page {
    facts: Vec<serde_json::Value>,
    next: String,
}

impl HttpPort {
    /// A port to `address`; none when it is neither `https` nor this machine.
    pub fn new(address: &str, secret: &str) -> Option<Self> {
        let plain = !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic());
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(20)))
            // A redirect would carry the secret elsewhere.
            .max_redirects(0)
            .build();
        (is_safe_url(address) && plain).then(|| Self {
            address: address.trim_end_matches('/').to_owned(),
            secret: secret.to_owned(),
            agent: config.into(),
        })
    }

    /// The port that `platform-port.json` in the data folder names.
    pub fn configured(data: &Path) -> Option<Self> {
        let text = std::fs::read(data.join("platform-port.json")).ok()?;
        let said: Configured = serde_json::from_slice(&text).ok()?;
        Self::new(&said.address, &said.secret)
    }
}

/// Keeps what needs no escape in a query; a mark with anything else is spelt out.
fn escaped(mark: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let each = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    mark.bytes().map(each).collect()
}

impl PlatformPort for HttpPort {
    fn name(&self) -> &'static str {
        "platform-http"
    }

    fn fetch(&self, after: &str) -> std::io::Result<Delivery> {
        let url = format!("{}/facts?after={}", self.address, escaped(after));
        let asked = self.agent.get(url).header("Authorization", format!("Bearer {}", self.secret));
        let mut answer = asked.call().map_err(std::io::Error::other)?;
        let text = answer.body_mut().with_config().limit(LARGEST).read_to_string();
        let text = text.map_err(std::io::Error::other)?;
        let page: Page = serde_json::from_str(&text)?;
        let facts = page.facts.into_iter().map(|fact| serde_json::from_value(fact).ok()).collect();
        Ok(Delivery { facts, next: page.next })
    }
}
