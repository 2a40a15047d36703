use kernel::http::{self, kernel_routes};
use kernel::journal::{self, Entry};
use kernel::testing::Client;

use super::*;
use crate::rules::{seats, slots};
use crate::service::appointments::{self, Booking};
use crate::service::queue;

fn booking(house: &House, person: Id, slot: i64) -> Booking {
    Booking {
        person,
        outlet: house.outlet,
        day: after(1),
        slot,
        service: "apply".to_owned(),
        needs: "手语".to_owned(),
    }
}

/// A generated person in the register.
async fn person(app: &App, index: u32) -> Id {
    let made = people::generate::person(11, index).expect("somebody");
    let person = people::rules::Person {
        id: app.id(),
        number: made.number,
        document: made.document,
        name: made.name,
        sex: made.sex,
        birth: made.birth,
        nation: String::new(),
        phone: made.phone,
        address: made.address,
        household: made.household.map(|d| d.code.to_owned()).unwrap_or_default(),
        ground: made.ground,
        ground_until: None,
        deceased_on: None,
        version: 1,
    };
    let id = person.id;
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "test.made", "");
    let made = app.db.write(move |tx| {
        people::store::insert(tx, &person, Utc::now())?;
        journal::record(tx, &entry)
    });
    made.await.expect("a person");
    id
}

#[tokio::test]
async fn no_slot_is_booked_beyond_its_seats_however_many_ask() {
    for house in houses("outlets_seats").await {
        // Four counters, half of them for appointments: two seats.
        let mut asking = Vec::new();
        for _ in 0..10 {
            let (app, holder) = (house.app.clone(), actor(Role::Holder));
            let booking = booking(&house, holder.person.expect("a person"), 600);
            asking.push(tokio::spawn(async move {
                appointments::book(&app, &holder, booking, Utc::now()).await
            }));
        }
        let (mut codes, mut refused) = (Vec::new(), 0);
        for one in asking {
            match one.await.expect("no panic") {
                Ok(made) => codes.push(made.code()),
                Err(problem) => {
                    assert!(
                        ["outlets/slot-full", "platform/busy", "platform/conflict"]
                            .contains(&problem.code),
                        "{}",
                        problem.code
                    );
                    refused += 1;
                }
            }
        }
        codes.sort();
        assert_eq!(codes, ["10001", "10002"], "{}", house.test.engine);
        assert_eq!(refused, 8);
    }
}

#[tokio::test]
async fn one_person_holds_few_and_a_seat_given_back_is_free() {
    for house in houses("outlets_held").await {
        let holder = actor(Role::Holder);
        let person = holder.person.expect("a person");
        let book = |slot| {
            appointments::book(&house.app, &holder, booking(&house, person, slot), Utc::now())
        };
        let first = book(600).await.expect("booked");
        assert_eq!(code_of(book(600).await), "outlets/same-time", "{}", house.test.engine);
        assert_eq!(code_of(book(601).await), "outlets/no-such-slot");
        book(630).await.expect("booked");
        assert_eq!(code_of(book(660).await), "outlets/holds-enough");
        appointments::cancel(&house.app, &holder, person, first.id).await.expect("cancelled");
        let twice = appointments::cancel(&house.app, &holder, person, first.id).await;
        assert_eq!(code_of(twice), "outlets/no-such-appointment");
        assert_eq!(book(660).await.expect("booked").code(), "11001");
        let far = Booking { day: after(60), ..booking(&house, person, 600) };
        let far = appointments::book(&house.app, &holder, far, Utc::now()).await;
        assert_eq!(code_of(far), "outlets/no-such-slot");
    }
}

#[tokio::test]
async fn who_arrives_is_called_at_his_time_before_others() {
    for house in houses("outlets_arrive").await {
        let holder = actor(Role::Holder);
        let person = holder.person.expect("a person");
        let now = Utc::start_of(today()).plus_seconds(8 * 3_600);
        let made = Booking { day: today(), ..booking(&house, person, 9 * 60) };
        let made = appointments::book(&house.app, &holder, made, now).await.expect("booked");
        let usual = queue::Asked {
            outlet: house.outlet,
            service: "loss".to_owned(),
            turn: crate::rules::Turn::Usual,
            person: None,
        };
        queue::take(&house.app, &house.clerk, usual, now).await.expect("a number");
        let (app, clerk, at) = (&house.app, &house.clerk, house.outlet);
        let arrive = |code: String| async move { queue::arrive(app, clerk, at, &code, now).await };
        assert_eq!(code_of(arrive("09009".into()).await), "outlets/no-such-appointment");
        let ticket = arrive(made.code()).await.expect("a number");
        assert_eq!(ticket.label(), "Y002", "{}", house.test.engine);
        let early = queue::call_next(&house.app, &house.clerk, 1, now.plus_seconds(60)).await;
        assert_eq!(early.expect("called").label(), "A001", "his time has not come");
        let due = now.plus_seconds(3_600);
        let called = queue::call_next(&house.app, &house.clerk, 2, due).await.expect("called");
        assert_eq!((called.label(), called.person), ("Y002".to_owned(), Some(person)));
    }
}

#[tokio::test]
async fn a_reminder_goes_out_once_with_place_time_and_code() {
    for house in houses("outlets_remind").await {
        let id = person(&house.app, 3).await;
        let holder = Actor { person: Some(id), ..actor(Role::Holder) };
        appointments::book(&house.app, &holder, booking(&house, id, 570), Utc::now())
            .await
            .expect("booked");
        assert_eq!(appointments::remind(&house.app).await.expect("a round"), "1 reminded");
        assert_eq!(appointments::remind(&house.app).await.expect("a round"), "0 reminded");
        let texts: Vec<String> = house
            .app
            .db
            .read(|tx| {
                let rows = tx.query("SELECT body FROM outbox ORDER BY id", &[])?;
                rows.iter().map(|row| row.get(0)).collect::<Result<_, kernel::db::DbError>>()
            })
            .await
            .expect("read");
        assert_eq!(texts.len(), 1, "{}", house.test.engine);
        for part in ["09:30", "渝中区示范路1号", "09301"] {
            assert!(texts[0].contains(part), "{part}");
        }
    }
}

#[tokio::test]
async fn a_holder_books_by_page_and_sees_his_code_and_a_hotline_books_for_a_caller() {
    for house in houses("outlets_pages").await {
        let id = person(&house.app, 5).await;
        let holder = Actor { person: Some(id), ..actor(Role::Holder) };
        let router = http::build(house.app.clone(), kernel_routes().merge(crate::routes())).router;
        let mut phone = Client::signed_in(&router, &house.app, &holder).await;
        let (outlet, day) = (house.outlet.to_string(), kernel::time::day_text(after(1)));
        let choice = phone.get(&format!("/me/appointments/new?outlet={outlet}&day={day}")).await;
        assert!(choice.text().contains("10:00"), "{}", house.test.engine);
        let form = [
            ("outlet", outlet.as_str()),
            ("day", day.as_str()),
            ("slot", "600"),
            ("service", "apply"),
            ("needs", "轮椅"),
        ];
        assert!(phone.post_form("/me/appointments", &form).await.status.is_redirection());
        let again = phone.post_form("/me/appointments", &form).await;
        assert_eq!(again.status, 409);
        assert!(again.text().contains("同一时间"));
        let page = phone.get("/me/appointments").await.text();
        assert!(page.contains("10001") && page.contains("轮椅"));
        let agent = actor(Role::HotlineAgent);
        let mut hotline = Client::signed_in(&router, &house.app, &agent).await;
        let body = serde_json::json!({"person": id.to_string(), "outlet": outlet, "day": day,
            "time": "10:30", "service": "loss"});
        let made = hotline.post_json("/api/v1/appointments", &body).await;
        assert_eq!(made.json()["code"], "10301", "{}", made.text());
    }
}

#[test]
fn slots_are_whole_and_inside_the_hours() {
    let spans = crate::rules::parse_spans("09:00-10:15,13:00-14:00").expect("hours");
    assert_eq!(slots(&spans, 30), [540, 570, 780, 810]);
    assert!(slots(&spans, 120).is_empty());
    assert_eq!([seats(4, 50), seats(3, 50), seats(4, 0), seats(1, 1)], [2, 2, 0, 1]);
}
