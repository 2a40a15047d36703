use kernel::http::{self, kernel_routes};
use kernel::testing::Client;

use super::*;

#[tokio::test]
async fn an_outlet_is_there_when_somebody_else_confirms_and_moves_on_its_day() {
    for (app, test) in bare("outlets_register").await {
        let (maker, checker) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let id = service::propose(&app, &maker, proposal(details())).await.expect("proposed");
        assert_eq!(code_of(service::one(&app, id, today()).await), "outlets/no-such-outlet");
        let own = Actor { account: maker.account, ..checker.clone() };
        let waits = service::waiting(&app, &checker).await.expect("read")[0].approval.id;
        let again =
            service::propose(&app, &maker, Proposal { outlet: Some(id), ..proposal(details()) });
        assert_eq!(code_of(again.await), "outlets/waiting", "{}", test.engine);
        assert_eq!(
            code_of(service::decide(&app, &own, waits, true, "").await),
            "approval/own-work"
        );
        assert_eq!(
            code_of(service::decide(&app, &checker, waits, false, " ").await),
            "outlets/no-comment"
        );
        service::decide(&app, &checker, waits, true, "").await.expect("confirmed");
        let moved = Details { address: "渝中区示范路9号".to_owned(), ..details() };
        let moving = Proposal { outlet: Some(id), from: after(10), ..proposal(moved) };
        assert_eq!(confirm(&app, moving).await, id);
        let closing =
            Proposal { outlet: Some(id), from: after(20), closed: true, ..proposal(details()) };
        confirm(&app, closing).await;
        let address =
            |found: Result<crate::service::Outlet, Problem>| found.map(|o| o.details.address).ok();
        let on = |days| service::one(&app, id, after(days));
        assert_eq!(address(on(9).await).as_deref(), Some("渝中区示范路1号"), "{}", test.engine);
        assert_eq!(address(on(10).await).as_deref(), Some("渝中区示范路9号"));
        assert_eq!(address(on(20).await), None);
        assert_eq!(service::list(&app, after(19)).await.expect("read").len(), 1);
        assert!(service::list(&app, after(20)).await.expect("read").is_empty());
    }
}

#[tokio::test]
async fn a_district_acts_for_its_own_outlets_only_and_joint_ones_are_municipal() {
    for house in houses("outlets_district").await {
        let own = Actor { division: "500103".to_owned(), ..actor(Role::DistrictOfficer) };
        let other = Actor { division: "500106".to_owned(), ..own.clone() };
        let change = || Proposal { outlet: Some(house.outlet), ..proposal(details()) };
        let done = service::propose(&house.app, &other, change()).await;
        assert_eq!(code_of(done), "outlets/other-district", "{}", house.test.engine);
        // Nor by moving it to itself.
        let mut taken = change();
        taken.details.division = "500106".to_owned();
        assert_eq!(
            code_of(service::propose(&house.app, &other, taken).await),
            "outlets/other-district"
        );
        let joint = Details { kind: word(KINDS, "joint").expect("a kind"), ..details() };
        let done = service::propose(&house.app, &own, proposal(joint)).await;
        assert_eq!(code_of(done), "outlets/joint-is-municipal");
        service::propose(&house.app, &own, change()).await.expect("proposed");
        let approver = Actor { division: "500106".to_owned(), ..actor(Role::DistrictApprover) };
        assert!(service::waiting(&house.app, &approver).await.expect("read").is_empty());
        let approver = Actor { division: "500103".to_owned(), ..approver };
        assert_eq!(service::waiting(&house.app, &approver).await.expect("read").len(), 1);
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name() {
    let (app, _test) = bare("outlets_form").await.swap_remove(0);
    let maker = actor(Role::MunicipalOfficer);
    let bend = |bend: fn(&mut Proposal)| {
        let mut bent = proposal(details());
        bend(&mut bent);
        bent
    };
    type Bend = fn(&mut Proposal);
    let cases: [(Bend, &str); 8] = [
        (|p| p.details.name.zh.clear(), "outlets/words"),
        (|p| p.details.phone = "ask me".to_owned(), "outlets/phone"),
        (|p| p.details.division = "500112".to_owned(), "outlets/division"),
        (|p| p.details.division = "510100".to_owned(), "outlets/division"),
        (|p| p.details.latitude = 39_900_000, "outlets/place"),
        (|p| p.details.services.clear(), "outlets/services"),
        (|p| p.details.hours = Hours::default(), "outlets/hours"),
        (|p| p.from = after(-1), "outlets/day"),
    ];
    for (change, code) in cases {
        assert_eq!(code_of(service::propose(&app, &maker, bend(change)).await), code);
    }
}

#[tokio::test]
async fn a_closed_day_is_seen_at_once_in_the_finder_and_the_api() {
    for house in houses("outlets_finder").await {
        let manager = Actor { role: Role::OutletManager, ..house.clerk.clone() };
        let done = service::set_exception(&house.app, &manager, today(), Vec::new(), "停电".into());
        done.await.expect("set");
        let router = http::build(house.app.clone(), kernel_routes().merge(crate::routes())).router;
        let mut anybody = Client::new(&router);
        let page = anybody.get("/outlets").await.text();
        assert!(page.contains("渝中示范网点") && page.contains("未开放"), "{}", house.test.engine);
        let page = anybody.get(&format!("/outlets/{}", house.outlet)).await.text();
        assert!(page.contains("停电") && page.contains("手语"));
        assert!(!anybody.get("/outlets?open=1").await.text().contains("渝中示范网点"));
        let near = anybody.get("/api/v1/outlets?near=29.5567,106.5843").await.json();
        let metres = near[0]["distance_m"].as_i64().expect("a distance");
        assert!((940..=1_000).contains(&metres), "{metres}");
        assert_eq!(near[0]["exceptions"][0]["reason"], "停电");
        let none = anybody.get("/api/v1/outlets?access=home").await.json();
        assert_eq!(none.as_array().map(Vec::len), Some(0));
        let lost = anybody.get(&format!("/api/v1/outlets/{}?day=tomorrow", house.outlet)).await;
        assert_eq!(lost.code(), "platform/invalid-input");
    }
}
