use super::*;
use crate::actor::Role;
use crate::testing::{actor, databases, platform};

const DAYS: Setting = Setting {
    name: "test.days",
    default: 7,
    least: 3,
    most: 15,
    zh: "天数",
    en: "Days",
    article: 13,
};
static KNOWN: &[&Setting] = &[&DAYS];

async fn value(app: &App) -> i64 {
    app.db.read(|tx| get(tx, &DAYS, Utc::now())).await.expect("can be read")
}

async fn waiting(app: &App) -> Id {
    let open = app.db.read(|tx| approval::open(tx, APPROVAL)).await.expect("can be read");
    open[0].id
}

#[tokio::test]
async fn a_value_counts_when_a_second_official_confirms_it() {
    for test in databases("settings") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let (maker, checker) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        assert_eq!(value(&app).await, 7);
        let refused = ask(&app, &maker, &DAYS, 99).await.expect_err("out of bounds");
        assert_eq!(refused.status, 422);
        ask(&app, &maker, &DAYS, 10).await.expect("asked");
        let twice = ask(&app, &maker, &DAYS, 11).await.expect_err("one waits");
        assert_eq!(twice.code, "settings/waits-already");
        assert_eq!(value(&app).await, 7, "asked is not confirmed");
        let id = waiting(&app).await;
        let own = decide(&app, &maker, KNOWN, id, true).await.expect_err("own work");
        assert_eq!(own.code, "approval/own-work");
        decide(&app, &checker, KNOWN, id, true).await.expect("confirmed");
        assert_eq!(value(&app).await, 10, "{}", test.engine);
        ask(&app, &maker, &DAYS, 12).await.expect("asked");
        decide(&app, &checker, KNOWN, waiting(&app).await, false).await.expect("sent back");
        assert_eq!(value(&app).await, 10);
    }
}
