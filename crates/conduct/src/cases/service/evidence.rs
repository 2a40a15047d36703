//! Evidence: sealed as people's evidence is, its digest in the journal, so that a later change is seen.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::evidence::rules::{Media, inspect};

use super::{binding, handler, seal};
use crate::cases::rules::{self, Act, Facts, Hand, Refused, may_lay};
use crate::cases::store::{self, Piece, Step};

/// The investigator adds a file.
///
/// # Errors
/// [`Refused`], a wrong or too large file, or no title.
pub async fn add(
    app: &App,
    actor: &Actor,
    id: Id,
    title: &str,
    bytes: Vec<u8>,
) -> Result<Id, Problem> {
    let media = inspect(&bytes)?;
    let title = title.trim().to_owned();
    if title.is_empty() || title.chars().count() > 100 {
        let text = Text::new("请写明证明内容（100字以内）", "What it shows, up to 100 letters");
        return Err(Problem::field("title", text));
    }
    let (now, piece, step, actor) = (Utc::now(), app.id(), app.id(), actor.clone());
    let digest = seal::sm3::sm3(&bytes);
    let entry = Entry::new(app.id(), now, &actor, "case.evidence", "Art. 26")
        .on("case-evidence", piece)
        .why("证据入卷 / evidence was taken", &[]);
    let entry = Entry { detail: detail(id, &digest), ..entry };
    let keys = app.keys.clone();
    app.db
        .write(move |tx| {
            let mut case = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            let who = handler(tx, &keys, &actor, id)?;
            may_lay(&who, &case.about, Hand::Investigate)?;
            rules::follow(case.state, Act::Evidence, &Facts::default())?;
            if case.investigator != Some(actor.account) {
                return Err(Refused::Taken.into());
            }
            let place = format!("evidence {piece}");
            let one = Piece {
                id: piece,
                title: seal(&keys, id, &format!("title {piece}"), &title),
                media: media.code().to_owned(),
                size: bytes.len() as i64,
                digest: digest.to_vec(),
                entry: entry.id,
                taken_by: actor.account,
                taken_name: actor.name.clone(),
                taken_at: now,
            };
            store::insert_piece(tx, id, &one, &keys.seal_field(&bytes, &binding(id, &place)))?;
            case.evidence += 1;
            store::update(tx, &case)?;
            let taken = Step {
                id: step,
                at: now,
                act: Act::Evidence.code().to_owned(),
                state: case.state,
                account: actor.account,
                name: actor.name.clone(),
                words: Some(seal(&keys, id, &format!("step {step}"), &title)),
            };
            store::add_step(tx, id, &taken)?;
            journal::record(tx, &entry)?;
            Ok(piece)
        })
        .await
}

fn detail(case: Id, digest: &[u8]) -> serde_json::Value {
    serde_json::json!({"case": case.to_string(), "sm3": hex::encode(digest)})
}

/// A piece with its content, for whoever may read the file; journalled. Content, row and journal must
/// agree.
///
/// # Errors
/// [`Refused::EvidenceChanged`] when they do not, or he may not read it.
pub async fn read(
    app: &App,
    actor: &Actor,
    id: Id,
    piece: Id,
) -> Result<(Media, Vec<u8>), Problem> {
    let (keys, now, actor) = (app.keys.clone(), Utc::now(), actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "case.evidence-read", "Art. 19")
        .on("case-evidence", piece)
        .why("查阅证据 / reading evidence", &[]);
    app.db
        .write(move |tx| {
            let case = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            let who = handler(tx, &keys, &actor, id)?;
            super::look::may_read(&who, &case)?;
            let one = store::pieces(tx, id)?.into_iter().find(|one| one.id == piece);
            let one = one.ok_or_else(Problem::not_found)?;
            let sealed = store::content(tx, id, piece)?.ok_or(Refused::EvidenceChanged)?;
            let bytes = keys.open_field(&sealed, &binding(id, &format!("evidence {piece}")));
            let bytes = bytes.ok_or(Refused::EvidenceChanged)?;
            let digest = seal::sm3::sm3(&bytes);
            if one.digest != digest || !journalled(tx, &one, id, &digest)? {
                return Err(Refused::EvidenceChanged.into());
            }
            let media = Media::from_code(&one.media).ok_or(Refused::EvidenceChanged)?;
            journal::record(tx, &entry)?;
            Ok((media, bytes))
        })
        .await
}

/// Whether the journal tells the same digest.
fn journalled(tx: &mut Tx<'_>, piece: &Piece, case: Id, digest: &[u8]) -> Result<bool, Problem> {
    let (entry, told) =
        (journal::newest(tx, Id(piece.entry.0 + 1), 1)?.pop(), detail(case, digest));
    let told = told.to_string();
    Ok(entry.is_some_and(|entry| entry.id == piece.entry && entry.detail == told))
}
