//! The fixed catalogue of fields that the platform can give (Art. 18): nothing else ever leaves.

use kernel::law::Text;
use people::field::Field;

/// One field of the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum SharedField {
    /// A fact about the person, as items know them.
    Of(Field),
    /// Number of the card in use.
    CardNumber,
    /// State of the social-security function.
    CardState,
    /// State of the financial function.
    Financial,
    /// State of the electronic card.
    Electronic,
    /// On what ground the person is entitled (Art. 5).
    Entitlement,
    /// Whether the person is alive.
    Alive,
}

impl SharedField {
    /// The whole catalogue.
    pub const ALL: [Self; 16] = [
        Self::Of(Field::Name),
        Self::Of(Field::NameMasked),
        Self::Of(Field::Number),
        Self::Of(Field::NumberMasked),
        Self::Of(Field::Sex),
        Self::Of(Field::BirthDate),
        Self::Of(Field::Over60),
        Self::Of(Field::Under18),
        Self::Of(Field::Division),
        Self::Of(Field::Phone),
        Self::CardNumber,
        Self::CardState,
        Self::Financial,
        Self::Electronic,
        Self::Entitlement,
        Self::Alive,
    ];

    /// Stable code, as in agreements, answers and the journal.
    pub fn code(self) -> &'static str {
        match self {
            Self::Of(field) => field.code(),
            Self::CardNumber => "card_number",
            Self::CardState => "card_state",
            Self::Financial => "financial",
            Self::Electronic => "electronic",
            Self::Entitlement => "entitlement",
            Self::Alive => "alive",
        }
    }

    /// The field with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.code() == code)
    }

    /// Name for people.
    pub fn label(self) -> Text {
        let (zh, en) = match self {
            Self::Of(field) => return field.label(),
            Self::CardNumber => ("社会保障卡号", "Card number"),
            Self::CardState => ("社保功能状态", "State of the card"),
            Self::Financial => ("金融功能状态", "State of the financial function"),
            Self::Electronic => ("电子社保卡状态", "State of the electronic card"),
            Self::Entitlement => ("申领依据", "Ground of entitlement"),
            Self::Alive => ("是否在世", "Whether alive"),
        };
        Text::new(zh, en)
    }

    /// The least security level (1 to 4) of an agreement that may have it.
    pub fn level(self) -> i64 {
        match self {
            Self::Of(Field::Number | Field::Phone) | Self::CardNumber | Self::Financial => 3,
            Self::Of(Field::NameMasked | Field::Sex | Field::Over60 | Field::Under18) => 1,
            _ => 2,
        }
    }
}

/// Codes as a list in a column: `name,alive`.
pub fn to_codes(fields: &[SharedField]) -> String {
    fields.iter().map(|field| field.code()).collect::<Vec<_>>().join(",")
}

/// Reads such a list; `None` when a code is unknown.
pub fn from_codes(text: &str) -> Option<Vec<SharedField>> {
    text.split(',').filter(|code| !code.is_empty()).map(SharedField::from_code).collect()
}
