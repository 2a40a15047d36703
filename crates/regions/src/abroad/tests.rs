use seal::sm2::{SignerId, SigningKey};

use super::rules::{self, ASK, Ask, FETCH, Fetch, TOLD, Told};
use crate::rules::{Descriptor, Refused, SKEW_S, Signed};

const NOW_S: i64 = 1_790_000_000;

fn key(role: SignerId) -> SigningKey {
    SigningKey::from_secret(&[3; 32], role).expect("a key")
}

fn sichuan() -> Descriptor {
    Descriptor {
        region: "510000".to_owned(),
        name: "四川".to_owned(),
        key: hex::encode(key(ASK).verifying().to_compressed()),
        seal: String::new(),
        endpoint: "https://sichuan.example".to_owned(),
        standard: 1,
        contact: String::new(),
        serial: 1,
        valid_from: 0,
        valid_until: i64::MAX,
    }
}

fn signed(said: &impl serde::Serialize, role: SignerId) -> Signed {
    let text = serde_json::to_string(said).expect("plain data");
    let signature = hex::encode(key(role).sign(text.as_bytes()));
    Signed { text, signature, before: None }
}

fn ask() -> Ask {
    Ask {
        id: "0a".repeat(16),
        from: "510000".to_owned(),
        to: "500000".to_owned(),
        at: NOW_S,
        item: "CY-CU-001".to_owned(),
        service: "成都图书馆网站".to_owned(),
        sector: "svc-1".to_owned(),
        level: 2,
        since: 0,
        back: "https://sichuan.example/regions/sign-in/back".to_owned(),
    }
}

fn opened(bend: impl FnOnce(&mut Ask)) -> Result<Ask, Refused> {
    let mut ask = ask();
    bend(&mut ask);
    rules::open_ask(&signed(&ask, ASK), &sichuan(), "500000", NOW_S)
}

/// Art. 17: a person is sent back to the region that asked, and nowhere else.
#[test]
fn a_question_is_read_strictly_and_leads_back_to_its_region_only() {
    assert_eq!(opened(|_| {}), Ok(ask()));
    assert_eq!(opened(|ask| ask.from = "520000".to_owned()), Err(Refused::Scope));
    assert_eq!(opened(|ask| ask.to = "510000".to_owned()), Err(Refused::Scope));
    for evil in ["https://evil.example/", "https://sichuan.example.evil.example/", "/x"] {
        assert_eq!(opened(|ask| ask.back = evil.to_owned()), Err(Refused::Scope), "{evil}");
    }
    assert_eq!(opened(|ask| ask.id = "x".to_owned()), Err(Refused::Unreadable));
    assert_eq!(opened(|ask| ask.level = 9), Err(Refused::Unreadable));
    assert_eq!(opened(|ask| ask.back.push('\n')), Err(Refused::Unreadable));
    assert_eq!(opened(|ask| ask.service = String::new()), Err(Refused::Unreadable));
    assert_eq!(opened(|ask| ask.at = NOW_S + SKEW_S + 1), Err(Refused::Future));
    assert_eq!(opened(|ask| ask.at = NOW_S - SKEW_S - 61), Err(Refused::Expired));
    let other_role = signed(&ask(), FETCH);
    let read = rules::open_ask(&other_role, &sichuan(), "500000", NOW_S);
    assert_eq!(read, Err(Refused::Forged));
}

#[test]
fn what_is_fetched_is_asked_for_by_the_region_itself() {
    let fetch = Fetch {
        id: "0a".repeat(16),
        from: "510000".to_owned(),
        to: "500000".to_owned(),
        at: NOW_S,
        code: "c".to_owned(),
        journal: String::new(),
    };
    let read =
        |fetch: &Fetch, role| rules::open_fetch(&signed(fetch, role), &sichuan(), "500000", NOW_S);
    assert_eq!(read(&fetch, FETCH), Ok(fetch.clone()));
    assert_eq!(read(&fetch, ASK), Err(Refused::Forged));
    let others = Fetch { from: "520000".to_owned(), ..fetch.clone() };
    assert_eq!(read(&others, FETCH), Err(Refused::Scope));
    let late = Fetch { at: NOW_S - SKEW_S - 61, ..fetch };
    assert_eq!(read(&late, FETCH), Err(Refused::Expired));
}

/// Levels are limited: an answer below what was asked for is no answer.
#[test]
fn an_answer_is_about_the_question_and_not_below_it() {
    let good = Told {
        id: "0a".repeat(16),
        from: "510000".to_owned(),
        at: NOW_S,
        result: "ok".to_owned(),
        subject: "s".repeat(43),
        level: 3,
        auth_time: NOW_S - 60,
        fields: Vec::new(),
    };
    let asked = Ask { level: 3, since: NOW_S - 60, ..ask() };
    let read = |told: &Told| rules::open_told(&signed(told, TOLD), &sichuan(), &asked, NOW_S);
    assert_eq!(read(&good), Ok(good.clone()));
    let bent = [
        Told { id: "0b".repeat(16), ..good.clone() },
        Told { from: "520000".to_owned(), ..good.clone() },
        Told { level: 2, ..good.clone() },
        Told { auth_time: NOW_S - 61, ..good.clone() },
        Told { auth_time: NOW_S + 600, ..good.clone() },
        Told { subject: String::new(), ..good.clone() },
    ];
    for told in bent {
        assert_eq!(read(&told), Err(Refused::Scope), "{told:?}");
    }
    let no = Told { result: "signin/frozen".to_owned(), subject: String::new(), ..good };
    assert!(read(&no).is_ok(), "a no names nobody");
}
