//! What can be agreed, how far each side is, and when it is in force. No I/O.

use kernel::law::Text;
use kernel::time::parse_day;
use seal::sm3::sm3;
use serde::{Deserialize, Serialize};
use sharing::agreements::catalogue::SharedField;
use time::Date;

use crate::joint::rules::Words;

/// What an agreement is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Two districts work together on items or an outlet (Art. 23).
    District,
    /// One region gives the other data for a purpose (Art. 18).
    Data,
}

impl Kind {
    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::Data => "data",
        }
    }

    /// For people.
    pub fn name(self) -> Text {
        match self {
            Self::District => Text::new("区县协同", "Districts working together"),
            Self::Data => Text::new("数据共享", "Shared data"),
        }
    }
}

/// One side of an agreement.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Party {
    /// Region.
    pub region: String,
    /// Division (GB/T 2260): a district or city, or the region itself where it shares data.
    pub division: String,
    /// Its name.
    pub name: String,
}

/// What both sides decide on, word for word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Accord {
    /// 32 hexadecimal digits.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// Name.
    pub title: Words,
    /// Both sides; the one that proposed it first.
    pub parties: [Party; 2],
    /// Codes of the items in common.
    pub items: Vec<String>,
    /// The outlet in common; may be empty.
    pub outlet: String,
    /// What is agreed, in words.
    pub text: String,
    /// Legal basis beside the regulation.
    pub basis: String,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day, `YYYY-MM-DD`; may be empty for districts, never for data.
    pub until: String,
    /// Data: the region that answers.
    pub holder: String,
    /// Data: what for.
    pub purpose: String,
    /// Data: codes of the fields, of the catalogue of sharing.
    pub fields: Vec<String>,
    /// Data: questions in a day.
    pub per_day: i64,
}

/// How far a side is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    /// Not decided.
    Open,
    /// Its authority agreed.
    Decided,
    /// Its authority said no.
    Refused,
    /// It ended what it had agreed to.
    Ended,
}

impl Stand {
    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Decided => "decided",
            Self::Refused => "refused",
            Self::Ended => "ended",
        }
    }

    /// The stand of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        let all = [Self::Open, Self::Decided, Self::Refused, Self::Ended];
        all.into_iter().find(|stand| stand.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Open => ("待决定", "Not decided"),
            Self::Decided => ("已同意", "Agreed"),
            Self::Refused => ("不同意", "Refused"),
            Self::Ended => ("已终止", "Ended"),
        };
        Text::new(zh, en)
    }

    /// Whether a side that stood here may stand there next: nobody takes back a no or an end.
    pub fn leads_to(self, next: Self) -> bool {
        self == next || matches!((self, next), (Self::Open, _) | (Self::Decided, Self::Ended))
    }
}

/// Whether an agreement counts: agreed on both sides, on a day of its term.
pub fn in_force(accord: &Accord, ours: Stand, theirs: Stand, today: Date) -> bool {
    let begun = parse_day(&accord.from).is_some_and(|from| from <= today);
    let over = parse_day(&accord.until).is_some_and(|until| until < today);
    ours == Stand::Decided && theirs == Stand::Decided && begun && !over
}

impl Accord {
    /// What tells one text from another.
    pub fn digest(&self) -> String {
        hex::encode(sm3(serde_json::to_string(self).expect("plain data").as_bytes()))
    }

    /// The side of a region.
    pub fn party(&self, region: &str) -> Option<&Party> {
        self.parties.iter().find(|party| party.region == region)
    }

    /// Both sides for people.
    pub fn sides(&self) -> String {
        format!("{} · {}", self.parties[0].name, self.parties[1].name)
    }

    /// Whether two sides can decide on it at all: complete, between these two regions, readable days.
    pub fn is_plain(&self, one: &str, other: &str) -> bool {
        let says = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
        let short = |text: &str, most: usize| text.chars().count() <= most;
        let code = |text: &String| {
            (1..=40).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let words = says(&self.title.zh, 60)
            && says(&self.title.en, 100)
            && says(&self.text, 1_000)
            && [&self.basis, &self.outlet, &self.purpose].iter().all(|text| short(text, 200));
        let days = match (parse_day(&self.from), parse_day(&self.until)) {
            (Some(from), Some(until)) => from <= until,
            (Some(_), None) => self.until.is_empty(),
            _ => false,
        };
        crate::joint::rules::is_case_id(&self.id)
            && words
            && days
            && self.items.len() <= 20
            && self.items.iter().all(code)
            && self.are_sides(one, other)
            && match self.kind {
                Kind::District => !self.items.is_empty() || says(&self.outlet, 100),
                Kind::Data => self.is_about_data(),
            }
    }

    /// The two regions, each with a division of its own: districts below the region, the regions
    /// themselves where data is shared.
    fn are_sides(&self, one: &str, other: &str) -> bool {
        let fits = |party: &Party| {
            let six = party.division.len() == 6
                && party.division.bytes().all(|b| b.is_ascii_digit())
                && party.region.get(..2) == party.division.get(..2);
            let level = (self.kind == Kind::District) == (party.division != party.region);
            six && level && (1..=40).contains(&party.name.chars().count())
        };
        one != other
            && self.party(one).is_some()
            && self.party(other).is_some()
            && self.parties.iter().all(fits)
    }

    fn is_about_data(&self) -> bool {
        self.party(&self.holder).is_some()
            && !self.purpose.trim().is_empty()
            && !self.basis.trim().is_empty()
            && !self.until.is_empty()
            && (1..=SharedField::ALL.len()).contains(&self.fields.len())
            && self.fields.iter().all(|code| SharedField::from_code(code).is_some())
            && (1..=100_000).contains(&self.per_day)
    }

    /// The fields of shared data.
    pub fn shared(&self) -> Vec<SharedField> {
        self.fields.iter().filter_map(|code| SharedField::from_code(code)).collect()
    }
}
