//! Taking messages, answering them over the agreements, and bringing answers to their address.

use std::time::Duration;

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::envelope::{
    AnswerHeader, Header, Meta, Raw, SIGNER, Search, Status, Subscribe, Unsubscribe, is_signed,
    signed_text,
};
use super::store::{self, Txn};
use super::verbs;
use crate::agreements::rules::{Agreement, Refused};
use crate::agreements::store as agreed;
use crate::pushes::rules::{MOST_TRIES, pause};
use crate::queries::service as queries;

/// Name of the key that signs answers.
const KEY: &str = "share-dci";
/// Answers are kept for a day.
const KEPT: i64 = Utc::DAY;

/// A verb of the API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Questions about persons.
    Search,
    /// Watch persons for changes.
    Subscribe,
    /// End watches.
    Unsubscribe,
    /// How a transaction stands.
    Status,
}

impl Verb {
    const ALL: [Self; 4] = [Self::Search, Self::Subscribe, Self::Unsubscribe, Self::Status];

    /// As in `action` of a header.
    pub fn action(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Status => "txn-status",
        }
    }

    fn from_action(action: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.action() == action)
    }

    /// Where its answer goes, below the agreement's address.
    fn callback(self) -> &'static str {
        match self {
            Self::Search => "/registry/on-search",
            Self::Subscribe => "/registry/on-subscribe",
            Self::Unsubscribe => "/registry/on-unsubscribe",
            Self::Status => "/registry/txn/on-status",
        }
    }

    /// Id of the transaction and number of requests in a message.
    fn size(self, message: &str) -> Option<(String, usize)> {
        fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
            serde_json::from_str(text).ok()
        }
        Some(match self {
            Self::Search => {
                let said: Search = read(message)?;
                (said.transaction_id, said.search_request.len())
            }
            Self::Subscribe => {
                let said: Subscribe = read(message)?;
                (said.transaction_id, said.subscribe_request.len())
            }
            Self::Unsubscribe => {
                let said: Unsubscribe = read(message)?;
                (said.transaction_id, said.subscription_codes.len())
            }
            Self::Status => (read::<Status>(message)?.transaction_id, 1),
        })
    }
}

pub(super) fn unreadable() -> Problem {
    Problem::new(
        400,
        "sharing/dci-unreadable",
        Text::new("报文格式不符合接口规范", "The message is not as the interface says"),
        Text::new("请对照 docs/dci.md 检查", "Compare it with docs/dci.md"),
    )
}

fn bad_signature() -> Problem {
    Problem::new(
        401,
        "sharing/dci-signature",
        Text::new("报文签名不符", "The signature does not fit"),
        Text::new(
            "请用协议登记的SM2密钥签名，或留空仅凭令牌调用",
            "Sign with the agreement's SM2 key, or leave it empty: the token tells who calls",
        ),
    )
}

/// What was made of a message.
pub enum Reply {
    /// The whole answer, signed.
    Answer(String),
    /// Taken; the answer goes to the agreement's address.
    Taken(Id),
}

/// Takes a message: answers it at once, or keeps it for its callback.
///
/// # Errors
/// It is not readable, its signature does not fit, or the caller has no agreement in force.
pub async fn take(
    app: &App,
    actor: &Actor,
    verb: Verb,
    body: &str,
    calls_back: bool,
) -> Result<Reply, Problem> {
    let raw: Raw<'_> = serde_json::from_str(body).map_err(|_| unreadable())?;
    let one = agreement(app, actor).await?;
    let key = one.terms.recipient_key.as_deref().unwrap_or_default();
    if !raw.signature.is_empty() && !is_signed(&raw, key) {
        return Err(bad_signature());
    }
    let header: Header = serde_json::from_str(raw.header.get()).map_err(|_| unreadable())?;
    let (txn, count) = verb.size(raw.message.get()).ok_or_else(unreadable)?;
    if calls_back && one.terms.push_url.is_empty() {
        return Err(Refused::NoPushAddress.into());
    }
    let refuse = |code| {
        let said = (header.message_id.as_str(), header.sender_id.as_str());
        envelope(app, said, verb, count, Err(code)).map(Reply::Answer)
    };
    if let Some(code) = header.refusal(verb.action(), count) {
        return refuse(code);
    }
    if !(1..=99).contains(&txn.len()) {
        return refuse("rjct.transaction_id.invalid");
    }
    let kept = keep(app, actor, &one, verb, &header, (txn, raw.message.get()), calls_back).await?;
    match kept {
        None => refuse("rjct.transaction_id.duplicate"),
        Some(kept) if calls_back => Ok(Reply::Taken(kept.id)),
        Some(kept) => match kept.answer {
            Some(_) => Ok(Reply::Answer(open(app, &kept, kept.answer.as_deref())?)),
            None => work(app, &kept).await.map(Reply::Answer),
        },
    }
}

async fn agreement(app: &App, actor: &Actor) -> Result<Agreement, Problem> {
    let (who, now) = (actor.clone(), Utc::now());
    let find = move |tx: &mut Tx<'_>| {
        let id = agreed::agreement_of(tx, who.account)?.ok_or(Refused::NotYourAgreement)?;
        queries::of_program(tx, &who, id, now)
    };
    app.db.read(find).await
}

fn binding(id: Id) -> Vec<u8> {
    [b"share-dci".as_slice(), &id.0.to_be_bytes()].concat()
}

pub(super) fn open(app: &App, txn: &Txn, sealed: Option<&[u8]>) -> Result<String, Problem> {
    let plain = sealed.and_then(|sealed| app.keys.open_field(sealed, &binding(txn.id)));
    let text = plain.and_then(|plain| String::from_utf8(plain).ok());
    text.ok_or_else(|| DbError::Engine("a kept message cannot be opened".to_owned()).into())
}

/// Keeps a message, or finds it again; none when its transaction was something else before.
async fn keep(
    app: &App,
    actor: &Actor,
    one: &Agreement,
    verb: Verb,
    header: &Header,
    (txn, message): (String, &str),
    calls_back: bool,
) -> Result<Option<Txn>, Problem> {
    let id = app.id();
    let meta = serde_json::to_string(&header.meta).expect("plain data");
    let request = format!("{{\"meta\":{meta},\"message\":{message}}}");
    let new = Txn {
        agreement: one.id,
        txn,
        kind: verb.action().to_owned(),
        digest: app.keys.digest(request.as_bytes()),
        id,
        actor: actor.clone(),
        message_id: header.message_id.clone(),
        sender: header.sender_id.chars().take(100).collect(),
        request: Some(app.keys.seal_field(request.as_bytes(), &binding(id))),
        answer: None,
        calls_back,
        state: "received".to_owned(),
        tries: 0,
        at: Utc::now(),
    };
    let write = move |tx: &mut Tx<'_>| {
        if store::insert(tx, &new)? {
            return Ok(Some(new.clone()));
        }
        let before = store::by_txn(tx, new.agreement, &new.kind, &new.txn)?;
        Ok::<_, DbError>(before.filter(|before| before.digest == new.digest))
    };
    // What is asked is journalled when it is answered; until then nobody's data has moved.
    Ok(app.db.housekeeping(write).await?)
}

/// Answers a kept message and keeps the answer.
async fn work(app: &App, txn: &Txn) -> Result<String, Problem> {
    #[derive(serde::Deserialize)]
    struct Kept {
        meta: Meta,
        message: Value,
    }
    let text = open(app, txn, txn.request.as_deref())?;
    let Kept { meta, message } = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let verb = Verb::from_action(&txn.kind).ok_or_else(unreadable)?;
    let said = verbs::answer(app, txn, verb, &meta, message).await;
    let (count, message) = match said {
        Ok((count, message)) => (count, Ok(message)),
        Err(problem) if problem.status < 500 => (0, Err(problem.code)),
        Err(problem) => return Err(problem),
    };
    let text = envelope(app, (&txn.message_id, &txn.sender), verb, count, message)?;
    let (sealed, one) = (app.keys.seal_field(text.as_bytes(), &binding(txn.id)), txn.clone());
    app.db.housekeeping(move |tx| store::answered(tx, &one, &sealed)).await?;
    Ok(text)
}

/// A signed answer as it is sent.
fn envelope(
    app: &App,
    (message_id, sender): (&str, &str),
    verb: Verb,
    count: usize,
    message: Result<Value, &'static str>,
) -> Result<String, Problem> {
    let refused = message.as_ref().err().copied();
    let header = AnswerHeader::new(message_id, sender, verb.action(), count, refused);
    signed(app, &header, &message.unwrap_or_else(|_| json!({})))
}

/// A message with this platform's signature over its parts.
pub(super) fn signed(app: &App, header: &AnswerHeader, message: &Value) -> Result<String, Problem> {
    let header = serde_json::to_string(header).expect("plain data");
    let message = message.to_string();
    let store = app.keys.store();
    let text = signed_text(&header, &message);
    let signed = store
        .create(KEY, &random::<32>())
        .and_then(|()| store.sign(KEY, SIGNER, text.as_bytes()))
        .map_err(|error| Problem::from(DbError::Unavailable(error.to_string())))?;
    let signature = hex::encode(signed);
    Ok(format!("{{\"signature\":\"{signature}\",\"header\":{header},\"message\":{message}}}"))
}

/// The key that answers are signed with, an uncompressed point in hexadecimal digits.
///
/// # Errors
/// The key store does not answer.
pub fn public_key(app: &App) -> Result<String, Problem> {
    let store = app.keys.store();
    let key = store.create(KEY, &random::<32>()).and_then(|()| store.public(KEY, SIGNER));
    let key = key.map_err(|error| Problem::from(DbError::Unavailable(error.to_string())))?;
    Ok(hex::encode(key.to_bytes()))
}

/// Answers what was taken for a callback, brings answers to their address, forgets old ones.
///
/// # Errors
/// Of the database only.
pub async fn round(app: &App) -> Result<String, Problem> {
    let now = Utc::now();
    let due = app.db.read(move |tx| store::due(tx, now, 50)).await?;
    let mut told = 0;
    for txn in due {
        match txn.state.as_str() {
            // Whoever asked at once and lost the line finds the answer by its transaction.
            "received" if !txn.calls_back && txn.at.plus_seconds(30) > now => {}
            "received" => drop(work(app, &txn).await?),
            _ => told += usize::from(tell(app, &txn, now).await?),
        }
    }
    let before = Utc(now.0 - KEPT);
    app.db.housekeeping(move |tx| store::forget(tx, before)).await?;
    Ok(format!("{told} told"))
}

/// One attempt to bring an answer. The address is the agreement's, whatever the message said.
async fn tell(app: &App, txn: &Txn, now: Utc) -> Result<bool, Problem> {
    let one = agreement(app, &txn.actor).await;
    let url = match one {
        Ok(one) if !one.terms.push_url.is_empty() => one.terms.push_url,
        Err(problem) if problem.status >= 500 => return Err(problem),
        _ => {
            let id = txn.id;
            app.db.housekeeping(move |tx| store::after_attempt(tx, id, "dead", now)).await?;
            return Ok(false);
        }
    };
    let verb = Verb::from_action(&txn.kind).ok_or_else(unreadable)?;
    let url = format!("{}{}", url.trim_end_matches('/'), verb.callback());
    let text = open(app, txn, txn.answer.as_deref())?;
    let post = move || {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            // A redirect would carry the person's data elsewhere.
            .max_redirects(0)
            .build();
        let agent: ureq::Agent = config.into();
        let sent = agent.post(url).header("Content-Type", "application/json").send(text);
        sent.is_ok_and(|answer| answer.status().is_success())
    };
    let good = tokio::task::spawn_blocking(post).await.unwrap_or(false);
    let state = match good {
        true => "told",
        false if txn.tries + 1 >= MOST_TRIES => "dead",
        false => "answered",
    };
    let (id, next) = (txn.id, now.plus_seconds(pause(txn.tries + 1)));
    app.db.housekeeping(move |tx| store::after_attempt(tx, id, state, next)).await?;
    Ok(good)
}
