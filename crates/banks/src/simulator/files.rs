//! The host over files: reads `outgoing`, writes `incoming`.

use std::path::Path;
use std::time::Duration;

use kernel::platform::random;
use kernel::time::Utc;

use super::host::{Host, Mode, opposite};
use crate::port::file::{whole_files, write_whole};
use crate::port::lines::{self, FileKind};
use crate::port::{Body, Words};
use crate::rules::Operation;

/// Works on the folder for ever, looking each second.
///
/// # Errors
/// The folder cannot be read or written.
pub async fn run_folder(folder: &Path, host: &Host) -> std::io::Result<()> {
    loop {
        step_folder(folder, host)?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Answers the files of requests that lie there; returns how many it took.
///
/// # Errors
/// The folder cannot be read or written.
pub fn step_folder(folder: &Path, host: &Host) -> std::io::Result<usize> {
    let outgoing = folder.join("outgoing");
    let mut taken = 0;
    for path in whole_files(&outgoing)? {
        if let Ok(frame) = lines::read(&std::fs::read(&path)?)
            && frame.kind == FileKind::Request
        {
            let answers =
                frame.lines.iter().filter_map(|(_, line)| answer(host, line.as_ref().ok()?));
            let answers: Vec<(bool, Words)> = answers.collect();
            reply(folder, host.mode(), &frame.bank, &answers)?;
            taken += 1;
        }
        let done = outgoing.join("taken");
        std::fs::create_dir_all(&done)?;
        std::fs::rename(&path, done.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(taken)
}

/// The answer to one line, and whether it was a question for an earlier request.
fn answer(host: &Host, fields: &[String]) -> Option<(bool, Words)> {
    match fields {
        [mark, _, id] if mark == "Q" => Some((true, host.query(id))),
        [mark, _, id, operation, card, name, document, number, account, purpose] if mark == "R" => {
            let body = Body {
                card: card.clone(),
                name: name.clone(),
                document: document.clone(),
                number: number.clone(),
                account: account.clone(),
                purpose: purpose.clone(),
            };
            Some((false, host.take(id, Operation::from_code(operation)?, &body)))
        }
        _ => None,
    }
}

fn reply(folder: &Path, mode: Mode, bank: &str, answers: &[(bool, Words)]) -> std::io::Result<()> {
    let silent = |question: &bool| match mode {
        Mode::Slow => true,
        Mode::LostAnswers => !question,
        _ => false,
    };
    let mut said: Vec<Words> =
        answers.iter().filter(|(question, _)| !silent(question)).map(|(_, w)| w.clone()).collect();
    if said.is_empty() {
        return Ok(());
    }
    match mode {
        Mode::Duplicate => said.extend(said.clone()),
        Mode::Contradicting => said.extend(said.iter().map(opposite).collect::<Vec<_>>()),
        _ => {}
    }
    let rows: Vec<_> =
        said.iter().enumerate().map(|(n, words)| lines::answer_line(n + 1, words)).collect();
    let (id, now) = (hex::encode(random::<8>()), Utc::now());
    let mut bytes = lines::write(FileKind::Answer, bank, &id, now, &rows);
    if mode == Mode::Garbled {
        let middle = bytes.len() / 2;
        bytes.truncate(middle);
        bytes.extend_from_slice(&[0xff, 0xff, b'\n']);
    }
    let incoming = folder.join("incoming");
    let name = |n: u8| format!("ANS_{bank}_{}_{id}_{n}.txt", lines::stamp(now));
    write_whole(&incoming, &name(1), &bytes)?;
    if mode == Mode::Duplicate {
        write_whole(&incoming, &name(2), &bytes)?;
    }
    Ok(())
}
