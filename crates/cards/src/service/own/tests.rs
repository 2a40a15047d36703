use kernel::actor::Role;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::testing::{actor, databases};

use super::*;
use crate::service::perform;
use crate::service::tests::{give_card, held, office, resident};

async fn phone_of(app: &App, person: Id) -> Actor {
    let read = move |tx: &mut Tx<'_>| auth::account_of(tx, person);
    let account = app.db.read(read).await.expect("read").expect("made with the first activation");
    Actor { account, person: Some(person), ..actor(Role::Holder) }
}

fn replace(cause: &str, receipt: &str) -> OwnAct {
    OwnAct {
        act: "replace".to_owned(),
        password: "春眠不觉晓啊".to_owned(),
        cause: cause.to_owned(),
        receipt: receipt.to_owned(),
    }
}

/// Art. 12: a holder has a damaged or formally lost card replaced from his phone; the fee is on record,
/// and what needs an outlet is told.
#[tokio::test]
async fn a_holder_has_his_card_replaced_from_the_phone() {
    for test in databases("cards_own_replace") {
        let (app, clerk) = office(&test).await;
        let person = resident(&app, &clerk, 70).await;
        give_card(&app, &clerk, person).await;
        let phone = phone_of(&app, person).await;
        let refused = |form: OwnAct| {
            let (app, phone) = (app.clone(), phone.clone());
            async move { perform_own_act(&app, &phone, &form).await.expect_err("refused").code }
        };
        assert_eq!(refused(replace("decision", "R-1")).await, "platform/invalid-input");
        assert_eq!(refused(replace("damaged", " ")).await, "cards/fee-open", "{}", test.engine);
        assert_eq!(refused(replace("lost", "R-1")).await, "cards/report-loss-first");
        let wrong =
            OwnAct { password: "不是这个密码".to_owned(), ..replace("damaged", "R-1") };
        assert_ne!(refused(wrong).await, "cards/fee-open");
        assert!(held(&app, person).await.0.coming.is_none(), "a refusal changes nothing");

        let lose = Command::Lose { proof: "本人居民身份证".to_owned() };
        perform(&app, &clerk, person, lose).await.expect("lost at the counter");
        let card = perform_own_act(&app, &phone, &replace("lost", "R-20260001")).await;
        let card = card.expect("applied");
        assert_eq!((card.cause, card.replaces.is_some()), (Cause::Lost, true));
        let glance = crate::service::glance(&app, &clerk, person).await.expect("at the desk");
        let fee = glance.fee.expect("on record");
        assert!(fee.contains("R-20260001") && fee.contains("核验"), "{fee}");
        let release = Command::Release { proof: "本人居民身份证".to_owned() };
        let release = perform(&app, &clerk, person, release).await.expect_err("under way");
        assert_eq!(release.code, "cards/replacement-under-way", "{}", test.engine);
    }
}
