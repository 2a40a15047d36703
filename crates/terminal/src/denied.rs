//! Why the terminal itself says no, and every refusal in words for the person who stands there.

use seal::cq1::Refused;

/// A no of the terminal, beside those of the code ([`Refused`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No key list or no status list is held.
    #[error("no lists are held")]
    NoLists,
    /// The platform blocked this terminal (Art. 15).
    #[error("the terminal is blocked")]
    Blocked,
    /// The clock went backwards.
    #[error("the clock went backwards")]
    ClockBackwards,
    /// The clock differs from the platform's by more than two seconds.
    #[error("the clock is wrong")]
    ClockWrong,
    /// The item is not in this terminal's list (Art. 14, 18).
    #[error("the item is not in the list")]
    ItemUnknown,
    /// A code of another region, and the item is not on the joint list (Art. 14).
    #[error("the item is not on the joint list")]
    NotJoint,
    /// The item is not in force today.
    #[error("the item is not in force today")]
    ItemNotInForce,
    /// The list of items was not confirmed by the platform for too long.
    #[error("the list of items is too old")]
    ItemsStale,
    /// The item, or its level of proof, is not for use without a network.
    #[error("the item needs the platform")]
    OnlineOnly,
    /// Only codes of the format CQ1 can be judged without a network.
    #[error("only a signed code can be judged without a network")]
    NotOffline,
    /// Without a network the amount is always zero.
    #[error("no money without a network")]
    Amount,
    /// The card was used as often as the item allows in a day.
    #[error("used as often as allowed today")]
    Count,
    /// The use could not be written to the journal.
    #[error("the journal cannot be written")]
    Journal,
    /// Too many uses wait for upload.
    #[error("too many uses wait for upload")]
    JournalFull,
}

impl Denied {
    /// Stable for ever; the uploaded journal carries it.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoLists => "terminal/no-lists",
            Self::Blocked => "terminal/blocked",
            Self::ClockBackwards => "terminal/clock-backwards",
            Self::ClockWrong => "terminal/clock-wrong",
            Self::ItemUnknown => "terminal/item-unknown",
            Self::NotJoint => "terminal/not-joint",
            Self::ItemNotInForce => "terminal/item-not-in-force",
            Self::ItemsStale => "terminal/items-stale",
            Self::OnlineOnly => "terminal/online-only",
            Self::NotOffline => "terminal/not-offline",
            Self::Amount => "terminal/amount",
            Self::Count => "terminal/count",
            Self::Journal => "terminal/journal",
            Self::JournalFull => "terminal/journal-full",
        }
    }
}

/// A no without a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum No {
    /// Of the terminal.
    #[error(transparent)]
    Terminal(#[from] Denied),
    /// Of the code.
    #[error(transparent)]
    Code(#[from] Refused),
}

/// Chinese and English.
pub type Words = (&'static str, &'static str);

impl No {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Terminal(denied) => denied.code(),
            Self::Code(refused) => refused.code(),
        }
    }

    /// The article behind it.
    pub fn article(self) -> u8 {
        match self {
            Self::Terminal(Denied::ItemUnknown | Denied::NotJoint | Denied::ItemNotInForce) => 14,
            Self::Terminal(Denied::OnlineOnly | Denied::Amount | Denied::Count) => 16,
            Self::Terminal(_) => 15,
            Self::Code(Refused::IssuerSignature | Refused::HolderSignature) => 24,
            Self::Code(Refused::Suspended | Refused::Revoked | Refused::Replayed) => 20,
            Self::Code(_) => 16,
        }
    }

    /// What is wrong, for the person at the terminal.
    pub fn text(self) -> Words {
        match self {
            Self::Terminal(denied) => terminal_text(denied),
            Self::Code(refused) => code_text(refused),
        }
    }

    /// What to do now.
    pub fn advice(self) -> Words {
        use Refused as R;
        match self {
            Self::Code(R::Expired | R::CredentialExpired | R::Replayed) => {
                ("请持卡人刷新二维码后再扫", "Ask the holder to show a fresh code")
            }
            Self::Code(R::Suspended | R::Revoked) => (
                "请持卡人到服务网点或拨打 12333 查询",
                "The holder can ask at an outlet or call 12333",
            ),
            Self::Code(R::Foreign | R::Length | R::Encoding | R::Version) => (
                "请确认出示的是一卡通码，擦净镜面重新扫描",
                "Check that it is a one-card code and scan again",
            ),
            Self::Code(_) => ("请改用实体卡或人工办理", "Use the physical card or serve by hand"),
            Self::Terminal(
                Denied::Count | Denied::OnlineOnly | Denied::NotOffline | Denied::Amount,
            ) => (
                "请在网络恢复后再试，或人工办理",
                "Try again when the network is back, or serve by hand",
            ),
            Self::Terminal(_) => (
                "请人工办理，并联系终端管理员",
                "Serve by hand and call whoever looks after the terminal",
            ),
        }
    }
}

fn terminal_text(denied: Denied) -> Words {
    match denied {
        Denied::NoLists => ("终端还没有取得名单", "The terminal holds no lists yet"),
        Denied::Blocked => ("终端已被平台停用", "The platform blocked this terminal"),
        Denied::ClockBackwards => ("终端时钟倒退", "The terminal's clock went backwards"),
        Denied::ClockWrong => {
            ("终端时钟与平台不一致", "The terminal's clock differs from the platform's")
        }
        Denied::ItemUnknown => ("本终端没有这个事项", "This terminal does not have the item"),
        Denied::NotJoint => {
            ("该事项不在川渝一卡通清单中", "The item is not on the list of both regions")
        }
        Denied::ItemNotInForce => ("该事项今天不在有效期内", "The item is not in force today"),
        Denied::ItemsStale => ("事项清单过旧", "The list of items is too old"),
        Denied::OnlineOnly => ("该事项须联网办理", "The item needs the network"),
        Denied::NotOffline => {
            ("没有网络时只能核验离线码", "Without a network only signed codes can be judged")
        }
        Denied::Amount => ("没有网络时不能涉及金额", "Without a network no money can be involved"),
        Denied::Count => ("今天的离线使用次数已用完", "Used offline as often as allowed today"),
        Denied::Journal => ("终端无法保存记录", "The terminal cannot keep a record"),
        Denied::JournalFull => ("待上传记录已满", "Too many records wait for upload"),
    }
}

fn code_text(refused: Refused) -> Words {
    use Refused as R;
    match refused {
        R::Foreign => ("不是一卡通码", "Not a one-card code"),
        R::Length | R::Version | R::Encoding => {
            ("二维码残缺或无法识别", "The code is damaged or not known")
        }
        R::KeyListFuture | R::StatusListFuture => ("终端时钟不准", "The terminal's clock is wrong"),
        R::KeyListStale => ("密钥清单过旧", "The list of keys is too old"),
        R::Region | R::StatusListRegion => ("外地签发的码", "Issued in another region"),
        R::IssuerUnknown | R::IssuerRevoked | R::IssuerNotValid => {
            ("签发密钥无效", "The issuer's key is not valid")
        }
        R::CredentialExpired | R::CredentialTooLong => {
            ("电子凭证已过期或期限异常", "The credential has expired")
        }
        R::Future => ("二维码时间异常", "The code is from the future"),
        R::Expired => ("二维码已过期", "The code has expired"),
        R::EmergencyNotTaken => ("该事项不接受应急码", "The item takes no emergency codes"),
        R::Capability | R::Scene => ("该码不能用于此事项", "The code is not for this use"),
        R::StatusListUntrusted | R::StatusListStale | R::StatusUnknown => {
            ("状态名单过旧或不可信", "The status list is too old or not trusted")
        }
        R::Suspended => ("卡已挂失或冻结", "The card is reported lost or frozen"),
        R::Revoked => ("卡已注销", "The card was cancelled"),
        R::IssuerSignature | R::HolderSignature => ("伪造的码", "The code is forged"),
        R::Replayed => ("该码已经用过", "The code was used before"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_words_in_both_languages() {
        for refused in Refused::ALL {
            let no = No::Code(refused);
            let (chinese, english) = no.text();
            assert!(!chinese.is_ascii() && english.is_ascii(), "{refused:?}");
            assert!(!no.advice().0.is_ascii() && no.advice().1.is_ascii(), "{refused:?}");
        }
    }
}
