//! What the list says of an item beside its name and ways (Art. 14).

use kernel::law::Text;

/// A word of the list: a stable code and a name for people.
pub trait Word: Copy + PartialEq + 'static {
    /// All words, in the order of forms.
    const ALL: &'static [Self];

    /// Code, Chinese name, English name.
    fn words(self) -> (&'static str, &'static str, &'static str);

    /// Stable code.
    fn code(self) -> &'static str {
        self.words().0
    }

    /// Name for people.
    fn name(self) -> Text {
        Text::new(self.words().1, self.words().2)
    }

    /// The word with this code.
    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.code() == code)
    }
}

/// What the card is in the item (Art. 2, 7, 8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Function {
    /// 身份凭证.
    Identity,
    /// 信息记录.
    Record,
    /// 自助查询.
    SelfService,
    /// 就医结算.
    Settlement,
    /// 缴费.
    Paying,
    /// 待遇领取.
    Receiving,
    /// 金融支付.
    Finance,
}

impl Word for Function {
    const ALL: &'static [Self] = &[
        Self::Identity,
        Self::Record,
        Self::SelfService,
        Self::Settlement,
        Self::Paying,
        Self::Receiving,
        Self::Finance,
    ];

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Identity => ("identity", "身份凭证", "Proof of identity"),
            Self::Record => ("record", "信息记录", "Record of information"),
            Self::SelfService => ("self-service", "自助查询", "Self-service look-up"),
            Self::Settlement => ("settlement", "就医结算", "Settlement of medical costs"),
            Self::Paying => ("paying", "缴费", "Paying fees"),
            Self::Receiving => ("receiving", "待遇领取", "Receiving benefits"),
            Self::Finance => ("finance", "金融支付", "Bank payment"),
        }
    }
}

/// Where the item is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// 服务窗口.
    Counter,
    /// 自助终端.
    Machine,
    /// 闸机和车载机具.
    Gate,
    /// 手机应用.
    Phone,
    /// 网站.
    Website,
    /// 上门服务.
    Visit,
}

impl Word for Channel {
    const ALL: &'static [Self] =
        &[Self::Counter, Self::Machine, Self::Gate, Self::Phone, Self::Website, Self::Visit];

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Counter => ("counter", "服务窗口", "Counter"),
            Self::Machine => ("machine", "自助终端", "Machine"),
            Self::Gate => ("gate", "闸机和车载机具", "Gate"),
            Self::Phone => ("phone", "手机应用", "Phone"),
            Self::Website => ("website", "网站", "Website"),
            Self::Visit => ("visit", "上门服务", "Visit at home"),
        }
    }
}

/// For whom the item is made, when not for everybody (Art. 15).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// 未成年人.
    Children,
    /// 学生.
    Students,
    /// 老年人.
    Elderly,
    /// 残疾人.
    Disabled,
    /// 农民.
    Farmers,
    /// 农民工.
    MigrantWorkers,
    /// 求职者和失业人员.
    JobSeekers,
    /// 困难群众.
    InNeed,
    /// 退役军人.
    Veterans,
}

impl Word for Group {
    const ALL: &'static [Self] = &[
        Self::Children,
        Self::Students,
        Self::Elderly,
        Self::Disabled,
        Self::Farmers,
        Self::MigrantWorkers,
        Self::JobSeekers,
        Self::InNeed,
        Self::Veterans,
    ];

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Children => ("children", "未成年人", "Children"),
            Self::Students => ("students", "学生", "Students"),
            Self::Elderly => ("elderly", "老年人", "Elderly people"),
            Self::Disabled => ("disabled", "残疾人", "Disabled people"),
            Self::Farmers => ("farmers", "农民", "Farmers"),
            Self::MigrantWorkers => ("migrant-workers", "农民工", "Migrant workers"),
            Self::JobSeekers => ("job-seekers", "求职者和失业人员", "Job seekers"),
            Self::InNeed => ("in-need", "困难群众", "People in need"),
            Self::Veterans => ("veterans", "退役军人", "Veterans"),
        }
    }
}

/// What a terminal without a connection may still accept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offline {
    /// Uses of one card before the terminal must ask again; 0 forbids it.
    pub count: i64,
    /// Greatest age of the terminal's list of refused cards, in hours.
    pub list_hours: i64,
}

/// The rest of an item.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Details {
    /// Division (GB/T 2260) in which alone it counts; empty for the whole list's area.
    pub division: String,
    /// Why its fields are needed (Art. 18); empty when it discloses none.
    pub why: String,
    /// What the card is in it.
    pub functions: Vec<Function>,
    /// Where it is done.
    pub channels: Vec<Channel>,
    /// Places in words.
    pub places: String,
    /// Use without a connection.
    pub offline: Offline,
    /// Fee in fen; 0 when it is free.
    pub fee_fen: i64,
    /// Time limit in working days; 0 for at once.
    pub days: i64,
    /// What else must be brought.
    pub materials: String,
    /// For whom it is made; empty for everybody.
    pub groups: Vec<Group>,
    /// Phones for questions.
    pub phones: String,
}

impl Details {
    /// Whether the numbers are in their bounds, and an offline use says how old its list may be.
    pub fn numbers_fit(&self) -> bool {
        let Offline { count, list_hours } = self.offline;
        (0..=1_000).contains(&count)
            && (0..=720).contains(&list_hours)
            && (count == 0) == (list_hours == 0)
            && (0..=100_000_000).contains(&self.fee_fen)
            && (0..=365).contains(&self.days)
    }

    /// Whether its texts are of a length that people read.
    pub fn words_fit(&self) -> bool {
        let texts = [(&self.why, 300), (&self.places, 300), (&self.materials, 500)];
        let fit = texts.into_iter().all(|(text, most)| text.chars().count() <= most);
        fit && self.phones.chars().count() <= 100
    }
}
