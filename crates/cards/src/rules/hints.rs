//! What a clerk or the holder should hear without asking (Art. 15: 主动提供服务).

use kernel::law::Text;
use kernel::time::Utc;
use people::rules::Person;
use time::Date;

use super::clocks::State;
use super::{Card, Stage};

/// Days before the last day at which a card or an entitlement is spoken of.
const AHEAD_DAYS: i64 = 90;

/// Something worth saying.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hint {
    /// The card expires soon, or has.
    CardEnds(Date),
    /// The temporary loss lapses at this moment.
    LossLapses(Utc),
    /// The electronic card is off though the physical one is in order.
    LinkElectronic,
    /// The financial function was never activated.
    FinancialOff,
    /// The card waits at the outlet.
    Collect,
    /// The card was handed over and never activated.
    Activate,
    /// The entitlement ends soon, or has (Art. 5).
    EntitlementEnds(Date),
}

impl Hint {
    /// What to say.
    pub fn text(&self) -> Text {
        let day = kernel::time::day_text;
        match self {
            Self::CardEnds(on) => Text::new(
                format!("卡片{}到期，可免费换领", day(*on)),
                format!("The card ends on {}: renewal is free", day(*on)),
            ),
            Self::LossLapses(at) => Text::new(
                format!("临时挂失{}自动失效，如未找回请办理正式挂失", at.local()),
                format!("The temporary loss lapses at {}: report it for good", at.local()),
            ),
            Self::LinkElectronic => Text::new(
                "电子卡已停用，实体卡正常，可以重新关联",
                "The electronic card is off and can be linked again",
            ),
            Self::FinancialOff => Text::new(
                "金融功能未激活，待遇补贴将无法到账",
                "The financial function is off: benefits cannot arrive",
            ),
            Self::Collect => Text::new("卡片已到网点，请领取", "The card waits to be collected"),
            Self::Activate => Text::new("卡片已领取，请激活", "The card waits to be activated"),
            Self::EntitlementEnds(on) => Text::new(
                format!("公共服务权益{}到期，请补充证明", day(*on)),
                format!("The entitlement ends on {}: show new proof", day(*on)),
            ),
        }
    }
}

/// What is worth saying about a person and his living card at a moment.
pub fn hints(person: &Person, card: Option<&Card>, now: Utc) -> Vec<Hint> {
    let soon = now.day().saturating_add(time::Duration::days(AHEAD_DAYS));
    let mut hints = Vec::new();
    if let Some(until) = person.ground_until.filter(|until| *until <= soon) {
        hints.push(Hint::EntitlementEnds(until));
    }
    let Some(card) = card else { return hints };
    match card.stage {
        Stage::Produced => hints.push(Hint::Collect),
        Stage::HandedOver => hints.push(Hint::Activate),
        Stage::Active => in_use(card, soon, &mut hints),
        _ => {}
    }
    hints
}

fn in_use(card: &Card, soon: Date, hints: &mut Vec<Hint>) {
    let clocks = &card.clocks;
    if let Some(until) = card.loss_until {
        hints.push(Hint::LossLapses(until));
    }
    if let Some(last) = card.expires_on.filter(|last| *last <= soon) {
        hints.push(Hint::CardEnds(last));
    }
    if clocks.social == State::On && clocks.electronic == State::Suspended {
        hints.push(Hint::LinkElectronic);
    }
    if clocks.social == State::On && clocks.financial == State::Off {
        hints.push(Hint::FinancialOff);
    }
}
