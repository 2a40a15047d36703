//! Who may have a card (Art. 5), and what is needed to be entered in the register (Art. 12).

use kernel::divisions;
use kernel::law::{Article, Refusal, Text};
use time::Date;

use crate::document::DocumentKind;
use crate::field::Field;
use crate::number::{NumberError, PersonNumber, Sex};

/// On what ground a person has a card (Art. 5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ground {
    /// 本市户籍: registered in Chongqing.
    Household,
    /// Entitled to public services of Chongqing by work.
    Employment,
    /// Entitled by study.
    Study,
    /// Entitled by residence.
    Residence,
}

impl Ground {
    /// All grounds.
    pub const ALL: [Self; 4] = [Self::Household, Self::Employment, Self::Study, Self::Residence];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Household => "household",
            Self::Employment => "employment",
            Self::Study => "study",
            Self::Residence => "residence",
        }
    }

    /// The ground with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Household => ("本市户籍", "Registered in Chongqing"),
            Self::Employment => ("在本市就业参保", "Works and is insured in Chongqing"),
            Self::Study => ("在本市就学", "Studies in Chongqing"),
            Self::Residence => {
                ("在本市居住，享有公共服务权益", "Lives in Chongqing with its public services")
            }
        };
        Text::new(zh, en)
    }
}

/// A person of the register.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Id in the register.
    pub id: kernel::id::Id,
    /// Person number, of whatever kind.
    pub number: PersonNumber,
    /// Document that was shown.
    pub document: DocumentKind,
    /// Name as on the document.
    pub name: String,
    /// Sex.
    pub sex: Sex,
    /// Birth date.
    pub birth: Date,
    /// 民族, or the country code of a foreigner; may be empty.
    pub nation: String,
    /// Phone for messages; may be empty.
    pub phone: String,
    /// Address for delivery.
    pub address: String,
    /// Division of the household book (GB/T 2260); empty for people without one.
    pub household: String,
    /// Why the person may have a card.
    pub ground: Ground,
    /// Last day of an entitlement; none for registered residents.
    pub ground_until: Option<Date>,
    /// Day of death.
    pub deceased_on: Option<Date>,
    /// Rises with each change.
    pub version: i64,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the person's data: this may end in a log.
        write!(f, "Person({})", self.id)
    }
}

impl Person {
    /// Full years on a day.
    pub fn age_on(&self, day: Date) -> i32 {
        age(self.birth, day)
    }

    /// The value of one field, for answers to those who may have it.
    pub fn field(&self, field: Field, today: Date) -> String {
        let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        match field {
            Field::Name => self.name.clone(),
            Field::NameMasked => mask_name(&self.name),
            Field::Number => self.number.as_str().to_owned(),
            Field::NumberMasked => self.number.mask(),
            Field::Sex => self.sex.code().to_owned(),
            Field::BirthDate => kernel::time::day_text(self.birth),
            Field::Over60 => yes_no(self.age_on(today) >= 60),
            Field::Under18 => yes_no(self.age_on(today) < 18),
            Field::Division => self.household.clone(),
            Field::Phone => self.phone.clone(),
        }
    }
}

/// Full years on a day of somebody born on `birth`.
pub fn age(birth: Date, day: Date) -> i32 {
    let had_birthday = (day.month() as u8, day.day()) >= (birth.month() as u8, birth.day());
    day.year() - birth.year() - i32::from(!had_birthday)
}

/// `张三丰` becomes `张**`.
pub fn mask_name(name: &str) -> String {
    let hidden = name.chars().count().saturating_sub(1).max(1);
    name.chars().take(1).chain(std::iter::repeat_n('*', hidden)).collect()
}

/// Why a person is not registered or may not have a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Neither registered in Chongqing nor entitled to its public services.
    NotEntitled,
    /// The entitlement has ended.
    EntitlementEnded(Date),
    /// The entitlement has no end date.
    EntitlementOpen,
    /// The person has died.
    Deceased,
    /// The number is wrong.
    Number(NumberError),
    /// The document does not bear numbers of this kind.
    WrongDocument,
    /// The number is in the register under another name.
    OtherName,
    /// No such person.
    Unknown,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotEntitled => "people/not-entitled",
            Self::EntitlementEnded(_) => "people/entitlement-ended",
            Self::EntitlementOpen => "people/entitlement-without-end",
            Self::Deceased => "people/deceased",
            Self::Number(_) => "people/wrong-number",
            Self::WrongDocument => "people/wrong-document",
            Self::OtherName => "people/other-name",
            Self::Unknown => "people/unknown",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::NotEntitled | Self::EntitlementEnded(_) | Self::EntitlementOpen => {
                Some(Article(5))
            }
            Self::Deceased => Some(Article(13)),
            Self::Number(_) | Self::WrongDocument | Self::OtherName => Some(Article(12)),
            Self::Unknown => None,
        }
    }

    fn reason(&self) -> Text {
        match self {
            Self::NotEntitled => Text::new(
                "不是本市户籍人员，也未登记享有本市公共服务权益",
                "Neither registered in Chongqing nor entitled to its public services",
            ),
            Self::EntitlementEnded(day) => {
                let day = kernel::time::day_text(*day);
                Text::new(
                    format!("公共服务权益已于 {day} 到期"),
                    format!("The entitlement ended on {day}"),
                )
            }
            Self::EntitlementOpen => {
                Text::new("公共服务权益缺少截止日期", "The entitlement has no end date")
            }
            Self::Deceased => Text::new("该人员已登记死亡", "The person is registered as deceased"),
            Self::Number(error) => Text::new(error.zh(), error.en()),
            Self::WrongDocument => Text::new(
                "证件类型与号码不相符",
                "A document of this kind does not bear such a number",
            ),
            Self::OtherName => Text::new(
                "该号码已登记在其他姓名之下",
                "This number is registered under another name",
            ),
            Self::Unknown => Text::new("没有找到该人员", "There is no such person"),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::NotEntitled | Self::EntitlementEnded(_) | Self::EntitlementOpen => Text::new(
                "请出示本市户口簿，或就业、就学、居住的有效证明",
                "Show the household book, or proof of work, study or residence in Chongqing",
            ),
            Self::Deceased => Text::new(
                "如登记有误，请持有效身份证件到人社窗口更正",
                "If this is wrong, an outlet corrects it against a valid document",
            ),
            Self::Number(_) | Self::WrongDocument => {
                Text::new("请对照证件原件重新录入", "Compare with the document and enter it again")
            }
            Self::OtherName => Text::new(
                "请核对证件；如已更名，请先办理姓名变更",
                "Compare with the document; a changed name is registered first",
            ),
            Self::Unknown => {
                Text::new("请核对号码，或先登记人员", "Check the number or register the person")
            }
        }
    }

    fn status(&self) -> u16 {
        match self {
            Self::Unknown => 404,
            Self::Number(_) | Self::WrongDocument | Self::EntitlementOpen => 422,
            _ => 409,
        }
    }
}

/// Whether a person may have a card on a day (Art. 5): registered in Chongqing, or entitled to its
/// public services.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn eligibility(person: &Person, today: Date) -> Result<(), Refused> {
    if person.deceased_on.is_some() {
        return Err(Refused::Deceased);
    }
    let registered = divisions::region_of(&person.household) == Some(divisions::Region::Chongqing);
    match (person.ground, person.ground_until) {
        (Ground::Household, _) if registered => Ok(()),
        (Ground::Household, _) => Err(Refused::NotEntitled),
        (_, None) => Err(Refused::EntitlementOpen),
        (_, Some(until)) if until < today => Err(Refused::EntitlementEnded(until)),
        (_, Some(_)) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Strictness;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 03 - 01);

    fn person(household: &str, ground: Ground, ground_until: Option<Date>) -> Person {
        let made = crate::generate::person(1, 7).expect("within the population");
        Person {
            id: kernel::id::Id(1),
            number: made.number,
            document: made.document,
            name: made.name,
            sex: made.sex,
            birth: date!(1966 - 03 - 02),
            nation: String::new(),
            phone: made.phone,
            address: made.address,
            household: household.to_owned(),
            ground,
            ground_until,
            deceased_on: None,
            version: 1,
        }
    }

    /// Art. 5: registered residents, also with a code that is abolished by now.
    #[test]
    fn registered_residents_of_chongqing_may_have_a_card() {
        for household in ["500103", "500157", "500105"] {
            assert_eq!(eligibility(&person(household, Ground::Household, None), TODAY), Ok(()));
        }
        let from_chengdu = person("510100", Ground::Household, None);
        assert_eq!(eligibility(&from_chengdu, TODAY), Err(Refused::NotEntitled));
    }

    /// Art. 5: people entitled to public services, until their entitlement ends.
    #[test]
    fn an_entitlement_counts_until_its_last_day() {
        let until = |day| person("510100", Ground::Employment, Some(day));
        assert_eq!(eligibility(&until(TODAY), TODAY), Ok(()));
        let ended = date!(2026 - 02 - 28);
        assert_eq!(eligibility(&until(ended), TODAY), Err(Refused::EntitlementEnded(ended)));
        let open = person("510100", Ground::Study, None);
        assert_eq!(eligibility(&open, TODAY), Err(Refused::EntitlementOpen));
    }

    /// Art. 13: nobody who has died gets a card.
    #[test]
    fn the_deceased_get_no_card() {
        let mut person = person("500103", Ground::Household, None);
        person.deceased_on = Some(TODAY);
        assert_eq!(eligibility(&person, TODAY), Err(Refused::Deceased));
    }

    #[test]
    fn sixty_is_reached_on_the_birthday() {
        let person = person("500103", Ground::Household, None);
        assert_eq!(person.field(Field::Over60, TODAY), "no");
        assert_eq!(person.field(Field::Over60, date!(2026 - 03 - 02)), "yes");
    }

    #[test]
    fn masked_fields_hide_what_they_should() {
        let person = person("500103", Ground::Household, None);
        let masked = person.field(Field::NumberMasked, TODAY);
        assert_ne!(masked, person.number.as_str());
        assert_eq!(mask_name("张三丰"), "张**");
        assert_eq!(mask_name("李"), "李*");
        assert!(PersonNumber::parse(&masked, TODAY, Strictness::Checked).is_err());
    }
}
