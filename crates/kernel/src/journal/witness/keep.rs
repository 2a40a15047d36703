//! Which witnesses are asked, and which logs are watched here.

use seal::note::NamedKey;

use super::client::check_address;
use super::rules::Refused;
use super::store;
use crate::actor::Actor;
use crate::journal::{self, Entry};
use crate::platform::App;
use crate::problem::Problem;
use crate::time::Utc;

/// Adds a witness by its whole key line, or takes one up again that was closed, perhaps at another
/// address. `url` is where it takes checkpoints, without `/add-checkpoint`.
///
/// # Errors
/// The key or the address cannot be read, or the witness is known with another key.
pub async fn ask(app: &App, actor: &Actor, key: &str, url: &str) -> Result<(), Problem> {
    let url = url.trim().trim_end_matches('/').to_owned();
    check_address(&url)?;
    let key = NamedKey::parse(key.trim()).map_err(|_| Refused::NoKey)?;
    let (text, now) = (key.to_text(), Utc::now());
    let entry = Entry::new(app.id(), now, actor, "witness.added", "Art. 19");
    let entry = entry.on("witness", &key.name).why(&url, &[]);
    app.db
        .write(move |tx| {
            match store::witness(tx, &key.name)? {
                None => store::add_witness(tx, &key.name, &text, &url, now)?,
                Some(known) if known.public_key == text => {
                    store::set_witness(tx, &key.name, &url, true)?;
                }
                Some(_) => return Err(Refused::OtherKey.into()),
            }
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

/// Watches another log from now on, by its whole key line. What was seen of it is kept when it is
/// closed and taken up again.
///
/// # Errors
/// The key cannot be read, or the log is known with another key.
pub async fn watch(app: &App, actor: &Actor, key: &str) -> Result<(), Problem> {
    let key = NamedKey::parse(key.trim()).map_err(|_| Refused::NoKey)?;
    let (text, now) = (key.to_text(), Utc::now());
    let entry = Entry::new(app.id(), now, actor, "witness.log-added", "Art. 19");
    let entry = entry.on("log", &key.name);
    app.db
        .write(move |tx| {
            match store::log(tx, &key.name)? {
                None => store::add_log(tx, &key.name, &text, now)?,
                Some(known) if known.public_key == text => {
                    store::set_log_active(tx, &key.name, true)?;
                }
                Some(_) => return Err(Refused::OtherKey.into()),
            }
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}
