//! Refusals, each with its article and what to do.

use kernel::law::{Article, Refusal, Text};

/// Why something about an outlet is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Hours are not written as they must be.
    Hours,
    /// Name, address or directions are missing or too long.
    Words,
    /// The phone is none.
    Phone,
    /// The division is none of this region on that day.
    Division,
    /// The coordinates are outside.
    Place,
    /// No service, or no counter.
    Services,
    /// The first day is past or too far ahead.
    Day,
    /// A version waits for its decision.
    Waiting,
    /// Another district's outlet.
    OtherDistrict,
    /// A joint outlet is the municipal authority's to set up.
    JointIsMunicipal,
    /// No such outlet on that day.
    NoSuchOutlet,
    /// A no without a word.
    NoComment,
    /// It is not open now.
    Closed,
    /// The service is not offered there.
    NotOffered,
    /// The person stands in a queue.
    StandsInQueue,
    /// Nobody waits.
    NobodyWaits,
    /// The counter still serves somebody.
    CounterBusy,
    /// There is no such counter.
    NoSuchCounter,
    /// Nobody was called to the counter with this number.
    NotCalled,
    /// A number lapses after the third call only.
    CallAgain,
    /// No such slot.
    NoSuchSlot,
    /// All seats of the slot are taken.
    SlotFull,
    /// The person holds as many appointments as he may.
    HoldsEnough,
    /// The person has an appointment at that time.
    SameTime,
    /// The appointment is over, cancelled or somebody else's.
    NoSuchAppointment,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 25] = [
        Self::Hours,
        Self::Words,
        Self::Phone,
        Self::Division,
        Self::Place,
        Self::Services,
        Self::Day,
        Self::Waiting,
        Self::OtherDistrict,
        Self::JointIsMunicipal,
        Self::NoSuchOutlet,
        Self::NoComment,
        Self::Closed,
        Self::NotOffered,
        Self::StandsInQueue,
        Self::NobodyWaits,
        Self::CounterBusy,
        Self::NoSuchCounter,
        Self::NotCalled,
        Self::CallAgain,
        Self::NoSuchSlot,
        Self::SlotFull,
        Self::HoldsEnough,
        Self::SameTime,
        Self::NoSuchAppointment,
    ];

    /// Code, reason and advice in both languages.
    fn words(self) -> [&'static str; 5] {
        match self {
            Self::Hours => [
                "outlets/hours",
                "开放时间填写有误",
                "The opening hours are not well written",
                "请按 09:00-12:00,13:00-17:00 的格式从早到晚填写，一周至少开放一天",
                "Write them as 09:00-12:00,13:00-17:00, from early to late, at least one day a week",
            ],
            Self::Words => [
                "outlets/words",
                "名称或地址为空或过长",
                "Name or address is missing or too long",
                "名称不超过60字，地址不超过120字，乘车指引不超过200字",
                "Up to 60 letters of name, 120 of address, 200 of directions",
            ],
            Self::Phone => [
                "outlets/phone",
                "电话号码格式有误",
                "The phone number is not well written",
                "请填写可拨打的号码，如 023-12345678",
                "Write a number that can be dialled, e.g. 023-12345678",
            ],
            Self::Division => [
                "outlets/division",
                "行政区划不是本地区现行区县",
                "The division is none of this region on that day",
                "请从列表中选择网点所在区县",
                "Choose the district from the list",
            ],
            Self::Place => [
                "outlets/place",
                "坐标不在本地区范围内",
                "The coordinates are outside the region",
                "请核对纬度和经度",
                "Check latitude and longitude",
            ],
            Self::Services => [
                "outlets/services",
                "网点至少要有一个窗口和一项服务",
                "An outlet has at least one counter and one service",
                "请勾选服务事项，窗口数为1至60",
                "Tick the services; 1 to 60 counters",
            ],
            Self::Day => [
                "outlets/day",
                "日期已过或过远",
                "The day is past or too far ahead",
                "请选择今天起一年内的日期",
                "Choose a day from today within a year",
            ],
            Self::Waiting => [
                "outlets/waiting",
                "该网点已有待审批的变更",
                "A change of this outlet waits for its decision",
                "请等待审批，或请审批人退回后重新提交",
                "Wait for it, or have it sent back and propose anew",
            ],
            Self::OtherDistrict => [
                "outlets/other-district",
                "该网点不属于本区县管理",
                "The outlet belongs to another district",
                "请联系网点所在区县人社部门",
                "Ask the HRSS authority of its district",
            ],
            Self::JointIsMunicipal => [
                "outlets/joint-is-municipal",
                "川渝通办网点由市人社部门会同四川省设立",
                "Joint outlets are set up by the municipal authority with Sichuan",
                "请报市人社部门办理",
                "Ask the municipal HRSS authority",
            ],
            Self::NoSuchOutlet => [
                "outlets/no-such-outlet",
                "没有该网点，或网点已撤并",
                "There is no such outlet, or it is closed for good",
                "请在服务网点页面另选一家",
                "Choose another one on the page of outlets",
            ],
            Self::NoComment => [
                "outlets/no-comment",
                "退回时请写明理由",
                "Sending back needs a reason",
                "请填写意见后再提交",
                "Write a comment",
            ],
            Self::Closed => [
                "outlets/closed",
                "网点现在不在开放时间",
                "The outlet is not open now",
                "请在开放时间取号，或预约其他时间",
                "Take a number in its hours, or make an appointment",
            ],
            Self::NotOffered => [
                "outlets/not-offered",
                "该网点不办理这项业务",
                "This is not done at that outlet",
                "请选择办理该业务的网点",
                "Choose an outlet that does it",
            ],
            Self::StandsInQueue => [
                "outlets/stands-in-queue",
                "您已有一个正在排队的号",
                "You stand in a queue already",
                "请先使用或取消原来的号",
                "Use that number first, or give it up",
            ],
            Self::NobodyWaits => [
                "outlets/nobody-waits",
                "现在没有人在等候",
                "Nobody waits",
                "请稍后再叫号",
                "Call again later",
            ],
            Self::CounterBusy => [
                "outlets/counter-busy",
                "本窗口还有未办结的号",
                "This counter still serves somebody",
                "请先办结或标记未到，再叫下一位",
                "End that one first, then call the next",
            ],
            Self::NoSuchCounter => [
                "outlets/no-such-counter",
                "该网点没有这个窗口",
                "There is no such counter",
                "请核对窗口号",
                "Check the number of the counter",
            ],
            Self::NotCalled => [
                "outlets/not-called",
                "该号不在本窗口办理中",
                "This number is not served at this counter",
                "请刷新页面后重试",
                "Reload the page",
            ],
            Self::CallAgain => [
                "outlets/call-again",
                "叫号三次无人应答后才能过号",
                "A number lapses after the third call",
                "请再次呼叫",
                "Call again",
            ],
            Self::NoSuchSlot => [
                "outlets/no-such-slot",
                "该时段不能预约",
                "This time cannot be booked",
                "请从列出的时段中选择",
                "Choose one of the times shown",
            ],
            Self::SlotFull => [
                "outlets/slot-full",
                "该时段已约满",
                "This time is fully booked",
                "请选择其他时段，或到现场取号",
                "Choose another time, or just come",
            ],
            Self::HoldsEnough => [
                "outlets/holds-enough",
                "您持有的预约已达上限",
                "You hold as many appointments as one may",
                "请先取消不需要的预约",
                "Cancel one that you do not need",
            ],
            Self::SameTime => [
                "outlets/same-time",
                "您在同一时间已有预约",
                "You have an appointment at that time",
                "请选择其他时间",
                "Choose another time",
            ],
            Self::NoSuchAppointment => [
                "outlets/no-such-appointment",
                "没有找到有效的预约",
                "There is no such appointment",
                "请核对预约码、网点和日期",
                "Check its code, the outlet and the day",
            ],
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.words()[0]
    }

    fn article(&self) -> Option<Article> {
        Some(Article(11))
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
            Self::NoSuchOutlet | Self::NoSuchAppointment => 404,
            Self::OtherDistrict | Self::JointIsMunicipal => 403,
            Self::Hours | Self::Words | Self::Phone | Self::Division | Self::Place => 422,
            Self::Services | Self::Day | Self::NoComment | Self::NoSuchCounter => 422,
            _ => 409,
        }
    }
}
