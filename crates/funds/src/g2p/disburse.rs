//! `disburse`: a department's system hands a list over. It becomes a roster like any other: it is checked,
//! reviewed, shown to the public and approved by people before money moves (Art. 8, 25).

use axum::extract::State;
use kernel::actor::Actor;
use kernel::db::DbError;
use kernel::http::Json;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::{Deserialize, Serialize};

use super::envelope::{Answer, Header, Request, leave, part};
use super::mapper::{StatusMessage, org};
use super::store::{self, Standing, Taken};
use crate::programmes::formula::{parse_decimal, yuan};
use crate::rosters::columns::Draft;
use crate::rosters::rules::State as RosterState;
use crate::rosters::service::{self, Declared, Source};
use crate::rosters::{store as rosters, work};

/// One disbursement.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = G2pDisbursement)]
pub struct Disbursement {
    /// The sender's id.
    pub reference_id: String,
    /// `programme:<code>@yikatong`.
    pub payer_fa: String,
    /// `token:<handle>@yikatong`.
    pub payee_fa: String,
    /// Yuan, `12.50`.
    pub amount: String,
    /// ISO 8601 with a zone, the same in a whole list: it is not paid before, however early it is approved.
    #[serde(default)]
    pub scheduled_timestamp: Option<String>,
    /// `CNY`.
    #[serde(default)]
    pub currency_code: Option<String>,
}

/// A list.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = G2pDisburseMessage)]
pub struct Message {
    /// Transaction of the sender: the same twice is one.
    pub transaction_id: String,
    /// The disbursements.
    pub disbursements: Vec<Disbursement>,
}

/// How a disbursement stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = G2pDisbursementStatus)]
pub struct Status {
    /// The sender's id.
    pub reference_id: String,
    /// Now.
    pub timestamp: String,
    /// `rcvd`, `pdng`, `succ`, `rjct`.
    pub status: &'static str,
    /// Why it is refused.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status_reason_code: String,
    /// Yuan.
    pub amount: String,
    /// `CNY`.
    pub currency_code: &'static str,
}

/// How all disbursements of a transaction stand.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = G2pDisburseAnswer)]
pub struct Statuses {
    /// Transaction of the sender.
    pub transaction_id: String,
    /// Each disbursement.
    pub disbursements_status: Vec<Status>,
}

fn status_of(one: &Standing, at: &str) -> Status {
    let (status, reason) = match (one.reason.as_str(), one.line.as_deref(), one.payment.as_deref())
    {
        ("", _, Some("paid")) => ("succ", ""),
        ("", _, Some("returned" | "void")) => ("rjct", "rjct.payee_fa.invalid"),
        ("", Some("bad" | "struck"), _) => ("rjct", "rjct.payee_fa.invalid"),
        ("", None, _) => ("rcvd", ""),
        ("", ..) => ("pdng", ""),
        (reason, ..) => ("rjct", reason),
    };
    Status {
        reference_id: one.reference.clone(),
        timestamp: at.to_owned(),
        status,
        status_reason_code: reason.to_owned(),
        amount: yuan(one.fen),
        currency_code: "CNY",
    }
}

type Whole = Result<Json<Answer<Statuses>>, Problem>;

async fn tell(
    app: &App,
    (header, signs): (&Header, bool),
    org: Id,
    transaction: String,
    count: usize,
) -> Whole {
    let asked = transaction.clone();
    let all = app.db.read(move |tx| store::standings(tx, org, &asked)).await?;
    let at = Utc::now().rfc3339();
    let disbursements_status = all.iter().map(|one| status_of(one, &at)).collect();
    let message = Statuses { transaction_id: transaction, disbursements_status };
    leave(app, signs, header.answer(count, Ok(message)))
}

/// Takes a list; it becomes a roster of the programme for this month.
#[utoipa::path(post, path = "/api/g2p/disburse/sync/disburse", tag = "g2p", request_body = Request<Message>,
    responses((status = 200, body = Answer<Statuses>)))]
pub(super) async fn disburse(
    State(app): State<App>,
    actor: Actor,
    Json(request): Json<Request<Message>>,
) -> Whole {
    let org = org(&actor)?;
    let (signs, unbelieved) = request.check(&app, org)?;
    let (header, message) = (request.header, request.message);
    let count = message.disbursements.len();
    if let Some(refusal) = unbelieved.or_else(|| header.refusal("disburse", count)) {
        return leave(&app, signs, header.answer(count, Err(refusal)));
    }
    let form = (1..=99).contains(&message.transaction_id.chars().count())
        && !message.transaction_id.chars().any(char::is_control);
    let programme = message.disbursements.first().and_then(|one| part(&one.payer_fa, "programme"));
    let (true, Some(programme)) = (form, programme.map(str::to_owned)) else {
        let said = Text::new("交易编号或付款方不正确", "A wrong transaction or payer");
        return Err(Problem::field("message", said));
    };
    let roster = taken(&app, &actor, org, &message, &programme).await?;
    if roster == Known::Other {
        return leave(&app, signs, header.answer(count, Err("rjct.message_id.duplicate")));
    }
    tell(&app, (&header, signs), org, message.transaction_id, count).await
}

#[derive(PartialEq, Eq)]
enum Known {
    Same,
    Other,
}

async fn taken(
    app: &App,
    actor: &Actor,
    org: Id,
    message: &Message,
    programme: &str,
) -> Result<Known, Problem> {
    let body = serde_json::to_vec(message).map_err(|e| DbError::Engine(e.to_string()))?;
    let digest = seal::sm3::sm3(&body);
    let asked = message.transaction_id.clone();
    let known = app.db.read(move |tx| store::txn(tx, org, &asked)).await?;
    match known {
        Some((known, _)) if known != digest => return Ok(Known::Other),
        Some((_, Some(_))) => return Ok(Known::Same),
        _ => {}
    }
    let payees: Vec<String> = message
        .disbursements
        .iter()
        .map(|one| part(&one.payee_fa, "token").unwrap_or_default().to_owned())
        .collect();
    let (drafts, refs) = drafts(app, org, message, programme, &payees).await?;
    if known.is_none() {
        let (id, refs, now) = (message.transaction_id.clone(), refs.clone(), Utc::now());
        let mut entry = Entry::new(app.id(), now, actor, "g2p.disburse", "Art. 8");
        entry.detail = serde_json::json!({ "lines": refs.len(), "sm3": hex::encode(digest) });
        app.db
            .write(move |tx| {
                store::put_txn(tx, (org, &id), &digest, &refs, now)?;
                Ok::<_, Problem>(journal::record(tx, &entry)?)
            })
            .await?;
    }
    if drafts.is_empty() {
        return Ok(Known::Same);
    }
    enter(app, actor, org, message, programme, drafts).await
}

async fn enter(
    app: &App,
    actor: &Actor,
    org: Id,
    message: &Message,
    programme: &str,
    drafts: Vec<Draft>,
) -> Result<Known, Problem> {
    let fen = drafts.iter().filter_map(|draft| parse_decimal(&draft.amount, 2)).sum();
    let declared = Declared {
        programme: programme.to_owned(),
        period: day_text(Utc::now().day())[..7].to_owned(),
        division: String::new(),
        lines: drafts.len() as i64,
        fen,
    };
    let first = message.disbursements.first();
    let not_before = first.and_then(|one| schedule(message, one).ok().flatten());
    let roster = service::create(app, actor, declared, Source::Lines).await?;
    let (id, actor_of) = (message.transaction_id.clone(), actor.clone());
    let entry = Entry::new(app.id(), Utc::now(), &actor_of, "g2p.roster", "Art. 8");
    let entry = entry.on("roster", roster);
    app.db
        .write(move |tx| {
            store::set_roster(tx, org, &id, roster)?;
            if let Some(moment) = not_before {
                rosters::set_not_before(tx, roster, moment)?;
            }
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    service::take_set(app, actor, roster, drafts).await?;
    service::all_sent(app, actor, roster).await?;
    work::nudge(app);
    Ok(Known::Same)
}

/// The longest time by which a list may be scheduled ahead.
const MOST_DAYS: i64 = 366;

/// When a disbursement may be paid at the earliest; none for at once.
fn schedule(message: &Message, one: &Disbursement) -> Result<Option<Utc>, ()> {
    let of = |one: &Disbursement| one.scheduled_timestamp.clone().filter(|text| !text.is_empty());
    let Some(text) = of(one) else {
        let first = message.disbursements.first().and_then(of);
        return if first.is_none() { Ok(None) } else { Err(()) };
    };
    let format = &time::format_description::well_known::Rfc3339;
    let at = time::OffsetDateTime::parse(&text, format).map_err(|_| ())?;
    let at = Utc((at.unix_timestamp_nanos() / 1_000) as i64);
    let now = Utc::now();
    let fits = at > now && at.0 < now.0 + MOST_DAYS * Utc::DAY;
    let same = message.disbursements.first().and_then(of).as_ref() == Some(&text);
    if fits && same { Ok(Some(at)) } else { Err(()) }
}

/// Lines for those that can be taken, and what became of each reference.
async fn drafts(
    app: &App,
    org: Id,
    message: &Message,
    programme: &str,
    payees: &[String],
) -> Result<(Vec<Draft>, Vec<Taken>), Problem> {
    let handles = payees.to_vec();
    let (links, names) = app
        .db
        .read(move |tx| {
            let handles: Vec<&str> = handles.iter().map(String::as_str).collect();
            let links = store::by_handles(tx, &handles)?;
            let people: Vec<Id> = links.values().map(|link| link.person).collect();
            Ok::<_, DbError>((links, store::names(tx, &people)?))
        })
        .await?;
    let own = format!("{org} ");
    let (mut drafts, mut refs, mut seen) =
        (Vec::new(), Vec::new(), std::collections::HashSet::new());
    for (one, handle) in message.disbursements.iter().zip(payees) {
        let fen = parse_decimal(&one.amount, 2).filter(|fen| *fen > 0);
        let link = links.get(handle).and_then(|link| Some((link, link.key.strip_prefix(&own)?)));
        if !seen.insert(one.reference_id.as_str()) || one.reference_id.is_empty() {
            continue;
        }
        let reason = match () {
            () if part(&one.payer_fa, "programme") != Some(programme) => "rjct.payer_fa.invalid",
            () if link.is_none() => "rjct.payee_fa.invalid",
            () if fen.is_none() => "rjct.amount.invalid",
            () if schedule(message, one).is_err() => "rjct.schedule_ts.invalid",
            () if one.currency_code.as_deref().is_some_and(|code| code != "CNY") => {
                "rjct.currency_code.invalid"
            }
            () => "",
        };
        let line = if reason.is_empty() { drafts.len() as i64 + 1 } else { 0 };
        if let (true, Some((link, number))) = (reason.is_empty(), link) {
            let name = names.get(&link.person).cloned().unwrap_or_default();
            let (number, amount) = (number.to_owned(), one.amount.clone());
            drafts.push(Draft { line, number, name, amount, ..Draft::default() });
        }
        refs.push((one.reference_id.clone(), line, fen.unwrap_or_default(), reason.to_owned()));
    }
    Ok((drafts, refs))
}

/// How a transaction stands. A list that was checked without faults is submitted to the department's review.
#[utoipa::path(post, path = "/api/g2p/disburse/sync/txn/status", tag = "g2p",
    request_body = Request<StatusMessage>, responses((status = 200, body = Answer<Statuses>)))]
pub(super) async fn status(
    State(app): State<App>,
    actor: Actor,
    Json(request): Json<Request<StatusMessage>>,
) -> Whole {
    let org = org(&actor)?;
    let (signs, unbelieved) = request.check(&app, org)?;
    let header = request.header;
    if let Some(refusal) = unbelieved {
        return leave(&app, signs, header.answer(1, Err(refusal)));
    }
    let asked = request.message.txnstatus_request;
    let id = asked.attribute_value.as_str().map(str::to_owned);
    let Some(id) = id.filter(|_| asked.attribute_type == "transaction_id") else {
        return leave(&app, signs, header.answer(1, Err("rjct.action.not_supported")));
    };
    let name = id.clone();
    let roster = app
        .db
        .read(move |tx| match store::txn(tx, org, &name)? {
            Some((_, Some(roster))) => rosters::by_id(tx, roster),
            _ => Ok(None),
        })
        .await?;
    if let Some(roster) = roster
        && roster.state == RosterState::Checked
        && roster.submitted_at.is_none()
        && roster.bad == 0
        && roster.made_by == actor.account
    {
        service::submit(&app, &actor, roster.id).await?;
    }
    tell(&app, (&header, signs), org, id, 1).await
}
