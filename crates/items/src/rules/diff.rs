//! What a version changes, and what stands against it, in words (Art. 14).

use kernel::law::Text;
use kernel::time::day_text;

use super::details::Word;
use super::{Item, List};

/// One thing that differs between two versions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What it is.
    pub what: Text,
    /// In the version before; empty texts when it was not there.
    pub before: Text,
    /// In the new version.
    pub after: Text,
}

fn plain(text: &str) -> Text {
    Text::new(text, text)
}

fn names(names: impl Iterator<Item = Text>) -> Text {
    let names: Vec<Text> = names.collect();
    let join =
        |pick: fn(&Text) -> &str, sign: &str| names.iter().map(pick).collect::<Vec<_>>().join(sign);
    Text::new(join(|text| &text.zh, "、"), join(|text| &text.en, ", "))
}

fn words<W: Word>(words: &[W]) -> Text {
    names(words.iter().map(|word| word.name()))
}

/// `免费`, `16.00元`.
pub fn fee_text(fen: i64) -> Text {
    if fen == 0 {
        return Text::new("免费", "free");
    }
    let yuan = format!("{}.{:02}", fen / 100, fen % 100);
    Text::new(format!("{yuan}元"), format!("CNY {yuan}"))
}

/// `即时办结`, `5个工作日`.
pub fn days_text(days: i64) -> Text {
    match days {
        0 => Text::new("即时办结", "at once"),
        _ => Text::new(format!("{days}个工作日"), format!("{days} working days")),
    }
}

/// `每卡3次，名单不超过24小时`, `不允许`.
pub fn offline_text(item: &Item) -> Text {
    let offline = item.details.offline;
    if offline.count == 0 {
        return Text::new("不允许", "not allowed");
    }
    Text::new(
        format!("每卡{}次，名单不超过{}小时", offline.count, offline.list_hours),
        format!("{} uses a card, list not older than {} h", offline.count, offline.list_hours),
    )
}

/// All of an item in words, in the order of its page.
pub fn lines(item: &Item) -> Vec<(Text, Text)> {
    let details = &item.details;
    let line = |zh: &str, en: &str, value: Text| (Text::new(zh, en), value);
    vec![
        line("名称", "Name", item.name.clone()),
        line("领域", "Field", item.area.name()),
        line("清单", "List", item.list.name()),
        line("适用区划", "Division", plain(&details.division)),
        line("核验等级", "Level", item.level.name()),
        line("用卡方式", "Ways", names(item.ways.iter().map(|way| way.name()))),
        line("卡的用途", "Functions", words(&details.functions)),
        line("提供的信息", "Discloses", names(item.fields.iter().map(|field| field.label()))),
        line("提供理由", "Why", plain(&details.why)),
        line("依据", "Basis", plain(&item.basis)),
        line("办理渠道", "Channels", words(&details.channels)),
        line("办理地点", "Places", plain(&details.places)),
        line("离线使用", "Offline", offline_text(item)),
        line("费用", "Fee", fee_text(details.fee_fen)),
        line("办理时限", "Time limit", days_text(details.days)),
        line("材料", "Materials", plain(&details.materials)),
        line("服务对象", "For whom", words(&details.groups)),
        line("咨询电话", "Phones", plain(&details.phones)),
        line("指南", "Guide", item.guide.clone()),
        line("截止", "Until", plain(&item.until.map(day_text).unwrap_or_default())),
    ]
}

/// What `new` changes; everything that is filled in when there is no version before it.
pub fn diff(before: Option<&Item>, new: &Item) -> Vec<Change> {
    let mut old = before.map(lines).unwrap_or_default().into_iter();
    let mut changes = Vec::new();
    for (what, after) in lines(new) {
        let before = old.next().map(|(_, value)| value).unwrap_or_default();
        if before != after {
            changes.push(Change { what, before, after });
        }
    }
    changes
}

/// How another item stands against a proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clash {
    /// The same service under another code.
    Duplicate,
    /// The same service, but with another level, fee or other fields.
    Contradiction,
    /// A name much like it in the same field: a person must look.
    Similar,
}

impl Clash {
    /// Whether it keeps the proposal from publication.
    pub fn blocks(self) -> bool {
        self != Self::Similar
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Duplicate => ("重复", "Duplicate"),
            Self::Contradiction => ("矛盾", "Contradiction"),
            Self::Similar => ("名称相近", "Similar name"),
        };
        Text::new(zh, en)
    }
}

/// How `other`, which is in force, stands against `item`; `None` when they have nothing in common. Two
/// districts may each have their own; the joint list may take up what the city has.
pub fn clash(item: &Item, other: &Item) -> Option<Clash> {
    let same_place = match (item.list, other.list) {
        (List::District, List::District) => item.details.division == other.details.division,
        (List::Joint, list) | (list, List::Joint) => list == List::Joint,
        _ => true,
    };
    if item.code == other.code || item.area != other.area || !same_place {
        return None;
    }
    let (name, known) = (bare(&item.name.zh), bare(&other.name.zh));
    if name != known {
        return (likeness(&name, &known) >= 0.6).then_some(Clash::Similar);
    }
    let agree = item.level == other.level
        && item.fields == other.fields
        && item.details.fee_fen == other.details.fee_fen
        && item.ways == other.ways;
    Some(if agree { Clash::Duplicate } else { Clash::Contradiction })
}

/// A name without signs and spaces, which do not make two names of it.
fn bare(name: &str) -> Vec<char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Share of pairs of neighbours that two names have in common, 0 to 1 (Dice).
fn likeness(a: &[char], b: &[char]) -> f64 {
    let (a, mut b): (Vec<_>, Vec<_>) = (a.windows(2).collect(), b.windows(2).collect());
    let all = a.len() + b.len();
    let mut common = 0;
    for pair in a {
        if let Some(place) = b.iter().position(|other| *other == pair) {
            b.swap_remove(place);
            common += 2;
        }
    }
    if all == 0 { 0.0 } else { f64::from(common) / all as f64 }
}
