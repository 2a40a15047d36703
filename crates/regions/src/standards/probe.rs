//! Looking at another region from outside, as a stranger.

use std::time::Duration;

use kernel::platform::random;
use seal::sm2::SigningKey;

use crate::rules::{self, Descriptor, MESSAGE, Signed};

/// An answer of the other region.
#[derive(Clone, Debug)]
pub struct Seen {
    /// HTTP status.
    pub status: u16,
    /// What was answered, as far as it is text.
    pub body: String,
    /// Bytes of it.
    pub length: usize,
    /// `ETag`.
    pub tag: Option<String>,
    date: Option<String>,
}

impl Seen {
    /// Code of the problem; empty when it is none.
    pub fn code(&self) -> String {
        let body: Option<serde_json::Value> = serde_json::from_str(&self.body).ok();
        let code = body.as_ref().and_then(|body| body["code"].as_str());
        code.unwrap_or_default().chars().take(60).collect()
    }
}

/// A stranger who looks at a region.
pub struct Probe {
    agent: ureq::Agent,
    url: String,
    key: SigningKey,
    /// UTC seconds of the look.
    pub now_s: i64,
}

impl Probe {
    /// A stranger with a key that nobody knows.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(url: &str, now_s: i64) -> Result<Self, String> {
        let url = url.trim_end_matches('/').to_owned();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(format!("{url} is no address: http://… or https://…"));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(10)))
            .max_redirects(0)
            .http_status_as_error(false)
            .build();
        // One draw in 2^32 is no key; the next one is.
        let key = (0..4).find_map(|_| SigningKey::from_secret(&random::<32>(), MESSAGE).ok());
        let key = key.ok_or("no key could be drawn")?;
        Ok(Self { agent: config.into(), url, key, now_s })
    }

    /// `GET`, with `If-None-Match` when something is held already.
    ///
    /// # Errors
    /// It cannot be reached.
    pub fn get(&self, path: &str, held: Option<&str>) -> Result<Seen, String> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(tag) = held {
            request = request.header("if-none-match", tag);
        }
        request.call().map_err(|error| error.to_string()).and_then(read)
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    /// It cannot be reached.
    pub fn post(&self, path: &str, body: &str) -> Result<Seen, String> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let answer = request.header("content-type", "application/json").send(body);
        answer.map_err(|error| error.to_string()).and_then(read)
    }

    /// A text that the stranger signs, as JSON.
    pub fn stranger(&self, text: &str) -> String {
        let signature = hex::encode(self.key.sign(text.as_bytes()));
        let signed = Signed { text: text.to_owned(), signature, before: None };
        serde_json::to_string(&signed).expect("plain data")
    }

    /// The descriptor of the region, when it holds.
    ///
    /// # Errors
    /// There is none, or why it does not hold.
    pub fn descriptor(&self) -> Result<(Signed, Descriptor), String> {
        use kernel::law::Refusal as _;
        let seen = self.get("/.well-known/yikatong-region", None)?;
        let signed: Signed = serde_json::from_str(&seen.body)
            .map_err(|_| format!("no descriptor: it answered {}", seen.status))?;
        let said = rules::judge_descriptor(&signed, None, "", self.now_s);
        said.map(|said| (signed, said)).map_err(|refused| refused.code().to_owned())
    }

    /// Seconds that the other region's clock is ahead.
    pub fn clock_off_s(&self) -> Option<i64> {
        let seen = self.get("/.well-known/yikatong-region", None).ok()?;
        let date = time::PrimitiveDateTime::parse(
            seen.date?.trim_end_matches(" GMT"),
            &time::macros::format_description!(
                "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second]"
            ),
        );
        Some(date.ok()?.assume_utc().unix_timestamp() - self.now_s)
    }
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> Result<Seen, String> {
    let header = |name: &str| {
        let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let (status, tag, date) = (answer.status().as_u16(), header("etag"), header("date"));
    let bytes = answer.body_mut().with_config().limit(64 << 20).read_to_vec();
    let bytes = bytes.map_err(|error| error.to_string())?;
    let body = String::from_utf8_lossy(&bytes[..bytes.len().min(1 << 16)]).into_owned();
    Ok(Seen { status, body, length: bytes.len(), tag, date })
}
