//! The rules of cases.

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::law::Refusal as _;
use kernel::testing::actor;
use proptest::prelude::*;
use time::Date;
use time::macros::date;

use super::*;

/// Art. 24, 25: five clauses for holders, eight for departments and staff.
#[test]
fn the_taxonomy_has_all_clauses_of_both_articles() {
    let of = |article| CLAUSES.iter().filter(move |c| c.article == article).map(|c| c.number);
    assert_eq!(of(24).collect::<Vec<_>>(), (1..=5).collect::<Vec<_>>());
    assert_eq!(of(25).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    for clause in &CLAUSES {
        assert_eq!(clause.code, format!("{}.{}", clause.article, clause.number));
        assert_eq!(Clause::from_code(clause.code), Some(clause));
    }
    assert_eq!(CLAUSES[3].cited().zh, "第二十四条第（四）项");
}

#[test]
fn refusals_have_codes_of_their_own_and_both_languages() {
    let mut codes: Vec<_> = Refused::ALL.iter().map(|refused| refused.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Refused::ALL.len());
    for refused in Refused::ALL {
        assert!(!refused.reason().zh.is_empty() && !refused.advice().en.is_empty());
    }
}

#[test]
fn every_state_is_reached_and_every_act_is_used() {
    for state in State::ALL {
        let reached = state == State::Reported || TABLE.iter().any(|row| row.to == state);
        assert!(reached, "{state:?}");
        assert_eq!(State::from_code(state.code()), Some(state));
    }
    for act in Act::ALL {
        assert!(TABLE.iter().any(|row| row.act == act), "{act:?}");
    }
    for (place, row) in TABLE.iter().enumerate() {
        let twin = TABLE[place + 1..].iter().any(|o| (o.from, o.act) == (row.from, row.act));
        assert!(!twin, "{:?} {:?} has two ways", row.from, row.act);
    }
}

/// Art. 26: nobody is decided about who was not told, could not answer, or without evidence.
#[test]
fn no_way_leads_to_a_decision_past_the_hearing() {
    let blocked = |row: &&Row| !matches!(row.act, Act::Reply | Act::EndHearing);
    let mut reached = vec![State::Reported];
    while let Some(row) = TABLE
        .iter()
        .filter(blocked)
        .find(|row| reached.contains(&row.from) && !reached.contains(&row.to))
    {
        reached.push(row.to);
    }
    assert!(!reached.contains(&State::Decided), "{reached:?}");
    let told = Facts { has_respondent: true, ..Facts::default() };
    let refused = follow(State::Investigating, Act::Notify, &told).expect_err("no evidence");
    assert_eq!(refused, Refused::NoEvidence);
    let early = follow(State::Notified, Act::EndHearing, &Facts::default());
    assert_eq!(early.expect_err("early"), Refused::TooEarly);
}

fn decision(kind: Kind) -> Decision {
    Decision {
        kind,
        serious: true,
        other_law: String::new(),
        authority: "公安机关".to_owned(),
        correct_by: (kind == Kind::Order).then_some(date!(2026 - 12 - 31)),
        reasons: "事实清楚".to_owned(),
    }
}

const TODAY: Date = date!(2026 - 11 - 23);

/// Art. 26, 27: what may follow depends on the article, the party and other laws.
#[test]
fn a_decision_does_what_the_regulation_allows_and_nothing_else() {
    let at = |code: &str, party, decision: &Decision| {
        check(Clause::from_code(code).expect("a clause"), party, decision, TODAY)
    };
    for kind in [Kind::Order, Kind::Discipline] {
        assert_eq!(at("24.1", Party::Holder, &decision(kind)), Err(Refused::NotForHolders));
    }
    assert_eq!(at("25.2", Party::Body, &decision(Kind::Order)), Ok(()));
    assert_eq!(at("25.2", Party::Body, &decision(Kind::Discipline)), Err(Refused::StaffOnly));
    let mild = Decision { serious: false, ..decision(Kind::Discipline) };
    assert_eq!(at("25.3", Party::Staff, &mild), Err(Refused::NotSerious));
    let other = |kind| Decision { other_law: "社会保险法".to_owned(), ..decision(kind) };
    assert_eq!(at("25.5", Party::Staff, &other(Kind::Discipline)), Err(Refused::OtherLawFirst));
    assert_eq!(at("24.5", Party::Holder, &other(Kind::Referral)), Ok(()));
    let nobody = Decision { authority: " ".to_owned(), ..decision(Kind::Prosecution) };
    assert_eq!(at("24.4", Party::Outsider, &nobody), Err(Refused::NoAuthority));
    let past = Decision { correct_by: Some(TODAY), ..decision(Kind::Order) };
    assert_eq!(at("25.7", Party::Staff, &past), Err(Refused::CorrectBy));
}

proptest! {
    /// Art. 25: whatever the roles and hands, nobody touches his own case, his own report, or a case
    /// in which he had another hand.
    #[test]
    fn nobody_touches_what_is_his_own(
        role in 0_usize..13, hand in 0_usize..4, had in 0_usize..5, which in 0_usize..5, officer: bool
    ) {
        let hands = [Hand::Investigate, Hand::Decide, Hand::Review, Hand::Protect];
        let who = actor(Role::ALL[role]);
        let had = hands.get(had).copied();
        let org = who.org.unwrap_or(Id(7));
        let handler = Handler {
            orgs: vec![org, Id(9)], mark: vec![1], hand: had, officer, actor: who.clone(),
        };
        let division = who.division.clone();
        let mut about = Concerned { division, ..Concerned::default() };
        match which {
            0 => about.account = Some(who.account),
            1 => about.reporter = vec![1],
            2 => (about.org, about.head) = (Some(Id(9)), true),
            3 => (about.org, about.party) = (Some(org), Some(Party::Body)),
            _ => (about.org, about.head) = (Some(Id(9)), false),
        }
        let wanted = hands[hand];
        let verdict = may_lay(&handler, &about, wanted);
        if which < 4 {
            prop_assert!(verdict.is_err(), "{about:?}");
            prop_assert!(impartial(&handler, &about).is_err());
        } else {
            let fits = wanted.roles().contains(&who.role)
                && had.is_none_or(|had| had == wanted)
                && (!officer || wanted == Hand::Protect);
            prop_assert_eq!(verdict.is_ok(), fits);
        }
    }

    /// Art. 25: along any way through the table, one account never has two hands.
    #[test]
    fn along_any_way_an_account_has_one_hand(choices in proptest::collection::vec((0_usize..32, 0_usize..6, 0_usize..6), 1..60)) {
        let people: Vec<Actor> = [
            Role::MunicipalOfficer, Role::MunicipalOfficer, Role::MunicipalApprover,
            Role::MunicipalApprover, Role::MunicipalApprover, Role::DistrictApprover,
        ].map(actor).into();
        let (mut state, mut hands) = (State::Reported, std::collections::HashMap::new());
        let mut investigator = None;
        let facts = Facts {
            due_is_over: false, evidence: 1, has_respondent: true, has_order: true, stands: true,
        };
        let about = Concerned { division: "500112".to_owned(), ..Concerned::default() };
        for (row, person, next) in choices {
            let (row, who, next) = (&TABLE[row], &people[person], &people[next]);
            let Ok(row) = follow(state, row.act, &facts) else { continue };
            let hand = row.hand_of(who.role);
            let handler = |who: &Actor, hands: &std::collections::HashMap<Id, Hand>| Handler {
                actor: who.clone(), orgs: vec![], mark: vec![2], officer: false,
                hand: hands.get(&who.account).copied(),
            };
            let others = investigator.is_some_and(|one| one != who.account);
            if may_lay(&handler(who, &hands), &about, hand).is_err() || hand == Hand::Investigate && others {
                continue;
            }
            let mut lay = |hands: &mut std::collections::HashMap<Id, Hand>, who: &Actor, hand: Hand| {
                let before = hands.insert(who.account, hand);
                prop_assert!(before.is_none_or(|before| before == hand));
                if hand == Hand::Investigate { investigator = Some(who.account); }
                Ok(())
            };
            if row.act == Act::HandOver {
                // Art. 25: whoever had another hand takes no case over.
                if may_lay(&handler(next, &hands), &about, Hand::Investigate).is_err() { continue }
                lay(&mut hands, who, hand)?;
                lay(&mut hands, next, Hand::Investigate)?;
            } else {
                lay(&mut hands, who, hand)?;
            }
            state = row.to;
        }
    }
}
