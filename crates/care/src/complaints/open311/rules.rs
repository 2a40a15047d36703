//! Services, statuses, and what a request says.

use kernel::divisions::{self, Region};
use kernel::time::Utc;
use serde::Deserialize;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::answer::Fault;
use crate::complaints::rules::{FIELDS, KINDS, State, Told, Word, word};

/// Kinds that a client can send. Reports of a wrong are for few eyes, objections for the person.
const OFFERED: [&str; 3] = ["complaint", "consultation", "suggestion"];

fn offered() -> impl Iterator<Item = (Word, Word)> {
    let kinds = KINDS.iter().filter(|kind| OFFERED.contains(&kind.0));
    kinds.flat_map(|kind| FIELDS.iter().map(move |field| (*kind, *field)))
}

/// Kind and field of a service code such as `complaint-outlet`.
pub fn service(code: &str) -> Option<(Word, Word)> {
    let (kind, field) = code.split_once('-')?;
    OFFERED.contains(&kind).then_some(())?;
    Some((word(KINDS, kind)?, word(FIELDS, field)?))
}

/// Name of a service.
pub fn service_name(code: &str) -> String {
    service(code).map(|(kind, field)| format!("{}：{}", kind.1, field.1)).unwrap_or_default()
}

/// The list of services.
pub fn services() -> Value {
    let one = |(kind, field): (Word, Word)| {
        let code = format!("{}-{}", kind.0, field.0);
        json!({
            "service_code": code,
            "service_name": service_name(&code),
            "description": format!("{}: {}", kind.2, field.2),
            "metadata": true,
            "type": "realtime",
            "keywords": format!("{},{}", kind.0, field.0),
            "group": kind.1,
        })
    };
    offered().map(one).collect()
}

/// The definition of a service: the one attribute is the district.
pub fn definition(code: &str) -> Option<Value> {
    service(code)?;
    let places = divisions::children(Region::Chongqing, Utc::now().day());
    let values: Vec<_> = places.map(|d| json!({ "key": d.code, "name": d.zh })).collect();
    let attribute = json!({
        "variable": true, "code": "division", "datatype": "singlevaluelist", "required": false,
        "datatype_description": "GB/T 2260", "order": 1, "description": "区县", "values": values,
    });
    Some(json!({ "service_code": code, "attributes": [attribute] }))
}

/// What a client posts. Fields that are not known are passed over, as the specification wants.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Posted {
    /// The client's key.
    pub api_key: String,
    /// Must be there.
    pub service_code: String,
    /// What is said.
    pub description: String,
    /// WGS 84 latitude.
    pub lat: String,
    /// WGS 84 longitude.
    pub long: String,
    /// Where, in words.
    pub address_string: String,
    /// A place in the server's own numbers: here a division.
    pub address_id: String,
    /// The attribute of the definition.
    #[serde(rename = "attribute[division]")]
    pub division: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Number to call back at.
    pub phone: String,
}

impl Posted {
    /// The matter that is meant.
    ///
    /// # Errors
    /// 400 with what is missing, 404 for a service that there is none of.
    pub fn told(&self) -> Result<Told, Fault> {
        if self.service_code.is_empty() {
            return Err(Fault::bad("service_code was not provided."));
        }
        let (kind, field) =
            service(&self.service_code).ok_or_else(|| Fault::none("service_code"))?;
        let degrees = |text: &str, most: f64| {
            text.parse::<f64>().is_ok_and(|n| n.is_finite() && n.abs() <= most)
        };
        let has_point = !self.lat.is_empty() || !self.long.is_empty();
        if has_point && !(degrees(&self.lat, 90.0) && degrees(&self.long, 180.0)) {
            return Err(Fault::bad("lat and long must be WGS 84 degrees."));
        }
        let places = [&self.division, &self.address_id];
        let division = places.into_iter().find(|place| !place.is_empty());
        if !has_point && self.address_string.is_empty() && division.is_none() {
            return Err(Fault::bad(
                "A location is needed: lat and long, address_string or address_id.",
            ));
        }
        if self.address_string.chars().count() > 200 || self.address_string.contains('\0') {
            return Err(Fault::bad("address_string is longer than 200 letters."));
        }
        Ok(Told {
            kind: kind.0.to_owned(),
            field: field.0.to_owned(),
            // Without a division the city's authority distributes by the address.
            division: division.map_or("500000", String::as_str).to_owned(),
            body: self.description.clone(),
            name: format!("{}{}", self.last_name, self.first_name),
            phone: self.phone.clone(),
            ..Told::default()
        })
    }
}

/// `open` or `closed`, the only two that there are.
pub fn status(state: State) -> &'static str {
    match state {
        State::Received | State::Assigned => "open",
        State::Answered | State::Closed | State::Withdrawn | State::Merged => "closed",
    }
}

/// Which requests are asked for.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Ids with commas between; nothing else counts then.
    pub service_request_id: String,
    /// Codes with commas between.
    pub service_code: String,
    /// RFC 3339.
    pub start_date: String,
    /// RFC 3339.
    pub end_date: String,
    /// `open`, `closed`, or both with a comma.
    pub status: String,
}

fn instant(text: &str, name: &str) -> Result<Option<Utc>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let at = OffsetDateTime::parse(text, &Rfc3339);
    let at = at.map_err(|_| Fault::bad(format!("{name} must be RFC 3339 (W3C).")))?;
    Ok(Some(Utc((at.unix_timestamp_nanos() / 1_000) as i64)))
}

impl Asked {
    /// From when until when: at most 90 days, the last 90 where nothing is said.
    ///
    /// # Errors
    /// 400 for what is no moment.
    pub fn span(&self, now: Utc) -> Result<(Utc, Utc), Fault> {
        const SPAN: i64 = 90 * Utc::DAY;
        let (from, until) =
            (instant(&self.start_date, "start_date")?, instant(&self.end_date, "end_date")?);
        Ok(match (from, until) {
            (Some(from), until) => {
                let most = Utc(from.0.saturating_add(SPAN));
                (from, until.unwrap_or(most).min(most))
            }
            (None, until) => {
                let until = until.unwrap_or(now);
                (Utc(until.0.saturating_sub(SPAN)), until)
            }
        })
    }

    /// Whether a request of this service and status is asked for.
    ///
    /// # Errors
    /// 400 for a status that there is none of.
    pub fn fits(&self, code: &str, is: &str) -> Result<bool, Fault> {
        let has =
            |list: &str, one: &str| list.is_empty() || list.split(',').any(|s| s.trim() == one);
        let known = |s: &str| matches!(s.trim(), "open" | "closed");
        if !self.status.is_empty() && !self.status.split(',').all(known) {
            return Err(Fault::bad("status is open or closed."));
        }
        Ok(has(&self.service_code, code) && has(&self.status, is))
    }
}
