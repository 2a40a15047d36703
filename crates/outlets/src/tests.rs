//! Use cases on both engines, through the service, the API and the pages.

mod appointments;
mod desk;
mod register;

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{TestDb, actor, databases, platform};
use kernel::time::Utc;
use time::{Date, Duration};

use crate::rules::{ACCESS, Details, Hours, KINDS, LANGUAGES, SERVICES, parse_words, word};
use crate::service::register::{self as service, Proposal};

/// A platform with one outlet that never closes, its clerk and its manager.
struct House {
    app: App,
    outlet: Id,
    clerk: Actor,
    test: TestDb,
}

fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

fn today() -> Date {
    Utc::now().day()
}

fn after(days: i64) -> Date {
    today().saturating_add(Duration::days(days))
}

fn details() -> Details {
    let always = "00:00-24:00;".repeat(6) + "00:00-24:00";
    Details {
        kind: word(KINDS, "hrss").expect("a kind"),
        division: "500103".to_owned(),
        name: Text::new("渝中示范网点", "Model outlet of Yuzhong"),
        address: "渝中区示范路1号".to_owned(),
        directions: String::new(),
        latitude: 29_556_700,
        longitude: 106_574_300,
        phone: "023-12345678".to_owned(),
        hours: Hours::parse_week(&always).expect("hours"),
        services: parse_words(SERVICES, "apply,loss").expect("words"),
        languages: parse_words(LANGUAGES, "zh,sign").expect("words"),
        access: parse_words(ACCESS, "ramp").expect("words"),
        counters: 4,
    }
}

fn proposal(details: Details) -> Proposal {
    Proposal { outlet: None, from: today(), closed: false, details, reason: "设立".to_owned() }
}

async fn bare(name: &str) -> Vec<(App, TestDb)> {
    let mut made = Vec::new();
    for test in databases(name) {
        let schema = [kernel::MIGRATIONS, people::MIGRATIONS, crate::MIGRATIONS];
        made.push((platform(&test, &schema).await, test));
    }
    made
}

async fn confirm(app: &App, proposal: Proposal) -> Id {
    let (maker, checker) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
    let outlet = service::propose(app, &maker, proposal).await.expect("proposed");
    let waits = service::waiting(app, &checker).await.expect("read");
    let approval = waits.into_iter().find(|w| w.proposed.outlet == outlet).expect("waits");
    service::decide(app, &checker, approval.approval.id, true, "").await.expect("confirmed");
    outlet
}

async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for (app, test) in bare(name).await {
        let outlet = confirm(&app, proposal(details())).await;
        let clerk = Actor { org: Some(outlet), ..actor(Role::Clerk) };
        houses.push(House { app, outlet, clerk, test });
    }
    houses
}
