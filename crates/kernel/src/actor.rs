//! Who acts: roles, the organisation they act for, and what a route lets in.

use std::fmt;
use std::str::FromStr;

use crate::id::Id;
use crate::law::Text;

/// The one role that an account has. Whoever has two duties has two accounts, so that a maker can
/// never become his own checker by changing hats.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Role {
    /// 持卡人: a person with a card.
    Holder,
    /// 窗口经办人员 at a service outlet.
    Clerk,
    /// 网点负责人.
    OutletManager,
    /// District HRSS officer, who prepares decisions.
    DistrictOfficer,
    /// District HRSS approver, who decides.
    DistrictApprover,
    /// Municipal HRSS officer, who prepares decisions.
    MunicipalOfficer,
    /// Municipal HRSS approver, who decides.
    MunicipalApprover,
    /// Officer of another department (transport, culture, health, finance …).
    DepartmentOfficer,
    /// A reading device at a service point.
    Terminal,
    /// A cooperating bank.
    Bank,
    /// Agent of the hotlines 12345 and 12333.
    HotlineAgent,
    /// Auditor: sees the journal, changes nothing.
    Auditor,
    /// Runs the platform; sees no person's data.
    Administrator,
}

impl Role {
    /// All roles, in the order of the permission matrix.
    pub const ALL: [Self; 13] = [
        Self::Holder,
        Self::Clerk,
        Self::OutletManager,
        Self::DistrictOfficer,
        Self::DistrictApprover,
        Self::MunicipalOfficer,
        Self::MunicipalApprover,
        Self::DepartmentOfficer,
        Self::Terminal,
        Self::Bank,
        Self::HotlineAgent,
        Self::Auditor,
        Self::Administrator,
    ];

    /// Stable code, as stored and as in the matrix.
    pub fn code(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Clerk => "clerk",
            Self::OutletManager => "outlet-manager",
            Self::DistrictOfficer => "district-officer",
            Self::DistrictApprover => "district-approver",
            Self::MunicipalOfficer => "municipal-officer",
            Self::MunicipalApprover => "municipal-approver",
            Self::DepartmentOfficer => "department-officer",
            Self::Terminal => "terminal",
            Self::Bank => "bank",
            Self::HotlineAgent => "hotline-agent",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Holder => ("持卡人", "Card holder"),
            Self::Clerk => ("窗口经办", "Clerk"),
            Self::OutletManager => ("网点负责人", "Outlet manager"),
            Self::DistrictOfficer => ("区县人社经办", "District HRSS officer"),
            Self::DistrictApprover => ("区县人社审批", "District HRSS approver"),
            Self::MunicipalOfficer => ("市人社经办", "Municipal HRSS officer"),
            Self::MunicipalApprover => ("市人社审批", "Municipal HRSS approver"),
            Self::DepartmentOfficer => ("部门人员", "Department officer"),
            Self::Terminal => ("用卡终端", "Terminal"),
            Self::Bank => ("合作银行", "Bank"),
            Self::HotlineAgent => ("热线坐席", "Hotline agent"),
            Self::Auditor => ("审计人员", "Auditor"),
            Self::Administrator => ("系统管理员", "Administrator"),
        };
        Text::new(zh, en)
    }

    /// Staff sign in with a password and a second factor.
    pub fn is_staff(self) -> bool {
        !matches!(self, Self::Holder | Self::Terminal)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.code() == text).ok_or(())
    }
}

/// Somebody, or some device, who was recognised and asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub account: Id,
    /// Name for pages and the journal.
    pub name: String,
    /// What the account may do.
    pub role: Role,
    /// The organisation it acts for; none for holders.
    pub org: Option<Id>,
    /// Division (GB/T 2260) it is bound to; empty when none.
    pub division: String,
    /// The person behind a holder's account.
    pub person: Option<Id>,
}

impl Actor {
    /// The platform itself: jobs and demo data.
    pub fn system() -> Self {
        Self {
            account: Id(0),
            name: "system".to_owned(),
            role: Role::Administrator,
            org: None,
            division: String::new(),
            person: None,
        }
    }
}

/// Whom a route lets in. There is no default: each route states one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, signed in or not.
    Public,
    /// Everybody who is signed in.
    SignedIn,
    /// These roles only.
    Roles(&'static [Role]),
    /// Machines beside the server (loopback, not through a proxy) and administrators.
    Operators,
}

impl Access {
    /// Whether a recognised `role` may enter.
    pub fn lets_in(self, role: Role) -> bool {
        match self {
            Self::Public | Self::SignedIn => true,
            Self::Roles(roles) => roles.contains(&role),
            Self::Operators => role == Role::Administrator,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_by_its_code_and_codes_differ() {
        for role in Role::ALL {
            assert_eq!(role.code().parse(), Ok(role));
        }
        assert_eq!("root".parse::<Role>(), Err(()));
    }

    #[test]
    fn a_route_for_clerks_keeps_out_everybody_else() {
        let access = Access::Roles(&[Role::Clerk]);
        let let_in: Vec<Role> = Role::ALL.into_iter().filter(|r| access.lets_in(*r)).collect();
        assert_eq!(let_in, [Role::Clerk]);
    }
}
