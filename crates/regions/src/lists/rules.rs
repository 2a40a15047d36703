//! What one side says of an item of the joint list, and what follows from it here. No I/O.

use items::rules::Item;
use items::rules::List;
use items::rules::State as Version;
use items::rules::workflow::Said;
use items::service::Proposal;
use items::store::{Case, Taken};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{day_text, parse_day};
use seal::sm3::sm3;
use serde::{Deserialize, Serialize};
use time::{Date, Duration};

/// The two regions of the joint list, each with the step in which its government decides.
const SIDES: [(&str, &str); 2] = [("500000", "decide-chongqing"), ("510000", "decide-sichuan")];

/// The other region of the joint list; `None` where there is no joint list.
pub fn other_of(region: &str) -> Option<&'static str> {
    let own = SIDES.iter().position(|(code, _)| *code == region)?;
    Some(SIDES[1 - own].0)
}

fn decides(region: &str) -> &'static str {
    SIDES.iter().find(|(code, _)| *code == region).map_or("", |(_, step)| step)
}

/// How far a side has come with its own case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    /// It proposed this text.
    Drafted,
    /// Its government decided so.
    Decided,
    /// It is on its list.
    Published,
    /// It was sent back.
    Ended,
    /// It was on its list, and is not any more, because it was not on both.
    CalledOff,
}

impl Stand {
    /// Nothing follows by this case any more.
    pub fn is_last(self) -> bool {
        matches!(self, Self::Published | Self::Ended | Self::CalledOff)
    }

    /// It came to nothing.
    pub fn is_gone(self) -> bool {
        matches!(self, Self::Ended | Self::CalledOff)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Drafted => ("已编制", "Drafted"),
            Self::Decided => ("政府已决定", "Decided"),
            Self::Published => ("已公布", "Published"),
            Self::Ended => ("已退回", "Sent back"),
            Self::CalledOff => ("已撤回公布", "Called off"),
        };
        Text::new(zh, en)
    }
}

/// Where a side stands with an item: the whole of it each time, so that the newest word suffices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mark {
    /// Code of the item.
    pub code: String,
    /// The text of a change, in the order of [`Proposal::cells`]; empty for a withdrawal.
    pub cells: Vec<String>,
    /// Last day of a withdrawal, `YYYY-MM-DD`; empty for a change.
    pub last: String,
    /// How far.
    pub stand: Stand,
    /// Number of the document of its government.
    pub document: String,
    /// Why it was sent back.
    pub why: String,
    /// When that side opened its case, UTC microseconds: of two cases about an item the newer one counts.
    #[serde(default)]
    pub opened: i64,
}

impl Mark {
    /// Where we stand with a case.
    pub fn of(region: &str, case: &Case, steps: &[Taken], item: &Item) -> Self {
        let no = steps.iter().find(|step| step.decision == "no");
        let yes = |key: &str| steps.iter().find(|step| step.step == key && step.decision == "yes");
        let decided = yes(decides(region));
        let stand = match (no, yes("publish"), decided) {
            (Some(_), ..) => Stand::Ended,
            (_, Some(_), _) if item.state == Version::Rejected => Stand::CalledOff,
            (_, Some(_), _) => Stand::Published,
            (_, _, Some(_)) => Stand::Decided,
            _ => Stand::Drafted,
        };
        let typed = Proposal::from_item(item);
        let cells = typed.cells().into_iter().map(str::to_owned);
        Self {
            code: case.code.clone(),
            cells: if case.last.is_none() { cells.collect() } else { Vec::new() },
            last: case.last.map(day_text).unwrap_or_default(),
            stand,
            document: decided.map(|step| step.evidence.clone()).unwrap_or_default(),
            why: no.map(|step| step.comment.clone()).unwrap_or_default(),
            opened: case.opened_at.0,
        }
    }

    /// Both speak of the same: the text of a change, or the last day of a withdrawal.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.code, &self.cells, &self.last) == (&other.code, &other.cells, &other.last)
    }

    /// What [`Mark::is_same`] compares, for people and for a key.
    pub fn digest(&self) -> String {
        let text = serde_json::to_string(&(&self.code, &self.cells, &self.last));
        hex::encode(sm3(text.expect("plain data").as_bytes()))
    }

    /// The text of a change, as it would be typed; `None` for a withdrawal.
    pub fn proposal(&self) -> Option<Proposal> {
        let columns = items::service::COLUMNS;
        let cell = |key: &str| {
            let place = columns.iter().position(|column| column.key == key);
            place.and_then(|place| self.cells.get(place)).cloned().unwrap_or_default()
        };
        (!self.cells.is_empty()).then(|| Proposal::of(cell))
    }

    /// Whether it can be what an honest side says: a readable item of the joint list, or a last day.
    pub fn is_plain(&self) -> bool {
        let short = |text: &str, most: usize| text.chars().count() <= most;
        let words = short(&self.document, 200) && short(&self.why, 500) && short(&self.code, 40);
        let content = match self.proposal() {
            Some(typed) => {
                let item = typed.read(Id(0), Id(0));
                let joint = |item: &Item| item.list == List::Joint && item.code == self.code;
                self.cells.len() == typed.cells().len()
                    && self.last.is_empty()
                    && item.is_ok_and(|item| joint(&item))
            }
            None => parse_day(&self.last).is_some(),
        };
        words && content && !self.code.is_empty()
    }

    /// It came to nothing.
    pub fn is_gone(&self) -> bool {
        self.stand.is_gone()
    }

    /// First day on which the list is another one.
    pub fn begins(&self) -> Option<Date> {
        match self.proposal() {
            Some(typed) => parse_day(&typed.from),
            None => parse_day(&self.last)?.next_day(),
        }
    }
}

/// What follows here from the other side's word.
#[derive(Clone, Debug)]
pub enum Act {
    /// Their part in our procedure.
    Take(Id, Said),
    /// Not on both lists, so on neither.
    CallOff(&'static str),
}

const UNHEARD: &str = "对方未确认同日施行 / the other region has not confirmed the same day";
const TAKEN_BACK: &str = "对方已撤回 / the other region took it back";

/// What follows in `region` for a case that stands at `ours`, with the step that waits, from what the other
/// side said of the same text.
pub fn follow(
    region: &str,
    (ours, waiting): (&Mark, Option<&Taken>),
    theirs: &Mark,
    today: Date,
) -> Option<Act> {
    if !ours.is_same(theirs) {
        return None;
    }
    let gone = theirs.stand.is_gone();
    if let Some(step) = waiting {
        let said = match gone {
            true => Some(Said { yes: false, comment: reason(theirs), evidence: String::new() }),
            false => part(region, &step.step, theirs),
        };
        return said.map(|said| Act::Take(step.id, said));
    }
    if ours.stand != Stand::Published || !ours.last.is_empty() {
        return None;
    }
    let eve = ours.begins()?.saturating_sub(Duration::DAY);
    match theirs.stand {
        Stand::Published => None,
        _ if gone => Some(Act::CallOff(TAKEN_BACK)),
        _ => (today >= eve).then_some(Act::CallOff(UNHEARD)),
    }
}

fn reason(theirs: &Mark) -> String {
    match theirs.why.trim() {
        "" => TAKEN_BACK.to_owned(),
        why => why.to_owned(),
    }
}

/// A yes of theirs to the step that waits here, if it is theirs and they have said it.
fn part(region: &str, step: &str, theirs: &Mark) -> Option<Said> {
    let past = |stand: Stand| match stand {
        Stand::Published => true,
        Stand::Decided => step != "publish",
        _ => step == "joint-draft",
    };
    let is_theirs = step == "joint-draft"
        || step == "publish"
        || other_of(region).is_some_and(|other| step == decides(other));
    let evidence = match step {
        "joint-draft" => format!("同稿 {}", &theirs.digest()[..16]),
        _ => theirs.document.clone(),
    };
    let comment = "以签名报文确认 / by signed message".to_owned();
    (is_theirs && past(theirs.stand)).then_some(Said { yes: true, comment, evidence })
}

/// A cell in which the two sides differ: name of the column, ours, theirs.
pub type Difference = (&'static str, String, String);

/// Where two texts differ, for both sides to settle in one document.
pub fn differences(ours: &Mark, theirs: &Mark) -> Vec<Difference> {
    let mut found = Vec::new();
    let longest = ours.cells.len().max(theirs.cells.len());
    for (place, column) in items::service::COLUMNS.iter().enumerate().take(longest) {
        let cell = |mark: &Mark| mark.cells.get(place).cloned().unwrap_or_default();
        if cell(ours) != cell(theirs) {
            found.push((column.names[0], cell(ours), cell(theirs)));
        }
    }
    if ours.last != theirs.last {
        found.push(("退出清单日期", ours.last.clone(), theirs.last.clone()));
    }
    found
}
