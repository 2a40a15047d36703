//! Having this log watched: the newest head goes to each witness, its signature is kept.

use std::time::Duration;

use seal::head::TreeHead;
use seal::note::{Cosignature, NamedKey};

use super::rules::{Posted, Refused};
use super::store::{self, Witness};
use crate::journal::{log, tree};
use crate::platform::App;
use crate::problem::Problem;
use crate::time::Utc;

/// A witness that answers later is asked again in the next round.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of an answer.
const MOST_BYTES: u64 = 4 * 1024;

/// Asks each witness that has not signed the newest head; says how many signed.
///
/// # Errors
/// The database failed; a witness that does not sign is on record with it.
pub async fn round(app: &App) -> Result<String, Problem> {
    let (head, witnesses) =
        app.db.read(|tx| Ok::<_, Problem>((log::newest_head(tx)?, store::witnesses(tx)?))).await?;
    let Some((size, note)) = head else { return Ok("no head yet".to_owned()) };
    let behind = |one: &Witness| one.active && one.size < size as i64;
    let (mut signed, mut asked) = (0, 0);
    for witness in witnesses.into_iter().filter(behind) {
        asked += 1;
        let (name, now) = (witness.name.clone(), Utc::now());
        let answer = ask(app, &witness, size, &note).await?;
        signed += u32::from(answer.is_ok());
        let kept = app.db.housekeeping(move |tx| match &answer {
            Ok(line) => store::signed(tx, &name, size, line, now),
            Err(what) => store::failed(tx, &name, what, now),
        });
        kept.await?;
    }
    Ok(format!("{signed} of {asked} signed"))
}

/// The line of the witness, or why there is none.
async fn ask(
    app: &App,
    witness: &Witness,
    size: u64,
    note: &str,
) -> Result<Result<String, String>, Problem> {
    let mut old = witness.size as u64;
    for _ in 0..2 {
        let proof =
            app.db.read(move |tx| Ok::<_, Problem>(tree::prover(tx, size).consistency(old)?));
        let posted = Posted { old, proof: proof.await?, checkpoint: note.to_owned() };
        let url = format!("{}/add-checkpoint", witness.url.trim_end_matches('/'));
        let sent = tokio::task::spawn_blocking(move || post(&url, &posted.to_text())).await;
        let answer = sent.unwrap_or_else(|_| Err("the question broke off".to_owned()));
        match answer {
            Ok((200, body)) => return Ok(check(witness, note, &body)),
            Ok((409, body)) => match body.trim_end().parse::<u64>() {
                // It has seen another size than we remember, this very head too when its answer was
                // lost: prove from there.
                Ok(seen) if seen <= size && seen != old => old = seen,
                Ok(seen) => return Ok(Err(format!("it has seen size {seen} of this log"))),
                Err(_) => return Ok(Err("it reports a fork of this log".to_owned())),
            },
            Ok((status, _)) => return Ok(Err(format!("it answered {status}{}", meaning(status)))),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Err("it moved on while it was asked".to_owned()))
}

/// What a refusal of the profile means for this log.
fn meaning(status: u16) -> &'static str {
    match status {
        403 => ": it knows another key of this log",
        404 => ": it does not watch this log",
        422 => ": it does not find this log consistent with what it saw",
        _ => "",
    }
}

fn check(witness: &Witness, note: &str, body: &str) -> Result<String, String> {
    let key = NamedKey::parse(&witness.public_key).map_err(|error| error.to_string())?;
    let head = TreeHead::read(note).ok_or("the head cannot be read")?;
    let line = body.lines().find(|line| {
        Cosignature::parse(line).is_some_and(|cosignature| cosignature.holds(&head, &key))
    });
    line.map(str::to_owned).ok_or_else(|| "its signature does not hold".to_owned())
}

fn post(url: &str, body: &str) -> Result<(u16, String), String> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        .max_redirects(0)
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let sent = agent.post(url).header("Content-Type", "text/plain; charset=utf-8").send(body);
    let mut answer = sent.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(MOST_BYTES).read_to_string();
    Ok((status, body.map_err(|error| error.to_string())?))
}

/// Whether checkpoints may be sent to this address: https, or http on this machine.
pub(super) fn check_address(url: &str) -> Result<(), Refused> {
    let own = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let mut own = own.iter().filter_map(|own| url.strip_prefix(own));
    let is_own = own.any(|rest| rest.is_empty() || rest.starts_with([':', '/']));
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic()) && url.len() <= 200;
    match plain && (is_own || url.starts_with("https://")) {
        true => Ok(()),
        false => Err(Refused::Address),
    }
}
