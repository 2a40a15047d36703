use seal::note::NamedKey;

use super::*;
use crate::http::{build, kernel_routes};
use crate::journal::proof::{Proof, Unproved};
use crate::testing::Client;

async fn prove(app: &App, id: Id, person: Option<Id>) -> Result<Proof, crate::problem::Problem> {
    let (keys, origin) = (app.keys.clone(), app.config.journal_origin.clone());
    app.db.read(move |tx| proof::make(tx, &keys, &origin, id, person)).await
}

fn log_key(app: &App) -> NamedKey {
    app.keys.journal_key(&app.config.journal_origin).expect("a key")
}

#[tokio::test]
async fn each_entry_is_proved_without_the_database_and_says_what_was_written() {
    for test in databases("proved") {
        let (app, ids) = filled(&test).await;
        for (place, id) in ids.iter().enumerate() {
            let proof = prove(&app, *id, None).await.expect("a proof");
            let json = serde_json::to_string(&proof).expect("plain data");
            let read: Proof = serde_json::from_str(&json).expect("what was written is read");
            let proved = read.check(Some(&log_key(&app))).expect("it holds");
            assert_eq!(proved.leaf_index, place as u64, "{}", test.engine);
            assert_eq!(proved.head.size, 8, "{}", test.engine);
            assert_eq!(proved.entry["id"], id.to_string(), "{}", test.engine);
            assert_eq!(proved.entry["fields"], "name,phone", "{}", test.engine);
        }
    }
}

#[tokio::test]
async fn a_proof_that_was_bent_anywhere_does_not_hold_and_says_where() {
    let test = databases("bent").remove(0);
    let (app, ids) = filled(&test).await;
    let (good, other) = (prove(&app, ids[4], None).await, prove(&app, ids[5], None).await);
    let (good, other) = (good.expect("a proof"), other.expect("a proof"));
    let fails = |bend: &dyn Fn(&mut Proof)| {
        let mut bent = good.clone();
        bend(&mut bent);
        bent.check(None).expect_err("it is bent")
    };
    assert_eq!(
        fails(&|p| p.content = p.content.replace("Art. 12", "Art. 13")),
        Unproved::Inclusion
    );
    assert_eq!(fails(&|p| p.content.push(' ')), Unproved::Inclusion);
    assert_eq!(fails(&|p| p.salt = other.salt.clone()), Unproved::Inclusion);
    assert_eq!(fails(&|p| p.leaf_index += 1), Unproved::Inclusion);
    assert_eq!(fails(&|p| p.inclusion = other.inclusion.clone()), Unproved::Inclusion);
    assert_eq!(fails(&|p| drop(p.inclusion.pop())), Unproved::Inclusion);
    assert_eq!(fails(&|p| p.salt.push('0')), Unproved::Form("salt"));
    assert_eq!(fails(&|p| p.form.push('0')), Unproved::Form("another form"));
    assert_eq!(fails(&|p| p.content.clear()), Unproved::Form("content"));
    let named = |error: Unproved| matches!(error, Unproved::Head("signed head", _));
    assert!(named(fails(&|p| p.head = p.head.replacen("\n8\n", "\n9\n", 1))));
    assert!(named(fails(&|p| p.head = p.head.replacen("previous 6", "previous 5", 1))));
    assert!(matches!(fails(&|p| p.log_key.push('=')), Unproved::Key(_)));
    let foreign = Keys::open_file(&test.folder.join("other.keys")).expect("fresh keys");
    let foreign = foreign.journal_key(&app.config.journal_origin).expect("a key");
    assert!(matches!(good.check(Some(&foreign)), Err(Unproved::Key(_))));
    assert!(named(fails(&|p| p.log_key = foreign.to_text())));
    assert!(good.check(Some(&log_key(&app))).is_ok());
}

#[tokio::test]
async fn no_flipped_bit_of_a_proof_goes_unseen() {
    let test = databases("flipped").remove(0);
    let (app, ids) = filled(&test).await;
    let good = prove(&app, ids[4], None).await.expect("a proof");
    let trusted = log_key(&app);
    let flipped = |text: &str| -> Vec<String> {
        let ascii = text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_graphic());
        let flip = |(at, byte): (usize, u8)| {
            [&text[..at], &char::from(byte ^ 1).to_string(), &text[at + 1..]].concat()
        };
        ascii.map(flip).collect()
    };
    let mut tried = 0;
    let mut refuse = |bent: Proof| {
        tried += 1;
        assert!(bent.check(Some(&trusted)).is_err(), "{bent:?}");
    };
    flipped(&good.content)
        .into_iter()
        .for_each(|content| refuse(Proof { content, ..good.clone() }));
    flipped(&good.salt).into_iter().for_each(|salt| refuse(Proof { salt, ..good.clone() }));
    flipped(&good.head).into_iter().for_each(|head| refuse(Proof { head, ..good.clone() }));
    flipped(&good.log_key)
        .into_iter()
        .for_each(|log_key| refuse(Proof { log_key, ..good.clone() }));
    for (place, hash) in good.inclusion.iter().enumerate() {
        for hash in flipped(hash) {
            let mut bent = good.clone();
            bent.inclusion[place] = hash;
            refuse(bent);
        }
    }
    assert!(tried > 700, "{tried}");
}

#[tokio::test]
async fn a_proof_waits_for_the_head_and_is_made_for_the_person_concerned_only() {
    for test in databases("whose") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let (me, somebody) = (id(), id());
        let mine = write(&app, entry(&app, "查阅").about(me)).await;
        let early = prove(&app, mine, Some(me)).await.expect_err("not signed yet");
        assert_eq!(early.code, "journal/not-yet-signed", "{}", test.engine);
        sequence(&app).await.expect("a round");
        assert!(prove(&app, mine, Some(me)).await.is_ok(), "{}", test.engine);
        for (id, person) in [(mine, Some(somebody)), (id(), Some(me)), (id(), None)] {
            let refused = prove(&app, id, person).await.expect_err("not for him");
            assert_eq!(refused.code, "journal/no-such-entry", "{}", test.engine);
        }
    }
}

#[tokio::test]
async fn a_delayed_entry_is_committed_at_once_counted_and_shown_when_its_time_has_come() {
    for test in databases("delayed") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let (me, now) = (id(), Utc::now());
        let later = entry(&app, "侦查").about(me).shown_after(now.plus_seconds(3_600));
        let later = write(&app, later).await;
        let over = write(&app, entry(&app, "已到期").about(me).shown_after(now)).await;
        sequence(&app).await.expect("a round");
        let shown = app.db.read(move |tx| about(tx, me, Id(i64::MAX), 10)).await.expect("entries");
        assert_eq!(shown.iter().map(|e| e.id).collect::<Vec<_>>(), [over], "{}", test.engine);
        assert!(prove(&app, later, Some(me)).await.is_err(), "{}", test.engine);
        let proof = prove(&app, later, None).await.expect("auditors see it");
        assert!(proof.content.contains("shown_after"), "the delay is committed to");
        assert!(proof.check(None).is_ok(), "{}", test.engine);
        let counted = app.db.read(|tx| figures(tx, Utc::now())).await.expect("figures");
        let expected = Figures { signed: 2, delayed: 1, ever_delayed: 2, erased: 0 };
        assert_eq!(counted, expected, "{}", test.engine);
        let then = now.plus_seconds(3_601);
        let counted = app.db.read(move |tx| delayed(tx, then)).await.expect("a count");
        assert_eq!(counted, 0, "{}", test.engine);
    }
}

#[tokio::test]
async fn a_delay_is_never_longer_than_the_authority_allows() {
    for test in databases("limit") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let (me, now) = (id(), Utc::now());
        let sql = "INSERT INTO setting (name, from_at, value) VALUES ($1, 0, 3)";
        let set = move |tx: &mut Tx<'_>| tx.execute(sql, &[v(MOST_DELAY_DAYS.name)]);
        app.db.housekeeping(set).await.expect("set");
        for (days, expected) in [(2, 2), (3, 3), (400, 3), (i64::MAX, 3)] {
            let mut long = entry(&app, "侦查").about(me);
            long.at = now;
            long.shown_after = Some(now.plus_seconds(days.saturating_mul(86_400)));
            write(&app, long).await;
            let newest = app.db.read(|tx| newest(tx, Id(i64::MAX), 1)).await.expect("entries");
            let until = now.plus_seconds(expected * 86_400);
            assert_eq!(newest[0].shown_after, Some(until), "{} {days}", test.engine);
        }
    }
}

#[tokio::test]
async fn holders_download_their_proofs_and_auditors_ask_for_any() {
    let test = databases("download").remove(0);
    let app = platform(&test, &[crate::MIGRATIONS]).await;
    let built = build(app.clone(), kernel_routes());
    let (holder, other) = (actor(Role::Holder), actor(Role::Holder));
    let mine = write(&app, entry(&app, "查阅").about(holder.person.expect("a person"))).await;
    sequence(&app).await.expect("a round");
    let path = format!("/me/accesses/{mine}/proof.json");
    let mut client = Client::signed_in(&built.router, &app, &holder).await;
    let reply = client.get(&path).await;
    assert!(reply.header("content-disposition").starts_with("attachment"), "{reply:?}");
    let proof: Proof = serde_json::from_slice(&reply.body).expect("a proof");
    assert!(proof.check(Some(&log_key(&app))).is_ok());
    let mut client = Client::signed_in(&built.router, &app, &other).await;
    assert_eq!(client.get(&path).await.status, 404);
    let api = format!("/api/v1/journal/entries/{mine}/proof");
    assert_eq!(client.get(&api).await.code(), "journal/no-such-entry");
    let mut auditor = Client::signed_in(&built.router, &app, &actor(Role::Auditor)).await;
    let proof: Proof = serde_json::from_slice(&auditor.get(&api).await.body).expect("a proof");
    assert!(proof.check(None).is_ok());
    assert_eq!(auditor.get("/api/v1/journal/entries/nonsense/proof").await.status, 404);
    let figures = Client::new(&built.router).get("/api/v1/journal/figures").await.json();
    assert_eq!(figures["signed"], 1);
}

/// The procedure of docs/journal.md, run as a reader would.
#[tokio::test]
async fn the_procedure_of_the_document_proves_an_entry_and_sees_a_bent_one() {
    let has_sm3 = std::process::Command::new("python3")
        .args(["-c", "import hashlib; hashlib.new('sm3')"])
        .output();
    if !has_sm3.is_ok_and(|output| output.status.success()) {
        eprintln!("no python3 with SM3 here: the procedure is not run");
        return;
    }
    let test = databases("procedure").remove(0);
    let (app, ids) = filled(&test).await;
    let document = include_str!("../../../../../docs/journal.md");
    let program = document.split("```python\n").nth(1).and_then(|rest| rest.split("```").next());
    let program = program.expect("the document has the procedure");
    assert!(program.lines().count() <= 60, "short enough to be read");
    let (script, file) = (test.folder.join("prove.py"), test.folder.join("proof.json"));
    std::fs::write(&script, program).expect("written");
    let run = |proof: &Proof| {
        let json = serde_json::to_string(proof).expect("plain data");
        std::fs::write(&file, json).expect("written");
        let key = log_key(&app).to_text();
        let output =
            std::process::Command::new("python3").arg(&script).arg(&file).arg(key).output();
        output.expect("python3 runs")
    };
    for id in [ids[0], ids[4], ids[7]] {
        let proof = prove(&app, id, None).await.expect("a proof");
        let output = run(&proof);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(told.contains("proved: entry"), "{told}");
        let content = proof.content.replace("Art. 12", "Art. 13");
        assert!(!run(&Proof { content, ..proof.clone() }).status.success());
        let head = proof.head.replacen("\ntime 1", "\ntime 2", 1);
        assert!(!run(&Proof { head, ..proof }).status.success());
    }
}
