//! `yikatong keys …`: the key of sealed columns.

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use kernel::actor::Actor;
use kernel::db::{DbError, Limits, Turning, turning};
use kernel::platform::App;

use crate::command::Place;
use crate::serve;

/// What can be done with the key.
#[derive(Subcommand)]
pub enum KeysCommand {
    /// Tell how the key of sealed columns stands.
    Status,
    /// Make another key and begin to seal everything anew; a server that runs does it in the background.
    Turn {
        /// Do it here until it is done: for when no server runs, or to help one.
        #[arg(long)]
        wait: bool,
    },
}

/// Runs it.
///
/// # Errors
/// In words, what keeps the key from being turned.
pub async fn run(place: Place, command: KeysCommand) -> Result<ExitCode, String> {
    let (keys, db) = (place.keys()?, place.open(&Limits::default())?);
    let app = serve::tool_platform(db, keys, &place).await.map_err(|error| error.to_string())?;
    if let KeysCommand::Turn { wait } = command {
        let begun = kernel::system::begin(&app, &Actor::system()).await;
        match begun {
            Ok(next) => println!("generation {next} is coming"),
            Err(problem) if problem.code == "system/turn-under-way" => {
                println!("a turn is under way already");
            }
            Err(problem) => return Err(format!("{}: {}", problem.title.en, problem.advice.en)),
        }
        if wait {
            turned(&app).await?;
        }
    }
    let state = app.db.read(turning).await.map_err(|error: DbError| error.to_string())?;
    println!("{}", told(&state));
    Ok(ExitCode::SUCCESS)
}

/// Failures of a step in a row after which it is no matter of waiting.
const MOST_FAILURES: u32 = 150;

/// Takes steps until none is left.
async fn turned(app: &App) -> Result<(), String> {
    let mut failures = 0;
    loop {
        match app.db.turn_step(1_000).await {
            Ok(true) => {
                failures = 0;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(false) => return Ok(()),
            Err(error) if failures == MOST_FAILURES => return Err(error.to_string()),
            // Somebody writes for long: he goes first.
            Err(error) => {
                failures += 1;
                tracing::info!(%error, "a step is repeated");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn told(state: &Turning) -> String {
    match state.next {
        None => format!("generation {} seals everything", state.generation),
        Some(next) => format!(
            "from generation {} to {next}: {}, {} texts sealed anew, begun {}",
            state.generation,
            state.phase,
            state.moved,
            state.began_at.rfc3339()
        ),
    }
}

#[cfg(test)]
mod tests {
    use kernel::journal::{self, Entry};
    use kernel::testing::{actor, databases};
    use kernel::time::Utc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_command_turns_the_key_of_a_whole_installation() {
        let test = databases("keys_turn").remove(0);
        let place = Place {
            data: test.folder.join("place"),
            database_url: None,
            region: "500000".to_owned(),
        };
        let db = place.open(&Limits::default()).expect("a database");
        let app = serve::tool_platform(db, place.keys().expect("keys"), &place).await;
        let app = app.expect("a platform");
        let clerk = actor(kernel::actor::Role::Clerk);
        let entry = Entry::new(app.id(), Utc::now(), &clerk, "test.made", "");
        app.db.write(move |tx| journal::record(tx, &entry)).await.expect("recorded");
        let done = run(place.clone(), KeysCommand::Turn { wait: true }).await.expect("turned");
        assert_eq!(format!("{done:?}"), format!("{:?}", ExitCode::SUCCESS));
        let state = app.db.read(turning).await.expect("read");
        assert_eq!((state.generation, state.next), (2, None));
        assert_eq!(told(&state), "generation 2 seals everything");
        let newest = app.db.read(|tx| journal::newest(tx, kernel::id::Id(i64::MAX), 9)).await;
        let newest = newest.expect("read");
        assert!(
            newest.iter().any(|entry| entry.actor_name == clerk.name),
            "opened by another process"
        );
        run(place, KeysCommand::Status).await.expect("told");
    }
}
