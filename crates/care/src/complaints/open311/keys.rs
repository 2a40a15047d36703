//! Keys of clients: made by the city's authority, shown once, kept as a digest.

use kernel::actor::Actor;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::store;

/// What is kept of a key. Keys are 256 random bits, so a plain digest is enough.
pub fn digest(key: &str) -> String {
    hex::encode(seal::sm3::sm3(key.as_bytes()))
}

/// Makes a key for a client; this is the only time it is seen.
///
/// # Errors
/// The name is empty or longer than 60 letters.
pub async fn make(app: &App, actor: &Actor, name: String) -> Result<String, Problem> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 60 || name.contains('\0') {
        let words = Text::new("请填写客户端名称，不超过60字", "A name of up to 60 letters");
        return Err(Problem::field("name", words));
    }
    let (key, now) = (hex::encode(random::<32>()), Utc::now());
    let (kept, by) = (digest(&key), actor.account);
    let entry = Entry::new(app.id(), now, actor, "open311.key-made", "Art. 22");
    app.db
        .write(move |tx| {
            store::add_key(tx, &kept, &name, by, now)?;
            Ok::<_, Problem>(journal::record(tx, &entry.clone().why(&name, &[]))?)
        })
        .await?;
    Ok(key)
}

/// Closes all keys of a client.
///
/// # Errors
/// 404 when there is none.
pub async fn close(app: &App, actor: &Actor, name: String) -> Result<(), Problem> {
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "open311.key-closed", "Art. 22");
    app.db
        .write(move |tx| {
            if store::close_keys(tx, &name, now)? == 0 {
                return Err(Problem::not_found());
            }
            Ok(journal::record(tx, &entry.clone().why(&name, &[]))?)
        })
        .await
}
