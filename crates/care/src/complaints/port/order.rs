//! The common fields of a work order, as hotlines name them, and what they mean here.

use kernel::divisions::{self, Region};
use kernel::time::{Utc, parse_day};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::complaints::rules::{FIELDS, KINDS, Refused, Told, Word};

/// A work order (工单) of a hotline.
#[derive(Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Order {
    /// The hotline's number of it: 1 to 64 letters, digits, `-` and `_`.
    #[serde(rename = "工单编号")]
    pub number: String,
    /// Who called; empty for nobody in particular.
    #[serde(rename = "来电人", default)]
    pub caller: String,
    /// Number to call back at; may be empty.
    #[serde(rename = "联系电话", default)]
    pub phone: String,
    /// What was said.
    #[serde(rename = "诉求内容")]
    pub content: String,
    /// Kind and field, `投诉/网点服务`: names or codes.
    #[serde(rename = "事项分类", default)]
    pub topic: String,
    /// Name or code of the division.
    #[serde(rename = "区域", default)]
    pub area: String,
    /// When the hotline took it, RFC 3339.
    #[serde(rename = "受理时间")]
    pub received_at: String,
    /// Last day for the answer, `YYYY-MM-DD`; may be empty.
    #[serde(rename = "办理时限", default)]
    pub due_on: String,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the caller's data: this may end in a log.
        write!(f, "Order({})", self.number)
    }
}

/// What goes back to the hotline.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Report {
    /// The hotline's number.
    #[serde(rename = "工单编号")]
    pub number: String,
    /// Grows with each step; an older report changes nothing at the receiver.
    #[serde(rename = "序号")]
    pub version: i64,
    /// Code of the state.
    #[serde(rename = "办理状态")]
    pub state: String,
    /// The answer; empty before it.
    #[serde(rename = "回复内容")]
    pub reply: String,
    /// Name of the outcome; empty before the answer.
    #[serde(rename = "办理结果")]
    pub outcome: String,
    /// Last day for the answer, as it counts here.
    #[serde(rename = "办理时限")]
    pub due_on: String,
}

/// An order that was understood.
#[derive(Clone, Debug)]
pub struct Understood {
    /// What was said.
    pub told: Told,
    /// The hotline's own deadline.
    pub due: Option<Date>,
}

/// Whether a text can be the number of an order; it becomes part of addresses.
pub fn is_number(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&text.len()) && text.chars().all(plain)
}

fn known(list: &[Word], part: &str) -> Option<&'static str> {
    list.iter().find(|w| w.0 == part || w.1 == part).map(|w| w.0)
}

fn place(text: &str, today: Date) -> &'static str {
    let fits = |d: &&divisions::Division| d.code == text || d.zh == text;
    let here = divisions::in_force_on(today).filter(|d| d.region == Region::Chongqing);
    // A place that nobody knows is the city's, whose authority distributes.
    here.into_iter().find(fits).map_or("500000", |d| d.code)
}

impl Order {
    /// What the order means here. Classes and places that are not known become the general ones:
    /// no word of a caller is lost because of a list.
    ///
    /// # Errors
    /// In words for the hotline's engineer.
    pub fn understand(&self, today: Date) -> Result<Understood, String> {
        if !is_number(&self.number) {
            return Err("工单编号: 1 to 64 letters, digits, - and _".to_owned());
        }
        OffsetDateTime::parse(&self.received_at, &Rfc3339)
            .map_err(|_| "受理时间: not RFC 3339".to_owned())?;
        let due = match self.due_on.as_str() {
            "" => None,
            day => Some(parse_day(day).ok_or("办理时限: not YYYY-MM-DD")?),
        };
        let parts = || self.topic.split(['/', '-', '>']).map(str::trim);
        // An objection to an access needs the entry of the access log: it is for the person himself.
        let kind = parts().find_map(|part| known(KINDS, part)).filter(|k| *k != "objection");
        let told = Told {
            kind: kind.unwrap_or("complaint").to_owned(),
            field: parts().find_map(|part| known(FIELDS, part)).unwrap_or("other").to_owned(),
            division: place(self.area.trim(), today).to_owned(),
            body: self.content.clone(),
            name: self.caller.clone(),
            phone: self.phone.clone(),
            ..Told::default()
        };
        let told = told.check(today).map_err(|refused| match refused {
            Refused::Phone => "联系电话: not a number that can be dialled".to_owned(),
            Refused::Words => "诉求内容: 2 to 2,000 letters; 来电人: up to 60".to_owned(),
            _ => "not a matter".to_owned(),
        })?;
        Ok(Understood { told, due })
    }

    /// One way to write the same order, to compare by.
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).expect("texts can be written as JSON")
    }

    /// Reads one line.
    ///
    /// # Errors
    /// In words for the hotline's engineer; the values sent are not repeated.
    pub fn parse(line: &str) -> Result<Self, String> {
        let order: Self = serde_json::from_str(line).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => "a field is missing or of a wrong type".to_owned(),
            _ => format!("not JSON at column {}", error.column()),
        })?;
        order.understand(Utc::now().day())?;
        Ok(order)
    }
}
