//! Writing messages beside their cause, and taking those of others exactly once.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Refusal as _;
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use super::{note, trust};
use crate::rules::{self, Arrival, Message, RECEIPT, Receipt, Refused, Signed};
use crate::store;

/// What does the work of one kind of message, in the transaction that takes it.
#[derive(Clone, Copy)]
pub struct Handler {
    /// Kind of the message.
    pub kind: &'static str,
    /// Its version.
    pub version: i64,
    /// The work. A problem below 500 refuses the message for good, another one lets it come again.
    pub run: fn(&mut Tx<'_>, &Platform, &Message, Utc) -> Result<(), Problem>,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct New {
    /// Region that is meant; it must be trusted.
    pub to: String,
    /// Kind.
    pub kind: &'static str,
    /// Version of the kind.
    pub version: i64,
    /// Messages of one key are done in order; empty when order is of no matter.
    pub person_key: String,
    /// Seconds that it may take.
    pub lifetime_s: i64,
    /// Why, in plain words.
    pub purpose: &'static str,
    /// Legal basis.
    pub basis: &'static str,
    /// Entry of the journal about the cause.
    pub journal: Id,
    /// What the kind says.
    pub body: serde_json::Value,
}

/// Writes a message into the outbox, in the transaction of its cause.
///
/// # Errors
/// The region is not trusted, or the message is too long or has U+0000 in it.
pub fn post(tx: &mut Tx<'_>, app: &Platform, new: &New, now: Utc) -> Result<(), Problem> {
    store::trusted(tx, &new.to)?.ok_or(Refused::Unlisted)?;
    let message = Message {
        id: hex::encode(random::<16>()),
        from: app.config.region.clone(),
        to: new.to.clone(),
        kind: new.kind.to_owned(),
        version: new.version,
        person_key: new.person_key.clone(),
        sequence: store::next_sequence(tx, &new.to)?,
        after: store::last_of_key(tx, &new.to, &new.person_key)?,
        issued: now.seconds(),
        expires: now.seconds().saturating_add(new.lifetime_s),
        purpose: new.purpose.to_owned(),
        basis: new.basis.to_owned(),
        journal: new.journal.to_string(),
        body: new.body.clone(),
    };
    let text = serde_json::to_string(&message).expect("plain data");
    // The other side would refuse it for good, and what follows it would wait behind it.
    rules::is_plain(&text)?;
    Ok(store::insert_out(tx, &message, &text, now)?)
}

/// The answer to one message: a receipt when it was taken or refused for good, else why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answer {
    /// Signed [`Receipt`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Signed>,
    /// Code of the refusal, when there is no receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Answer {
    fn no(refused: Refused) -> Self {
        Self { receipt: None, why: Some(refused.code().to_owned()) }
    }
}

/// Takes a batch, one transaction for each message, in order.
///
/// # Errors
/// [`Refused::TooMany`], or the platform is busy: then nothing after the last answer was taken.
pub async fn receive(
    app: &App,
    handlers: &'static [Handler],
    batch: Vec<Signed>,
) -> Result<Vec<Answer>, Problem> {
    if batch.len() > rules::BATCH {
        note(app, String::new(), Refused::TooMany).await?;
        return Err(Refused::TooMany.into());
    }
    let mut answers = Vec::with_capacity(batch.len());
    for signed in batch {
        answers.push(receive_one(app, handlers, signed).await?);
    }
    Ok(answers)
}

async fn receive_one(
    app: &App,
    handlers: &'static [Handler],
    signed: Signed,
) -> Result<Answer, Problem> {
    let taken = attempt(app, handlers, signed.clone(), None).await;
    let (answer, alarm) = match taken {
        // The work was taken back; that it was refused is kept.
        Err(problem)
            if (400..500).contains(&problem.status)
                && problem.code != "platform/changed-meanwhile" =>
        {
            attempt(app, handlers, signed, Some(problem.code)).await?
        }
        other => other?,
    };
    if let Some((region, refused)) = alarm {
        note(app, region, refused).await?;
    }
    Ok(answer)
}

/// An answer, and what is to be alarmed beside it.
type Taken = (Answer, Option<(String, Refused)>);

async fn attempt(
    app: &App,
    handlers: &'static [Handler],
    signed: Signed,
    refused: Option<&'static str>,
) -> Result<Taken, Problem> {
    let shared = app.clone();
    app.db.write(move |tx| take(tx, &shared, handlers, &signed, refused)).await
}

fn take(
    tx: &mut Tx<'_>,
    app: &Platform,
    handlers: &[Handler],
    signed: &Signed,
    failed: Option<&'static str>,
) -> Result<Taken, Problem> {
    let now = Utc::now();
    let no = |region: &str, refused: Refused| {
        let alarm = refused.alarms().then(|| (region.to_owned(), refused));
        Ok((Answer::no(refused), alarm))
    };
    if let Err(refused) = signed.plain() {
        return no("", refused);
    }
    #[derive(Deserialize)]
    struct From {
        from: String,
    }
    let Ok(From { from }) = serde_json::from_str(&signed.text) else {
        return no("", Refused::Unreadable);
    };
    let Some(sender) = store::trusted(tx, &from)? else {
        return no("", Refused::Unlisted);
    };
    let opened = rules::open_message(signed, &sender.said, &app.config.region, now.seconds());
    let message = match opened {
        Ok(message) => message,
        Err(refused) => return no(&from, refused),
    };
    let (came, digest) = (store::came(tx, &from, &message.id)?, rules::digest(&signed.text));
    let first = message.after.is_empty() || came.is_some();
    let before_came = first || store::came(tx, &from, &message.after)?.is_some();
    let known = came.as_ref().map(|(digest, _)| digest.as_str());
    let arrival = rules::judge_arrival(&message, &digest, known, before_came, now.seconds());
    let (result, alarm) = match (arrival, failed) {
        (Arrival::No(refused), _) => return no(&from, refused),
        (Arrival::Again, _) => {
            let kept = came.map(|(_, receipt)| serde_json::from_str::<Signed>(&receipt));
            let kept = kept.and_then(Result::ok).ok_or(Refused::Unreadable)?;
            // Signed anew: the key may have changed since.
            let receipt = super::sign_now(app, RECEIPT, kept.text)?;
            return Ok((Answer { receipt: Some(receipt), why: None }, None));
        }
        (Arrival::Do, Some(code)) => (code, None),
        (Arrival::Do, None) => (run(tx, app, handlers, &message, now)?, None),
        (Arrival::Late, _) => (Refused::Expired.code(), Some((from, Refused::Expired))),
    };
    let receipt = finish(tx, app, signed, &message, result, now)?;
    Ok((Answer { receipt: Some(receipt), why: None }, alarm))
}

fn run(
    tx: &mut Tx<'_>,
    app: &Platform,
    handlers: &[Handler],
    message: &Message,
    now: Utc,
) -> Result<&'static str, Problem> {
    let fits =
        |handler: &&Handler| handler.kind == message.kind && handler.version == message.version;
    let Some(handler) = handlers.iter().find(fits) else {
        return Ok(Refused::UnknownKind.code());
    };
    (handler.run)(tx, app, message, now)?;
    Ok("ok")
}

fn finish(
    tx: &mut Tx<'_>,
    app: &Platform,
    signed: &Signed,
    message: &Message,
    result: &'static str,
    now: Utc,
) -> Result<Signed, Problem> {
    let mut entry = Entry::new(app.id(), now, &Actor::system(), "region.received", "Art. 17")
        .on("message", &message.id)
        .why(message.purpose.chars().take(200).collect::<String>(), &[]);
    entry.result = result.to_owned();
    entry.detail = serde_json::json!({"from": message.from, "kind": message.kind,
        "basis": message.basis, "journal": message.journal});
    let receipt = Receipt {
        id: message.id.clone(),
        digest: rules::digest(&signed.text),
        result: result.to_owned(),
        by: app.config.region.clone(),
        at: now.seconds(),
        journal: entry.id.to_string(),
    };
    let receipt = super::sign(app, trust::own(app)?.key, RECEIPT, &receipt)?;
    store::insert_in(tx, message, signed, result, &store::signed_text(&receipt), now)?;
    journal::record(tx, &entry)?;
    Ok(receipt)
}
