use kernel::problem::Problem;
use proptest::prelude::*;
use seal::envelope::Envelope;

use super::months::month_before;
use super::rules::{
    self, Answer, CaseSent, PAPER, PART, PARTS, PaperPart, Refused, Service, Wanted, Words,
};
use crate::rules::LONGEST;

fn wanted(service: &str) -> Wanted {
    Wanted {
        service: service.to_owned(),
        number: "11010119900307803X".to_owned(),
        name: "王小明".to_owned(),
        proof: "document".to_owned(),
        ..Wanted::default()
    }
}

#[test]
fn a_case_says_who_it_is_about_and_that_he_was_compared_with_his_document() {
    for service in Service::ALL {
        assert_eq!(wanted(service.code()).service().expect("complete"), service);
        assert_eq!(Service::from_code(service.code()), Some(service));
    }
    let faults = |wanted: Wanted| -> Vec<String> {
        let problem: Problem = wanted.service().expect_err("incomplete");
        problem.fields.into_iter().map(|fault| fault.field).collect()
    };
    assert_eq!(faults(wanted("cancel")), ["service"], "cancellation is the home region's own");
    assert_eq!(faults(Wanted { proof: String::new(), ..wanted("lose") }), ["proof"]);
    let nobody = Wanted { number: String::new(), name: String::new(), ..wanted("look") };
    assert_eq!(faults(nobody), ["number", "name"]);
    let arrived = Wanted { service: "arrived".to_owned(), ..Wanted::default() };
    assert!(arrived.service().is_ok(), "cards that came are nobody's in particular");
}

/// Art. 12: a recorded decision is not a clerk's of the other region to claim.
#[test]
fn a_replacement_abroad_carries_no_decision() {
    let wanted = Wanted { cause: "decision".to_owned(), ..wanted("replace") };
    let command = wanted.command(Service::Replace, "南充 小果").expect("a command");
    let cards::rules::Command::Replace { decision, .. } = command.expect("a command") else {
        panic!("another command")
    };
    assert_eq!(decision, "");
    let lose = wanted.command(Service::Lose, "南充 小果").expect("a command").expect("one");
    let cards::rules::Command::Lose { proof } = lose else { panic!("another command") };
    assert!(proof.starts_with("南充 小果"), "the proof names whose word it is");
}

#[test]
fn the_longest_part_fits_a_message_and_the_longest_document_its_parts() {
    let part = PaperPart {
        case: "0a".repeat(16),
        paper: 3,
        part: PARTS - 1,
        parts: PARTS,
        data: "A".repeat(PART),
    };
    assert!(part.is_plain());
    let text = serde_json::to_string(&part).expect("plain data");
    // What stands around a body in a message is below 1,200 bytes.
    assert!(text.len() + 1_200 < LONGEST, "{}", text.len());
    let longest = Envelope { wrapped: vec![7; 200], body: vec![7; PAPER + 28] };
    assert!(rules::envelope_text(&longest).len().div_ceil(PART) <= PARTS);
    for bad in [
        PaperPart { part: PARTS, ..part.clone() },
        PaperPart { paper: rules::PAPERS, ..part.clone() },
        PaperPart { data: "<script>".to_owned(), ..part.clone() },
        PaperPart { case: "x".repeat(32), ..part },
    ] {
        assert!(!bad.is_plain(), "{bad:?}");
    }
}

#[test]
fn a_case_is_read_strictly() {
    let good = CaseSent {
        case: "0a".repeat(16),
        service: "lose".to_owned(),
        outlet: "000000000001b".to_owned(),
        outlet_name: Words { zh: "南充".to_owned(), en: "Nanchong".to_owned() },
        clerk: "小果".to_owned(),
        due: 0,
        papers: vec!["signature".to_owned()],
        sealed: String::new(),
    };
    assert!(good.is_plain());
    let nameless = Words { zh: String::new(), en: String::new() };
    for bad in [
        CaseSent { case: "0A".repeat(16), ..good.clone() },
        CaseSent { service: "cancel".to_owned(), ..good.clone() },
        CaseSent { outlet: String::new(), ..good.clone() },
        CaseSent { outlet_name: nameless, ..good.clone() },
        CaseSent { clerk: "果".repeat(41), ..good.clone() },
        CaseSent { papers: vec![String::new(); rules::PAPERS + 1], ..good },
    ] {
        assert!(!bad.is_plain(), "{bad:?}");
    }
}

#[test]
fn a_refusal_travels_with_code_article_reason_and_advice() {
    for refused in Refused::ALL {
        let answer = Answer::no(&refused.into());
        assert!(answer.result.starts_with("joint/"), "{}", answer.result);
        assert!(answer.article.is_some() && !answer.reason.zh.is_empty());
        assert!(!answer.advice.en.is_empty());
    }
}

#[test]
fn the_month_before_is_whole() {
    let day = |text: &str| kernel::time::parse_day(text).expect("a day");
    let (name, from, to) = month_before(day("2027-01-03"));
    assert_eq!(
        (name.as_str(), from.day(), to.day()),
        ("2026-12", day("2026-12-01"), day("2027-01-01"))
    );
    assert_eq!(month_before(day("2028-03-31")).0, "2028-02");
}

proptest! {
    #[test]
    fn an_envelope_is_read_as_it_was_written(wrapped: Vec<u8>, body: Vec<u8>) {
        let envelope = Envelope { wrapped, body };
        prop_assert_eq!(rules::read_envelope(&rules::envelope_text(&envelope)), Some(envelope));
    }

    #[test]
    fn what_is_no_envelope_is_no_panic(text: String) {
        let _ = rules::read_envelope(&text);
    }
}
