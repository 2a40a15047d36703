//! The figures of supervision as one list. A capability adds a line here, and it is on the desk, in the
//! files, in the yearly report and on the page of the regulation.

use kernel::db::{DbError, Tx};
use kernel::law::{Article, Text};
use time::Date;

use super::{services, store};

/// What a figure counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Things or people.
    Count,
    /// Money.
    Fen,
}

impl Unit {
    /// A value for people.
    pub fn said(self, value: i64) -> String {
        match self {
            Self::Count => value.to_string(),
            Self::Fen => format!("¥{}.{:02}", value / 100, value.abs() % 100),
        }
    }
}

/// The group of a figure on the desk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Holders and cards.
    Coverage,
    /// Uses and items.
    Uses,
    /// Money and banks.
    Money,
    /// Outlets and terminals.
    Places,
    /// Complaints, publicity, training.
    Service,
    /// Freezes, and the other region.
    Safety,
    /// Refusals, cases, credit.
    Conduct,
    /// Journal, jobs, reads: for the auditor.
    Audit,
}

impl Group {
    /// All groups, in their order.
    pub const ALL: [Self; 8] = [
        Self::Coverage,
        Self::Uses,
        Self::Money,
        Self::Places,
        Self::Service,
        Self::Safety,
        Self::Conduct,
        Self::Audit,
    ];

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Coverage => ("持卡覆盖", "Coverage"),
            Self::Uses => ("用卡和事项", "Uses and items"),
            Self::Money => ("资金和银行", "Money and banks"),
            Self::Places => ("网点和终端", "Outlets and terminals"),
            Self::Service => ("服务和宣传培训", "Service and training"),
            Self::Safety => ("安全和川渝协同", "Safety and the other region"),
            Self::Conduct => ("规范和责任", "Conduct"),
            Self::Audit => ("审计", "Audit"),
        };
        Text::new(zh, en)
    }
}

/// What figures are narrowed to.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Division; empty for the whole city.
    pub division: String,
    /// First day of what happens.
    pub from: Date,
    /// Last day of what happens.
    pub until: Date,
    /// The day of what is.
    pub today: Date,
}

/// A line of a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Code of what is counted.
    pub key: String,
    /// Its name for people.
    pub name: Text,
    /// How many, or how much.
    pub value: i64,
}

/// One figure.
pub struct Figure {
    /// Stable name.
    pub key: &'static str,
    /// Its group.
    pub group: Group,
    /// Title in Chinese.
    pub zh: &'static str,
    /// Title in English.
    pub en: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Article that it tells of.
    pub article: u8,
    /// It tells of a period; else of the day itself.
    pub flow: bool,
    /// Everybody sees it, small cells hidden. Of counts only.
    pub open: bool,
    /// Page with what stands behind it; empty when there is none.
    pub link: &'static str,
    /// Address behind one line, with `{key}` for its code; empty when there is none.
    pub line: &'static str,
    /// Reads its lines in one query over a set.
    pub read: fn(&mut Tx<'_>, &Scope) -> Result<Vec<Line>, DbError>,
}

impl Figure {
    /// What stands behind one of its lines.
    pub fn href(&self, line: &Line, scope: &Scope) -> Option<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if self.line.is_empty() || line.key.is_empty() || !line.key.chars().all(plain) {
            return None;
        }
        let days = [scope.from, scope.until].map(kernel::time::day_text);
        let href = self.line.replace("{key}", &line.key);
        Some(href.replace("{from}", &days[0]).replace("{until}", &days[1]))
    }

    /// Whether it can be told of each district: what is the city's alone, or tells of districts already,
    /// cannot.
    pub fn has_districts(&self) -> bool {
        const CITY: [&str; 8] = [
            "items",
            "agreements",
            "recognised",
            "region-waiting",
            "publicity",
            "share-agreements",
            "incidents",
            "incident-tasks-late",
        ];
        self.group != Group::Audit && self.line != DISTRICT && !CITY.contains(&self.key)
    }

    /// The article that it tells of.
    pub fn law(&self) -> Article {
        Article(self.article)
    }
}

const fn count(
    key: &'static str,
    (group, article): (Group, u8),
    (zh, en): (&'static str, &'static str),
    link: &'static str,
    read: fn(&mut Tx<'_>, &Scope) -> Result<Vec<Line>, DbError>,
) -> Figure {
    let (unit, flow, open, line) = (Unit::Count, false, false, "");
    Figure { key, group, zh, en, unit, article, flow, open, link, line, read }
}

/// A line that is a district leads to the desk of that district.
const DISTRICT: &str = "/office/supervision?division={key}&from={from}&until={until}";

const fn lines(line: &'static str, figure: Figure) -> Figure {
    Figure { line, ..figure }
}

const fn districts(figure: Figure) -> Figure {
    lines(DISTRICT, figure)
}

const fn flow(figure: Figure) -> Figure {
    Figure { flow: true, ..figure }
}

const fn open(figure: Figure) -> Figure {
    Figure { open: true, ..figure }
}

const fn money(figure: Figure) -> Figure {
    Figure { unit: Unit::Fen, ..figure }
}

use Group::{Audit, Conduct, Coverage, Money, Places, Safety, Service, Uses};

/// All figures. A new one is one line.
pub static FIGURES: &[Figure] = &[
    districts(open(count(
        "holders",
        (Coverage, 5),
        ("持卡人（按区县）", "Holders by district"),
        "",
        store::holders,
    ))),
    districts(open(count(
        "ecards",
        (Coverage, 2),
        ("电子社会保障卡（按区县）", "Electronic cards by district"),
        "",
        store::ecards,
    ))),
    districts(open(count(
        "third-generation",
        (Coverage, 12),
        ("第三代实体卡（已激活，按区县）", "Third-generation cards in use by district"),
        "",
        store::third_generation,
    ))),
    count("stages", (Coverage, 11), ("实体卡状态", "Cards by stage"), "", store::stages),
    flow(count(
        "applications",
        (Coverage, 12),
        ("申领补换（按原因）", "Cards applied for by cause"),
        "",
        store::causes,
    )),
    flow(count(
        "cancelled",
        (Coverage, 13),
        ("注销（按原因）", "Cards ended by reason"),
        "",
        store::ended,
    )),
    open(flow(count(
        "uses",
        (Uses, 7),
        ("用卡次数（按领域）", "Uses by field"),
        "/office/uses",
        store::uses_by_field,
    ))),
    districts(open(flow(count(
        "uses-districts",
        (Uses, 16),
        ("用卡次数（按区县）", "Uses by district"),
        "/office/uses",
        store::uses_by_district,
    )))),
    flow(count(
        "uses-refused",
        (Uses, 6),
        ("未通过的用卡（按领域）", "Uses refused by field"),
        "/office/uses?result=refused",
        store::refused_by_field,
    )),
    lines(
        "/items?field={key}",
        open(count(
            "items",
            (Uses, 14),
            ("在用事项（按领域）", "Published items by field"),
            "/items",
            store::items,
        )),
    ),
    money(flow(count(
        "paid",
        (Money, 8),
        ("发放金额（按项目）", "Paid by programme"),
        "/office/funds",
        store::paid,
    ))),
    flow(count(
        "payments",
        (Money, 8),
        ("发放笔数（按状态）", "Payments by state"),
        "/office/funds",
        store::payments,
    )),
    count(
        "pay-open",
        (Money, 8),
        ("待处理的发放差异", "Open differences in payments"),
        "/office/funds/exceptions",
        store::differences,
    ),
    count(
        "agreements",
        (Money, 10),
        ("将到期的银行合作协议（90天内）", "Bank agreements due within 90 days"),
        "/office/banks",
        store::agreements,
    ),
    count(
        "share-agreements",
        (Uses, 18),
        ("将到期的数据共享协议（90天内）", "Data agreements due within 90 days"),
        "/office/sharing",
        services::share_agreements,
    ),
    districts(open(count(
        "outlets",
        (Places, 11),
        ("服务网点（按区县）", "Outlets by district"),
        "/outlets",
        store::outlets,
    ))),
    districts(flow(count(
        "queue",
        (Places, 11),
        ("网点取号（按区县）", "Numbers taken at outlets"),
        "/office/outlets/work",
        store::queue,
    ))),
    count(
        "terminals",
        (Places, 15),
        ("用卡终端", "Terminals"),
        "/office/terminals",
        store::terminals,
    ),
    count(
        "terminal-alarms",
        (Places, 15),
        ("未处理的终端告警", "Open alarms of terminals"),
        "/office/terminals",
        store::terminal_alarms,
    ),
    open(flow(count(
        "refusals",
        (Conduct, 25),
        ("拒绝用卡反映（按类型）", "Refusals by kind"),
        "/office/refusals",
        store::refusals,
    ))),
    districts(count(
        "refusals-late",
        (Conduct, 25),
        ("逾期未答复的反映（按区县）", "Refusals not answered in time"),
        "/office/refusals",
        store::refusals_late,
    )),
    lines(
        "/office/cases?clause={key}",
        open(flow(count(
            "cases",
            (Conduct, 24),
            ("违规案件（按条款）", "Cases by clause"),
            "/office/cases",
            store::cases,
        ))),
    ),
    lines(
        "/office/cases?state={key}",
        count(
            "cases-open",
            (Conduct, 26),
            ("在办案件（按环节）", "Cases by state"),
            "/office/cases?state=open",
            store::cases_open,
        ),
    ),
    flow(count(
        "decisions",
        (Conduct, 27),
        ("案件决定（按类型）", "Decisions by kind"),
        "/office/cases",
        store::decisions,
    )),
    count(
        "credit",
        (Conduct, 26),
        ("信用归集（按状态）", "Submissions to the credit platform"),
        "/office/credit",
        store::credit,
    ),
    open(flow(count(
        "complaints",
        (Service, 22),
        ("咨询投诉（按方面）", "Complaints by field"),
        "/office/complaints/figures",
        services::complaints,
    ))),
    open(flow(count(
        "complaints-answered",
        (Service, 22),
        ("答复时效", "Answers in time"),
        "/office/complaints/figures",
        services::answered,
    ))),
    flow(count(
        "complaints-marks",
        (Service, 22),
        ("答复满意度（按评分）", "Marks given to answers"),
        "/office/complaints/figures",
        services::marks,
    )),
    count(
        "complaints-open",
        (Service, 22),
        ("待答复的诉求（按方面）", "Complaints that wait, by field"),
        "/office/complaints",
        services::complaints_open,
    ),
    districts(count(
        "complaints-late",
        (Service, 22),
        ("逾期未答复的诉求（按区县）", "Complaints not answered in time"),
        "/office/complaints",
        services::complaints_late,
    )),
    flow(count(
        "publicity",
        (Service, 21),
        ("宣传覆盖人数", "People whom publicity reached"),
        "/office/publicity",
        services::reached,
    )),
    count(
        "certificates",
        (Service, 21),
        ("有效的培训证书（按课程）", "Valid certificates by course"),
        "/office/training",
        services::certificates,
    ),
    count(
        "freezes",
        (Safety, 20),
        ("生效中的冻结（按范围）", "Freezes in force by scope"),
        "/office/freezes",
        services::freezes,
    ),
    districts(count(
        "freezes-late",
        (Safety, 20),
        ("逾期未复核的冻结（按区县）", "Freezes whose second look is overdue"),
        "/office/freezes",
        services::freezes_late,
    )),
    flow(count(
        "incidents",
        (Safety, 20),
        ("突发事件（按级别，不含演练）", "Incidents by level, without drills"),
        "/office/incidents",
        services::incidents,
    )),
    count(
        "incident-tasks-late",
        (Safety, 20),
        ("逾期未完成的应急任务", "Overdue tasks of incidents"),
        "/office/incidents",
        services::incident_tasks_late,
    ),
    flow(count(
        "recognised",
        (Safety, 17),
        ("川渝互认核验", "Cards recognised across the border"),
        "/office/regions",
        services::recognised,
    )),
    count(
        "region-waiting",
        (Safety, 17),
        ("待对方地区确认的消息", "Messages that wait for the other region"),
        "/office/regions",
        services::region_waiting,
    ),
    count("lag", (Audit, 19), ("待处理队列", "What waits inside"), "", store::lag),
    count("jobs-failing", (Audit, 4), ("失败的后台任务", "Jobs that fail"), "", store::jobs),
    flow(count(
        "reads",
        (Audit, 19),
        ("日志条目（按岗位）", "Journal entries by role"),
        "/office/journal",
        store::journalled,
    )),
    flow(count(
        "reporters",
        (Audit, 19),
        ("查看举报人身份、查阅案卷", "Reporters' names opened, files read"),
        "/office/journal",
        store::sealed_reads,
    )),
];
