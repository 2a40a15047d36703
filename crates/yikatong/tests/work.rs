//! The start pages of staff: what waits for whom, counted on both engines.

use std::collections::BTreeSet;

use axum::http::Method;
use kernel::actor::Role;
use kernel::http::RouteKind;
use kernel::testing::{self, Client, Reply};
use kernel::time::Utc;

use crate::town::Town;

const START: &[(Role, &str)] = &[
    (Role::Clerk, "/desk"),
    (Role::OutletManager, "/desk"),
    (Role::DistrictOfficer, "/office"),
    (Role::DistrictApprover, "/office"),
    (Role::MunicipalOfficer, "/office"),
    (Role::MunicipalApprover, "/office"),
    (Role::DepartmentOfficer, "/office"),
    (Role::Bank, "/office"),
    (Role::HotlineAgent, "/office"),
    (Role::Auditor, "/office"),
    (Role::Administrator, "/office"),
];

/// The list of what waits, without the navigation above it.
fn todo(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = reply.text();
    let (_, rest) = text.split_once("id=\"todo\"").expect("a list of what waits");
    rest.split("</section>").next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn each_kind_of_work_is_counted_for_its_roles_and_leads_to_a_page_that_lets_them_in() {
    for town in Town::on_all_engines("work_counts").await {
        let mut without: BTreeSet<&str> = START.iter().map(|(role, _)| role.code()).collect();
        for work in &town.built.work {
            let page = town.built.table.iter().find(|route| {
                let get = route.method == Method::GET && route.kind == RouteKind::Page;
                get && route.path == work.href
            });
            let page = page.unwrap_or_else(|| panic!("{}: no such page", work.href));
            for role in work.roles {
                assert!(page.access.lets_in(*role), "{} keeps {role} out", work.href);
                assert!(START.iter().any(|(known, _)| known == role), "{role} has no start page");
                without.remove(role.code());
                let (actor, count) = (testing::actor(*role), work.count);
                let counted = town.app.db.read(move |tx| count(tx, &actor, Utc::now())).await;
                let counted = counted.unwrap_or_else(|error| panic!("{}: {error}", work.href));
                assert!(counted.all >= counted.late, "{}", work.href);
            }
        }
        let idle = BTreeSet::from(["auditor", "hotline-agent"]);
        assert_eq!(without, idle, "roles for which nothing can wait");
        for (role, path) in START {
            let actor = testing::actor(*role);
            let mut client = Client::signed_in(&town.built.router, &town.app, &actor).await;
            todo(&client.get(path).await);
        }
    }
}

/// Art. 25: what somebody made waits for another, and only until it is decided.
#[tokio::test]
async fn a_decision_waits_on_the_page_of_another_than_its_maker_until_it_is_taken() {
    for town in Town::on_all_engines("work_decisions").await {
        let (router, app) = (&town.built.router, &town.app);
        let mut maker =
            Client::signed_in(router, app, &testing::actor(Role::MunicipalOfficer)).await;
        let mut checker =
            Client::signed_in(router, app, &testing::actor(Role::MunicipalApprover)).await;
        assert!(todo(&checker.get("/office").await).contains("没有待办事项"));
        let asked = [("name", "items.consult-days"), ("value", "9")];
        assert_eq!(maker.post_form("/office/settings/ask", &asked).await.status, 303);

        assert!(todo(&maker.get("/office").await).contains("没有待办事项"));
        let waits = todo(&checker.get("/office").await);
        let line = waits.split("<li>").find(|line| line.contains("/office/settings"));
        let line = line.unwrap_or_else(|| panic!("{}: nothing waits: {waits}", town.test.engine));
        assert!(line.contains("<strong>1</strong>"), "{line}");

        let page = checker.get("/office/settings").await.text();
        let (_, rest) = page.split_once("name=\"id\" value=\"").expect("a decision to take");
        let id = rest.split('"').next().unwrap_or_default().to_owned();
        let said = [("id", id.as_str()), ("decision", "yes")];
        assert_eq!(checker.post_form("/office/settings/decide", &said).await.status, 303);
        assert!(todo(&checker.get("/office").await).contains("没有待办事项"));
    }
}
