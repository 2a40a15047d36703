//! `mapper`: a department links people to the card, and asks whether money can arrive.

use axum::extract::State;
use kernel::actor::Actor;
use kernel::db::DbError;
use kernel::http::Json;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use super::envelope::{Answer, Request, address, leave, link_key, part, person_number};
use super::store::{self, Link};

/// One request about a person.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = G2pItem)]
pub struct Item {
    /// The sender's id of this request.
    pub reference_id: String,
    /// ISO 8601.
    #[serde(default)]
    pub timestamp: String,
    /// The person: `nin:<number>@cn`.
    #[serde(default)]
    pub id: Option<String>,
    /// Address at this platform: `token:<handle>@yikatong`.
    #[serde(default)]
    pub fa: Option<String>,
    /// `yes_no` or `details`.
    #[serde(default)]
    pub scope: Option<String>,
}

/// Message of link, update, unlink and resolve.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = G2pMapperMessage)]
pub struct Message {
    /// Transaction of the sender.
    pub transaction_id: String,
    /// The requests.
    #[serde(alias = "link_request", alias = "update_request", alias = "unlink_request")]
    pub resolve_request: Vec<Item>,
}

/// Which bank holds the account; never which account.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = G2pProvider)]
pub struct Provider {
    /// Name.
    pub name: String,
    /// Short code.
    pub code: String,
}

/// What became of one request.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = G2pOutcome)]
pub struct Outcome {
    /// The request's id.
    pub reference_id: String,
    /// Now.
    pub timestamp: String,
    /// `succ` or `rjct`.
    pub status: &'static str,
    /// `succ.id.active`, `rjct.id.invalid` …
    #[serde(skip_serializing_if = "str::is_empty")]
    pub status_reason_code: &'static str,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fa: Option<String>,
    /// The id as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The bank, when details were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_provider_info: Option<Provider>,
}

/// Message of the answer: the list is named after the request.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = G2pMapperAnswer)]
pub struct Outcomes {
    /// Transaction of the sender.
    pub transaction_id: String,
    /// This platform's id of the answer: its journal entry.
    pub correlation_id: String,
    /// Answer to link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_response: Option<Vec<Outcome>>,
    /// Answer to update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_response: Option<Vec<Outcome>>,
    /// Answer to unlink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlink_response: Option<Vec<Outcome>>,
    /// Answer to resolve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve_response: Option<Vec<Outcome>>,
}

type Whole = Result<Json<Answer<Outcomes>>, Problem>;

fn outcome(item: &Item, status: &'static str, code: &'static str, now: &str) -> Outcome {
    Outcome {
        reference_id: item.reference_id.clone(),
        timestamp: now.to_owned(),
        status,
        status_reason_code: code,
        fa: None,
        id: None,
        account_provider_info: None,
    }
}

/// The department of the caller.
pub(super) fn org(actor: &Actor) -> Result<Id, Problem> {
    actor.org.ok_or_else(Problem::forbidden)
}

async fn carry_out(
    app: App,
    actor: Actor,
    request: Request<Message>,
    action: &'static str,
) -> Whole {
    let (signs, unbelieved) = request.check(&app, org(&actor)?)?;
    let (header, message) = (request.header, request.message);
    let count = message.resolve_request.len();
    if let Some(refusal) = unbelieved.or_else(|| header.refusal(action, count)) {
        return leave(&app, signs, header.answer(count, Err(refusal)));
    }
    let (transaction, items) = (message.transaction_id, message.resolve_request);
    let (done, entry) = work(&app, &actor, items, action).await?;
    let mut all = Outcomes {
        transaction_id: transaction,
        correlation_id: entry.to_string(),
        link_response: None,
        update_response: None,
        unlink_response: None,
        resolve_response: None,
    };
    match action {
        "link" => all.link_response = Some(done),
        "update" => all.update_response = Some(done),
        "unlink" => all.unlink_response = Some(done),
        _ => all.resolve_response = Some(done),
    }
    leave(&app, signs, header.answer(count, Ok(all)))
}

/// Carries a set of requests out in one transaction, with one journal entry.
///
/// # Errors
/// The caller's department has no open programme: forbidden.
pub async fn work(
    app: &App,
    actor: &Actor,
    items: Vec<Item>,
    action: &'static str,
) -> Result<(Vec<Outcome>, Id), Problem> {
    let (org, entry_id, now) = (org(actor)?, app.id(), Utc::now());
    let act = match action {
        "link" => "g2p.linked",
        "update" => "g2p.updated",
        "unlink" => "g2p.unlinked",
        _ => "g2p.resolved",
    };
    let mut entry = Entry::new(entry_id, now, actor, act, "Art. 18");
    entry.detail = serde_json::json!({ "requests": items.len() });
    let allowed = move |tx: &mut kernel::db::Tx<'_>| match store::has_programme(tx, org)? {
        true => Ok(()),
        false => Err(Problem::forbidden()),
    };
    if action == "resolve" {
        // Callers look at the same time; nothing is answered before the look is on record.
        let look = move |tx: &mut kernel::db::Tx<'_>| {
            allowed(tx)?;
            Ok::<_, Problem>(resolve_set(tx, org, &items, now)?)
        };
        let done = app.db.read(look).await?;
        app.db.write(move |tx| Ok::<_, Problem>(journal::record(tx, &entry)?)).await?;
        return Ok((done, entry_id));
    }
    let shared = app.clone();
    let done = app
        .db
        .write(move |tx| {
            allowed(tx)?;
            let done = match action {
                "unlink" => unlink_set(tx, org, &items, now)?,
                _ => link_set(tx, &shared, org, &items, now)?,
            };
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(done)
        })
        .await?;
    Ok((done, entry_id))
}

type Done = Result<Vec<Outcome>, DbError>;

fn link_set(tx: &mut kernel::db::Tx<'_>, app: &App, org: Id, items: &[Item], now: Utc) -> Done {
    let numbers: Vec<&str> =
        items.iter().map(|item| person_number(item.id.as_deref().unwrap_or_default())).collect();
    let people = store::people(tx, &numbers)?;
    let at = now.rfc3339();
    for (item, number) in items.iter().zip(&numbers) {
        if let Some((person, bank)) = people.get(*number)
            && !item.reference_id.is_empty()
        {
            let handle = app.id().to_string();
            store::link(tx, (org, number), (*person, bank.as_deref()), &handle, now)?;
        }
    }
    let keys: Vec<String> = numbers.iter().map(|number| link_key(org, number)).collect();
    let known = store::by_keys(tx, &keys)?;
    let done = items.iter().zip(&keys).map(|(item, key)| match known.get(key) {
        _ if item.reference_id.is_empty() => {
            outcome(item, "rjct", "rjct.reference_id.invalid", &at)
        }
        None => outcome(item, "rjct", "rjct.id.invalid", &at),
        Some(link) => Outcome { fa: Some(address(&link.handle)), ..outcome(item, "succ", "", &at) },
    });
    Ok(done.collect())
}

fn unlink_set(tx: &mut kernel::db::Tx<'_>, org: Id, items: &[Item], now: Utc) -> Done {
    let at = now.rfc3339();
    let mut done = Vec::with_capacity(items.len());
    for item in items {
        let number = person_number(item.id.as_deref().unwrap_or_default());
        let code = match store::unlink(tx, org, number)? {
            true => ("succ", ""),
            false => ("rjct", "rjct.reference_id.invalid"),
        };
        done.push(outcome(item, code.0, code.1, &at));
    }
    Ok(done)
}

/// One read of the directory for the ids, one for the addresses, if any.
fn resolve_set(tx: &mut kernel::db::Tx<'_>, org: Id, items: &[Item], now: Utc) -> Done {
    let at = now.rfc3339();
    let key = |item: &Item| {
        item.id.as_deref().filter(|id| !id.is_empty()).map(|id| link_key(org, person_number(id)))
    };
    let keys: Vec<Option<String>> = items.iter().map(key).collect();
    let asked: Vec<String> = keys.iter().flatten().cloned().collect();
    let by_id = store::by_keys(tx, &asked)?;
    let handle =
        |item: &Item| item.fa.as_deref().and_then(|fa| part(fa, "token")).map(str::to_owned);
    let handles: Vec<Option<String>> = items.iter().map(handle).collect();
    let asked: Vec<&str> = handles.iter().flatten().map(String::as_str).collect();
    let by_fa = if asked.is_empty() { Default::default() } else { store::by_handles(tx, &asked)? };
    // Handles of other departments are as if they were none.
    let own = format!("{org} ");
    let answer = |((item, key), handle): ((&Item, &Option<String>), &Option<String>)| {
        let id = key.as_ref().map(|key| by_id.get(key));
        let fa =
            handle.as_ref().map(|handle| by_fa.get(handle).filter(|l| l.key.starts_with(&own)));
        resolved(item, id, fa, &at)
    };
    Ok(items.iter().zip(&keys).zip(&handles).map(answer).collect())
}

fn resolved(
    item: &Item,
    id: Option<Option<&Link>>,
    fa: Option<Option<&Link>>,
    at: &str,
) -> Outcome {
    let (code, link) = match (id, fa) {
        (None, None) if item.fa.is_some() => return outcome(item, "rjct", "rjct.fa.invalid", at),
        (None, None) => return outcome(item, "rjct", "rjct.id.invalid", at),
        (_, Some(None)) => ("succ.fa.not_found", None),
        (Some(None), _) => ("succ.id.not_found", None),
        (Some(Some(one)), Some(Some(other))) if one.key != other.key => {
            ("succ.fa.not_linked_to_id", None)
        }
        (_, Some(Some(link))) if link.active => ("succ.fa.active", Some(link)),
        (_, Some(Some(link))) => ("succ.fa.inactive", Some(link)),
        (Some(Some(link)), None) if link.active => ("succ.id.active", Some(link)),
        (Some(Some(link)), None) => ("succ.id.inactive", Some(link)),
    };
    let mut done = outcome(item, "succ", code, at);
    done.id.clone_from(&item.id);
    if let Some(link) = link.filter(|_| item.scope.as_deref() == Some("details")) {
        done.fa = Some(address(&link.handle));
        let provider = Provider { name: link.bank.clone(), code: link.bank.clone() };
        done.account_provider_info = Some(provider).filter(|one| !one.code.is_empty());
    }
    done
}

/// Brings the directory in step with what changed at accounts in the last minutes.
///
/// # Errors
/// The database's word.
pub async fn follow(app: &App) -> Result<String, Problem> {
    let now = Utc::now();
    let work = move |tx: &mut kernel::db::Tx<'_>| store::follow(tx, now.plus_seconds(-600), now);
    let count = app.db.housekeeping(work).await?;
    Ok(format!("{count} links"))
}

/// Links people of the department's programmes to the card.
#[utoipa::path(post, path = "/api/g2p/mapper/sync/link", tag = "g2p", request_body = Request<Message>,
    responses((status = 200, body = Answer<Outcomes>)))]
pub(super) async fn link(
    State(app): State<App>,
    actor: Actor,
    Json(request): Json<Request<Message>>,
) -> Whole {
    carry_out(app, actor, request, "link").await
}

/// Brings links up to date.
#[utoipa::path(post, path = "/api/g2p/mapper/sync/update", tag = "g2p", request_body = Request<Message>,
    responses((status = 200, body = Answer<Outcomes>)))]
pub(super) async fn update(
    State(app): State<App>,
    actor: Actor,
    Json(request): Json<Request<Message>>,
) -> Whole {
    carry_out(app, actor, request, "update").await
}

/// Removes links.
#[utoipa::path(post, path = "/api/g2p/mapper/sync/unlink", tag = "g2p", request_body = Request<Message>,
    responses((status = 200, body = Answer<Outcomes>)))]
pub(super) async fn unlink(
    State(app): State<App>,
    actor: Actor,
    Json(request): Json<Request<Message>>,
) -> Whole {
    carry_out(app, actor, request, "unlink").await
}

/// Tells whether money can arrive at people whom the department linked.
#[utoipa::path(post, path = "/api/g2p/mapper/sync/resolve", tag = "g2p", request_body = Request<Message>,
    responses((status = 200, body = Answer<Outcomes>)))]
pub(super) async fn resolve(
    State(app): State<App>,
    actor: Actor,
    Json(request): Json<Request<Message>>,
) -> Whole {
    carry_out(app, actor, request, "resolve").await
}

/// Message of a question after a transaction.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = G2pStatusMessage)]
pub struct StatusMessage {
    /// Transaction of the sender.
    pub transaction_id: String,
    /// What is asked.
    pub txnstatus_request: StatusRequest,
}

/// What is asked.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = G2pStatusRequest)]
pub struct StatusRequest {
    /// The sender's id of this question.
    pub reference_id: String,
    /// `disburse`, `link`, …
    pub txn_type: String,
    /// `transaction_id`, `reference_id_list` or `correlation_id`.
    pub attribute_type: String,
    /// One id, or a list.
    #[schema(value_type = Object)]
    pub attribute_value: serde_json::Value,
}

/// Mapper calls are synchronous and done when they are answered: their correlation id is on record, or not.
#[utoipa::path(post, path = "/api/g2p/mapper/sync/txn/status", tag = "g2p",
    request_body = Request<StatusMessage>, responses((status = 200, body = Object)))]
pub(super) async fn status(
    State(app): State<App>,
    actor: Actor,
    Json(request): Json<Request<StatusMessage>>,
) -> Result<Json<Answer<serde_json::Value>>, Problem> {
    let (signs, unbelieved) = request.check(&app, org(&actor)?)?;
    if let Some(refusal) = unbelieved {
        return leave(&app, signs, request.header.answer(1, Err(refusal)));
    }
    let asked = &request.message.txnstatus_request;
    let id = asked.attribute_value.as_str().and_then(|text| text.parse::<Id>().ok());
    let Some(id) = id.filter(|_| asked.attribute_type == "correlation_id") else {
        let refused = request.header.answer(1, Err("rjct.action.not_supported"));
        return leave(&app, signs, refused);
    };
    let account = actor.account;
    let known = app
        .db
        .read(move |tx| {
            let sql = "SELECT 1 FROM journal_entry WHERE id = $1 AND actor_id = $2";
            Ok::<_, DbError>(
                tx.optional(sql, &[kernel::db::v(id), kernel::db::v(account)])?.is_some(),
            )
        })
        .await?;
    let message = serde_json::json!({
        "transaction_id": request.message.transaction_id,
        "correlation_id": id,
        "txnstatus_response": {
            "txn_type": format!("on-{}", asked.txn_type),
            "txn_status": { "status": if known { "succ" } else { "rjct" } },
        },
    });
    leave(&app, signs, request.header.answer(1, Ok(message)))
}
