//! One region of the simulation: what its database keeps, and what its process does with the rules.

use std::collections::BTreeMap;

use super::Bug;
use super::keys::Keys;
use crate::rules::{
    self, Arrival, BATCH, Message, Receipt, Refused, Signed, is_due, judge_arrival, pause_s,
};
use kernel::law::Refusal as _;

/// A message that was written, and what the other side said of it.
#[derive(Clone)]
pub(super) struct Out {
    pub(super) message: Message,
    pub(super) text: String,
    pub(super) receipt: Option<Receipt>,
}

/// A message that came.
#[derive(Clone)]
pub(super) struct In {
    pub(super) message: Message,
    pub(super) digest: String,
    pub(super) receipt: Receipt,
    /// By this region's clock.
    pub(super) at: i64,
}

/// What outlives a restart.
#[derive(Clone, Default)]
pub(super) struct Kept {
    pub(super) outbox: Vec<Out>,
    /// In the order in which they were taken.
    pub(super) inbox: Vec<In>,
    /// Ids whose work was done, as often as it was done.
    pub(super) done: Vec<String>,
    came: BTreeMap<String, usize>,
    failures: i64,
    next_s: i64,
}

/// An answer, as in the protocol.
pub(super) type Answer = Result<Signed, &'static str>;

/// A request under way.
struct Asked {
    number: u64,
    sent: Vec<(String, String)>,
    until_ms: i64,
}

pub(super) struct Node {
    pub(super) region: &'static str,
    pub(super) kept: Kept,
    /// Seconds by which its clock is wrong.
    pub(super) skew_s: i64,
    /// When it tried the way last.
    pub(super) tried_ms: i64,
    bug: Option<Bug>,
    asked: Option<Asked>,
    requests: u64,
    /// A planted bug keeps here what should be in the database.
    unkept: Vec<In>,
    /// A planted bug forgets these at a restart.
    gone: usize,
}

/// Milliseconds that a request may take.
const TIMEOUT_MS: i64 = 10_000;

impl Node {
    pub(super) fn new(region: &'static str, bug: Option<Bug>) -> Self {
        let (kept, unkept) = (Kept::default(), Vec::new());
        Self {
            region,
            kept,
            skew_s: 0,
            tried_ms: 0,
            bug,
            asked: None,
            requests: 0,
            unkept,
            gone: 0,
        }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub(super) fn clock_s(&self, now_ms: i64) -> i64 {
        now_ms / 1_000 + self.skew_s
    }

    /// Writes a message into the outbox. Nothing of the way to the other side can keep it from that.
    pub(super) fn post(&mut self, to: &str, id: String, key: &str, lifetime_s: i64, now_ms: i64) {
        let same = |out: &&Out| !key.is_empty() && out.message.person_key == key;
        let last = self.kept.outbox.iter().rev().find(same).map(|out| out.message.id.clone());
        let issued = self.clock_s(now_ms);
        let message = Message {
            id,
            from: self.region.to_owned(),
            to: to.to_owned(),
            kind: "sim.told".to_owned(),
            version: 1,
            person_key: key.to_owned(),
            after: last.unwrap_or_default(),
            sequence: self.kept.outbox.len() as i64 + 1,
            issued,
            expires: issued + lifetime_s,
            purpose: "simulation".to_owned(),
            basis: "Art. 20".to_owned(),
            journal: String::new(),
            body: serde_json::Value::Null,
        };
        let text = serde_json::to_string(&message).expect("plain data");
        self.kept.outbox.push(Out { message, text, receipt: None });
    }

    /// What is sent now: the oldest without a receipt, unless a request is under way or the way pauses.
    pub(super) fn ask(&mut self, keys: &Keys, now_ms: i64) -> Option<(u64, Vec<Signed>)> {
        if self.asked.as_ref().is_some_and(|asked| asked.until_ms <= now_ms) {
            self.asked = None;
            self.failed(now_ms);
        }
        if self.asked.is_some() || !self.is_due(now_ms) {
            return None;
        }
        let waits = |out: &&Out| out.receipt.is_none();
        let take = |out: &Out| (out.message.id.clone(), out.text.clone());
        let mut sent: Vec<_> =
            self.kept.outbox.iter().filter(waits).take(BATCH).map(take).collect();
        if sent.is_empty() {
            return None;
        }
        self.requests += 1;
        self.tried_ms = now_ms;
        if self.has(Bug::NewIdEachTime) {
            for (id, text) in &mut sent {
                let fresh = format!("{:032x}", (u128::from(self.requests) << 64) | digits(id));
                *text = text.replace(&format!("\"id\":\"{id}"), &format!("\"id\":\"{fresh}"));
                *id = fresh;
            }
        }
        let sign = |(_, text): &(String, String)| keys.sign(self.region, rules::MESSAGE, text);
        let batch = sent.iter().map(sign).collect();
        if self.has(Bug::SentIsDelivered) {
            self.believe_sent(&sent);
        }
        let number = self.requests;
        self.asked = Some(Asked { number, sent, until_ms: now_ms + TIMEOUT_MS });
        Some((number, batch))
    }

    /// Planted: what was sent counts as delivered.
    fn believe_sent(&mut self, sent: &[(String, String)]) {
        for (id, text) in sent {
            let receipt = Receipt {
                id: id.clone(),
                digest: rules::digest(text),
                result: "ok".to_owned(),
                by: String::new(),
                at: 0,
                journal: String::new(),
            };
            self.keep(id, receipt);
        }
    }

    fn is_due(&self, now_ms: i64) -> bool {
        let now_s = self.clock_s(now_ms);
        match self.has(Bug::TrustsClock) {
            true => now_s >= self.kept.next_s,
            false => is_due(self.kept.next_s, now_s),
        }
    }

    fn keep(&mut self, id: &str, receipt: Receipt) {
        let open = |out: &&mut Out| digits(&out.message.id) == digits(id) && out.receipt.is_none();
        if let Some(out) = self.kept.outbox.iter_mut().find(open) {
            out.receipt = Some(receipt);
        }
    }

    fn failed(&mut self, now_ms: i64) {
        self.kept.failures += 1;
        self.kept.next_s = self.clock_s(now_ms) + pause_s(self.kept.failures);
    }

    /// The other side's answers; `None` when the connection broke.
    pub(super) fn answered(
        &mut self,
        keys: &Keys,
        number: u64,
        answers: Option<Vec<Answer>>,
        now_ms: i64,
    ) {
        if self.asked.as_ref().is_none_or(|asked| asked.number != number) {
            return;
        }
        let Some(asked) = self.asked.take() else { return };
        let mut good = 0;
        for ((id, text), answer) in asked.sent.iter().zip(answers.unwrap_or_default()) {
            let Ok(signed) = answer else { continue };
            let receipt = match self.has(Bug::TakesAnyReceipt) {
                true => serde_json::from_str(&signed.text).ok(),
                false => keys.receipt(&signed, other(self.region), id, text).ok(),
            };
            if let Some(receipt) = receipt {
                self.keep(id, receipt);
                good += 1;
            }
        }
        match good {
            0 => self.failed(now_ms),
            _ => (self.kept.failures, self.kept.next_s) = (0, 0),
        }
    }

    /// Takes one message, all or nothing. `busy` is a database that does not answer: then nothing is
    /// kept and the request breaks off.
    pub(super) fn take(
        &mut self,
        keys: &Keys,
        signed: &Signed,
        busy: bool,
        now_ms: i64,
    ) -> Option<Answer> {
        let now_s = self.clock_s(now_ms);
        let message = match keys.message(signed, other(self.region), self.region, now_s) {
            Ok(message) => message,
            Err(refused) => return Some(Err(refused.code())),
        };
        let digest = rules::digest(&signed.text);
        let arrival = self.arrival(&message, &digest, now_s);
        let result = match arrival {
            Arrival::No(refused) => return Some(Err(refused.code())),
            Arrival::Again => {
                let kept = self.came(&message.id).map(|came| came.receipt.clone());
                let kept = kept.unwrap_or_else(|| self.receipt(&message, &digest, "ok", now_s));
                return Some(Ok(self.signed(keys, &kept)));
            }
            Arrival::Late if self.has(Bug::LateIsSilent) => return Some(Err("regions/expired")),
            Arrival::Late => Refused::Expired.code(),
            Arrival::Do if digits(&message.id).is_multiple_of(10) => "sim/refused",
            Arrival::Do => "ok",
        };
        if result == "ok" && self.has(Bug::WorkApart) {
            self.kept.done.push(message.id.clone());
        }
        if busy {
            return None;
        }
        if result == "ok" && !self.has(Bug::WorkApart) {
            self.kept.done.push(message.id.clone());
        }
        let receipt = self.receipt(&message, &digest, result, now_s);
        let answer = self.signed(keys, &receipt);
        let row = In { message, digest, receipt, at: now_s };
        match self.has(Bug::AnswersBeforeKeeping) {
            true => self.unkept.push(row),
            false => self.insert(row),
        }
        Some(Ok(answer))
    }

    fn came(&self, id: &str) -> Option<&In> {
        self.kept.came.get(id).map(|at| &self.kept.inbox[*at])
    }

    /// The decision of the rules, or what a planted bug makes of it.
    fn arrival(&self, message: &Message, digest: &str, now_s: i64) -> Arrival {
        let known = self.came(&message.id).map(|came| came.digest.as_str());
        let first = message.after.is_empty() || self.came(&message.after).is_some();
        match self.bug {
            Some(Bug::ForgetsWhatCame) => judge_arrival(message, digest, None, first, now_s),
            Some(Bug::IgnoresOrder) => judge_arrival(message, digest, known, true, now_s),
            Some(Bug::HighWater) if self.is_below_high_water(message) => Arrival::Again,
            _ => judge_arrival(message, digest, known, first, now_s),
        }
    }

    fn is_below_high_water(&self, message: &Message) -> bool {
        self.kept.inbox.iter().any(|row| row.message.sequence >= message.sequence)
    }

    fn receipt(&self, message: &Message, digest: &str, result: &str, now_s: i64) -> Receipt {
        Receipt {
            id: message.id.clone(),
            digest: digest.to_owned(),
            result: result.to_owned(),
            by: self.region.to_owned(),
            at: now_s,
            journal: String::new(),
        }
    }

    fn signed(&self, keys: &Keys, receipt: &Receipt) -> Signed {
        let text = serde_json::to_string(receipt).expect("plain data");
        keys.sign(self.region, rules::RECEIPT, &text)
    }

    fn insert(&mut self, row: In) {
        self.kept.came.insert(row.message.id.clone(), self.kept.inbox.len());
        self.kept.inbox.push(row);
    }

    /// Once in a while a process with a planted bug keeps what it answered for already.
    pub(super) fn settle(&mut self) {
        for row in std::mem::take(&mut self.unkept) {
            self.insert(row);
        }
        self.gone = self.kept.outbox.len();
    }

    /// The process ends and begins anew: what is only in memory is gone.
    pub(super) fn restart(&mut self) {
        self.asked = None;
        for row in std::mem::take(&mut self.unkept) {
            self.kept.done.retain(|id| *id != row.message.id);
        }
        if self.has(Bug::OutboxInMemory) {
            self.kept.outbox.truncate(self.gone);
        }
    }
}

/// The region on the other side.
pub(super) fn other(region: &str) -> &'static str {
    if region == super::HERE { super::THERE } else { super::HERE }
}

/// The number that an id was made from.
pub(super) fn digits(id: &str) -> u128 {
    u128::from_str_radix(id, 16).unwrap_or_default() & 0xffff_ffff
}
