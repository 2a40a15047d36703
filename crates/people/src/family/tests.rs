use kernel::time::Utc;
use time::Duration;

use super::rules::LIMIT;
use super::service::{self, NewLink};
use crate::representatives::rules::eve_of_age;
use crate::representatives::service::{NewRepresentative, enter};
use crate::rules::Person;
use crate::testing::{House, code_of, holder, houses, somebody};

fn link(to: &Person) -> NewLink {
    let (name, number) = (to.name.clone(), to.number.as_str().to_owned());
    NewLink { name, number, relation: "other".to_owned() }
}

async fn shows(house: &House, holder: &Person, relative: &Person, after: i64) -> &'static str {
    let (a, b, day) = (holder.id, relative.id, Utc::now().day() + Duration::days(after));
    code_of(house.app.db.read(move |tx| service::may_show(tx, a, b, day).map(drop)).await)
}

#[tokio::test]
async fn an_adult_relative_says_yes_himself_and_either_side_ends_it_at_once() {
    for house in houses("family_adults").await {
        let [a, b] =
            [house.register(somebody(1, true)).await, house.register(somebody(2, true)).await];
        let asked = service::ask(&house.app, &holder(&a), link(&b)).await.expect("asked");
        assert_eq!(shows(&house, &a, &b, 0).await, "people/family-not-confirmed");
        let own = service::confirm(&house.app, &holder(&a), asked.id).await;
        assert_eq!(code_of(own), "platform/not-found", "who asks does not confirm");
        service::confirm(&house.app, &holder(&b), asked.id).await.expect("confirmed");
        assert_eq!(shows(&house, &a, &b, 0).await, "ok", "{}", house.engine);
        assert_eq!(shows(&house, &b, &a, 0).await, "people/family-not-linked", "it is one-way");
        let twice = service::ask(&house.app, &holder(&a), link(&b)).await;
        assert_eq!(code_of(twice), "people/family-linked-already");
        service::end(&house.app, &holder(&b), asked.id).await.expect("ended");
        assert_eq!(shows(&house, &a, &b, 0).await, "people/family-not-linked", "{}", house.engine);
        service::ask(&house.app, &holder(&a), link(&b)).await.expect("asked anew");
    }
}

#[tokio::test]
async fn a_child_is_linked_by_his_registered_guardian_until_he_is_of_age() {
    for house in houses("family_children").await {
        let adult = somebody(1, true);
        let parent = house.register(adult.clone()).await;
        let child = house.register(somebody(2, false)).await;
        let early = service::ask(&house.app, &holder(&parent), link(&child)).await;
        assert_eq!(code_of(early), "people/family-guardianship-needed", "{}", house.engine);
        let guardian = NewRepresentative {
            kind: "guardian".to_owned(),
            relation: "母亲".to_owned(),
            name: adult.name,
            number: adult.number,
            document: adult.document,
            evidence: house.proof(child.id).await,
            ..NewRepresentative::default()
        };
        enter(&house.app, &house.clerk, child.id, guardian).await.expect("entered");
        service::ask(&house.app, &holder(&parent), link(&child)).await.expect("linked");
        assert_eq!(shows(&house, &parent, &child, 0).await, "ok", "{}", house.engine);
        let left = (eve_of_age(child.birth) - Utc::now().day()).whole_days();
        assert_eq!(shows(&house, &parent, &child, left).await, "ok");
        assert_eq!(shows(&house, &parent, &child, left + 1).await, "people/family-of-age");
    }
}

#[tokio::test]
async fn wrong_names_are_told_like_unknown_numbers_and_the_limit_holds() {
    for house in houses("family_limit").await {
        let me = house.register(somebody(1, true)).await;
        let other = house.register(somebody(2, true)).await;
        let wrong = NewLink { name: "无此人".to_owned(), ..link(&other) };
        let unknown = NewLink { number: somebody(50, true).number, ..link(&other) };
        for form in [wrong, unknown] {
            let asked = service::ask(&house.app, &holder(&me), form).await;
            assert_eq!(code_of(asked), "people/no-such-relative", "{}", house.engine);
        }
        assert_eq!(
            code_of(service::ask(&house.app, &holder(&me), link(&me)).await),
            "people/family-himself"
        );
        for n in 0..LIMIT.default {
            let relative = house.register(somebody(3 + n as u32, true)).await;
            service::ask(&house.app, &holder(&me), link(&relative)).await.expect("there is room");
        }
        let one_more = service::ask(&house.app, &holder(&me), link(&other)).await;
        assert_eq!(code_of(one_more), "people/family-too-many", "{}", house.engine);
    }
}

#[tokio::test]
async fn of_many_links_at_once_no_more_are_kept_than_may_be() {
    for house in houses("family_race").await {
        let me = house.register(somebody(1, true)).await;
        let mut relatives = Vec::new();
        for n in 0..LIMIT.default + 3 {
            relatives.push(house.register(somebody(2 + n as u32, true)).await);
        }
        let (first, last) = relatives.split_last_chunk::<4>().expect("enough");
        for relative in first {
            service::ask(&house.app, &holder(&me), link(relative)).await.expect("there is room");
        }
        let actor = holder(&me);
        let ask = |n: usize| service::ask(&house.app, &actor, link(&last[n]));
        let asked = tokio::join!(ask(0), ask(1), ask(2), ask(3));
        let mut codes = [asked.0, asked.1, asked.2, asked.3].map(code_of);
        codes.sort_unstable();
        let full = "people/family-too-many";
        assert_eq!(codes, ["ok", full, full, full], "{}", house.engine);
    }
}
