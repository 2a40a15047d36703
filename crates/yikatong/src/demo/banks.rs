//! Made-up banks of the demonstration, with agreements and offers.

use banks::service::agreements::{self, NewAgreement, NewBank};
use banks::service::offers::{self, NewOffer};
use kernel::actor::Actor;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use time::Duration;

use crate::demo::actor_of;

struct DemoBank {
    code: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    phone: &'static str,
    about_zh: &'static str,
    about_en: &'static str,
    services: &'static str,
    waivers: &'static str,
    /// First and last day of the agreement, counted from today.
    days: (i64, i64),
}

const BANKS: [DemoBank; 3] = [
    DemoBank {
        code: "SFYH",
        name_zh: "示范合作银行（演示）",
        name_en: "Model bank (demo)",
        phone: "023-12333001",
        about_zh: "网点覆盖主城各区，可当场制卡。",
        about_en: "Branches in all central districts; cards while you wait.",
        services: "financial,instant-issue,self-service",
        waivers: "annual-fee,small-balance,messages,loss-report",
        days: (-200, 895),
    },
    DemoBank {
        code: "BSNS",
        name_zh: "巴山农商银行（演示）",
        name_en: "Bashan Rural Bank (demo)",
        phone: "023-12333002",
        about_zh: "乡镇设有便民服务点，方便领取惠农补贴。",
        about_en: "Service points in towns and villages.",
        services: "financial,rural-points",
        waivers: "annual-fee,small-balance,transfers",
        days: (-90, 275),
    },
    DemoBank {
        code: "LJYH",
        name_zh: "两江城市银行（演示）",
        name_en: "Two Rivers City Bank (demo)",
        phone: "023-12333003",
        about_zh: "协议下月生效，敬请期待。",
        about_en: "The agreement begins next month.",
        services: "financial,self-service",
        waivers: "annual-fee",
        days: (30, 760),
    },
];

fn day(after: i64) -> String {
    day_text(Utc::now().day().saturating_add(Duration::days(after)))
}

fn offer(kind: &str, zh: [&str; 2], en: [&str; 2], divisions: &str, until: i64) -> NewOffer {
    NewOffer {
        kind: kind.to_owned(),
        title_zh: zh[0].to_owned(),
        title_en: en[0].to_owned(),
        text_zh: zh[1].to_owned(),
        text_en: en[1].to_owned(),
        divisions: divisions.to_owned(),
        from: day(0),
        until: day(until),
    }
}

/// Makes the banks; `model` is the organisation of the demonstration's bank account.
///
/// # Errors
/// See [`Problem`].
pub async fn make(app: &App, model: Id) -> Result<(), Problem> {
    let (city, approver) = (actor_of(app, "CITY").await?, actor_of(app, "CITY2").await?);
    for (place, bank) in BANKS.iter().enumerate() {
        let org = if place == 0 { model } else { make_org(app, bank).await? };
        make_bank(app, &city, &approver, bank, org).await?;
    }
    let teller = actor_of(app, "BANK").await?;
    for new in offers_of_the_model_bank() {
        offers::draft(app, &teller, &new).await?;
    }
    // The last one waits, so that the approver finds something to check.
    let mut waiting = offers::waiting(app).await?;
    waiting.pop();
    for (approval, _) in waiting {
        offers::decide(app, &approver, approval.id, true, "").await?;
    }
    Ok(())
}

fn offers_of_the_model_bank() -> [NewOffer; 3] {
    [
        offer(
            "transport",
            ["周五公交一元乘车", "每周五持社会保障卡乘坐主城公交，每人每日两次，每次一元。"],
            ["Bus for one yuan on Fridays", "Two rides a day with the card in the central city."],
            "500103,500106,500107,500108,500157",
            120,
        ),
        offer(
            "fees",
            [
                "跨行取现每月前三笔免费",
                "持社会保障卡在境内任意自助柜员机取现，每月前三笔免手续费。",
            ],
            ["Three free withdrawals a month", "At any cash machine in the country."],
            "",
            300,
        ),
        offer(
            "shopping",
            ["农产品展销满50减10", "展销期间持卡支付满50元立减10元，每人每日一次。"],
            ["10 yuan off 50 at the farmers' fair", "Once a day and person."],
            "500103",
            20,
        ),
    ]
}

async fn make_org(app: &App, bank: &'static DemoBank) -> Result<Id, Problem> {
    let id = app.id();
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "demo.made", "")
        .on("org", id)
        .why("演示数据 / demonstration data", &[]);
    app.db
        .write(move |tx| {
            let org = Org {
                id,
                credit_code: None,
                name_zh: bank.name_zh.to_owned(),
                name_en: bank.name_en.to_owned(),
                kind: "bank".to_owned(),
                division: "500000".to_owned(),
                parent: None,
            };
            org::add(tx, &org, Utc::now())?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}

async fn make_bank(
    app: &App,
    city: &Actor,
    approver: &Actor,
    bank: &DemoBank,
    org: Id,
) -> Result<(), Problem> {
    let new = NewBank {
        org,
        code: bank.code.to_owned(),
        phone: bank.phone.to_owned(),
        about_zh: bank.about_zh.to_owned(),
        about_en: bank.about_en.to_owned(),
    };
    agreements::add_bank(app, city, new).await?;
    let (from, until) = bank.days;
    let agreement = NewAgreement {
        bank: org,
        number: format!("演示-{}-1", bank.code),
        signed_on: day(from.min(0)),
        from: day(from),
        until: day(until),
        services: bank.services.to_owned(),
        waivers: bank.waivers.to_owned(),
    };
    agreements::propose(app, city, &agreement).await?;
    for (approval, _) in agreements::waiting(app).await? {
        agreements::decide(app, approver, approval.id, true, "").await?;
    }
    Ok(())
}
