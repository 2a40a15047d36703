//! When two records look like one person, and when they may be merged.

use kernel::law::{Article, Refusal, Text};

use crate::number::{self, PersonNumber};
use crate::rules::Person;

/// Why two records look like one person.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ground {
    /// Somebody was to get a number that leads to the other record.
    SameNumber,
    /// The same document number under another country code.
    SameDocument,
    /// The same name, and numbers that differ in one digit or two neighbours changed places.
    NumberSlip,
    /// The same name and birth date, and numbers of different kinds: old and new form, passport and
    /// permanent residence card.
    ChangedNumber,
    /// The same name, birth date and phone.
    NameBirthPhone,
}

impl Ground {
    /// All grounds, the strongest first.
    pub const ALL: [Self; 5] = [
        Self::SameNumber,
        Self::SameDocument,
        Self::NumberSlip,
        Self::ChangedNumber,
        Self::NameBirthPhone,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::SameNumber => "same-number",
            Self::SameDocument => "same-document",
            Self::NumberSlip => "number-slip",
            Self::ChangedNumber => "changed-number",
            Self::NameBirthPhone => "name-birth-phone",
        }
    }

    /// The ground with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::SameNumber => ("号码相同", "Same number"),
            Self::SameDocument => ("证件号码相同，国别不同", "Same document number, other country"),
            Self::NumberSlip => ("同名，号码仅一处不同", "Same name, number off by one slip"),
            Self::ChangedNumber => ("同名同生日，证件换号", "Same name and birth, changed number"),
            Self::NameBirthPhone => ("姓名、生日、手机相同", "Same name, birth and phone"),
        };
        Text::new(zh, en)
    }
}

/// Whether two records look like one person, and on which ground.
pub fn compare(a: &Person, b: &Person) -> Option<Ground> {
    if a.name != b.name || a.id == b.id {
        return None;
    }
    let same_birth = a.birth == b.birth;
    let same_phone = !a.phone.is_empty() && a.phone == b.phone;
    if is_same_document(&a.number, &b.number) {
        Some(Ground::SameDocument)
    } else if is_slip(&a.number, &b.number) {
        Some(Ground::NumberSlip)
    } else if same_birth && a.number.kind() != b.number.kind() {
        Some(Ground::ChangedNumber)
    } else if same_birth && same_phone {
        Some(Ground::NameBirthPhone)
    } else {
        None
    }
}

fn is_same_document(a: &PersonNumber, b: &PersonNumber) -> bool {
    let (a, b) = (a.as_str().as_bytes(), b.as_str().as_bytes());
    let foreign = |text: &[u8]| text.first().is_some_and(u8::is_ascii_alphabetic);
    foreign(a) && foreign(b) && a[..3] != b[..3] && a[3..] == b[3..]
}

/// The part of a number that people type; a check character only follows from it.
fn typed(number: &PersonNumber) -> &[u8] {
    let text = number.as_str().as_bytes();
    let has_check = text.first().is_some_and(u8::is_ascii_digit);
    if has_check { &text[..text.len() - 1] } else { text }
}

/// One character is another, or two neighbours changed places.
pub fn is_slip(a: &PersonNumber, b: &PersonNumber) -> bool {
    let (a, b) = (typed(a), typed(b));
    if a.len() != b.len() {
        return false;
    }
    let places: Vec<usize> = (0..a.len()).filter(|at| a[*at] != b[*at]).collect();
    match places.as_slice() {
        [_] => true,
        [i, j] => *j == i + 1 && a[*i] == b[*j] && a[*j] == b[*i],
        _ => false,
    }
}

/// All numbers that are one slip of a digit away, with the check character that fits each.
pub fn slips(number: &PersonNumber) -> Vec<String> {
    let has_check = number.as_str().as_bytes()[0].is_ascii_digit();
    let body = typed(number);
    let mut found = Vec::new();
    let mut add = |body: &[u8]| {
        let mut text = String::from_utf8_lossy(body).into_owned();
        if has_check {
            text.push(number::check_character(&text));
        }
        found.push(text);
    };
    for at in (0..body.len()).filter(|at| body[*at].is_ascii_digit()) {
        for digit in (b'0'..=b'9').filter(|digit| *digit != body[at]) {
            let mut other = body.to_vec();
            other[at] = digit;
            add(&other);
        }
    }
    for at in 1..body.len() {
        if body[at] != body[at - 1] {
            let mut other = body.to_vec();
            other.swap(at, at - 1);
            add(&other);
        }
    }
    found
}

/// Where a finding is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Waits for a look.
    Open,
    /// Two people, as somebody decided: never proposed again.
    Different,
    /// A merge waits for a second person.
    Proposed,
    /// One record lives on.
    Merged,
    /// An undo waits for a second person.
    UndoProposed,
}

impl State {
    /// All states.
    pub const ALL: [Self; 5] =
        [Self::Open, Self::Different, Self::Proposed, Self::Merged, Self::UndoProposed];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Different => "different",
            Self::Proposed => "proposed",
            Self::Merged => "merged",
            Self::UndoProposed => "undo-proposed",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name for people, and the kind of badge that fits.
    pub fn name(self) -> (Text, &'static str) {
        let (zh, en, badge) = match self {
            Self::Open => ("待核查", "To be reviewed", "warn"),
            Self::Different => ("不同人员", "Different people", "ok"),
            Self::Proposed => ("合并待复核", "Merge waits", "info"),
            Self::Merged => ("已合并", "Merged", "ok"),
            Self::UndoProposed => ("撤销待复核", "Undo waits", "info"),
        };
        (Text::new(zh, en), badge)
    }
}

/// Why a finding is not decided as wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The finding is at another step.
    WrongState(State),
    /// Both have a living card: one must be cancelled first.
    BothHaveCards,
    /// The one with the living card must live on.
    CardHolderLivesOn,
    /// One of them was merged meanwhile.
    MergedAlready,
    /// A merge after this one, or a change of number, stands in the way of an undo.
    TooLateToUndo,
    /// A freeze is in force on the record that would end.
    Frozen,
}

impl Refused {
    /// One of each kind, for documents and tests.
    pub const ALL: [Self; 6] = [
        Self::WrongState(State::Open),
        Self::BothHaveCards,
        Self::CardHolderLivesOn,
        Self::MergedAlready,
        Self::TooLateToUndo,
        Self::Frozen,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::WrongState(_) => "people/duplicate-wrong-state",
            Self::BothHaveCards => "people/both-have-cards",
            Self::CardHolderLivesOn => "people/card-holder-lives-on",
            Self::MergedAlready => "people/merged-already",
            Self::TooLateToUndo => "people/too-late-to-undo",
            Self::Frozen => "people/merge-frozen",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::BothHaveCards | Self::CardHolderLivesOn => Some(Article(5)),
            Self::Frozen => Some(Article(20)),
            _ => None,
        }
    }

    fn reason(&self) -> Text {
        match self {
            Self::WrongState(state) => {
                let (name, _) = state.name();
                Text::new(
                    format!("该核查当前为「{}」", name.zh),
                    format!("This finding is “{}”", name.en),
                )
            }
            Self::BothHaveCards => Text::new(
                "两条记录都有有效的社会保障卡，一人一卡",
                "Both records have a living card: one person, one card",
            ),
            Self::CardHolderLivesOn => Text::new(
                "应保留持有有效社会保障卡的记录",
                "The record with the living card must live on",
            ),
            Self::MergedAlready => {
                Text::new("其中一条记录已被合并", "One of the records was merged meanwhile")
            }
            Self::Frozen => Text::new(
                "将被合并的记录有生效中的冻结",
                "A freeze is in force on the record that would end",
            ),
            Self::TooLateToUndo => Text::new(
                "合并之后又有变更，不能自动撤销",
                "Something changed after the merge: it cannot be undone by itself",
            ),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::WrongState(_) | Self::MergedAlready => {
                Text::new("请刷新核查列表", "Reload the queue")
            }
            Self::BothHaveCards => Text::new("请先注销其中一张卡", "Cancel one of the cards first"),
            Self::CardHolderLivesOn => Text::new("请选择另一条记录保留", "Choose the other one"),
            Self::Frozen => Text::new(
                "请先解除冻结，合并后再按需冻结",
                "Lift the freeze first, and freeze again after the merge where needed",
            ),
            Self::TooLateToUndo => Text::new(
                "请先撤销后来的合并或变更号码",
                "Undo the later merge, or change the number, first",
            ),
        }
    }
}

/// Whether `survivor` may take `merged` in, by their living cards.
///
/// # Errors
/// [`Refused::BothHaveCards`] or [`Refused::CardHolderLivesOn`] (Art. 5).
pub fn may_merge(survivor_has_card: bool, merged_has_card: bool) -> Result<(), Refused> {
    match (survivor_has_card, merged_has_card) {
        (true, true) => Err(Refused::BothHaveCards),
        (false, true) => Err(Refused::CardHolderLivesOn),
        (_, false) => Ok(()),
    }
}
