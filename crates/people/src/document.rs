//! The documents that an applicant shows when applying for a card (Art. 12: 居民身份证等有效身份证件).

use crate::number::NumberKind;

/// A kind of document that proves who a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKind {
    /// 居民身份证
    ResidentCard,
    /// 户口簿, common for children who have no resident card yet
    HouseholdBook,
    /// 港澳台居民居住证
    HkMoTwResidencePermit,
    /// 外国人永久居留身份证
    ForeignPermanentCard,
    /// 护照
    Passport,
}

impl DocumentKind {
    /// Every kind, in the order in which a form offers them.
    pub const ALL: [Self; 5] = [
        Self::ResidentCard,
        Self::HouseholdBook,
        Self::HkMoTwResidencePermit,
        Self::ForeignPermanentCard,
        Self::Passport,
    ];

    /// The stable code that is stored and sent.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ResidentCard => "resident_card",
            Self::HouseholdBook => "household_book",
            Self::HkMoTwResidencePermit => "hk_mo_tw_residence_permit",
            Self::ForeignPermanentCard => "foreign_permanent_card",
            Self::Passport => "passport",
        }
    }

    /// The kind with this stable code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The name in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::ResidentCard => "居民身份证",
            Self::HouseholdBook => "户口簿",
            Self::HkMoTwResidencePermit => "港澳台居民居住证",
            Self::ForeignPermanentCard => "外国人永久居留身份证",
            Self::Passport => "护照",
        }
    }

    /// The name in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::ResidentCard => "Resident identity card",
            Self::HouseholdBook => "Household register",
            Self::HkMoTwResidencePermit => {
                "Residence permit for Hong Kong, Macao and Taiwan residents"
            }
            Self::ForeignPermanentCard => "Foreign permanent resident identity card",
            Self::Passport => "Passport",
        }
    }

    /// The kinds of person number that a document of this kind can bear.
    pub const fn number_kinds(self) -> &'static [NumberKind] {
        match self {
            Self::ResidentCard | Self::HouseholdBook => &[NumberKind::Resident],
            Self::HkMoTwResidencePermit => &[NumberKind::HkMoTwPermit],
            Self::ForeignPermanentCard => {
                &[NumberKind::ForeignPermanent, NumberKind::ForeignPermanentOld]
            }
            Self::Passport => &[NumberKind::ForeignPassport],
        }
    }

    /// Whether a document of this kind can bear a number of that kind.
    pub fn accepts(self, kind: NumberKind) -> bool {
        self.number_kinds().contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_lead_back_to_their_kind() {
        for kind in DocumentKind::ALL {
            assert_eq!(DocumentKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(DocumentKind::from_code("driving_licence"), None);
    }

    #[test]
    fn every_number_kind_has_a_document_that_bears_it() {
        for number in NumberKind::ALL {
            assert!(DocumentKind::ALL.iter().any(|kind| kind.accepts(number)));
        }
    }

    #[test]
    fn a_resident_number_comes_from_a_resident_card_or_household_book_only() {
        let bearers: Vec<_> = DocumentKind::ALL
            .into_iter()
            .filter(|kind| kind.accepts(NumberKind::Resident))
            .collect();
        assert_eq!(bearers, [DocumentKind::ResidentCard, DocumentKind::HouseholdBook]);
    }
}
