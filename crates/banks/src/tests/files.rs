//! The exchange over files with a host that behaves badly.

use std::path::Path;

use kernel::time::Utc;

use super::house::{House, houses};
use crate::port::lines::{self, FileKind};
use crate::port::{Event, Words, file::write_whole};
use crate::rules::{RequestState, State};
use crate::service::Command;
use crate::simulator::{Mode, step_folder};
use crate::store::alarms::AlarmKind;
use crate::store::events::{faults, files};

impl House {
    /// The request leaves in a file, the host answers, the answer is read.
    async fn by_file(&self, command: Command) -> crate::store::requests::Request {
        let id = self.begin(command).await.expect("begun");
        self.there_and_back().await;
        self.request(id).await
    }

    async fn there_and_back(&self) {
        self.round().await;
        step_folder(&self.folder(), &self.host).expect("the host reads");
        self.round().await;
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        write_whole(&self.folder().join("incoming"), name, bytes).expect("written");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn requests_and_answers_travel_in_files() {
    for house in houses("banks_files").await {
        let id = house.begin(Command::PreOpen(house.bank.id)).await.expect("begun");
        house.round().await;
        assert_eq!(house.request(id).await.state, RequestState::Sent);
        assert_eq!(house.state().await, State::Requested, "not unknown: files take their time");
        step_folder(&house.folder(), &house.host).expect("the host reads");
        house.round().await;
        assert_eq!(house.state().await, State::Opened, "{}", house.engine);
        for (command, state) in [
            (Command::Activate, State::Active),
            (Command::ReportLoss, State::Lost),
            (Command::Release, State::Active),
            (Command::Close, State::Closed),
        ] {
            let request = house.by_file(command).await;
            assert_eq!((request.state, house.state().await), (RequestState::Done, state));
        }
        assert_eq!(names(&house.folder().join("incoming/done")).len(), 5);
    }
}

#[tokio::test]
async fn an_answer_file_that_is_read_twice_changes_nothing() {
    for house in houses("banks_twice").await {
        house.host.set_mode(Mode::Duplicate);
        let request = house.by_file(Command::PreOpen(house.bank.id)).await;
        assert_eq!(request.state, RequestState::Done);
        let (account, acts) = (house.account().await, house.acts("bank.answered").await);
        let done = house.folder().join("incoming/done");
        for name in names(&done) {
            let bytes = std::fs::read(done.join(name)).expect("kept");
            house.put("again.txt", &bytes);
            house.round().await;
        }
        assert_eq!((house.account().await, house.acts("bank.answered").await), (account, acts));
        let read = house.read(|tx| files(tx, None, 10)).await;
        assert_eq!(read.len(), 1, "{}: one content, one file", house.engine);
        assert_eq!((read[0].lines, read[0].applied), (2, 2), "the second line was known");
        assert!(house.alarms().await.is_empty());
    }
}

/// Nothing is lost: what came back broken is put aside, reported, and asked for again.
#[tokio::test]
async fn a_broken_file_is_put_aside_and_reported_and_its_answers_are_asked_for() {
    for house in houses("banks_broken").await {
        house.host.set_mode(Mode::Garbled);
        let request = house.by_file(Command::PreOpen(house.bank.id)).await;
        assert_eq!(request.state, RequestState::Sent, "{}", house.engine);
        assert_eq!(names(&house.folder().join("incoming/bad")).len(), 1);
        let reports = names(&house.folder().join("outgoing"));
        assert!(reports.iter().any(|name| name.starts_with("REP_SFYH")), "{reports:?}");
        let read = house.read(|tx| files(tx, None, 10)).await;
        assert!(!read[0].fault.is_empty() && read[0].applied == 0);
        house.host.set_mode(Mode::Good);
        house.later().await;
        house.there_and_back().await;
        assert_eq!(house.request(request.id).await.state, RequestState::Done);
        assert_eq!((house.state().await, house.host.carried_out()), (State::Opened, 1));
    }
}

#[tokio::test]
async fn bad_lines_are_reported_one_by_one_and_good_ones_count() {
    for house in houses("banks_lines").await {
        let id = house.begin(Command::PreOpen(house.bank.id)).await.expect("begun");
        house.round().await;
        let words = |id: &str, result: &str, state: &str, account: &str| Words {
            id: id.to_owned(),
            result: result.to_owned(),
            code: String::new(),
            state: state.to_owned(),
            account: account.to_owned(),
        };
        let id_text = id.to_string();
        let answers = [
            words("0000000000001", "done", "opened", ""),
            words(&id_text, "perhaps", "opened", ""),
            words(&id_text, "refused", "", ""),
            words(&id_text, "done", "splendid", ""),
            words(&id_text, "done", "opened", "6222000000000000001"),
            words("?", "done", "opened", ""),
            words(&id_text, "done", "opened", "1234567890"),
        ];
        let mut rows: Vec<_> = answers.iter().map(|words| lines::answer_line(1, words)).collect();
        rows.push(vec!["Z".to_owned(), "多余的一行".to_owned()]);
        let bytes = lines::write(FileKind::Answer, "SFYH", "x1", Utc::now(), &rows);
        house.put("mixed.txt", &bytes);
        house.round().await;
        let account = house.account().await;
        assert_eq!((account.state, account.last_four.as_str()), (State::Opened, "7890"));
        let file = house.read(|tx| files(tx, None, 10)).await.remove(0);
        assert_eq!((file.lines, file.applied), (8, 1), "{}", house.engine);
        let found = house.read(move |tx| faults(tx, file.id)).await;
        let lines: Vec<i64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7, 9]);
        let outgoing = house.folder().join("outgoing");
        let report = names(&outgoing).into_iter().find(|name| name.starts_with("REP"));
        let report = std::fs::read(outgoing.join(report.expect("a report"))).expect("there");
        let report = lines::read(&report).expect("a whole file");
        assert_eq!((report.kind, report.lines.len()), (FileKind::Report, 7));
    }
}

#[tokio::test]
async fn a_file_of_another_bank_is_put_aside() {
    for house in houses("banks_other_file").await {
        let id = house.begin(Command::PreOpen(house.bank.id)).await.expect("begun");
        house.round().await;
        let words = Words {
            id: id.to_string(),
            result: "done".to_owned(),
            state: "opened".to_owned(),
            account: "1234567890".to_owned(),
            ..Words::default()
        };
        let rows = [lines::answer_line(1, &words)];
        let bytes = lines::write(FileKind::Answer, "OTHER", "x1", Utc::now(), &rows);
        house.put("other.txt", &bytes);
        house.round().await;
        assert_eq!(house.request(id).await.state, RequestState::Sent, "{}", house.engine);
        assert_eq!(names(&house.folder().join("incoming/bad")).len(), 1);
    }
}

#[tokio::test]
async fn answers_that_never_come_are_asked_for_by_file() {
    for house in houses("banks_silent").await {
        house.host.set_mode(Mode::LostAnswers);
        let request = house.by_file(Command::PreOpen(house.bank.id)).await;
        assert_eq!((request.state, house.state().await), (RequestState::Sent, State::Requested));
        house.later().await;
        house.round().await;
        assert_eq!(house.request(request.id).await.state, RequestState::Unknown);
        assert_eq!(house.state().await, State::Unknown, "{}", house.engine);
        step_folder(&house.folder(), &house.host).expect("the host reads");
        house.round().await;
        assert_eq!((house.state().await, house.host.carried_out()), (State::Opened, 1));
    }
}

#[tokio::test]
async fn two_answers_that_contradict_each_other_are_an_alarm_and_the_first_stands() {
    for house in houses("banks_contradict").await {
        house.host.set_mode(Mode::Contradicting);
        let request = house.by_file(Command::PreOpen(house.bank.id)).await;
        assert_eq!((request.state, house.state().await), (RequestState::Done, State::Opened));
        let alarms = house.alarms().await;
        assert_eq!(alarms.len(), 1, "{}", house.engine);
        assert_eq!(alarms[0].kind, AlarmKind::Contradiction);
        let asked = house.requests().await;
        assert_eq!(asked[0].operation, crate::rules::Operation::Status, "the bank is asked");
    }
}

#[tokio::test]
async fn events_come_by_file_and_a_known_one_changes_nothing() {
    for house in houses("banks_event_file").await {
        house.by_file(Command::PreOpen(house.bank.id)).await;
        let event = |id: &str, card: &str, state| Event {
            id: id.to_owned(),
            card: card.to_owned(),
            account: String::new(),
            state,
            at: Utc::now().plus_seconds(1),
        };
        let card = house.card.to_string();
        let rows = [
            lines::event_line(1, &event("ev-1", &card, State::Frozen)),
            lines::event_line(2, &event("ev-1", &card, State::Closed)),
            lines::event_line(3, &event("ev-2", "0000000000001", State::Frozen)),
        ];
        let bytes = lines::write(FileKind::Event, "SFYH", "e1", Utc::now(), &rows);
        house.put("events.txt", &bytes);
        house.round().await;
        assert_eq!(house.state().await, State::Frozen, "{}", house.engine);
        let file = house.read(|tx| files(tx, None, 1)).await.remove(0);
        let found = house.read(move |tx| faults(tx, file.id)).await;
        assert!(found[0].1.starts_with("banks/event-differs"), "{found:?}");
        assert!(found[1].1.starts_with("banks/no-account"), "{found:?}");
    }
}

/// More requests than one transaction takes, each sent once and answered once; the rate is printed.
#[tokio::test]
async fn a_batch_of_many_goes_out_and_comes_back_whole() {
    const MANY: u32 = 250;
    for house in houses("banks_many").await {
        let clerk = kernel::testing::actor(kernel::actor::Role::Clerk);
        let mut ids = Vec::new();
        for index in 0..MANY {
            let person = super::house::person(&house.app, 1_000 + index).await;
            let open = Command::PreOpen(house.bank.id);
            let card = house.app.id();
            let begun = crate::service::begin(&house.app, &clerk, person, card, open, "批量").await;
            ids.push(begun.expect("begun"));
        }
        let began = std::time::Instant::now();
        house.there_and_back().await;
        let rate = f64::from(MANY) / began.elapsed().as_secs_f64();
        println!("{}: {rate:.0} requests/s out and back", house.engine);
        for id in ids {
            assert_eq!(house.request(id).await.state, RequestState::Done, "{}", house.engine);
        }
        let out = names(&house.folder().join("outgoing/taken"));
        assert_eq!((out.len(), house.host.carried_out()), (1, MANY as usize), "one file");
        assert!(house.alarms().await.is_empty());
    }
}
