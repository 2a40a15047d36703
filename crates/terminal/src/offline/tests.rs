use seal::base45;
use seal::cq1::{Capabilities, Credential, Kind, Scene};

use super::*;
use crate::items::ItemList;
use crate::testing::{BUS, Folder, NOW, code, items, reopened, store};
use crate::world;

const LIBRARY: &str = "CQ-CU-001";

fn cache() -> CredentialCache {
    CredentialCache::new(16)
}

fn judged(store: &mut Store, item: &str, text: &str, now_s: i64) -> Result<Passed, No> {
    judge(store, &mut cache(), item, text, 0, now_s)
}

/// A code that is generated at a moment.
fn code_at(counter: u32, at: i64) -> String {
    let code = world::code(world::credential(Kind::Displayed));
    let generated_s = u32::try_from(at).expect("a moment of our time");
    Code::text(&world::signed(&Code { counter, generated_s, ..code }))
}

#[test]
fn a_good_code_is_a_yes_that_is_on_disk_and_is_never_a_yes_again() {
    let folder = Folder::new();
    let mut store = store(&folder);
    let passed = judged(&mut store, BUS, &code(1), NOW).expect("yes");
    assert_eq!(passed, Passed { seq: 1, list_age_s: 60, left_today: 2 });
    assert_eq!(judged(&mut store, BUS, &code(1), NOW), Err(Refused::Replayed.into()));
    drop(store);
    let mut again = reopened(&folder);
    assert_eq!(judged(&mut again, BUS, &code(1), NOW), Err(Refused::Replayed.into()));
    let entries = again.journal().after(0, 10);
    assert_eq!((entries[0].result.as_str(), entries[0].code.as_str()), (OK, code(1).as_str()));
    assert_eq!(entries[0].item_version, 2);
    assert_eq!(entries.len(), 3, "a no is in the journal as well");
}

#[test]
fn an_item_counts_its_uses_of_one_card_for_each_day() {
    let folder = Folder::new();
    let mut store = store(&folder);
    for counter in 1..=3 {
        assert!(judged(&mut store, BUS, &code(counter), NOW).is_ok());
    }
    assert_eq!(judged(&mut store, BUS, &code(4), NOW), Err(Denied::Count.into()));
    drop(store);
    let mut store = reopened(&folder);
    assert_eq!(judged(&mut store, BUS, &code(5), NOW), Err(Denied::Count.into()));
    // The day changes at midnight in Chongqing, 16:00 UTC.
    let midnight = NOW + 16 * 3_600;
    let before = judged(&mut store, BUS, &code_at(6, midnight - 1), midnight - 1);
    assert_eq!(before, Err(Denied::Count.into()));
    let after = judged(&mut store, BUS, &code_at(7, midnight), midnight).expect("a new day");
    assert_eq!(after.left_today, 2);
}

#[test]
fn a_new_credential_of_the_same_card_gives_no_further_uses() {
    let folder = Folder::new();
    let mut store = store(&folder);
    let with = |id: u8| {
        let credential = Credential { id: [id; 8], ..world::credential(Kind::Displayed) };
        Code::text(&world::signed(&world::code(credential)))
    };
    for id in 1..=3 {
        assert!(judged(&mut store, BUS, &with(id), NOW).is_ok());
    }
    assert_eq!(judged(&mut store, BUS, &with(4), NOW), Err(Denied::Count.into()));
}

#[test]
fn each_item_has_its_own_age_of_the_status_list() {
    let folder = Folder::new();
    let mut store = store(&folder);
    let late = NOW + 3_541;
    let library = judged(&mut store, LIBRARY, &code_at(1, late), late);
    assert_eq!(library, Err(Refused::StatusListStale.into()));
    assert!(judged(&mut store, BUS, &code_at(2, late), late).is_ok());
}

#[test]
fn emergency_codes_pass_only_where_the_item_takes_them() {
    let folder = Folder::new();
    let mut store = store(&folder);
    let book: Vec<String> = world::book(3).iter().map(Code::text).collect();
    let library = judged(&mut store, LIBRARY, &book[0], NOW);
    assert_eq!(library, Err(Refused::EmergencyNotTaken.into()));
    assert!(judged(&mut store, BUS, &book[1], NOW).is_ok());
    assert_eq!(judged(&mut store, BUS, &book[0], NOW), Err(Refused::Replayed.into()));
    assert!(judged(&mut store, BUS, &book[2], NOW).is_ok());
}

#[test]
fn what_an_item_does_not_allow_without_a_network_is_a_no() {
    let folder = Folder::new();
    let mut store = store(&folder);
    let no = |store: &mut Store, item: &str| judged(store, item, &code(1), NOW).expect_err("no");
    assert_eq!(no(&mut store, "CQ-XX-999"), Denied::ItemUnknown.into());
    assert_eq!(no(&mut store, "CQ-ID-001"), Denied::OnlineOnly.into());
    assert_eq!(no(&mut store, "CQ-MO-001"), Denied::OnlineOnly.into());
    let money = judge(&mut store, &mut cache(), BUS, &code(1), 1, NOW);
    assert_eq!(money, Err(Denied::Amount.into()));
    let online = judged(&mut store, BUS, "YKT1:000", NOW);
    assert_eq!(online, Err(Denied::NotOffline.into()));
    assert_eq!(judged(&mut store, BUS, "https://x", NOW), Err(Refused::Foreign.into()));
    assert!(store.journal().is_empty(), "nothing of this was a code for an item");
}

#[test]
fn an_item_outside_its_days_and_an_old_list_of_items_are_a_no() {
    let folder = Folder::new();
    let mut store = store(&folder);
    let mut ended = items();
    ended.items[0].until = Some("2026-02-28".into());
    store.put_items(ended).expect("taken");
    assert_eq!(judged(&mut store, BUS, &code(1), NOW), Err(Denied::ItemNotInForce.into()));
    let old = ItemList { confirmed_at: NOW - MAX_ITEMS_AGE_S - 1, ..items() };
    store.put_items(old).expect("taken");
    assert_eq!(judged(&mut store, BUS, &code(1), NOW), Err(Denied::ItemsStale.into()));
}

#[test]
fn a_card_that_was_lost_and_a_code_for_payment_are_a_no() {
    let folder = Folder::new();
    let mut store = store(&folder);
    let lost = Credential { status_index: 300, ..world::credential(Kind::Displayed) };
    let lost = Code::text(&world::signed(&world::code(lost)));
    assert_eq!(judged(&mut store, BUS, &lost, NOW), Err(Refused::Suspended.into()));
    let payment = Code { scene: Scene::Payment, ..world::code(world::credential(Kind::Displayed)) };
    let payment = Code::text(&world::signed(&payment));
    assert_eq!(judged(&mut store, BUS, &payment, NOW), Err(Refused::Scene.into()));
    let library =
        Credential { capabilities: Capabilities::LIBRARY, ..world::credential(Kind::Displayed) };
    let library = Code::text(&world::signed(&world::code(library)));
    assert_eq!(judged(&mut store, BUS, &library, NOW), Err(Refused::Capability.into()));
}

#[test]
fn a_clock_that_went_backwards_or_is_wrong_lets_nobody_pass() {
    let folder = Folder::new();
    let mut store = store(&folder);
    judged(&mut store, BUS, &code(1), NOW).expect("yes").seq.checked_sub(1).expect("first");
    drop(store);
    let mut store = reopened(&folder);
    assert_eq!(judged(&mut store, BUS, &code(2), NOW - 3), Err(Denied::ClockBackwards.into()));
    store.note(|mark| mark.skew_s = 3).expect("noted");
    assert_eq!(judged(&mut store, BUS, &code(2), NOW), Err(Denied::ClockWrong.into()));
    store.note(|mark| mark.skew_s = 0).expect("noted");
    assert!(judged(&mut store, BUS, &code(2), NOW).is_ok());
}

#[test]
fn a_blocked_terminal_and_one_without_lists_let_nobody_pass() {
    let folder = Folder::new();
    let mut store = store(&folder);
    store.note(|mark| mark.blocked = true).expect("noted");
    assert_eq!(judged(&mut store, BUS, &code(1), NOW), Err(Denied::Blocked.into()));
    let folder = Folder::new();
    let mut bare = crate::testing::bare(&folder, "http://127.0.0.1:9");
    assert_eq!(judged(&mut bare, BUS, &code(1), NOW), Err(Denied::NoLists.into()));
    bare.put_items(items()).expect("items alone");
    assert_eq!(judged(&mut bare, BUS, &code(1), NOW), Err(Denied::NoLists.into()));
}

/// `TERMINAL_MUTATIONS` sets another number than 20,000.
#[test]
fn no_bent_code_passes_a_terminal() {
    let count = std::env::var("TERMINAL_MUTATIONS").ok().and_then(|count| count.parse().ok());
    let folder = Folder::new();
    let (mut store, mut cache, mut dice) = (store(&folder), cache(), world::Dice(11));
    let displayed = |counter| {
        let code = world::code(world::credential(Kind::Displayed));
        world::signed(&Code { counter, ..code }).to_vec()
    };
    let mut originals: Vec<Vec<u8>> = (1..=4).map(displayed).collect();
    originals.extend(world::book(3).iter().map(|code| code.to_vec()));
    let mut at_signature = 0;
    let count: usize = count.unwrap_or(20_000);
    for round in 1..=count {
        let (one, two) = (dice.roll(originals.len()), dice.roll(originals.len()));
        let bent = dice.bend(&originals[one], &originals[two]);
        let text = format!("CQ1:{}", base45::encode(&bent));
        match judge(&mut store, &mut cache, BUS, &text, 0, NOW) {
            // These two come after both signatures: who gets so far was believed.
            Ok(_) | Err(No::Code(Refused::Replayed) | No::Terminal(Denied::Count)) => {
                assert!(originals.contains(&bent), "believed: {bent:02x?}");
            }
            Err(No::Code(Refused::IssuerSignature | Refused::HolderSignature)) => at_signature += 1,
            Err(_) => {}
        }
        if round % 1_000 == 0 {
            let seq = store.journal().seq();
            store.accepted(seq, NOW).expect("uploaded");
        }
    }
    assert!(at_signature > count / 4, "{at_signature}");
    assert_eq!(Some(true), originals.first().map(|code| code.len() == 195));
}

#[test]
fn a_bent_text_never_passes_and_never_panics() {
    let folder = Folder::new();
    let (mut store, mut cache, mut dice) = (store(&folder), cache(), world::Dice(23));
    let original = code(9);
    for _ in 0..2_000 {
        let bent = dice.bend(original.as_bytes(), code(10).as_bytes());
        let bent = String::from_utf8_lossy(&bent).into_owned();
        if bent != original && bent != code(10) {
            assert!(judge(&mut store, &mut cache, BUS, &bent, 0, NOW).is_err(), "{bent}");
        }
    }
}

/// Art. 14, 17: a card of the other region is judged with that region's lists, for joint items alone.
#[test]
fn a_code_of_another_region_is_for_items_of_the_joint_list() {
    let folder = Folder::new();
    let mut store = store(&folder);
    let joint =
        crate::items::Item { code: "CY-TR-001".into(), joint: true, ..crate::testing::item() };
    let list = items();
    let all = [list.items.clone(), vec![joint]].concat();
    store.put_items(ItemList { items: all, ..list }).expect("items");
    let region = crate::neighbours::tests::sichuan();
    let foreign = |index: u32, counter: u32| {
        let credential = world::credential(Kind::Displayed);
        let code = world::code(Credential { region, status_index: index, ..credential });
        Code::text(&world::signed(&Code { counter, ..code }))
    };
    let no = judged(&mut store, "CY-TR-001", &foreign(42, 1), NOW);
    assert_eq!(no, Err(Refused::Region.into()), "no lists of that region");
    store.put_neighbours(vec![crate::neighbours::tests::lists()]).expect("kept");
    assert_eq!(judged(&mut store, BUS, &foreign(42, 1), NOW), Err(Denied::NotJoint.into()));
    assert!(judged(&mut store, "CY-TR-001", &foreign(42, 1), NOW).is_ok());
    let again = judged(&mut store, "CY-TR-001", &foreign(42, 1), NOW);
    assert_eq!(again, Err(Refused::Replayed.into()));
    let lost = judged(&mut store, "CY-TR-001", &foreign(300, 2), NOW);
    assert_eq!(lost, Err(Refused::Suspended.into()), "by that region's status list");
    assert!(judged(&mut store, "CY-TR-001", &code(9), NOW).is_ok(), "our own cards too");
}
