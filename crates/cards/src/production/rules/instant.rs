//! Instant issue at a counter (即时制卡): the printer's steps, in their one order.

use kernel::law::Text;

use super::Refused;

/// A step that is saved by itself, so that a crash or a closed browser loses nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// A blank is taken from the outlet's stock.
    Blank,
    /// A number is drawn from the pool.
    Number,
    /// The printer has personalised the card.
    Personalised,
    /// The keys are in the chip.
    Keys,
    /// The bank has linked its account.
    Bank,
    /// The chip was read back.
    Verified,
    /// The card is ready to be handed over.
    Produced,
}

impl Step {
    /// All steps in their order.
    pub const ALL: [Self; 7] = [
        Self::Blank,
        Self::Number,
        Self::Personalised,
        Self::Keys,
        Self::Bank,
        Self::Verified,
        Self::Produced,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Number => "number",
            Self::Personalised => "personalised",
            Self::Keys => "keys",
            Self::Bank => "bank",
            Self::Verified => "verified",
            Self::Produced => "produced",
        }
    }

    /// The step with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Blank => ("领用空白卡", "Blank taken"),
            Self::Number => ("分配卡号", "Number drawn"),
            Self::Personalised => ("个人化打印", "Personalised"),
            Self::Keys => ("写入密钥", "Keys written"),
            Self::Bank => ("关联银行账户", "Bank linked"),
            Self::Verified => ("回读校验", "Verified"),
            Self::Produced => ("制卡完成", "Produced"),
        };
        Text::new(zh, en)
    }

    /// The step after it.
    pub fn next(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|step| *step == self)?;
        Self::ALL.get(at + 1).copied()
    }
}

/// Checks that `wanted` is the one step that follows the last saved one.
///
/// # Errors
/// [`Refused::StepOrder`].
pub fn follows(last: Option<Step>, wanted: Step) -> Result<(), Refused> {
    let next = last.map_or(Some(Step::Blank), Step::next);
    if next == Some(wanted) { Ok(()) } else { Err(Refused::StepOrder) }
}

/// The account that a bank reports: 16 to 19 digits; one of a bank card of China UnionPay (62…) has a
/// check digit (Luhn).
pub fn is_account(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| (16..=19).contains(&digits.len())) else {
        return false;
    };
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let odd = digits.iter().rev().step_by(2).sum::<u32>();
    let even = digits.iter().rev().skip(1).step_by(2).map(|digit| doubled(*digit)).sum::<u32>();
    !text.starts_with("62") || (odd + even) % 10 == 0
}

/// A key check value: six hexadecimal digits in capitals.
pub fn is_key_check(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
}
