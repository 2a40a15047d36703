//! A demonstration in the project's own words: eight cards and codes on their way into one.

use items::catalogue::Catalogue;
use kernel::actor::Actor;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use time::Duration;

use super::service::plans::{self, NewPlan};
use super::service::schemes::{self, NewScheme};
use super::service::{approvals, figures};

/// Code, kind, form, names, issuer, area, functions, groups, fields, holders, first day, technical format,
/// and the State's requirement.
type Row = [&'static str; 14];

const CARDS: [Row; 8] = [
    [
        "CQ-TRANSIT",
        "transit",
        "both",
        "公交轨道储值卡",
        "Bus and metro card",
        "示范公交集团（演示）",
        "transport",
        "identity,paying",
        "",
        "",
        "3200000",
        "2009-05-01",
        "非接触芯片卡，卡面12位号码；乘车码60秒刷新",
        "",
    ],
    [
        "CQ-LIBRARY",
        "library",
        "card",
        "公共图书馆读者证",
        "Library reader's card",
        "示范图书馆联盟（演示）",
        "culture",
        "identity,record",
        "",
        "name_masked",
        "860000",
        "2012-03-01",
        "一维条码，10位读者号",
        "",
    ],
    [
        "CQ-HEALTH",
        "health",
        "code",
        "电子健康码",
        "Electronic health code",
        "示范健康信息中心（演示）",
        "health",
        "identity,record",
        "",
        "name,number_masked",
        "21000000",
        "2019-06-01",
        "SM2签名二维码",
        "国家统一的居民健康卡管理要求（演示）",
    ],
    [
        "CQ-ELDER",
        "elder",
        "card",
        "老年人优待证",
        "Certificate for the elderly",
        "示范老龄服务中心（演示）",
        "transport",
        "identity",
        "elderly",
        "over_60",
        "4100000",
        "2010-10-01",
        "印刷证件，8位编号",
        "",
    ],
    [
        "CQ-STUDENT",
        "student",
        "card",
        "学生公交优惠卡",
        "Student travel card",
        "示范公交集团（演示）",
        "transport",
        "identity,paying",
        "students",
        "under_18",
        "740000",
        "2011-09-01",
        "非接触芯片卡，12位号码",
        "",
    ],
    [
        "CQ-DISABLED",
        "disability",
        "card",
        "残疾人证",
        "Disability certificate",
        "示范残疾人服务中心（演示）",
        "government",
        "identity,record",
        "disabled",
        "name,number",
        "930000",
        "2009-01-01",
        "聚碳酸酯卡，20位证号",
        "国家统一的残疾人证管理要求（演示）",
    ],
    [
        "CQ-PARKS",
        "tourism",
        "both",
        "公园景区年票",
        "Yearly ticket of parks",
        "示范公园联合会（演示）",
        "tourism",
        "identity,paying",
        "",
        "",
        "410000",
        "2015-01-01",
        "二维码，HMAC-SM3签名",
        "",
    ],
    [
        "CQ-VETERAN",
        "veteran",
        "card",
        "退役军人优待证",
        "Veterans' card",
        "示范退役军人服务中心（演示）",
        "government",
        "identity",
        "veterans",
        "name_masked",
        "520000",
        "2021-12-01",
        "芯片卡，国家统一样式",
        "国家统一的优待证管理要求（演示）",
    ],
];

/// First and last day from today on, days and names of milestones, and how many are reached.
struct DemoPlan {
    code: &'static str,
    days: (i64, i64),
    steps: &'static [(i64, &'static str)],
    reached: i64,
    todo: (&'static str, &'static str),
}

const PLANS: [DemoPlan; 5] = [
    DemoPlan {
        code: "CQ-TRANSIT",
        days: (-240, 300),
        steps: &[
            (-180, "闸机和车载机具识读社会保障卡 / Gates and buses read the social security card"),
            (-20, "卡号与持卡人关联 / Numbers linked to holders"),
            (120, "停止新发储值卡 / No new stored-value cards"),
            (300, "余额迁移完成 / Balances moved"),
        ],
        reached: 1,
        todo: (
            "旧卡可继续使用；乘车请改刷社会保障卡，余额可在服务点退还或迁移。",
            "Old cards still work; travel with the social security card and have a balance moved or paid back.",
        ),
    },
    DemoPlan {
        code: "CQ-LIBRARY",
        days: (-300, 60),
        steps: &[
            (-200, "读者号关联完成 / Reader numbers linked"),
            (-60, "各馆机具升级 / Devices of all libraries updated"),
            (10, "停止新发读者证 / No new reader's cards"),
        ],
        reached: 2,
        todo: (
            "无需办理，直接持社会保障卡借书；原读者证用到有效期满。",
            "Nothing: borrow with the social security card; old cards work until they end.",
        ),
    },
    DemoPlan {
        code: "CQ-ELDER",
        days: (-400, -30),
        steps: &[
            (-200, "年龄核验改用社会保障卡 / Ages checked with the social security card"),
            (-30, "停止新发优待证 / No new certificates"),
        ],
        reached: 2,
        todo: ("无需办理，持社会保障卡享受优待。", "Nothing: the social security card suffices."),
    },
    DemoPlan {
        code: "CQ-HEALTH",
        days: (-100, 400),
        steps: &[
            (-10, "码制和密钥登记 / Format and keys registered"),
            (200, "医院窗口统一识读 / Read at all hospital desks"),
            (400, "融合使用验收 / Fused use accepted"),
        ],
        reached: 1,
        todo: (
            "两码并行，就医出示任意一个即可。",
            "Both codes work side by side; show either at the hospital.",
        ),
    },
    DemoPlan {
        code: "CQ-STUDENT",
        days: (-30, 330),
        steps: &[
            (90, "学籍信息共享 / School records shared"),
            (330, "优惠加载到社会保障卡 / Reduction on the social security card"),
        ],
        reached: 0,
        todo: (
            "本学年照常使用原卡，下学年改用社会保障卡。",
            "Use the old card this school year, the social security card from the next.",
        ),
    },
];

fn scheme(row: &Row) -> NewScheme {
    let [
        code,
        kind,
        form,
        zh,
        en,
        issuer,
        area,
        functions,
        groups,
        fields,
        holders,
        from,
        technical,
        national,
    ] = row.map(str::to_owned);
    NewScheme {
        purpose_zh: format!("凭{zh}办理本领域服务（演示）"),
        purpose_en: format!("Services of its field with the {} (demo)", en.to_lowercase()),
        basis: "部门规范性文件（演示）".to_owned(),
        national: !national.is_empty(),
        national_basis: national,
        holders: holders.parse().unwrap_or(0),
        name_zh: zh,
        name_en: en,
        items: String::new(),
        started_on: from,
        code,
        kind,
        form,
        issuer,
        area,
        functions,
        groups,
        fields,
        technical,
    }
}

fn plan(demo: &DemoPlan) -> NewPlan {
    let day = |after: i64| day_text(Utc::now().day().saturating_add(Duration::days(after)));
    let lines = demo.steps.iter().map(|(after, name)| format!("{} {name}", day(*after)));
    NewPlan {
        from: day(demo.days.0),
        // A plan that is over could not be confirmed today; what is merged already has its last day soon.
        target: day(demo.days.1.max(1)),
        todo_zh: demo.todo.0.to_owned(),
        todo_en: demo.todo.1.to_owned(),
        milestones: lines.collect::<Vec<_>>().join("\n"),
    }
}

/// Enters the demonstration by its maker and checker, through the same doors as everybody. Does
/// nothing where a card is registered.
///
/// # Errors
/// See [`Problem`].
pub async fn make(
    app: &App,
    catalogue: &Catalogue,
    maker: &Actor,
    checker: &Actor,
) -> Result<(), Problem> {
    if !figures::lines(app, catalogue).await?.is_empty() {
        return Ok(());
    }
    for row in &CARDS {
        schemes::register(app, catalogue, maker, &scheme(row)).await?;
    }
    // Two stay open, so that the checker has something to decide on.
    confirm(app, catalogue, checker, CARDS.len() - 2).await?;
    for demo in &PLANS {
        plans::propose(app, maker, demo.code, &plan(demo)).await?;
    }
    for approval in approvals::waiting(app).await? {
        if approval.kind == "fusion.plan" {
            approvals::decide(app, catalogue, checker, approval.id, true, "").await?;
        }
    }
    for demo in &PLANS {
        for place in 1..=demo.reached {
            plans::reach(app, maker, demo.code, place, "验收单（演示）").await?;
        }
    }
    Ok(())
}

async fn confirm(
    app: &App,
    catalogue: &Catalogue,
    checker: &Actor,
    most: usize,
) -> Result<(), Problem> {
    for approval in approvals::waiting(app).await?.iter().take(most) {
        approvals::decide(app, catalogue, checker, approval.id, true, "").await?;
    }
    Ok(())
}
