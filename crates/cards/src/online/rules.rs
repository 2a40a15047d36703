//! Rules of an online application.

use kernel::law::{Article, Refusal, Text};
use people::rules::Person;
use time::Date;

/// The least age at which somebody applies for himself (Art. 12: guardians for those below).
const OWN_AGE: i32 = 16;
/// Wrong codes that end an application.
pub const MOST_TRIES: i64 = 5;
/// Seconds that the code of the phone is good for.
pub const CODE_S: i64 = 600;
/// Codes that go to one phone in a day.
pub const MOST_CODES: i64 = 5;

/// Why an online application is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Under 16: the guardian applies.
    Child,
    /// Too many codes went to this phone today.
    TooManyCodes,
    /// The code is wrong, too old, or was tried too often.
    WrongCode,
    /// There is no such application.
    Unknown,
    /// It is decided already.
    Decided,
    /// The same person has sent one that waits.
    Waits,
    /// A refusal needs a reason.
    NoReason,
}

impl Refused {
    fn words(self) -> [&'static str; 5] {
        match self {
            Self::Child => [
                "online/child",
                "未满16周岁由监护人代为申领",
                "A guardian applies for somebody under 16",
                "请监护人登录后在“亲情服务”中申领，或到网点办理",
                "The guardian signs in and applies under relatives, or goes to an outlet",
            ],
            Self::TooManyCodes => [
                "online/too-many-codes",
                "今天发送到该手机的验证码已达上限",
                "Too many codes went to this phone today",
                "请明天再试，或直接到网点申领",
                "Try again tomorrow, or go to an outlet",
            ],
            Self::WrongCode => [
                "online/wrong-code",
                "验证码错误或已失效",
                "The code is wrong or too old",
                "请核对短信，连续输错5次需重新填写",
                "Check the message; after five wrong ones the form is sent anew",
            ],
            Self::Unknown => [
                "online/unknown",
                "没有找到该申请",
                "There is no such application",
                "请核对申请编号，或到网点查询",
                "Check the reference, or ask an outlet",
            ],
            Self::Decided => [
                "online/decided",
                "该申请已办结",
                "It is decided already",
                "请刷新列表",
                "Reload the list",
            ],
            Self::Waits => [
                "online/waits",
                "您已有一份待核验的申请",
                "You have sent an application that waits",
                "请携带有效身份证件到所选网点核验领卡",
                "Bring your document to the outlet that you chose",
            ],
            Self::NoReason => [
                "online/no-reason",
                "不予受理须写明原因",
                "Refusing needs a reason",
                "请填写申请人能看懂的原因",
                "Write it so that the applicant understands",
            ],
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.words()[0]
    }

    fn article(&self) -> Option<Article> {
        Some(Article(12))
    }

    fn reason(&self) -> Text {
        let [_, zh, en, ..] = self.words();
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [.., zh, en] = self.words();
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::Unknown => 404,
            Self::TooManyCodes => 429,
            Self::NoReason | Self::WrongCode => 422,
            _ => 409,
        }
    }
}

/// Whether somebody may apply for himself from his phone. Whether he is in the register or has a
/// card already is not told here: strangers would ask for others.
///
/// # Errors
/// Art. 5 as in [`people::rules::eligibility`], or [`Refused::Child`].
pub fn may_send(person: &Person, today: Date) -> Result<(), kernel::problem::Problem> {
    people::rules::eligibility(person, today)?;
    if person.age_on(today) < OWN_AGE {
        return Err(Refused::Child.into());
    }
    Ok(())
}
