//! Signed requests over HTTP: `POST /bills/<key>`. Requests and answers are signed as those between
//! platform and bank; the answer's signature covers the request's nonce.

use std::time::Duration;

use kernel::platform::random;
use kernel::time::Utc;
use payfile::port::wire::{NONCE, SIGNATURE, TIME, answer_text, request_text};
use seal::sm2::{SigningKey, VerifyingKey};

use super::{BillerPort, Request, Told, sound};

/// The way to a biller over HTTP.
pub struct HttpPort {
    address: String,
    key: SigningKey,
    keys: Vec<VerifyingKey>,
    agent: ureq::Agent,
}

/// The most bytes of an answer: a statement of a day.
const MOST_BYTES: u64 = 64 << 20;

impl HttpPort {
    /// A port to `address`.
    ///
    /// # Errors
    /// The address is neither `https` nor this machine.
    pub fn new(
        address: &str,
        key: SigningKey,
        keys: Vec<VerifyingKey>,
        timeout: Duration,
    ) -> Result<Self, String> {
        let address = address.trim_end_matches('/').to_owned();
        let own = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        if !address.starts_with("https://") && !own.iter().any(|own| address.starts_with(own)) {
            return Err(format!(
                "{address}: https is needed, account numbers would be in the clear"
            ));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Ok(Self { address, key, keys, agent: config.into() })
    }

    fn try_ask(&self, key: &str, request: &Request) -> Result<Told, String> {
        let body = serde_json::to_vec(request).map_err(|error| error.to_string())?;
        let (path, time) = (format!("/bills/{key}"), Utc::now().seconds().to_string());
        let nonce = hex::encode(random::<16>());
        let text = request_text("POST", &path, &time, &nonce, &body);
        let request = ureq::http::Request::builder()
            .method("POST")
            .uri(format!("{}{path}", self.address))
            .header("content-type", "application/json")
            .header(TIME, &time)
            .header(NONCE, &nonce)
            .header(SIGNATURE, hex::encode(self.key.sign(text.as_bytes())))
            .body(body)
            .map_err(|error| error.to_string())?;
        let mut response = self.agent.run(request).map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let signature = response.headers().get(SIGNATURE).and_then(|value| value.to_str().ok());
        let signature = signature.and_then(|hex| hex::decode(hex).ok());
        let signature = signature.and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        let body = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
        let body = body.map_err(|error| error.to_string())?;
        let text = answer_text(status, &path, &nonce, &body);
        let holds = signature.is_some_and(|signature| {
            self.keys.iter().any(|key| key.verifies(text.as_bytes(), &signature))
        });
        if !holds || status != 200 {
            return Err(format!("an answer {status} that is not signed as agreed"));
        }
        serde_json::from_slice(&body).map(sound).map_err(|error| error.to_string())
    }
}

impl BillerPort for HttpPort {
    fn ask(&self, key: &str, request: &Request) -> Told {
        self.try_ask(key, request).unwrap_or_else(Told::Unknown)
    }
}
