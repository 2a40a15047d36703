//! Why a command is refused: code, article, reason, and what to do.

use kernel::law::{Article, Refusal, Text};
use people::rules as people_rules;

use super::Stage;
use super::clocks::State;

/// Why a command is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// One person, one card.
    OnePersonOneCard,
    /// No right to a card.
    NotEligible(people_rules::Refused),
    /// Under 16 without a guardian.
    GuardianNeeded,
    /// There is no card to do this with.
    NoCard,
    /// The card is at another step of its life.
    WrongStage(Stage),
    /// A function of the card is in another state.
    WrongState(State),
    /// The card lies at another outlet.
    OtherOutlet,
    /// It must be on record who took the card.
    ReceiverMissing,
    /// The password is too easy to guess.
    WeakPassword,
    /// The holder did not prove who he is.
    IdentityProofMissing,
    /// A replacement is under way: nothing is released any more.
    ReplacementUnderWay,
    /// No replacement is under way.
    NoReplacement,
    /// The electronic card cannot be linked while the physical one is not in order.
    NotLinkable,
    /// A lost card must be reported lost first.
    ReportLossFirst,
    /// A reason that Art. 12 does not name needs a recorded decision.
    DecisionMissing,
    /// The card has not expired, nor will it soon.
    NotExpired,
    /// The fee was neither paid nor waived.
    FeeOpen(i64),
    /// This reason is free of charge.
    NoFeeDue,
    /// A cancellation needs evidence.
    EvidenceMissing,
    /// Something still waits.
    Pending(Pending),
    /// The holder is alive on record, or the entitlement has not ended.
    CauseDoesNotHold(CancelCause),
    /// The card is frozen.
    Frozen,
    /// Another region has not answered yet whether the person has a card there.
    AskedElsewhere,
    /// The person has a card of another region.
    HeldElsewhere,
}

/// What must be settled before a card is cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pending {
    /// A replacement is being made.
    Replacement,
    /// Money is on its way to the card.
    Payment,
    /// Somebody still acts for the holder.
    Representative,
}

/// Why a card is cancelled (Art. 13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CancelCause {
    /// 死亡
    Death,
    /// 被宣告死亡
    DeclaredDead,
    /// 出国（境）定居且丧失中国国籍
    LeftForGood,
    /// 终止公共服务权益
    EntitlementEnded,
}

impl CancelCause {
    /// All causes; Art. 13 names no others that the platform could know.
    pub const ALL: [Self; 4] =
        [Self::Death, Self::DeclaredDead, Self::LeftForGood, Self::EntitlementEnded];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Death => "death",
            Self::DeclaredDead => "declared-dead",
            Self::LeftForGood => "left-for-good",
            Self::EntitlementEnded => "entitlement-ended",
        }
    }

    /// The cause with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Death => ("死亡", "Death"),
            Self::DeclaredDead => ("被宣告死亡", "Declared dead"),
            Self::LeftForGood => {
                ("出国（境）定居且丧失中国国籍", "Settled abroad and no longer Chinese")
            }
            Self::EntitlementEnded => ("终止公共服务权益", "End of entitlement"),
        };
        Text::new(zh, en)
    }

    /// Whether the person is dead by this cause.
    pub fn is_death(self) -> bool {
        matches!(self, Self::Death | Self::DeclaredDead)
    }
}

impl Refused {
    /// One of each kind, for documents and tests.
    pub const ALL: [Self; 24] = [
        Self::AskedElsewhere,
        Self::HeldElsewhere,
        Self::Frozen,
        Self::OnePersonOneCard,
        Self::GuardianNeeded,
        Self::NoCard,
        Self::WrongStage(Stage::Cancelled),
        Self::WrongState(State::Ended),
        Self::OtherOutlet,
        Self::ReceiverMissing,
        Self::WeakPassword,
        Self::IdentityProofMissing,
        Self::ReplacementUnderWay,
        Self::NoReplacement,
        Self::NotLinkable,
        Self::ReportLossFirst,
        Self::DecisionMissing,
        Self::NotExpired,
        Self::FeeOpen(0),
        Self::NoFeeDue,
        Self::EvidenceMissing,
        Self::Pending(Pending::Replacement),
        Self::CauseDoesNotHold(CancelCause::EntitlementEnded),
        Self::NotEligible(people_rules::Refused::Deceased),
    ];

    /// Whether only what is still to be typed is missing.
    pub fn is_only_input(&self) -> bool {
        matches!(
            self,
            Self::ReceiverMissing
                | Self::WeakPassword
                | Self::GuardianNeeded
                | Self::IdentityProofMissing
                | Self::DecisionMissing
                | Self::FeeOpen(_)
                | Self::EvidenceMissing
        )
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::OnePersonOneCard => "cards/one-person-one-card",
            Self::NotEligible(inner) => inner.code(),
            Self::GuardianNeeded => "cards/guardian-needed",
            Self::NoCard => "cards/no-card",
            Self::WrongStage(_) => "cards/wrong-stage",
            Self::WrongState(_) => "cards/wrong-state",
            Self::OtherOutlet => "cards/other-outlet",
            Self::ReceiverMissing => "cards/receiver-missing",
            Self::WeakPassword => "cards/weak-password",
            Self::IdentityProofMissing => "cards/identity-proof-missing",
            Self::ReplacementUnderWay => "cards/replacement-under-way",
            Self::NoReplacement => "cards/no-replacement",
            Self::NotLinkable => "cards/not-linkable",
            Self::ReportLossFirst => "cards/report-loss-first",
            Self::DecisionMissing => "cards/decision-missing",
            Self::NotExpired => "cards/not-expired",
            Self::FeeOpen(_) => "cards/fee-open",
            Self::NoFeeDue => "cards/no-fee-due",
            Self::EvidenceMissing => "cards/evidence-missing",
            Self::Pending(_) => "cards/something-pending",
            Self::CauseDoesNotHold(_) => "cards/cause-does-not-hold",
            Self::Frozen => "cards/frozen",
            Self::AskedElsewhere => "cards/asked-elsewhere",
            Self::HeldElsewhere => "cards/held-elsewhere",
        }
    }

    fn article(&self) -> Option<Article> {
        let article = match self {
            Self::OnePersonOneCard | Self::AskedElsewhere | Self::HeldElsewhere => 5,
            Self::NotEligible(inner) => return inner.article(),
            Self::NotLinkable => 2,
            Self::GuardianNeeded
            | Self::ReceiverMissing
            | Self::ReportLossFirst
            | Self::DecisionMissing
            | Self::NotExpired
            | Self::FeeOpen(_)
            | Self::NoFeeDue => 12,
            Self::EvidenceMissing | Self::Pending(_) | Self::CauseDoesNotHold(_) => 13,
            Self::WeakPassword => 24,
            Self::Frozen => 20,
            Self::NoCard
            | Self::WrongStage(_)
            | Self::WrongState(_)
            | Self::OtherOutlet
            | Self::IdentityProofMissing
            | Self::ReplacementUnderWay
            | Self::NoReplacement => 11,
        };
        Some(Article(article))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::NotEligible(inner) => return inner.reason(),
            Self::WrongStage(stage) => {
                let (name, _) = stage.name();
                return Text::new(
                    format!("卡片当前为「{}」，不能办理此业务", name.zh),
                    format!("The card is “{}”: this step does not fit", name.en),
                );
            }
            Self::WrongState(state) => {
                let (name, _) = state.name();
                return Text::new(
                    format!("该功能当前为「{}」，不能办理此业务", name.zh),
                    format!("This function is “{}”: this step does not fit", name.en),
                );
            }
            Self::FeeOpen(fen) => {
                let yuan = format!("{}.{:02}", fen / 100, fen % 100);
                return Text::new(
                    format!("补换卡工本费{yuan}元未缴纳，也未减免"),
                    format!("The fee of {yuan} yuan was neither paid nor waived"),
                );
            }
            Self::CauseDoesNotHold(cause) => {
                let name = cause.name();
                return Text::new(
                    format!("登记信息不支持「{}」这一注销情形", name.zh),
                    format!("The register does not bear out “{}”", name.en),
                );
            }
            Self::OnePersonOneCard => (
                "该人员已有社会保障卡，一人一卡，不能再次申领",
                "This person has a card already: one person, one card",
            ),
            Self::AskedElsewhere => (
                "正在与对方地区核对一人一卡，尚未答复",
                "Another region is asked whether this person has a card there",
            ),
            Self::HeldElsewhere => (
                "该人员在对方地区已有社会保障卡，一人一卡",
                "This person has a card of another region: one person, one card",
            ),
            Self::GuardianNeeded => {
                ("未满16周岁，须由监护人代为申领", "Under 16: a guardian must apply")
            }
            Self::NoCard => ("该人员还没有申领社会保障卡", "No card has been applied for"),
            Self::Frozen => ("社会保障卡已临时冻结", "The card is frozen for now"),
            Self::OtherOutlet => ("卡片在其他网点", "The card lies at another outlet"),
            Self::ReceiverMissing => ("缺少领卡人", "Who took the card is missing"),
            Self::WeakPassword => ("密码过于简单", "The password is too easy to guess"),
            Self::IdentityProofMissing => ("未核验本人或代办人身份", "Nobody has proved who he is"),
            Self::ReplacementUnderWay => {
                ("已申请补换卡，不能解挂或再次补换", "A replacement is under way already")
            }
            Self::NoReplacement => ("没有在办的申领或补换", "Nothing is under way"),
            Self::NotLinkable => (
                "实体卡未处于正常状态，电子卡不能重新关联",
                "The physical card is not in order, so the electronic one cannot be linked",
            ),
            Self::ReportLossFirst => ("卡片丢失应先正式挂失", "A lost card is reported lost first"),
            Self::DecisionMissing => (
                "补换原因不在第十二条所列之内，须有书面决定",
                "A reason that Art. 12 does not name needs a recorded decision",
            ),
            Self::NotExpired => ("卡片离到期尚早", "The card does not expire soon"),
            Self::NoFeeDue => ("此补换原因不收费", "This reason is free of charge"),
            Self::EvidenceMissing => ("缺少注销依据材料", "The evidence is missing"),
            Self::Pending(Pending::Replacement) => {
                ("补换卡在办，不能注销", "A replacement is under way")
            }
            Self::Pending(Pending::Payment) => {
                ("有在途资金，不能注销", "Money is on its way to this card")
            }
            Self::Pending(Pending::Representative) => {
                ("有在办的代办委托，不能注销", "Somebody still acts for the holder")
            }
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::NotEligible(inner) => return inner.advice(),
            Self::OnePersonOneCard => {
                ("如卡片遗失或损坏，请办理补换卡", "If the card is lost or damaged, replace it")
            }
            Self::AskedElsewhere => {
                ("一般几秒内答复，请稍后再试", "It answers in seconds; try again shortly")
            }
            Self::HeldElsewhere => (
                "请到发卡地办理转移或注销后，由市人社局重新核对；或撤回申请",
                "Have that card moved or cancelled, then the authority asks again; or withdraw",
            ),
            Self::GuardianNeeded => {
                ("请录入监护人姓名和证件号码", "Enter the guardian's name and document number")
            }
            Self::NoCard => ("请先办理申领", "Apply for a card first"),
            Self::WrongStage(_) | Self::WrongState(_) => {
                ("请查看卡片当前状态，办理对应业务", "See the state of the card for what fits")
            }
            Self::OtherOutlet => {
                ("请到申领网点办理，或申请转移", "Go to that outlet, or have it moved")
            }
            Self::Frozen => (
                "请先解冻；本人可在“冻结与解冻”页查看原因、解冻或申诉",
                "End the freeze first; the holder sees why, thaws or appeals on his page",
            ),
            Self::ReceiverMissing => ("请录入领卡人姓名", "Enter who takes the card"),
            Self::WeakPassword => (
                "至少6位，不能是同一字符、连续数字或生日",
                "At least 6 characters; not all the same, not in a row, not the birthday",
            ),
            Self::IdentityProofMissing => (
                "请核验本人或代办人的有效身份证件后办理",
                "Check the document of the holder or of a proper agent",
            ),
            Self::ReplacementUnderWay => {
                ("请等待新卡，或在制卡前撤回补换申请", "Wait for the new card, or withdraw")
            }
            Self::NoReplacement => ("请先申请补换", "Apply for a replacement first"),
            Self::NotLinkable => ("请先解挂、解锁或激活实体卡", "Put the physical card in order"),
            Self::ReportLossFirst => ("请先办理正式挂失，再申请补领", "Report it lost, then apply"),
            Self::DecisionMissing => {
                ("请录入决定的文号和内容", "Enter number and substance of the decision")
            }
            Self::NotExpired => ("到期前90日内可以换领", "Renewal opens 90 days before the end"),
            Self::FeeOpen(_) => {
                ("请录入缴费凭证号，或选择减免依据", "Enter the receipt, or the ground of a waiver")
            }
            Self::NoFeeDue => {
                ("请选择免费，已收的请退还", "Choose free, and give back what was taken")
            }
            Self::EvidenceMissing => {
                ("请录入证明材料名称和编号", "Enter name and number of the document")
            }
            Self::Pending(Pending::Replacement) => {
                ("请先撤回补换申请", "Withdraw the replacement first")
            }
            Self::Pending(_) => ("请先办结后再注销", "Settle it first"),
            Self::CauseDoesNotHold(_) => {
                ("请核对登记信息和证明材料", "Compare the register with the evidence")
            }
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::NotEligible(inner) => inner.status(),
            other if other.is_only_input() => 422,
            _ => 409,
        }
    }
}
