//! Art. 20: report → freeze → refused → thaw; the second look; many at once.

use kernel::actor::{Actor, Role};
use kernel::auth;
use kernel::testing::actor;
use kernel::time::Utc;
use people::freezes::{Freeze, Reason, Scope, Source, store};

use super::house::{Town, code_of, towns};
use crate::safety::freezes::mass::{self, Act, By};
use crate::safety::freezes::service::{self, Wanted};
use crate::safety::freezes::{ask_thaw, decide_thaw, thaw_at_desk, thaw_own, waiting_thaws};

fn wanted(scope: Scope) -> Wanted {
    let words = "本人报称卡被盗用".to_owned();
    Wanted { scope, reason: Reason::Stolen, words, evidence: String::new(), alert: None }
}

async fn freeze(town: &Town, by: &Actor, source: Source) -> Freeze {
    let made = service::freeze(&town.app, by, source, town.person, wanted(Scope::All)).await;
    made.expect("frozen")
}

/// Two taps freeze, the next use is refused, password and code thaw; nothing of the card has changed.
#[tokio::test]
async fn a_holder_freezes_in_two_taps_and_thaws_with_password_and_code() {
    for town in towns("safety_own").await {
        let mut phone = town.browser(&town.holder).await;
        let (account, password) = (town.holder.account, "蜀道不难2718");
        let hash = seal::password::hash(password, &[7; 16]);
        town.change(move |tx| auth::set_password(tx, account, &hash)).await;
        assert_eq!(town.read_card().await, "ok");
        let page = phone.get("/me/freeze").await.text();
        assert!(page.contains("立即冻结全部"), "the first tap shows the second");
        let done = phone.post_form("/me/freeze", &[("scope", "all"), ("reason", "wish")]).await;
        assert_eq!(done.status, 303, "{}", done.text());
        assert_eq!(town.read_card().await, "codes/frozen", "{}", town.engine);
        let person = town.person;
        let held = town.change(move |tx| store::live_of(tx, person)).await;
        let page = phone.get("/me/freeze").await.text();
        assert!(page.contains(&format!("/me/complaints/new?about=freeze:{}", held[0].id)));
        let again = phone.post_form("/me/freeze", &[("scope", "all"), ("reason", "wish")]).await;
        assert!(again.text().contains("您已冻结过"), "tapping twice freezes once");
        phone.post_form("/me/freeze/code", &[]).await;
        let (code, id) = (town.last_code().await, held[0].id.to_string());
        let mut form = [("id", id.as_str()), ("password", password), ("code", "000000x")];
        let wrong = phone.post_form("/me/freeze/thaw", &form).await;
        assert_eq!(wrong.status, 409, "{}", wrong.text());
        assert_eq!(town.read_card().await, "codes/frozen");
        form[2].1 = &code;
        let right = phone.post_form("/me/freeze/thaw", &form).await;
        assert_eq!(right.status, 303, "{}", right.text());
        assert_eq!(town.read_card().await, "ok", "{}", town.engine);
        assert_eq!((town.acts("card.frozen").await, town.acts("card.thawed").await), (1, 1));
        let replay = thaw_own(&town.app, &town.holder, held[0].id, password, &code).await;
        assert_eq!(code_of(replay), "freezes/not-in-force");
    }
}

/// Whoever froze does not look himself; one officer asks for the thaw, another decides.
#[tokio::test]
async fn an_officers_freeze_is_looked_at_and_ended_by_another() {
    for town in towns("safety_officer").await {
        let [one, two] = [actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover)];
        let (app, id) = (&town.app, freeze(&town, &one, Source::Officer).await.id);
        assert_eq!(town.read_card().await, "codes/frozen");
        assert_eq!(code_of(service::look(app, &one, id, true, "属实").await), "freezes/own-look");
        assert_eq!(code_of(service::look(app, &two, id, true, "属实").await), "ok");
        let own = thaw_own(app, &town.holder, id, "x", "1").await;
        assert_eq!(code_of(own), "freezes/thaw-by-two-officers");
        let desk = thaw_at_desk(app, &town.clerk, town.person, id, "身份证").await;
        assert_eq!(code_of(desk), "freezes/thaw-by-two-officers");
        assert_eq!(code_of(ask_thaw(app, &one, id, "误报").await), "ok");
        assert_eq!(code_of(ask_thaw(app, &two, id, "误报").await), "freezes/thaw-asked-already");
        let approval = waiting_thaws(app, &two).await.expect("read")[0].0.id;
        let alone = decide_thaw(app, &one, approval, true).await;
        assert_eq!(code_of(alone), "approval/own-work");
        assert_eq!(town.read_card().await, "codes/frozen");
        assert_eq!(code_of(decide_thaw(app, &two, approval, true).await), "ok");
        assert_eq!(town.read_card().await, "ok", "{}", town.engine);
    }
}

/// Frozen until each is lifted: a clerk's thaw leaves the officer's freeze in force, which lapses unseen.
#[tokio::test]
async fn what_nobody_looks_at_is_raised_and_lapses() {
    for town in towns("safety_lapse").await {
        let officer = freeze(&town, &actor(Role::DistrictOfficer), Source::Officer).await;
        let clerk = freeze(&town, &town.clerk, Source::Clerk).await;
        let done = thaw_at_desk(&town.app, &town.clerk, town.person, clerk.id, "身份证").await;
        assert_eq!(code_of(done), "ok");
        assert_eq!(town.read_card().await, "codes/frozen", "{}", town.engine);
        let watch = async |at: Utc| {
            let app = town.app.clone();
            let work = town.app.db.write(move |tx| service::watch_in(tx, &app, at));
            work.await.expect("watched")
        };
        assert_eq!(watch(Utc::now()).await, (0, 0));
        let look_by = officer.look_by.expect("it waits for a look");
        assert_eq!(watch(look_by.plus_seconds(1)).await, (0, 1));
        assert_eq!(watch(look_by.plus_seconds(2)).await, (0, 0), "raised once");
        assert_eq!(town.read_card().await, "codes/frozen");
        assert_eq!(watch(officer.ends_at.expect("bounded").plus_seconds(1)).await, (1, 0));
        assert_eq!(town.read_card().await, "ok");
    }
}

#[tokio::test]
async fn a_mass_freeze_needs_two_and_thaws_as_one() {
    for town in towns("safety_mass").await {
        for place in 1..4 {
            town.somebody(place).await;
        }
        let [one, two] = [actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover)];
        let app = &town.app;
        assert_eq!(town.read_card().await, "ok");
        let ask = async |by: By, value: &str| {
            mass::propose(app, &one, by, value, wanted(Scope::All)).await
        };
        assert_eq!(code_of(ask(By::Division, "500199").await), "freezes/nobody-found");
        assert_eq!(code_of(ask(By::Numbers, "12345").await), "freezes/bad-question");
        let terminal = town.terminal.account.to_string();
        assert_eq!(ask(By::Terminal, &terminal).await.expect("found").total, 1);
        assert_eq!(ask(By::Numbers, &town.number).await.expect("found").total, 1);
        let made = ask(By::Division, "5001").await.expect("found");
        assert_eq!(made.total, 4, "{}", town.engine);
        let step = async |who: &Actor, act: Act| {
            code_of(mass::act(app, who, made.id, act, "事件已处置").await)
        };
        assert_eq!(step(&one, Act::Approve).await, "freezes/mass-own-work");
        assert_eq!(mass::round(app).await.expect("a round"), "0 people");
        assert_eq!(step(&two, Act::Approve).await, "ok");
        assert_eq!(mass::round(app).await.expect("a round"), "4 people");
        assert_eq!(town.read_card().await, "codes/frozen");
        assert_eq!(step(&two, Act::ApproveThaw).await, "freezes/mass-not-now");
        assert_eq!(step(&two, Act::AskThaw).await, "ok");
        assert_eq!(step(&two, Act::ApproveThaw).await, "freezes/mass-own-work");
        assert_eq!(step(&one, Act::ApproveThaw).await, "ok");
        mass::round(app).await.expect("a round");
        assert_eq!(mass::one(app, made.id).await.expect("there").state, "thawed");
        assert_eq!(town.read_card().await, "ok", "{}", town.engine);
    }
}

#[tokio::test]
async fn a_caller_who_knows_himself_is_frozen_and_nobody_else() {
    for town in towns("safety_phone").await {
        let mut agent = town.browser(&actor(Role::HotlineAgent)).await;
        let person = town.person;
        let known = town.change(move |tx| people::store::by_id(tx, person)).await.expect("known");
        let mut form = vec![
            ("number", town.number.as_str()),
            ("name", known.name.as_str()),
            ("phone", "13900000000"),
            ("scope", "identity"),
            ("reason", "stolen"),
            ("words", "来电报称被盗"),
        ];
        let wrong = agent.post_form("/hotline/freeze", &form).await;
        assert!(wrong.text().contains("身份信息核对不一致"), "{}", town.engine);
        assert_eq!(town.read_card().await, "ok");
        form[2].1 = &known.phone;
        assert_eq!(agent.post_form("/hotline/freeze", &form).await.status, 200);
        assert_eq!(town.read_card().await, "codes/frozen");
    }
}

/// Every page of freezes is drawn with something on it, and nonsense is answered, never a 500.
#[tokio::test]
async fn pages_of_freezes_are_drawn() {
    for town in towns("safety_pages").await {
        let officer = actor(Role::MunicipalOfficer);
        let mut desk = town.browser(&town.clerk).await;
        let path = format!("/desk/people/{}/freezes", town.person);
        let form = [("scope", "money"), ("reason", "used-by-other"), ("words", "家属反映")];
        assert_eq!(desk.post_form(&path, &form).await.status, 303);
        assert!(desk.get(&path).await.text().contains("核验的证件"));
        let mut office = town.browser(&officer).await;
        let form = [
            ("number", town.number.as_str()),
            ("scope", "all"),
            ("reason", "authority"),
            ("words", "协查"),
        ];
        let made = office.post_form("/office/freezes", &form).await;
        assert_eq!(made.status, 303, "{}", made.text());
        let one = made.header("location").to_owned();
        assert!(office.get(&one).await.text().contains("您的冻结由他人复核"));
        assert!(office.get("/office/freezes?view=all").await.text().contains("值班人员"));
        let maker = actor(Role::MunicipalApprover);
        let wanted = wanted(Scope::All);
        let asked = mass::propose(&town.app, &maker, By::Numbers, &town.number, wanted);
        let asked = asked.await.expect("found");
        let page = office.get(&format!("/office/mass-freezes/{}", asked.id)).await.text();
        assert!(page.contains("同意，开始冻结"), "another officer may decide");
        assert_eq!(office.get("/office/mass-freezes").await.status, 200);
        for path in ["/office/freezes/x", "/office/mass-freezes/x"] {
            assert_eq!(office.get(path).await.status, 404);
        }
        assert_eq!(office.post_form("/office/freezes", &[]).await.status, 422);
        assert_eq!(office.post_form("/office/mass-freezes", &[]).await.status, 422);
    }
}
