//! JSON over HTTP, requests and answers signed. Whatever is not a signed answer to this very request
//! is unknown: a timeout, half an answer, another batch, a status without a meaning.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seal::sm2::{SigningKey, VerifyingKey};

use super::wire::{self, Answer, NONCE, SIGNATURE, Settlement, TIME};
use crate::codes::{Codes, Meaning};
use crate::contract::{Asked, Batch, PayPort, Reason, Report, Sent, check_batch, is_id};

/// The way to a bank over HTTP.
pub struct HttpPort {
    address: String,
    bank: String,
    payer: String,
    codes: Codes,
    key: SigningKey,
    bank_keys: Vec<VerifyingKey>,
    agent: ureq::Agent,
}

/// The most bytes of an answer: a report of a million lines.
const MOST_BYTES: u64 = 256 << 20;

impl HttpPort {
    /// A port to `address`.
    ///
    /// # Errors
    /// The address is neither `https` nor this machine, or the bank's code has not its form.
    pub fn new(
        address: &str,
        bank: &str,
        timeout: Duration,
        key: SigningKey,
        bank_keys: Vec<VerifyingKey>,
    ) -> Result<Self, String> {
        let address = address.trim_end_matches('/');
        let own = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        let own = own.iter().filter_map(|own| address.strip_prefix(own));
        let is_own = own.into_iter().any(|rest| rest.is_empty() || rest.starts_with([':', '/']));
        if !is_own && !address.starts_with("https://") {
            return Err(format!("{address}: https is needed, names would be in the clear"));
        }
        if !is_id(bank) {
            return Err(format!("{bank:?} is no code of a bank"));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A redirect would carry persons' data elsewhere.
            .max_redirects(0)
            .build();
        let codes = Codes::shipped("plain").expect("a shipped map");
        let (address, bank, payer) = (address.to_owned(), bank.to_owned(), String::new());
        Ok(Self { address, bank, payer, codes, key, bank_keys, agent: config.into() })
    }

    /// The same with the bank's own codes.
    #[must_use]
    pub fn with_codes(mut self, codes: Codes) -> Self {
        self.codes = codes;
        self
    }

    /// The same with an account that is debited when a batch names none.
    #[must_use]
    pub fn with_payer(mut self, payer: &str) -> Self {
        payer.clone_into(&mut self.payer);
        self
    }

    /// Asks; an answer counts when its signature covers this request's nonce.
    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Result<(u16, Answer), String> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH);
        let time = time.map_err(|error| error.to_string())?.as_secs().to_string();
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| error.to_string())?;
        let nonce = hex::encode(random);
        let text = wire::request_text(method, path, &time, &nonce, body);
        let request = ureq::http::Request::builder()
            .method(method)
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
        let signature = signature.and_then(crate::sign::read);
        let body = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
        let body = body.map_err(|error| error.to_string())?;
        let text = wire::answer_text(status, path, &nonce, &body);
        let believed = signature.is_some_and(|signature| {
            self.bank_keys.iter().any(|key| key.verifies(text.as_bytes(), &signature))
        });
        if !believed {
            return Err(format!("an answer {status} without a signature that holds"));
        }
        let answer = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        Ok((status, answer))
    }

    fn hand_over(&self, batch: &Batch) -> Sent {
        let body = serde_json::to_vec(batch).expect("text and numbers are JSON");
        match self.ask("POST", "/batches", &body) {
            Ok((200, Answer::Taken { batch: id })) if id == batch.id => Sent::Taken,
            Ok((422, Answer::Refused { batch: id, code })) if id == batch.id => {
                match self.codes.batch.get(&code) {
                    // The first under this id may well be paid.
                    Some(Meaning::Bad(reason)) if reason.is_final() => Sent::Refused(*reason, code),
                    _ => Sent::Unknown(format!("refused with {code:?}, which leaves it open")),
                }
            }
            Ok((status, _)) => Sent::Unknown(format!("an answer {status} that does not fit")),
            Err(why) => Sent::Unknown(why),
        }
    }
}

impl PayPort for HttpPort {
    fn send(&self, batch: &Batch) -> Sent {
        let payer = match batch.payer_account.is_empty() {
            true => &self.payer,
            false => &batch.payer_account,
        };
        if batch.bank != self.bank {
            return Sent::Refused(Reason::Malformed, "it is for another bank".to_owned());
        }
        let batch = Batch { payer_account: payer.clone(), ..batch.clone() };
        match check_batch(&batch) {
            Ok(()) => self.hand_over(&batch),
            // The id may have been sent before with other content.
            Err(why) => match self.query(&batch.id) {
                Asked::NeverSeen => Sent::Refused(Reason::Malformed, why),
                _ => Sent::Unknown(why),
            },
        }
    }

    fn query(&self, batch_id: &str) -> Asked {
        if !is_id(batch_id) {
            return Asked::NeverSeen;
        }
        match self.ask("GET", &format!("/batches/{batch_id}"), b"") {
            Ok((404, Answer::NeverSeen { batch })) if batch == batch_id => Asked::NeverSeen,
            Ok((200, Answer::InProgress { batch } | Answer::Taken { batch }))
                if batch == batch_id =>
            {
                Asked::InProgress
            }
            Ok((200, Answer::Reports { batch, reports }))
                if batch == batch_id && reports.iter().all(|report| report.batch == batch) =>
            {
                Asked::Reports(reports.into_iter().map(|r| r.report(&self.codes)).collect())
            }
            Ok((status, _)) => Asked::Unknown(format!("an answer {status} that does not fit")),
            Err(why) => Asked::Unknown(why),
        }
    }

    fn collect(&self) -> io::Result<Vec<Report>> {
        match self.ask("GET", "/reports", b"") {
            Ok((200, Answer::Reports { reports, .. })) => {
                Ok(reports.into_iter().map(|report| report.report(&self.codes)).collect())
            }
            Ok((status, _)) => {
                Err(io::Error::other(format!("an answer {status} that does not fit")))
            }
            Err(why) => Err(io::Error::other(why)),
        }
    }

    fn settle(&self, report: &Report, faults: &[(u64, String)]) -> io::Result<()> {
        let faults = report.faults.iter().chain(faults).cloned().collect();
        let settlement = Settlement { digest: hex::encode(report.digest), faults };
        let body = serde_json::to_vec(&settlement).expect("text and numbers are JSON");
        match self.ask("POST", "/reports/settled", &body) {
            Ok((200, Answer::Settled { digest })) if digest == settlement.digest => Ok(()),
            Ok((status, _)) => {
                Err(io::Error::other(format!("an answer {status} that does not fit")))
            }
            Err(why) => Err(io::Error::other(why)),
        }
    }
}
