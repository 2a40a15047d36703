//! Each refusal by an example, and the fixed order of the checks.

use crate::cq1::world::*;
use crate::cq1::*;

/// Builds a code and a context that differ from good ones, and judges twice: cold and with a warm
/// cache. The cache must never change an answer.
fn judge(change: impl Fn(&mut Code), within: impl Fn(&mut Context<'_>)) -> Result<(), Refused> {
    let mut content = code(credential(Kind::Displayed));
    change(&mut content);
    content.issuer_signature =
        issuer(content.credential.key).sign(&content.credential.signed_bytes());
    answer(&signed(&content), within)
}

fn answer(bytes: &[u8], within: impl Fn(&mut Context<'_>)) -> Result<(), Refused> {
    let mut context = context();
    within(&mut context);
    let mut terminal = Terminal::new();
    let cold = terminal.judge_in(bytes, &context).map(drop);
    let _ = terminal.judge(&signed(&code(credential(Kind::Displayed)))).expect("a good code");
    assert_eq!(terminal.judge_in(bytes, &context).map(drop), cold);
    cold
}

#[test]
fn a_good_code_is_accepted_and_says_whose_it_is() {
    let accepted = Terminal::new().judge(&signed(&code(credential(Kind::Displayed)))).expect("yes");
    assert_eq!(accepted.credential, credential(Kind::Displayed).id);
    assert_eq!((accepted.counter, accepted.list_age_s), (17, 60));
}

#[test]
fn each_wrong_thing_has_its_own_refusal() {
    let now = i64::from(NOW);
    let of = |change: fn(&mut Code)| judge(change, |_| ()).expect_err("refused");
    assert_eq!(
        of(|c| c.credential.region = Region::from_digits("510000").unwrap()),
        Refused::Region
    );
    assert_eq!(of(|c| c.credential.key = 5), Refused::IssuerUnknown);
    assert_eq!(of(|c| c.credential.key = 9), Refused::IssuerUnknown, "a key for status lists");
    assert_eq!(of(|c| c.credential.key = 3), Refused::IssuerRevoked);
    assert_eq!(of(|c| c.credential.key = 2), Refused::IssuerNotValid);
    assert_eq!(of(|c| c.credential.expires_s = NOW - 1), Refused::CredentialExpired);
    assert_eq!(of(|c| c.credential.expires_s = NOW + 86_403), Refused::CredentialTooLong);
    assert_eq!(of(|c| c.generated_s = NOW + 3), Refused::Future);
    assert_eq!(of(|c| c.generated_s = NOW - 63), Refused::Expired);
    assert_eq!(of(|c| c.credential.capabilities = Capabilities::LIBRARY), Refused::Capability);
    assert_eq!(of(|c| c.scene = Scene::Query), Refused::Scene);
    assert_eq!(of(|c| c.credential.status_index = 1_000), Refused::StatusUnknown);
    assert_eq!(of(|c| c.credential.status_index = 300), Refused::Suspended);
    assert_eq!(of(|c| c.credential.status_index = 999), Refused::Revoked);

    let within = |change: fn(&mut Context<'_>)| judge(|_| (), change).expect_err("refused");
    assert_eq!(within(|c| c.now_s = i64::from(NOW) - 3_603), Refused::KeyListFuture);
    assert_eq!(within(|c| c.now_s += 31 * 86_400), Refused::KeyListStale);
    assert_eq!(within(|c| c.now_s = i64::MAX), Refused::KeyListStale);
    assert_eq!(within(|c| c.now_s = i64::MIN), Refused::KeyListFuture);
    assert_eq!(within(|c| c.max_list_age_s = 59), Refused::StatusListStale);
    assert_eq!(within(|c| c.last_counter = &|_| 17), Refused::Replayed);
    assert_eq!(judge(|_| (), |c| c.last_counter = &|_| 16), Ok(()));
    assert_eq!(judge(|_| (), |c| c.now_s = now + 57), Ok(()));
}

#[test]
fn payment_is_refused_without_a_network_even_where_code_and_terminal_agree() {
    assert_eq!(
        judge(|c| c.scene = Scene::Payment, |c| c.scene = Scene::Payment),
        Err(Refused::Scene)
    );
    assert_eq!(judge(|_| (), |c| c.scene = Scene::Payment), Err(Refused::Scene));
}

#[test]
fn signatures_of_others_and_of_other_roles_are_refused() {
    let content = code(credential(Kind::Displayed));
    let other_issuer =
        Code { issuer_signature: issuer(2).sign(&content.credential.signed_bytes()), ..content };
    assert_eq!(answer(&signed(&other_issuer), |_| ()), Err(Refused::IssuerSignature));
    let as_status = key(0x21, crate::sm2::SignerId::CQ1_STATUS);
    let other_role =
        Code { issuer_signature: as_status.sign(&content.credential.signed_bytes()), ..content };
    assert_eq!(answer(&signed(&other_role), |_| ()), Err(Refused::IssuerSignature));
    for thief in [
        key(0x50, crate::sm2::SignerId::CQ1_HOLDER),
        key(0x40, crate::sm2::SignerId::CQ1_EMERGENCY),
    ] {
        let stolen = content.with_signature(&thief.sign(&content.signed_bytes()));
        assert_eq!(answer(&stolen, |_| ()), Err(Refused::HolderSignature));
    }
}

#[test]
fn of_many_wrong_things_the_first_in_order_is_the_answer() {
    type Wrong = fn(&mut Code, &mut Context<'_>);
    let wrongs: [(Refused, Wrong); 9] = [
        (Refused::KeyListStale, |_, c| c.now_s += 31 * 86_400),
        (Refused::Region, |_, c| c.region = Region::from_digits("510000").unwrap()),
        (Refused::IssuerRevoked, |code, _| code.credential.key = 3),
        (Refused::CredentialTooLong, |code, _| code.credential.expires_s = NOW + 40 * 86_400),
        (Refused::Future, |code, _| code.generated_s = NOW + 100),
        (Refused::Capability, |code, _| code.credential.capabilities = Capabilities::VENUE),
        (Refused::Scene, |code, _| code.scene = Scene::Payment),
        (Refused::Revoked, |code, _| code.credential.status_index = 8),
        (Refused::Replayed, |_, c| c.last_counter = &|_| u32::MAX),
    ];
    for first in 0..wrongs.len() {
        for second in first..wrongs.len() {
            let mut context = context();
            let mut content = code(credential(Kind::Displayed));
            wrongs[second].1(&mut content, &mut context);
            wrongs[first].1(&mut content, &mut context);
            let credential = content.credential.signed_bytes();
            content.issuer_signature = issuer(content.credential.key).sign(&credential);
            let answer = Terminal::new().judge_in(&signed(&content), &context).map(drop);
            assert_eq!(answer, Err(wrongs[first].0), "with {:?}", wrongs[second].0);
        }
    }
}

#[test]
fn the_status_is_asked_before_any_signature_and_the_cache_holds_no_status() {
    let mut terminal = Terminal::new();
    let bytes = signed(&code(credential(Kind::Displayed)));
    let _ = terminal.judge(&bytes).expect("good and now cached");
    let lost = StatusState { suspended: vec![42], ..status_state() };
    terminal.status = status(&lost);
    assert_eq!(terminal.judge(&bytes), Err(Refused::Suspended));
    let mut forged = bytes;
    forged[100] ^= 1;
    assert_eq!(terminal.judge(&forged), Err(Refused::Suspended));
}

#[test]
fn a_cached_credential_is_worth_nothing_under_another_key_of_the_same_index() {
    let mut terminal = Terminal::new();
    let bytes = signed(&code(credential(Kind::Displayed)));
    let _ = terminal.judge(&bytes).expect("good and now cached");
    let mut body = key_list_body();
    body.serial += 1;
    body.keys[0].public = issuer(5).verifying().to_compressed();
    terminal.keys = keys(&body);
    assert_eq!(terminal.judge(&bytes), Err(Refused::IssuerSignature));
}

#[test]
fn the_cache_stays_within_its_bound() {
    let mut terminal = Terminal::new();
    terminal.cache = CredentialCache::new(8);
    for number in 0..40 {
        let credential = Credential { status_index: 50 + number, ..credential(Kind::Displayed) };
        let _ = terminal.judge(&signed(&code(credential))).expect("good");
        assert!(terminal.cache.len() <= 8);
    }
    assert!(terminal.cache.len() >= 4);
}

/// The first sight checks the issuer, the second makes a table of the holder's key, all others use it:
/// none of that changes an answer.
#[test]
fn a_holder_who_comes_again_is_judged_with_a_table_and_a_thief_is_refused_at_each_sight() {
    let mut terminal = Terminal::new();
    let content = code(credential(Kind::Displayed));
    let thief = key(0x50, crate::sm2::SignerId::CQ1_HOLDER);
    let stolen = content.with_signature(&thief.sign(&content.signed_bytes()));
    let mut bent = signed(&content);
    bent[128] ^= 1;
    for sight in 1..=5 {
        let counter = content.counter + sight;
        let accepted = terminal.judge(&signed(&Code { counter, ..content })).expect("good");
        assert_eq!(accepted.counter, counter);
        assert_eq!(terminal.judge(&stolen), Err(Refused::HolderSignature), "{sight}");
        assert_eq!(terminal.judge(&bent), Err(Refused::HolderSignature), "{sight}");
    }
    assert_eq!(terminal.cache.table_bytes(), 32_768);
    let mut body = key_list_body();
    body.serial += 1;
    body.keys[0].public = issuer(5).verifying().to_compressed();
    terminal.keys = keys(&body);
    assert_eq!(terminal.judge(&signed(&content)), Err(Refused::IssuerSignature));
}

#[test]
fn tables_stay_within_their_bound_and_an_emergency_key_has_its_own() {
    let mut terminal = Terminal::new();
    for bytes in book(3).iter().chain(&book(3)) {
        let _ = terminal.judge(bytes).expect("good");
    }
    assert_eq!(terminal.cache.table_bytes(), 32_768);
    for number in 0..40u8 {
        let owner = key(0x60 + number, crate::sm2::SignerId::CQ1_HOLDER);
        let holder = owner.verifying().to_compressed();
        let content = code(Credential { holder, ..credential(Kind::Displayed) });
        let bytes = content.with_signature(&owner.sign(&content.signed_bytes()));
        for _ in 0..3 {
            let _ = terminal.judge(&bytes).expect("good");
        }
        assert!(terminal.cache.table_bytes() <= 8 * 32_768);
    }
    assert!(terminal.cache.table_bytes() >= 4 * 32_768);
}
