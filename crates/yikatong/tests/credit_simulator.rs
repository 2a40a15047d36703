//! The credit platform's simulator as a process of its own (Art. 26): killed, it has kept what it took.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use conduct::cases::credit::{CreditPort as _, HttpCredit, Submission};

use crate::support::Folder;

fn start(folder: &Folder, mode: &str) -> (Child, HttpCredit) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_yikatong"))
        .args(["credit-simulator", "--listen", "127.0.0.1:0", "--mode", mode, "--book"])
        .arg(folder.path().join("book.jsonl"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the simulator starts");
    let mut line = String::new();
    let said = child.stdout.take().expect("its words");
    BufReader::new(said).read_line(&mut line).expect("a line");
    let url = line.trim().rsplit(' ').next().expect("an address").to_owned();
    (child, HttpCredit { url, secret: String::new(), patience: Duration::from_secs(10) })
}

#[test]
fn a_credit_platform_that_was_killed_holds_what_it_took_though_it_never_said_so() {
    let folder = Folder::new("credit");
    let submission = Submission {
        id: "7".to_owned(),
        act: "submit".to_owned(),
        name: "某".to_owned(),
        number: "x".to_owned(),
        clause: "第二十四条第（一）项".to_owned(),
        case: "V2026-1".to_owned(),
        until: "2027-01-01".to_owned(),
    };
    for (mode, taken) in [("down", false), ("lost-answers", false), ("good", true), ("good", true)]
    {
        let (mut child, port) = start(&folder, mode);
        assert_eq!(port.hand_over(&submission).is_ok(), taken, "{mode}");
        child.kill().expect("killed");
        child.wait().expect("gone");
    }
    let held = Command::new(env!("CARGO_BIN_EXE_yikatong"))
        .args(["credit-simulator", "--held", "--book"])
        .arg(folder.path().join("book.jsonl"))
        .output()
        .expect("the book is read");
    let text = String::from_utf8_lossy(&held.stdout).into_owned();
    let held: Vec<Submission> =
        text.lines().map(|l| serde_json::from_str(l).expect("one")).collect();
    assert_eq!(held, [submission], "once, however often it was sent");
}
