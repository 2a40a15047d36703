//! The facts about a person that an item may disclose (Art. 18): the smallest useful pieces, so that a
//! library asks "name", not "everything".

use kernel::law::Text;

/// One fact about a person.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Field {
    /// Full name.
    Name,
    /// Name with all but the first character hidden.
    NameMasked,
    /// Person number.
    Number,
    /// Person number with its middle hidden.
    NumberMasked,
    /// Sex.
    Sex,
    /// Birth date.
    BirthDate,
    /// Whether the person is 60 or older: enough for senior benefits, without the birth date.
    Over60,
    /// Whether the person is under 18.
    Under18,
    /// Division of the household book.
    Division,
    /// Phone number.
    Phone,
}

impl Field {
    /// All fields.
    pub const ALL: [Self; 10] = [
        Self::Name,
        Self::NameMasked,
        Self::Number,
        Self::NumberMasked,
        Self::Sex,
        Self::BirthDate,
        Self::Over60,
        Self::Under18,
        Self::Division,
        Self::Phone,
    ];

    /// Stable code, as in items, answers and the journal.
    pub fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NameMasked => "name_masked",
            Self::Number => "number",
            Self::NumberMasked => "number_masked",
            Self::Sex => "sex",
            Self::BirthDate => "birth_date",
            Self::Over60 => "over_60",
            Self::Under18 => "under_18",
            Self::Division => "division",
            Self::Phone => "phone",
        }
    }

    /// The field with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.code() == code)
    }

    /// Name for people.
    pub fn label(self) -> Text {
        let (zh, en) = match self {
            Self::Name => ("姓名", "Name"),
            Self::NameMasked => ("姓名（部分隐去）", "Name, masked"),
            Self::Number => ("社会保障号码", "Person number"),
            Self::NumberMasked => ("社会保障号码（部分隐去）", "Person number, masked"),
            Self::Sex => ("性别", "Sex"),
            Self::BirthDate => ("出生日期", "Birth date"),
            Self::Over60 => ("是否年满60周岁", "60 or older"),
            Self::Under18 => ("是否未满18周岁", "Under 18"),
            Self::Division => ("户籍所在地", "Place of household"),
            Self::Phone => ("联系电话", "Phone"),
        };
        Text::new(zh, en)
    }
}
