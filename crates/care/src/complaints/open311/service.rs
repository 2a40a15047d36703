//! Use cases of Open311. What everybody can read is never what somebody said: no words, no name, no
//! answer, only where a matter of which kind stands.

use kernel::db::Tx;
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde_json::{Value, json};

use super::answer::Fault;
use super::rules::{self, Asked, Posted};
use super::store::{self, Sent};
use crate::complaints::rules::Refused;
use crate::complaints::service::{fresh_reference, open_in};
use crate::complaints::store as matters;

/// Takes a request in; its id.
///
/// # Errors
/// 400 without a key or with a fault in a field, 403 for a key that is not in force, 404 for a service
/// that there is none of.
pub async fn open(app: &App, posted: Posted) -> Result<Id, Fault> {
    if posted.api_key.is_empty() {
        return Err(Fault::bad("api_key was not provided."));
    }
    let digest = super::keys::digest(&posted.api_key);
    let now = Utc::now();
    let (ids, reference) = ([app.id(), app.id(), app.id()], fresh_reference());
    let told = posted.told().and_then(|told| told.check(now.day()).map_err(|r| bad(&r)));
    let done = app.db.write(move |tx| {
        if !store::key_is_good(tx, &digest)? {
            return Ok(Err(Fault(403, "api_key is not valid.".to_owned())));
        }
        let told = match &told {
            Ok(told) => told.clone(),
            Err(fault) => return Ok(Err(fault.clone())),
        };
        open_in(tx, ids, None, "open311", told, &reference, now)?;
        let sent = Sent {
            complaint: ids[0],
            service_code: posted.service_code.clone(),
            address: posted.address_string.clone(),
            lat: posted.lat.clone(),
            long: posted.long.clone(),
            at: now,
        };
        store::insert(tx, &sent, &digest)?;
        Ok::<_, Problem>(Ok(ids[0]))
    });
    done.await?
}

fn bad(refused: &Refused) -> Fault {
    Problem::from(*refused).into()
}

fn shown(tx: &mut Tx<'_>, sent: &Sent) -> Result<Option<Value>, Problem> {
    let Some(matter) = matters::by_id(tx, sent.complaint)?.filter(|m| !m.sensitive) else {
        return Ok(None);
    };
    let events = matters::events(tx, matter.id)?;
    let updated = events.last().map_or(sent.at, |event| event.at);
    Ok(Some(json!({
        "service_request_id": matter.id.to_string(),
        "status": rules::status(matter.state),
        "status_notes": matter.state.name().zh,
        "service_name": rules::service_name(&sent.service_code),
        "service_code": sent.service_code,
        "agency_responsible": "",
        "requested_datetime": sent.at.rfc3339(),
        "updated_datetime": updated.rfc3339(),
        "expected_datetime": Utc::start_of(matter.due).rfc3339(),
        "address_id": matter.division,
    })))
}

/// One request.
///
/// # Errors
/// 404 when there is none that everybody may read.
pub async fn one(app: &App, id: &str) -> Result<Value, Fault> {
    let id: Id = id.parse().map_err(|_| Fault::none("service_request_id"))?;
    let found = app.db.read(move |tx| match store::by_id(tx, id)? {
        Some(sent) => shown(tx, &sent),
        None => Ok::<_, Problem>(None),
    });
    found.await?.map(|one| json!([one])).ok_or_else(|| Fault::none("service_request_id"))
}

/// The requests that are asked for, newest first.
///
/// # Errors
/// 400 for a moment or a status that is none.
pub async fn list(app: &App, asked: Asked) -> Result<Value, Fault> {
    let (from, until) = asked.span(Utc::now())?;
    // A wrong status is told, also where nothing would be found.
    asked.fits("", "")?;
    let found = app.db.read(move |tx| {
        let ids = asked.service_request_id.split(',').filter_map(|id| id.trim().parse().ok());
        let ids: Vec<Id> = ids.take(1_000).collect();
        let named = !asked.service_request_id.is_empty();
        let mut sent = if named { Vec::new() } else { store::between(tx, from, until)? };
        for id in ids {
            sent.extend(store::by_id(tx, id)?);
        }
        let mut list = Vec::new();
        for one in sent {
            let Some(value) = shown(tx, &one)? else { continue };
            let status = value["status"].as_str().unwrap_or_default();
            if named || asked.fits(&one.service_code, status).unwrap_or(false) {
                list.push(value);
            }
        }
        Ok::<_, Problem>(Value::Array(list))
    });
    Ok(found.await?)
}
