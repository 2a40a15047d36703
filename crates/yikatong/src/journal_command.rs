//! `yikatong journal …`: checking the whole log with its database, or one entry without.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use kernel::db::{Db, DbError, Limits, MigrationState};
use kernel::journal::Kept;
use kernel::journal::proof::{Proof, Proved};
use kernel::keys::Keys;
use kernel::time::Utc;
use seal::note::NamedKey;

use crate::command::Place;
use crate::{migrations, serve};

/// What can be asked of the journal.
#[derive(Subcommand)]
pub enum JournalCommand {
    /// Recompute the whole journal and name the first thing that does not hold.
    Verify,
    /// The same, with a line for each kind of thing: entries, tiles, heads, co-signatures, erasures.
    Fsck {
        /// A signed head that was kept from before, with or without co-signatures: whether the log is
        /// still the one that it was.
        #[arg(long)]
        kept: Option<PathBuf>,
    },
    /// Check the downloaded proof of one entry, without server and database.
    Prove {
        /// The file, as downloaded.
        file: PathBuf,
        /// The log's public key, as its operator published it: the line of `/log/key`.
        #[arg(long)]
        key: Option<String>,
    },
    /// Print the public key of this installation's journal.
    Key,
}

/// Runs it.
///
/// # Errors
/// In words, what could not be opened or read.
pub async fn run(place: Place, command: JournalCommand) -> Result<ExitCode, String> {
    match command {
        JournalCommand::Verify => verify(&place, false, None).await,
        JournalCommand::Fsck { kept } => verify(&place, true, kept.as_deref()).await,
        JournalCommand::Prove { file, key } => prove(&file, key.as_deref()),
        JournalCommand::Key => {
            let origin = origin(&place, &place.open(&Limits::default())?).await?;
            let key = place.keys()?.journal_key(&origin).map_err(|e| e.to_string())?;
            println!("{}", key.to_text());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The name that the log has in its heads; that of the region while it has none.
async fn origin(place: &Place, db: &Db) -> Result<String, String> {
    let words = |error: DbError| error.to_string();
    let states = db.migration_states(migrations()).await.map_err(words)?;
    let fresh = states.iter().all(|(_, state)| *state == MigrationState::Waiting);
    let kept = match fresh {
        true => None,
        false => kernel::journal::origin(db).await.map_err(words)?,
    };
    Ok(kept.unwrap_or_else(|| serve::journal_origin(&place.region)))
}

async fn verify(place: &Place, each: bool, kept: Option<&Path>) -> Result<ExitCode, String> {
    let note = kept.map(std::fs::read_to_string).transpose().map_err(|error| error.to_string())?;
    let (db, keys) = (place.open(&Limits::default())?, place.keys()?);
    let origin = origin(place, &db).await?;
    let began = std::time::Instant::now();
    let report = kernel::journal::verify(&db, &keys, &origin).await;
    let report = report.map_err(|error| error.to_string())?;
    println!(
        "{} entries and {} signed heads recomputed in {:.1} s, {} entries wait for their leaf",
        report.entries,
        report.heads,
        began.elapsed().as_secs_f64(),
        report.pending
    );
    if each {
        println!("{} tiles are those of the recomputed tree", report.tiles);
        println!("{} entries wait for the next signed head", report.unsigned);
        println!("{} co-signatures of witnesses hold", report.cosignatures);
        println!("{} entries were erased, each by an order in the journal", report.erased);
    }
    let mut fault = report.fault;
    if let (None, Some(note)) = (&fault, note) {
        fault = compared(&db, &keys, &origin, note).await?;
    }
    match fault {
        None => {
            println!("the journal holds");
            Ok(ExitCode::SUCCESS)
        }
        Some(fault) => {
            println!("BROKEN: {fault}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Holds a kept head against the log; the fault when it is another one.
async fn compared(
    db: &Db,
    keys: &Keys,
    origin: &str,
    note: String,
) -> Result<Option<String>, String> {
    let key = keys.journal_key(origin).map_err(|error| error.to_string())?;
    let found = db.read(move |tx| kernel::journal::compare_kept(tx, &note, &key)).await;
    Ok(match found.map_err(|error| error.to_string())? {
        Kept::Grown(more) => {
            println!("the log is the one of the kept head, {more} entries longer");
            None
        }
        Kept::Another(why) => Some(why),
    })
}

fn prove(file: &Path, key: Option<&str>) -> Result<ExitCode, String> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| format!("{}: {error}", file.display()))?;
    let trusted = key.map(|key| NamedKey::parse(key.trim())).transpose();
    let trusted = trusted.map_err(|_| "--key is no public key of a log".to_owned())?;
    let proof: Result<Proof, _> = serde_json::from_str(&text);
    let proof = proof.map_err(|_| "the file is not a proof of a journal entry".to_owned())?;
    match proof.check(trusted.as_ref()) {
        Ok(proved) => {
            println!("{}", told(&proved, trusted.is_some()));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("NOT PROVED: {error}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// What a proof shows and what it does not, in words.
pub fn told(proved: &Proved, trusted: bool) -> String {
    let text = |name: &str| proved.entry[name].as_str().unwrap_or_default().to_owned();
    let at = proved.entry["at"].as_i64().map(Utc).unwrap_or(Utc(0));
    let head = &proved.head;
    let mut words = format!(
        "PROVED: this entry stands at place {} of the log {}.\n\
         \x20 when    {}\n  who     {} ({})\n  what    {} {}\n  why     {} {}\n  basis   {}\n  fields  {}\n  result  {}\n\
         Its text, its time and its place are covered by the head of {} entries that the log signed \
         at {} with the key {}.\n",
        proved.leaf_index,
        head.origin,
        at.rfc3339(),
        text("actor_name"),
        text("actor_role"),
        text("act"),
        text("object"),
        text("item"),
        text("purpose"),
        text("basis"),
        text("fields"),
        text("result"),
        head.size,
        Utc(head.at).rfc3339(),
        proved.key_id,
    );
    words.push_str(match trusted {
        true => "The key is the one that you gave.\n",
        false => {
            "The key is the one in the file: compare it with the key that the operator published \
             elsewhere, and give that one with --key.\n"
        }
    });
    for (name, key, size, at_s) in &proved.witnesses {
        words.push_str(&format!(
            "{name} (key {key}) signed at {} that the head of {size} entries, the beginning of this \
             log, grew out of all it saw before.\n",
            Utc(0).plus_seconds((*at_s).try_into().unwrap_or(i64::MAX)).rfc3339(),
        ));
    }
    if proved.witnesses.is_empty() {
        words.push_str(
            "No witness is named: the operator could show somebody else another log. Keep this file \
             and compare heads with others.\n",
        );
    }
    words.push_str(
        "It does not prove that what the entry says is true, nor that nothing happened without an entry.",
    );
    words
}

#[cfg(test)]
mod tests {
    use kernel::actor::Role;
    use kernel::journal::{self, Entry, proof};
    use kernel::testing::{actor, databases, platform};

    use super::*;

    #[tokio::test]
    async fn a_log_is_named_by_its_region_and_keeps_its_name_when_another_region_is_given() {
        let test = databases("origin").remove(0);
        let place = |region: &str| Place {
            data: test.folder.join("place"),
            database_url: None,
            region: region.to_owned(),
        };
        let named = async |region| {
            let place = place(region);
            let db = place.open(&Limits::default()).expect("a database");
            let told = origin(&place, &db).await.expect("a name");
            let keys = place.keys().expect("keys");
            let app = serve::tool_platform(db, keys, &place).await.expect("a platform");
            assert_eq!(app.config.journal_origin, told);
            (app, told)
        };
        assert_eq!(named("510000").await.1, "yikatong/510000/journal");
        let (app, told) = named("500000").await;
        assert_eq!(told, "yikatong/500000/journal", "it has no head yet");
        let entry = Entry::new(app.id(), Utc::now(), &actor(Role::Clerk), "test.made", "");
        app.db.write(move |tx| journal::record(tx, &entry)).await.expect("recorded");
        journal::sequence(&app).await.expect("a round");
        assert_eq!(named("510000").await.1, "yikatong/500000/journal", "heads bear this name");
    }

    #[tokio::test]
    async fn a_downloaded_proof_is_told_in_words_and_a_bent_one_is_not_proved() {
        let test = databases("prove").remove(0);
        let app = platform(&test, &[kernel::MIGRATIONS]).await;
        let entry = Entry::new(app.id(), Utc::now(), &actor(Role::Clerk), "person.read", "Art. 18");
        let (id, entry) = (entry.id, entry.why("核对资格", &["name"]));
        app.db.write(move |tx| journal::record(tx, &entry)).await.expect("recorded");
        journal::sequence(&app).await.expect("a round");
        let (keys, origin) = (app.keys.clone(), app.config.journal_origin.clone());
        let made = app.db.read(move |tx| proof::make(tx, &keys, &origin, id, None)).await;
        let made = made.expect("a proof");
        let words = told(&made.check(None).expect("it holds"), false);
        for part in
            ["place 0 of the log test.yikatong/journal", "核对资格", "person.read", "No witness"]
        {
            assert!(words.contains(part), "{words}");
        }
        let file = test.folder.join("proof.json");
        let ends = |text: String, key: Option<&str>| {
            std::fs::write(&file, text).expect("written");
            prove(&file, key).map(|code| format!("{code:?}"))
        };
        let (good, bad) = (format!("{:?}", ExitCode::SUCCESS), format!("{:?}", ExitCode::FAILURE));
        let text = serde_json::to_string(&made).expect("plain data");
        assert_eq!(ends(text.clone(), None), Ok(good.clone()));
        assert_eq!(ends(text.clone(), Some(&made.log_key)), Ok(good));
        assert_eq!(ends(text.replace("核对资格", "核对"), None), Ok(bad));
        assert!(ends(text, Some("x")).is_err(), "no key");
        assert!(ends("{}".to_owned(), None).is_err(), "no proof");
    }
}
