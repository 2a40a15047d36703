//! Questions as files.

use std::collections::BTreeSet;

use kernel::actor::Role;
use kernel::testing::actor;

use super::{ask, enter, program};
use crate::agreements::rules::Terms;
use crate::agreements::tests::{houses, terms};
use crate::queries::batch;
use crate::queries::rules::Ask;

#[tokio::test]
async fn a_file_comes_back_for_its_recipient_only_and_tells_which_export_it_is() {
    for house in houses("batch").await {
        let app = &house.app;
        let secret = [21; 32];
        let key = seal::sm2::SigningKey::from_secret(&secret, seal::sm2::SignerId::DEFAULT);
        let key = key.expect("a key").verifying().to_bytes();
        let agreed = Terms { recipient_key: Some(key), ..terms("alive,name_masked") };
        let program = program(app, &house.officer, agreed).await;
        let mut file = "ref,number\n".to_owned();
        for index in 100..130 {
            let person = enter(app, index).await;
            file += &format!("row-{index},{}\n", person.number.as_str());
        }
        let ask =
            Ask { second_officer: "王复核".to_owned(), ..ask(&program, "batch-file", &[]) };
        let mut opened = Vec::new();
        for _ in 0..2 {
            let id = batch::take(app, &program.actor, ask.clone(), file.as_bytes()).await;
            let id = id.expect("taken");
            assert!(batch::result(app, &program.actor, id).await.is_err(), "not ready");
            batch::work(app).await.expect("answered");
            let state = batch::state(app, &program.actor, id).await.expect("own");
            assert_eq!((state.state.as_str(), state.done), ("done", 30), "{}", state.problem);
            let sealed = batch::result(app, &program.actor, id).await.expect("ready");
            let context = id.to_string();
            assert!(seal::envelope::open(&[22; 32], context.as_bytes(), &sealed).is_err());
            let table = seal::envelope::open(&secret, context.as_bytes(), &sealed).expect("mine");
            opened.push((id, String::from_utf8(table).expect("text")));
        }
        let rows = |text: &str| -> Vec<Vec<String>> {
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let rows = reader.records().map(|row| row.expect("a row"));
            rows.map(|row| row.iter().map(str::to_owned).collect()).collect()
        };
        let (first, second) = (rows(&opened[0].1), rows(&opened[1].1));
        let column = |rows: &[Vec<String>], at: usize| -> Vec<String> {
            rows.iter().map(|row| row[at].clone()).collect()
        };
        let set = |values: Vec<String>| values.into_iter().collect::<BTreeSet<_>>();
        assert_eq!(set(column(&first, 3)), set(column(&second, 3)), "the same people");
        assert!(set(column(&first, 0)).is_disjoint(&set(column(&second, 0))), "other record ids");
        let fits = batch::trace(app, &actor(Role::Auditor), column(&first, 3)).await.expect("read");
        assert_eq!((fits[0].0, fits[0].2, fits[0].3), (opened[0].0, 29, 29));
        assert!(fits[1].2 < 26, "another export's order does not fit: {}", fits[1].2);
    }
}

#[test]
fn a_file_that_is_no_table_of_numbers_is_refused_whole() {
    for bad in ["", "number\n1\n", "ref,number\n", "ref,number\na\n", "ref,number\na,\n"] {
        assert!(batch::read_lines(bad.as_bytes()).is_err(), "{bad}");
    }
    let good = batch::read_lines(b"\xef\xbb\xbfref,number\r\n a , 1 \r\n").expect("a line");
    assert_eq!((good[0].reference.as_str(), good[0].number.as_str()), ("a", "1"));
}
