//! Organisations and accounts of the demonstration, one for each role.

use kernel::actor::Role;

/// An organisation of the demonstration.
pub(super) struct DemoOrg {
    pub(super) key: &'static str,
    pub(super) name_zh: &'static str,
    pub(super) name_en: &'static str,
    pub(super) kind: &'static str,
    pub(super) division: &'static str,
}

const fn demo_org(
    key: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    kind: &'static str,
    division: &'static str,
) -> DemoOrg {
    DemoOrg { key, name_zh, name_en, kind, division }
}

pub(super) const ORGS: [DemoOrg; 14] = [
    demo_org(
        "city",
        "重庆市人力资源和社会保障局（演示）",
        "Chongqing HRSS (demo)",
        "hrss",
        "500000",
    ),
    demo_org(
        "district",
        "渝中区人力资源和社会保障局（演示）",
        "Yuzhong HRSS (demo)",
        "hrss",
        "500103",
    ),
    demo_org(
        "outlet",
        "渝中区社会保障卡服务网点（演示）",
        "Yuzhong card outlet (demo)",
        "outlet",
        "500103",
    ),
    demo_org(
        "transport",
        "市交通部门（演示）",
        "Transport department (demo)",
        "department",
        "500000",
    ),
    demo_org(
        "culture",
        "市文化旅游部门（演示）",
        "Culture and tourism department (demo)",
        "department",
        "500000",
    ),
    demo_org(
        "health",
        "市卫生健康部门（演示）",
        "Health department (demo)",
        "department",
        "500000",
    ),
    demo_org(
        "government",
        "市政务服务部门（演示）",
        "Government service department (demo)",
        "department",
        "500000",
    ),
    demo_org(
        "agriculture",
        "市农业农村部门（演示）",
        "Agriculture department (demo)",
        "department",
        "500000",
    ),
    demo_org("finance", "市财政部门（演示）", "Finance department (demo)", "finance", "500000"),
    demo_org(
        "library",
        "重庆市示范图书馆（演示）",
        "Model library of Chongqing (demo)",
        "venue",
        "500103",
    ),
    demo_org("bank", "示范合作银行（演示）", "Model bank (demo)", "bank", "500000"),
    demo_org("hotline", "12333 热线（演示）", "Hotline 12333 (demo)", "hotline", "500000"),
    demo_org("audit", "市审计部门（演示）", "Audit office (demo)", "audit", "500000"),
    demo_org("operator", "平台运行单位（演示）", "Platform operator (demo)", "operator", "500000"),
];

/// Role, login, name and organisation of each account.
pub(super) const ACCOUNTS: [(Role, &str, &str, &str); 14] = [
    (Role::Clerk, "clerk", "窗口 小渝", "outlet"),
    (Role::OutletManager, "manager", "网点 老巴", "outlet"),
    (Role::DistrictOfficer, "district", "区县 小江", "district"),
    (Role::DistrictApprover, "district2", "区县 老嘉", "district"),
    (Role::MunicipalOfficer, "city", "市局 小山", "city"),
    (Role::MunicipalApprover, "city2", "市局 老城", "city"),
    (Role::DepartmentOfficer, "library", "文旅 小书", "culture"),
    (Role::DepartmentOfficer, "agri", "农业 小禾", "agriculture"),
    (Role::DepartmentOfficer, "finance", "财政 小银", "finance"),
    (Role::Bank, "bank", "银行 小存", "bank"),
    (Role::HotlineAgent, "hotline", "热线 小声", "hotline"),
    (Role::Auditor, "auditor", "审计 老明", "audit"),
    (Role::Administrator, "admin", "运维 小稳", "operator"),
    (Role::Administrator, "admin2", "运维 老固", "operator"),
];
