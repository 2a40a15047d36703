//! What a change of number or name needs.

use kernel::law::{Article, Refusal, Text};

/// Why a change is recorded.
pub const REASONS: [(&str, &str, &str); 5] = [
    ("new-document", "换领证件，号码变更", "New document with another number"),
    ("new-form", "外国人永久居留证换发新版", "New form of the foreign permanent residence card"),
    ("renamed", "依法变更姓名", "Name changed by law"),
    ("naturalised", "国籍或身份变更", "Nationality or status changed"),
    ("corrected", "更正登记错误", "Correction of a wrong entry"),
];

/// Whether `code` is one of [`REASONS`].
pub fn is_reason(code: &str) -> bool {
    REASONS.iter().any(|known| known.0 == code)
}

/// Name of a reason for people.
pub fn reason_name(code: &str) -> Text {
    let known = REASONS.iter().find(|known| known.0 == code);
    match (known, code) {
        (Some((_, zh, en)), _) => Text::new(*zh, *en),
        (None, "registered") => Text::new("首次登记", "Registered"),
        (None, "merged") => Text::new("合并重复登记", "Merged"),
        (None, "merge-undone") => Text::new("撤销合并", "Merge undone"),
        (None, other) => Text::new(other, other),
    }
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The new number leads to somebody else.
    NumberOfAnother,
    /// Nothing would change.
    Nothing,
}

impl Refused {
    /// One of each kind, for documents and tests.
    pub const ALL: [Self; 2] = [Self::NumberOfAnother, Self::Nothing];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NumberOfAnother => "people/number-of-another",
            Self::Nothing => "people/nothing-changes",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(if *self == Self::NumberOfAnother { 5 } else { 12 }))
    }

    fn reason(&self) -> Text {
        match self {
            Self::NumberOfAnother => Text::new(
                "该号码已登记在另一条人员记录之下",
                "This number leads to another record of the register",
            ),
            Self::Nothing => Text::new("内容没有变化", "Nothing would change"),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::NumberOfAnother => Text::new(
                "已转入重复登记核查；如为同一人，合并后再办理",
                "It is in the queue of duplicates now; if they are one person, merge first",
            ),
            Self::Nothing => Text::new("请对照证件核对", "Compare with the document"),
        }
    }
}
