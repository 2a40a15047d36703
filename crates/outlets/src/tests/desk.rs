use std::collections::BTreeSet;

use kernel::http::{self, kernel_routes};
use kernel::testing::Client;

use super::*;
use crate::rules::{TicketState, Turn};
use crate::service::queue::{self, Asked, End};
use crate::service::{Ticket, appointments, figures};

fn asked(house: &House, turn: Turn) -> Asked {
    Asked { outlet: house.outlet, service: "apply".to_owned(), turn, person: None }
}

async fn take(house: &House, turn: Turn) -> Ticket {
    queue::take(&house.app, &house.clerk, asked(house, turn), Utc::now()).await.expect("a number")
}

#[tokio::test]
async fn no_number_is_called_twice_however_many_counters_call() {
    for house in houses("outlets_race").await {
        let mut taking = Vec::new();
        for _ in 0..12 {
            let (app, clerk, asked) =
                (house.app.clone(), house.clerk.clone(), asked(&house, Turn::Usual));
            taking.push(tokio::spawn(async move {
                loop {
                    match queue::take(&app, &clerk, asked.clone(), Utc::now()).await {
                        Err(problem) if problem.status == 503 || problem.status == 409 => {}
                        done => return done.expect("a number").number,
                    }
                }
            }));
        }
        let mut numbers = BTreeSet::new();
        for one in taking {
            numbers.insert(one.await.expect("no panic"));
        }
        assert_eq!(numbers, (1..=12).collect(), "{}", house.test.engine);
        let mut calling = Vec::new();
        for counter in 1..=4 {
            let (app, clerk) = (house.app.clone(), house.clerk.clone());
            calling.push(tokio::spawn(async move {
                let mut served = Vec::new();
                while served.len() < 3 {
                    let now = Utc::now();
                    let Ok(ticket) = queue::call_next(&app, &clerk, counter, now).await else {
                        continue;
                    };
                    while queue::end(&app, &clerk, ticket.number, End::Done, now).await.is_err() {}
                    served.push(ticket.number);
                }
                served
            }));
        }
        let mut served = Vec::new();
        for one in calling {
            served.extend(one.await.expect("no panic"));
        }
        served.sort_unstable();
        assert_eq!(served, (1..=12).collect::<Vec<_>>(), "{}", house.test.engine);
    }
}

#[tokio::test]
async fn care_goes_first_but_who_waits_in_turn_is_not_forgotten() {
    for house in houses("outlets_turns").await {
        for turn in [Turn::Usual, Turn::Usual, Turn::Care, Turn::Care, Turn::Care] {
            take(&house, turn).await;
        }
        let mut order = Vec::new();
        for _ in 0..5 {
            let ticket =
                queue::call_next(&house.app, &house.clerk, 1, Utc::now()).await.expect("next");
            order.push(ticket.label());
            queue::end(&house.app, &house.clerk, ticket.number, End::Done, Utc::now())
                .await
                .expect("served");
        }
        assert_eq!(order, ["L003", "L004", "A001", "L005", "A002"], "{}", house.test.engine);
        let nobody = queue::call_next(&house.app, &house.clerk, 1, Utc::now()).await;
        assert_eq!(code_of(nobody), "outlets/nobody-waits");
    }
}

#[tokio::test]
async fn a_counter_ends_one_before_the_next_and_a_number_lapses_after_three_calls() {
    for house in houses("outlets_calls").await {
        let (app, clerk, now) = (&house.app, &house.clerk, Utc::now());
        take(&house, Turn::Usual).await;
        take(&house, Turn::Usual).await;
        assert_eq!(code_of(queue::call_next(app, clerk, 9, now).await), "outlets/no-such-counter");
        let first = queue::call_next(app, clerk, 1, now).await.expect("called");
        assert_eq!(code_of(queue::call_next(app, clerk, 1, now).await), "outlets/counter-busy");
        let missed = |end| queue::end(app, clerk, first.number, end, now);
        assert_eq!(code_of(missed(End::Missed).await), "outlets/call-again");
        missed(End::Again).await.expect("again");
        missed(End::Again).await.expect("again");
        assert_eq!(missed(End::Missed).await.expect("lapsed").state, TicketState::Missed);
        assert_eq!(code_of(missed(End::Done).await), "outlets/not-called", "{}", house.test.engine);
        assert_eq!(queue::call_next(app, clerk, 1, now).await.expect("next").number, 2);
    }
}

#[tokio::test]
async fn numbers_are_given_in_opening_hours_for_what_is_done_there_and_one_to_a_person() {
    for house in houses("outlets_hours").await {
        let holder = actor(Role::Holder);
        let own = Asked { person: holder.person, ..asked(&house, Turn::Usual) };
        let other = Asked { service: "cancel".to_owned(), ..own.clone() };
        let take = |asked: Asked| queue::take(&house.app, &holder, asked, Utc::now());
        assert_eq!(code_of(take(other).await), "outlets/not-offered");
        take(own.clone()).await.expect("a number");
        assert_eq!(code_of(take(own.clone()).await), "outlets/stands-in-queue");
        queue::leave(&house.app, &holder, Utc::now()).await.expect("left");
        assert_eq!(take(own.clone()).await.expect("anew").number, 2, "{}", house.test.engine);
        let manager = Actor { role: Role::OutletManager, ..house.clerk.clone() };
        service::set_exception(&house.app, &manager, today(), Vec::new(), "停电".into())
            .await
            .expect("set");
        assert_eq!(code_of(take(own).await), "outlets/closed");
    }
}

#[tokio::test]
async fn the_desk_calls_by_page_and_its_work_is_counted() {
    for house in houses("outlets_desk").await {
        let router = http::build(house.app.clone(), kernel_routes().merge(crate::routes())).router;
        let mut desk = Client::signed_in(&router, &house.app, &house.clerk).await;
        let machine = desk.post_form("/desk/queue/machine", &[("service", "apply"), ("care", "1")]);
        assert!(machine.await.text().contains("L001"), "{}", house.test.engine);
        let shown = desk.get("/desk/queue?counter=2").await.text();
        assert!(shown.contains("L001") && shown.contains("叫下一位"));
        desk.post_form("/desk/queue/next", &[("counter", "2")]).await;
        let mut anybody = Client::new(&router);
        let screen = anybody.get(&format!("/outlets/{}/screen", house.outlet)).await.text();
        assert!(screen.contains("L001"));
        let end = [("counter", "2"), ("number", "1"), ("end", "done")];
        let next = desk.post_form("/desk/queue/end", &end).await;
        assert!(next.status.is_redirection());
        let again = desk.post_form("/desk/queue/end", &end).await;
        assert_eq!(again.status, 409);
        assert!(again.text().contains("该号不在本窗口办理中"));
        let manager = Actor { role: Role::OutletManager, ..house.clerk.clone() };
        let work = figures::work(&house.app, &manager, None, None, None).await.expect("figures");
        let line = &work.lines[0];
        assert_eq!((line.taken, line.done, line.missed), (1, 1, 0), "{}", house.test.engine);
        let elsewhere = Actor { org: Some(kernel::testing::id()), ..manager };
        let seen = figures::work(&house.app, &elsewhere, Some(house.outlet), None, None).await;
        assert_eq!(code_of(seen), "platform/not-found");
        let officer = actor(Role::MunicipalOfficer);
        let mut office = Client::signed_in(&router, &house.app, &officer).await;
        let page = office.get(&format!("/office/outlets/work?outlet={}", house.outlet)).await;
        assert!(page.text().contains("渝中示范网点"));
        let csv = office.get("/office/outlets/work.csv").await.text();
        assert!(csv.contains("渝中示范网点,apply,1,1,0,0"), "{csv}");
    }
}

#[tokio::test]
async fn a_day_that_is_past_is_closed_and_forgotten() {
    for house in houses("outlets_past").await {
        let holder = actor(Role::Holder);
        let own = Asked { person: holder.person, ..asked(&house, Turn::Usual) };
        let past = Utc(Utc::now().0 - 40 * Utc::DAY);
        // The outlet is set up today; of its past only the queue matters here.
        let (outlet, person) = (house.outlet, holder.person);
        let moved = house.app.db.housekeeping(move |tx| {
            let sql = "UPDATE outlet_version SET from_day = '2020-01-01'";
            tx.execute(sql, &[]).map(drop)
        });
        moved.await.expect("moved");
        queue::take(&house.app, &holder, own.clone(), past).await.expect("a number");
        appointments::close_days(&house.app).await.expect("closed");
        let (state, whose) = house
            .app
            .db
            .read(move |tx| {
                let sql = "SELECT state, person_id FROM queue_ticket WHERE outlet_id = $1";
                let row = tx.optional(sql, &[kernel::db::v(outlet)])?.expect("the ticket");
                Ok::<_, kernel::db::DbError>((row.get::<String>(0)?, row.get::<Option<Id>>(1)?))
            })
            .await
            .expect("read");
        assert_eq!((state.as_str(), whose), ("left", None), "{}", house.test.engine);
        assert!(person.is_some());
        queue::take(&house.app, &holder, own, Utc::now()).await.expect("a number of today");
    }
}
