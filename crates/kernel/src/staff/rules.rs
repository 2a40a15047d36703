//! Which role fits which organisation and place, and who may decide.

use time::Date;

use crate::actor::Role;
use crate::divisions;
use crate::law::{Article, Refusal, Text};

/// Kinds of organisations: code, Chinese, English.
pub const KINDS: [(&str, &str, &str); 9] = [
    ("hrss", "人力社保局", "HRSS authority"),
    ("outlet", "服务网点", "Outlet"),
    ("department", "部门", "Department"),
    ("bank", "合作银行", "Bank"),
    ("venue", "用卡场所", "Venue"),
    ("hotline", "服务热线", "Hotline"),
    ("audit", "审计机构", "Audit"),
    ("finance", "财政部门", "Finance"),
    ("operator", "平台运行单位", "Operator"),
];

/// Why something is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// A name is missing or too long.
    Names,
    /// The kind of organisation is not known.
    Kind,
    /// The credit code is not one of GB 32100.
    CreditCode,
    /// The division is not in force, or is no county where the role works in one.
    Division,
    /// The organisation is closed, or there is none.
    NoOrg,
    /// Somebody works there.
    OrgInUse,
    /// The role does not fit the organisation.
    Role,
    /// The name to sign in with is taken or not fit.
    Login,
    /// No reason was given.
    NoReason,
    /// Something about this account waits for a decision.
    Waits,
    /// It is decided or taken back.
    NotOpen,
    /// Whoever asked does not decide.
    OwnWork,
    /// Nobody changes or closes his own account.
    OwnAccount,
    /// Without two administrators nothing could be decided any more.
    LastAdministrators,
    /// The code to begin with is wrong, used or too old.
    Invite,
    /// The password is too short.
    Password,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 16] = [
        Self::Names,
        Self::Kind,
        Self::CreditCode,
        Self::Division,
        Self::NoOrg,
        Self::OrgInUse,
        Self::Role,
        Self::Login,
        Self::NoReason,
        Self::Waits,
        Self::NotOpen,
        Self::OwnWork,
        Self::OwnAccount,
        Self::LastAdministrators,
        Self::Invite,
        Self::Password,
    ];

    /// Code, reason and advice, each in Chinese and English.
    fn words(self) -> (&'static str, [&'static str; 2], [&'static str; 2]) {
        match self {
            Self::Names => (
                "staff/names",
                ["名称缺失或过长", "A name is missing or too long"],
                ["请填写1至60字的名称", "1 to 60 characters"],
            ),
            Self::Kind => (
                "staff/kind",
                ["机构类别不存在", "There is no such kind of organisation"],
                ["请从列表中选择", "Choose from the list"],
            ),
            Self::CreditCode => (
                "staff/credit-code",
                ["统一社会信用代码格式不正确", "This is no unified social credit code"],
                ["请核对18位代码，没有可留空", "18 characters, or leave it empty"],
            ),
            Self::Division => (
                "staff/division",
                [
                    "区划代码无效或与岗位不符",
                    "The division is not in force or does not fit the role",
                ],
                ["区县岗位须填写区县代码", "A district role needs a district's code"],
            ),
            Self::NoOrg => (
                "staff/no-organisation",
                ["机构不存在或已停用", "There is no such organisation, or it is closed"],
                ["请先登记机构", "Enter the organisation first"],
            ),
            Self::OrgInUse => (
                "staff/organisation-in-use",
                ["该机构仍有在用账号", "Accounts still work there"],
                ["请先停用或调走全部账号", "Close or move them first"],
            ),
            Self::Role => (
                "staff/role-does-not-fit",
                ["岗位与机构类别不符", "The role does not fit this kind of organisation"],
                ["请更换岗位或机构", "Choose another role or organisation"],
            ),
            Self::Login => (
                "staff/login",
                ["用户名已被使用或格式不正确", "The user name is taken or not fit"],
                ["4至32位字母、数字、点或横线", "4 to 32 letters, digits, dots or hyphens"],
            ),
            Self::NoReason => (
                "staff/no-reason",
                ["未写明事由", "No reason was given"],
                ["请写明依据，如任命文号", "Name the ground, such as the appointment"],
            ),
            Self::Waits => (
                "staff/waits-already",
                ["该账号已有待复核的申请", "Something about this account waits already"],
                ["请先复核或撤回", "Decide on it or take it back first"],
            ),
            Self::NotOpen => (
                "staff/not-open",
                ["该申请已办结或已撤回", "This is decided or taken back"],
                ["请刷新页面", "Reload the page"],
            ),
            Self::OwnWork => (
                "staff/own-work",
                ["提出人不能复核自己的申请", "Whoever asked does not decide"],
                ["请由另一位管理员复核", "Another administrator decides"],
            ),
            Self::OwnAccount => (
                "staff/own-account",
                ["不能变更或停用自己的账号", "Nobody changes or closes his own account"],
                ["请由另一位管理员办理", "Ask another administrator"],
            ),
            Self::LastAdministrators => (
                "staff/last-administrators",
                ["至少须保留两名系统管理员", "Two administrators must remain"],
                ["请先增加管理员", "Add another administrator first"],
            ),
            Self::Invite => (
                "staff/enrolment-code",
                ["启用码不正确、已使用或已过期", "The code is wrong, used or too old"],
                ["请核对，或请管理员重新发放", "Check it, or ask an administrator for another"],
            ),
            Self::Password => (
                "staff/password",
                ["密码至少12位，且两次输入须一致", "12 characters at least, twice the same"],
                ["请使用一句便于记忆的话", "A sentence that you remember is good"],
            ),
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.words().0
    }

    fn article(&self) -> Option<Article> {
        Some(Article(if matches!(self, Self::OwnWork | Self::OwnAccount) { 25 } else { 9 }))
    }

    fn reason(&self) -> Text {
        let [zh, en] = self.words().1;
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [zh, en] = self.words().2;
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::OwnWork | Self::OwnAccount => 403,
            Self::Waits | Self::NotOpen | Self::OrgInUse | Self::LastAdministrators => 409,
            _ => 422,
        }
    }
}

/// Whether a role may be had in an organisation of a kind.
pub fn fits(role: Role, kind: &str) -> bool {
    match role {
        Role::Holder | Role::Terminal => false,
        Role::Clerk | Role::OutletManager => matches!(kind, "outlet" | "hrss"),
        Role::DistrictOfficer
        | Role::DistrictApprover
        | Role::MunicipalOfficer
        | Role::MunicipalApprover => kind == "hrss",
        Role::DepartmentOfficer => !matches!(kind, "bank" | "operator" | "audit"),
        Role::Bank => kind == "bank",
        Role::HotlineAgent => kind == "hotline",
        Role::Auditor => kind == "audit",
        Role::Administrator => matches!(kind, "operator" | "hrss"),
    }
}

/// Whether a role may work for a division on a day.
pub fn is_place(role: Role, division: &str, today: Date) -> bool {
    let known = divisions::find(division).filter(|one| one.is_in_force(today));
    let district = matches!(role, Role::DistrictOfficer | Role::DistrictApprover);
    known.is_some_and(|one| !district || one.level != divisions::Level::Province)
}

/// Whether a name may be signed in with. Numbers of people and cards are digits only: no staff name is.
pub fn is_login(login: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    let letters = login.bytes().any(|b| b.is_ascii_alphabetic());
    (4..=32).contains(&login.len()) && login.bytes().all(plain) && letters
}

/// Whether a name of somebody or something can be kept.
pub fn is_name(name: &str) -> bool {
    (1..=60).contains(&name.trim().chars().count()) && !name.contains(char::is_control)
}

/// A unified social credit code (GB 32100), with its check character.
pub fn is_credit_code(code: &str) -> bool {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let value = |b: u8| ALPHABET.iter().position(|known| *known == b);
    let values: Option<Vec<usize>> = code.bytes().map(value).collect();
    let Some(values) = values.filter(|values| values.len() == 18) else { return false };
    let (mut weight, mut sum) = (1, 0);
    for value in &values[..17] {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    (31 - sum % 31) % 31 == values[17]
}
