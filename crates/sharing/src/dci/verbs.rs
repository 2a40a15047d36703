//! What each verb does, over agreements, questions and pushes.

use std::collections::{HashMap, HashSet};

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde_json::{Value, json};

use super::envelope::{Criteria, Meta, Search, Status, Subscribe, Unsubscribe, VERSION};
use super::service::{Verb, open};
use super::store::{self, Txn};
use crate::pushes::service as pushes;
use crate::queries::rules::{Ask, Who};
use crate::queries::service::{self as queries, Answer, Line};

/// The answer to a message of a verb, and how many requests it had.
///
/// # Errors
/// It is not readable, or the platform is busy.
pub(super) async fn answer(
    app: &App,
    txn: &Txn,
    verb: Verb,
    meta: &Meta,
    message: Value,
) -> Result<(usize, Value), Problem> {
    let unreadable = |_| super::service::unreadable();
    match verb {
        Verb::Search => {
            let said: Search = serde_json::from_value(message).map_err(unreadable)?;
            let items = said.search_request.iter();
            let items = wanted(items.map(|item| (&*item.reference_id, &item.search_criteria)));
            search(app, txn, meta, items).await
        }
        Verb::Subscribe => {
            let said: Subscribe = serde_json::from_value(message).map_err(unreadable)?;
            let items = said.subscribe_request.iter();
            let items = wanted(items.map(|item| (&*item.reference_id, &item.subscribe_criteria)));
            subscribe(app, txn, meta, items).await
        }
        Verb::Unsubscribe => {
            let said: Unsubscribe = serde_json::from_value(message).map_err(unreadable)?;
            unsubscribe(app, txn, meta, said).await
        }
        Verb::Status => {
            let said: Status = serde_json::from_value(message).map_err(unreadable)?;
            status(app, txn, said).await
        }
    }
}

/// One request as it was understood.
struct Wanted {
    reference: String,
    criteria: Criteria,
    who: Result<Who, &'static str>,
}

/// What each request asks for; one purpose for a whole message, as an agreement has one.
fn wanted<'a>(items: impl Iterator<Item = (&'a str, &'a Criteria)>) -> Vec<Wanted> {
    let mut seen = HashSet::new();
    let mut purpose: Option<String> = None;
    let mut one = |(reference, criteria): (&str, &Criteria)| {
        let said = &criteria.authorize.purpose.code;
        let first = purpose.get_or_insert_with(|| said.clone());
        let number = criteria.query.value.trim().to_owned();
        let (reference, invalid) = (reference.to_owned(), "rjct.search_criteria.invalid");
        let who = match criteria.query.kind.as_str() {
            _ if !(1..=64).contains(&reference.len()) => Err("rjct.reference_id.invalid"),
            _ if !seen.insert(reference.clone()) => Err("rjct.reference_id.duplicate"),
            _ if criteria.query_type != "idtype-value" || said != first => Err(invalid),
            _ if number.is_empty() || number.len() > 32 => Err(invalid),
            "NIN" | "UIN" => Ok((number, String::new())),
            "CARD" => Ok((String::new(), number)),
            _ => Err(invalid),
        };
        let who = who.map(|(number, card_number)| Who {
            reference: reference.clone(),
            number,
            card_number,
        });
        Wanted { reference, criteria: criteria.clone(), who }
    };
    items.map(&mut one).collect()
}

fn ask(app: &App, txn: &Txn, meta: &Meta, purpose: &str, persons: Vec<Who>) -> Ask {
    // The same transaction is the same question, also after a restart.
    let known =
        app.keys.digest(format!("dci|{}|{}|{}", txn.agreement, txn.kind, txn.txn).as_bytes());
    Ask {
        request_id: format!("dci-{}", hex::encode(&known[..16])),
        agreement: txn.agreement,
        purpose: purpose.to_owned(),
        case_no: meta.case_no.clone(),
        officer: meta.officer.clone(),
        second_officer: meta.second_officer.clone(),
        fields: Vec::new(),
        persons,
    }
}

fn asked(app: &App, txn: &Txn, meta: &Meta, items: &[Wanted]) -> Option<Ask> {
    let persons: Vec<Who> = items.iter().filter_map(|item| item.who.clone().ok()).collect();
    let first = items.first()?;
    let purpose = &first.criteria.authorize.purpose.code;
    (!persons.is_empty()).then(|| ask(app, txn, meta, purpose, persons))
}

/// The lines of an answer by reference, or why there are none.
type Lines = Result<HashMap<String, Line>, Problem>;

fn lines(answered: Option<Result<Answer, Problem>>) -> Result<Lines, Problem> {
    match answered {
        None => Ok(Ok(HashMap::new())),
        Some(Ok(answer)) => {
            let by = answer.results.into_iter().map(|line| (line.reference.clone(), line));
            Ok(Ok(by.collect()))
        }
        Some(Err(problem)) if problem.status < 500 => Ok(Err(problem)),
        Some(Err(problem)) => Err(problem),
    }
}

fn rejected(item: &Wanted, code: &str, words: &str) -> Value {
    json!({"reference_id": item.reference, "timestamp": Utc::now().rfc3339(), "status": "rjct",
        "status_reason_code": code, "status_reason_message": words, "locale": "zh"})
}

async fn search(
    app: &App,
    txn: &Txn,
    meta: &Meta,
    items: Vec<Wanted>,
) -> Result<(usize, Value), Problem> {
    let answered = match asked(app, txn, meta, &items) {
        Some(ask) => Some(queries::query(app, &txn.actor, ask).await),
        None => None,
    };
    let found = lines(answered)?;
    let one = |item: &Wanted| match (&item.who, &found) {
        (Err(code), _) => rejected(item, code, ""),
        (_, Err(problem)) => rejected(
            item,
            "rjct.search_criteria.invalid",
            &format!("{}: {}", problem.code, problem.title.en),
        ),
        (_, Ok(lines)) => record(item, lines.get(&item.reference)),
    };
    let all: Vec<Value> = items.iter().map(one).collect();
    let message = json!({"transaction_id": txn.txn, "correlation_id": txn.id.to_string(),
        "search_response": all});
    Ok((items.len(), message))
}

/// A record: how the department knows the person, and the agreed fields. The whole of it is one page.
fn record(item: &Wanted, line: Option<&Line>) -> Value {
    let found = line.filter(|line| line.state == "found");
    let page = item.criteria.pagination.clone();
    let first = page.as_ref().is_none_or(|page| page.page_number <= 1 && page.page_size >= 1);
    let of = |line: &Line| {
        let pair = |(key, value): (&String, &String)| json!({"key": key, "value": value});
        let attributes: Vec<Value> = line.fields.iter().map(pair).collect();
        json!({"member_identifier": [{"identifier_type": "yikatong-pseudonym",
            "identifier_value": line.pseudonym}], "additional_attributes": attributes})
    };
    let records: Vec<Value> = found.filter(|_| first).map(of).into_iter().collect();
    let total = i64::from(found.is_some());
    let (size, number) = page.map_or((1, 1), |page| (page.page_size, page.page_number));
    json!({"reference_id": item.reference, "timestamp": Utc::now().rfc3339(), "status": "succ",
        "data": {"version": VERSION, "reg_type": item.criteria.reg_type,
            "reg_record_type": "yikatong:agreed-fields", "reg_records": records},
        "pagination": {"page_size": size, "page_number": number, "total_count": total},
        "locale": "zh"})
}

async fn subscribe(
    app: &App,
    txn: &Txn,
    meta: &Meta,
    items: Vec<Wanted>,
) -> Result<(usize, Value), Problem> {
    let ask = asked(app, txn, meta, &items);
    let answered = match ask.clone() {
        Some(ask) => Some(pushes::subscribe(app, &txn.actor, ask).await),
        None => None,
    };
    let found = lines(answered)?;
    let mut codes = HashMap::new();
    if let (Ok(lines), Some(ask)) = (&found, ask) {
        let known = |who: &Who| lines.get(&who.reference).is_some_and(|line| line.state == "found");
        let kind = |who: &Who| {
            let item = items.iter().find(|item| item.reference == who.reference);
            item.map(|item| item.criteria.reg_type.clone()).unwrap_or_default()
        };
        let watched: Vec<(Who, String, String)> = ask
            .persons
            .into_iter()
            .filter(known)
            .map(|who| (kind(&who), who, hex::encode(random::<16>())))
            .map(|(kind, who, code)| (who, code, kind))
            .collect();
        codes =
            watched.iter().map(|(who, code, _)| (who.reference.clone(), code.clone())).collect();
        let agreement = txn.agreement;
        let keep = move |tx: &mut Tx<'_>| {
            for (who, code, kind) in &watched {
                let numbers = (who.number.as_str(), who.card_number.as_str());
                let person = queries::person_of(tx, who)?;
                let about = (person, kind.as_str());
                store::insert_code(tx, code, agreement, numbers, about, Utc::now())?;
            }
            Ok::<_, DbError>(())
        };
        app.db.housekeeping(keep).await?;
    }
    let one = |item: &Wanted| match (&item.who, &found, codes.get(&item.reference)) {
        (Err(code), ..) => rejected(item, code, ""),
        (_, Err(problem), _) => rejected(
            item,
            "rjct.filter.invalid",
            &format!("{}: {}", problem.code, problem.title.en),
        ),
        (.., None) => rejected(item, "rjct.filter.invalid", "no data"),
        (.., Some(code)) => {
            let now = Utc::now().rfc3339();
            json!({"reference_id": item.reference, "timestamp": now, "status": "succ",
                "subscriptions": [{"code": code, "status": "subscribe", "timestamp": now}],
                "locale": "zh"})
        }
    };
    let all: Vec<Value> = items.iter().map(one).collect();
    let message = json!({"transaction_id": txn.txn, "correlation_id": txn.id.to_string(),
        "subscribe_response": all});
    Ok((items.len(), message))
}

async fn unsubscribe(
    app: &App,
    txn: &Txn,
    meta: &Meta,
    said: Unsubscribe,
) -> Result<(usize, Value), Problem> {
    let (agreement, codes) = (txn.agreement, said.subscription_codes.clone());
    let find = move |tx: &mut Tx<'_>| {
        let of = |code: String| Ok((store::of_code(tx, agreement, &code)?, code));
        codes.iter().cloned().map(of).collect::<Result<Vec<_>, DbError>>()
    };
    let found = app.db.read(find).await?;
    let who = |numbers: &(String, String)| Who {
        reference: String::new(),
        number: numbers.0.clone(),
        card_number: numbers.1.clone(),
    };
    let persons: Vec<Who> = found.iter().filter_map(|(of, _)| of.as_ref().map(who)).collect();
    if !persons.is_empty() {
        pushes::unsubscribe(app, &txn.actor, ask(app, txn, meta, "", persons)).await?;
    }
    let ended: Vec<String> =
        found.iter().filter(|(of, _)| of.is_some()).map(|(_, code)| code.clone()).collect();
    let delete =
        move |tx: &mut Tx<'_>| ended.iter().try_for_each(|code| store::delete_code(tx, code));
    app.db.housekeeping::<(), DbError>(delete).await?;
    let now = Utc::now().rfc3339();
    let all: Vec<Value> = found
        .iter()
        .map(|(of, code)| {
            let status = if of.is_some() { "unsubscribe" } else { "unknown" };
            json!({"code": code, "status": status, "timestamp": now})
        })
        .collect();
    let any = found.iter().any(|(of, _)| of.is_some());
    let message = json!({"transaction_id": txn.txn, "correlation_id": txn.id.to_string(),
        "timestamp": now, "status": if any { "succ" } else { "rjct" },
        "subscription_status": all, "locale": "zh"});
    Ok((found.len(), message))
}

async fn status(app: &App, txn: &Txn, said: Status) -> Result<(usize, Value), Problem> {
    let (agreement, asked) = (txn.agreement, said.txnstatus_request);
    let (kind, value) = (asked.txn_type.clone(), asked.attribute_value.clone());
    let by = asked.attribute_type.clone();
    let find = move |tx: &mut Tx<'_>| match by.as_str() {
        "transaction_id" => store::by_txn(tx, agreement, &kind, &value),
        "correlation_id" => match value.parse::<Id>() {
            Ok(id) => store::by_id(tx, agreement, &kind, id),
            Err(_) => Ok(None),
        },
        _ => Ok(None),
    };
    let found = app.db.read(find).await?;
    let response = match &found {
        None => json!({"txn_type": asked.txn_type, "status": "rjct",
            "status_reason_code": "rjct.reference_id.invalid"}),
        Some(found) if found.answer.is_none() => {
            json!({"txn_type": asked.txn_type, "status": "pdng"})
        }
        Some(found) => {
            let text = open(app, found, found.answer.as_deref())?;
            let kept: Value = serde_json::from_str(&text).unwrap_or_default();
            json!({"txn_type": asked.txn_type, "status": "succ", "txn_status": kept["message"]})
        }
    };
    let message = json!({"transaction_id": txn.txn, "correlation_id": txn.id.to_string(),
        "txnstatus_response": response});
    Ok((1, message))
}
