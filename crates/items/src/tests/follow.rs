//! Followers of the list are told once of what concerns them; deadlines go to those who may take the step.

use super::*;
use crate::follow::{self, Wish};
use kernel::auth::{self, NewAccount};
use kernel::outbox::Sms;

/// Somebody with an account and, for holders, a telephone.
async fn account(house: &House, role: Role, phone: Option<&str>) -> Actor {
    let actor = actor(role);
    let new = NewAccount {
        id: actor.account,
        role,
        name: actor.name.clone(),
        org: actor.org,
        division: actor.division.clone(),
        person: actor.person,
        phone: phone.map(str::to_owned),
    };
    let made = house.app.db.housekeeping(move |tx| auth::create_account(tx, &new, Utc::now()));
    made.await.expect("an account");
    actor
}

async fn messages(house: &House) -> Vec<(String, String)> {
    let read = house.app.db.read(|tx| {
        let rows = tx.query("SELECT body FROM outbox WHERE topic = 'sms' ORDER BY id", &[])?;
        let sms = rows.iter().map(|row| row.get::<String>(0)).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, Problem>(sms)
    });
    let read = read.await.expect("read").into_iter();
    let sms = read.map(|body| serde_json::from_str::<Sms>(&body).expect("a message"));
    sms.map(|sms| (sms.to, sms.text)).collect()
}

async fn wish(house: &House, who: &Actor, changes: bool, area: &str, phone: &str) {
    let (area, phone) = (area.to_owned(), phone.to_owned());
    let deadlines = who.role != Role::Holder;
    let wish = Wish { changes, area, deadlines, phone };
    follow::wish(&house.app, who, wish).await.expect("kept");
}

#[tokio::test]
async fn followers_are_told_once_of_what_concerns_them() {
    for house in houses("items_follow").await {
        let holder = account(&house, Role::Holder, Some("13800000001")).await;
        let other = account(&house, Role::Holder, Some("13800000002")).await;
        let silent = account(&house, Role::Holder, None).await;
        wish(&house, &holder, true, "culture", "").await;
        wish(&house, &other, true, "transport", "").await;
        let none = Wish { changes: true, ..Wish::default() };
        assert_eq!(
            code_of(follow::wish(&house.app, &silent, none).await),
            "platform/invalid-input"
        );
        let staff = Wish { deadlines: true, ..Wish::default() };
        assert_eq!(
            code_of(follow::wish(&house.app, &holder, staff).await),
            "platform/invalid-input"
        );
        let maker = actor(Role::DepartmentOfficer);
        house.propose(&maker, "CQ-CU-500", 0).await.expect("proposed");
        house.through().await;
        follow::round(&house.app).await.expect("told");
        follow::round(&house.app).await.expect("again");
        let told = messages(&house).await;
        assert_eq!(told.len(), 1, "{}: {told:?}", house.engine);
        assert!(told[0].0 == "13800000001" && told[0].1.contains("图书借还"), "{told:?}");
        // Who stops is told nothing more.
        follow::wish(&house.app, &holder, Wish::default()).await.expect("stopped");
        house.propose(&maker, "CQ-CU-500", 1).await.expect("a change");
        house.through().await;
        follow::round(&house.app).await.expect("told");
        assert_eq!(messages(&house).await.len(), 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn those_who_may_take_a_step_are_reminded_before_and_after_its_day_once_each() {
    for house in houses("items_remind").await {
        let officer = account(&house, Role::MunicipalOfficer, None).await;
        let district = account(&house, Role::DistrictOfficer, None).await;
        wish(&house, &officer, false, "", "139 0000 0001").await;
        wish(&house, &district, false, "", "13900000002").await;
        house.propose(&actor(Role::DepartmentOfficer), "CQ-CU-600", 3).await.expect("proposed");
        follow::round(&house.app).await.expect("nothing is due");
        assert!(messages(&house).await.is_empty(), "{}", house.engine);
        for (after, sum) in [(2, 1), (2, 1), (0, 1), (-1, 2), (-5, 2)] {
            let due = day_text(day(after));
            let moved = house.app.db.housekeeping(move |tx| {
                tx.execute("UPDATE item_step SET due_day = $1", &[kernel::db::v(&due)])
            });
            moved.await.expect("moved");
            follow::round(&house.app).await.expect("reminded");
            assert_eq!(messages(&house).await.len(), sum, "{} {after}", house.engine);
        }
        let told = messages(&house).await;
        assert!(told.iter().all(|(to, _)| to == "13900000001"), "a district takes no such step");
        assert!(told[0].1.contains("即将到期") && told[1].1.contains("已逾期"), "{told:?}");
    }
}

/// Art. 9: the register says which organisation took what, and what was late.
#[tokio::test]
async fn the_register_shows_who_has_done_what() {
    for house in houses("items_register").await {
        let (maker, officer) = (actor(Role::DepartmentOfficer), actor(Role::MunicipalOfficer));
        let officer = {
            let with = account(&house, Role::MunicipalOfficer, None).await;
            Actor { account: with.account, ..officer }
        };
        house.propose(&maker, "CQ-CU-700", 3).await.expect("proposed");
        let late = house.app.db.housekeeping(|tx| {
            tx.execute("UPDATE item_step SET due_day = '2020-01-01'", &[]).map(drop)
        });
        late.await.expect("made late");
        house.decide(&officer, false).await.expect("sent back");
        let (done, sums) = follow::register(&house.app).await.expect("read");
        assert_eq!(done.len(), 1, "{}", house.engine);
        assert!(done[0].late && done[0].code == "CQ-CU-700" && done[0].taken.decision == "no");
        assert_eq!((sums[0].taken, sums[0].late, sums[0].no), (1, 1, 1));
        let router = seeded(&house).await;
        let mut office = Client::signed_in(&router, &house.app, &maker).await;
        let page = office.get("/office/items/overdue").await.text();
        assert!(page.contains("CQ-CU-700") && page.contains("不同意"), "{page}");
        let mut holder = Client::signed_in(&router, &house.app, &actor(Role::Holder)).await;
        assert!(holder.get("/follow-items").await.text().contains("清单变更"));
    }
}
