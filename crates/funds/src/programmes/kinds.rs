//! The kinds of money of Art. 8, each opened by its own switch: 逐步开通.

use kernel::law::Text;
use kernel::settings::Setting;

/// A kind of money that is paid through the card (Art. 8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// 惠民惠农财政补贴: subsidies to farmers and residents.
    Subsidy,
    /// 社会保险待遇: benefits of social insurance.
    Insurance,
    /// 国家奖助学金: student aid.
    StudentAid,
    /// 以工代赈劳务报酬: work-relief pay.
    WorkRelief,
    /// 农民工工资: wages of migrant workers.
    MigrantWages,
    /// 财政供养人员工资: public-sector pay.
    PublicPay,
    /// 个人所得税退税: refunds of income tax.
    TaxRefund,
    /// 个人公积金提取: withdrawals from the housing fund.
    HousingFund,
    /// 农业保险赔款: claims of agricultural insurance.
    FarmClaims,
}

const fn switch(name: &'static str, default: i64, zh: &'static str, en: &'static str) -> Setting {
    Setting { name, default, least: 0, most: 1, zh, en, article: 8 }
}

static OPEN: [Setting; 9] = [
    switch("funds.open-subsidy", 1, "开通惠民惠农财政补贴发放", "Subsidies are paid"),
    switch("funds.open-insurance", 1, "开通社会保险待遇发放", "Social insurance benefits are paid"),
    switch("funds.open-student-aid", 1, "开通国家奖助学金发放", "Student aid is paid"),
    switch("funds.open-work-relief", 1, "开通以工代赈劳务报酬发放", "Work-relief pay is paid"),
    switch("funds.open-migrant-wages", 0, "开通农民工工资发放", "Migrant workers' wages are paid"),
    switch("funds.open-public-pay", 0, "开通财政供养人员工资发放", "Public-sector pay is paid"),
    switch("funds.open-tax-refund", 0, "开通个人所得税退税", "Tax refunds are paid"),
    switch("funds.open-housing-fund", 0, "开通个人公积金提取", "Housing fund withdrawals are paid"),
    switch("funds.open-farm-claims", 0, "开通农业保险赔款发放", "Farm insurance claims are paid"),
];

/// One switch for each kind: those that shall be paid through the card are open at first, those that are
/// promoted step by step are not (Art. 8).
pub static SETTINGS: &[&Setting] =
    &[&OPEN[0], &OPEN[1], &OPEN[2], &OPEN[3], &OPEN[4], &OPEN[5], &OPEN[6], &OPEN[7], &OPEN[8]];

impl Kind {
    /// All kinds, in the order of Art. 8.
    pub const ALL: [Self; 9] = [
        Self::Subsidy,
        Self::Insurance,
        Self::StudentAid,
        Self::WorkRelief,
        Self::MigrantWages,
        Self::PublicPay,
        Self::TaxRefund,
        Self::HousingFund,
        Self::FarmClaims,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Subsidy => "subsidy",
            Self::Insurance => "insurance",
            Self::StudentAid => "student-aid",
            Self::WorkRelief => "work-relief",
            Self::MigrantWages => "migrant-wages",
            Self::PublicPay => "public-pay",
            Self::TaxRefund => "tax-refund",
            Self::HousingFund => "housing-fund",
            Self::FarmClaims => "farm-claims",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Subsidy => ("惠民惠农财政补贴", "Subsidies to farmers and residents"),
            Self::Insurance => ("社会保险待遇", "Social insurance benefits"),
            Self::StudentAid => ("国家奖助学金", "Student aid"),
            Self::WorkRelief => ("以工代赈劳务报酬", "Work-relief pay"),
            Self::MigrantWages => ("农民工工资", "Wages of migrant workers"),
            Self::PublicPay => ("财政供养人员工资", "Public-sector pay"),
            Self::TaxRefund => ("个人所得税退税", "Income tax refunds"),
            Self::HousingFund => ("个人公积金提取", "Housing fund withdrawals"),
            Self::FarmClaims => ("农业保险赔款", "Agricultural insurance claims"),
        };
        Text::new(zh, en)
    }

    /// The switch that opens this kind.
    pub fn switch(self) -> &'static Setting {
        SETTINGS[self as usize]
    }

    /// Whether Art. 8 says 应当: shall be paid through the card; the others are promoted.
    pub fn is_required(self) -> bool {
        matches!(self, Self::Subsidy | Self::Insurance | Self::StudentAid | Self::WorkRelief)
    }
}
