//! The proof that one entry stands in the log, as a file that is checked without server and database
//! (Art. 19).

use seal::hash::Sm3;
use seal::head::TreeHead;
use seal::merkle::{Hash, consistent, includes};
use seal::note::{Cosignature, NamedKey, open_checkpoint};
use serde::{Deserialize, Serialize};

use super::{COLUMNS, Stored, WIDTH, leaf_of, log, tree};
use crate::db::{DbError, Tx, v};
use crate::id::Id;
use crate::keys::Keys;
use crate::law::{Article, Refusal, Text};
use crate::problem::Problem;
use crate::time::Utc;

/// Name of this form of proofs.
pub const FORM: &str = "yikatong-journal-proof/1";

/// One entry, its place, and the signed heads that cover it. Hashes are hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Proof {
    /// [`FORM`].
    pub form: String,
    /// The entry as it was hashed: compact JSON, to be taken byte for byte.
    pub content: String,
    /// The entry's salt, 16 bytes.
    pub salt: String,
    /// Its place in the log, from 0.
    pub leaf_index: u64,
    /// Audit path to the root of `head`, nearest hash first (RFC 6962, 2.1.1).
    pub inclusion: Vec<String>,
    /// The newest signed head.
    pub head: String,
    /// The log's public key as the server tells it; better taken from elsewhere.
    pub log_key: String,
    /// The newest head that witnesses signed, when there is one.
    pub witnessed: Option<Witnessed>,
}

/// A head with co-signatures, and that it grew into the newest one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Witnessed {
    /// The signed head, then a line for each witness.
    pub checkpoint: String,
    /// From this head to `head` (RFC 6962, 2.1.2).
    pub consistency: Vec<String>,
    /// Public keys of the witnesses.
    pub keys: Vec<String>,
}

/// Why there is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such entry, or not for this caller.
    Unknown,
    /// It is not under a signed head yet.
    Waiting,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "journal/no-such-entry",
            Self::Waiting => "journal/not-yet-signed",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(19))
    }

    fn reason(&self) -> Text {
        match self {
            Self::Unknown => Text::new("没有这条记录", "There is no such entry"),
            Self::Waiting => {
                Text::new("该记录尚待签名", "The entry waits for its place under a signed head")
            }
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::Unknown => Text::new("请核对记录编号", "Check the entry's id"),
            Self::Waiting => Text::new("请一两秒后再试", "Try again in a second or two"),
        }
    }

    fn status(&self) -> u16 {
        if matches!(self, Self::Unknown) { 404 } else { 409 }
    }
}

/// Makes the proof of an entry. With `person` only of entries that concern him and whose display is
/// not delayed.
///
/// # Errors
/// See [`Refused`], or the database's word.
pub fn make(
    tx: &mut Tx<'_>,
    keys: &Keys,
    origin: &str,
    id: Id,
    person: Option<Id>,
) -> Result<Proof, Problem> {
    let sql = format!("SELECT {COLUMNS}, salt FROM journal_entry WHERE id = $1");
    let row = tx.optional(&sql, &[v(id)])?.ok_or(Refused::Unknown)?;
    let (entry, salt) = (Stored::read(&row)?, row.get::<[u8; 16]>(WIDTH)?);
    let hidden = entry.shown_after.is_some_and(|moment| moment > Utc::now());
    if person.is_some() && (entry.subject_id != person || hidden) {
        return Err(Refused::Unknown.into());
    }
    let sql = "SELECT leaf_index FROM journal_leaf WHERE entry_id = $1";
    let leaf = tx.optional(sql, &[v(id)])?.ok_or(Refused::Waiting)?;
    let leaf_index = leaf.get::<i64>(0)? as u64;
    let (size, head) = log::newest_head(tx)?.ok_or(Refused::Waiting)?;
    if size <= leaf_index {
        return Err(Refused::Waiting.into());
    }
    let inclusion = texts(&tree::prover(tx, size).inclusion(leaf_index)?);
    let witnessed = match log::witnessed_size(tx)? {
        Some(old) => witnessed(tx, old, size)?,
        None => None,
    };
    let key = keys.journal_key(origin).map_err(|e| DbError::Unavailable(e.to_string()))?;
    let (content, salt) = (entry.content(), hex::encode(salt));
    let (form, log_key) = (FORM.to_owned(), key.to_text());
    Ok(Proof { form, content, salt, leaf_index, inclusion, head, log_key, witnessed })
}

fn witnessed(tx: &mut Tx<'_>, old: u64, size: u64) -> Result<Option<Witnessed>, DbError> {
    let Some((checkpoint, _)) = log::checkpoint_of(tx, old)? else { return Ok(None) };
    let consistency = texts(&tree::prover(tx, size).consistency(old)?);
    let sql = "SELECT w.public_key FROM journal_witness w
               JOIN journal_cosignature c ON c.witness = w.name
               WHERE c.size = $1 ORDER BY w.name";
    let keys = tx.query(sql, &[v(old as i64)])?;
    let keys = keys.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    Ok(Some(Witnessed { checkpoint, consistency, keys }))
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(hex::encode).collect()
}

/// What a proof shows, once it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The entry as JSON.
    pub entry: serde_json::Value,
    /// Its place in the log, from 0.
    pub leaf_index: u64,
    /// The head that covers it.
    pub head: TreeHead,
    /// Id of the log's key.
    pub key_id: String,
    /// Witnesses whose signatures hold: name, id of the key, size of the head, UTC seconds.
    pub witnesses: Vec<(String, String, u64, u64)>,
}

/// Why a proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// Not a proof of this form.
    #[error("the file is not a proof: {0}")]
    Form(&'static str),
    /// The key is not the one that was expected, or no key.
    #[error("the log's key cannot be used: {0}")]
    Key(&'static str),
    /// Not signed by the log.
    #[error("the {0} does not hold: {1}")]
    Head(&'static str, String),
    /// Entry, salt, place or path was changed.
    #[error("the entry with this salt is not at this place under the signed head")]
    Inclusion,
    /// The witnessed head is of another history.
    #[error(
        "the witnessed head is not the beginning of the newest one: the log shows two histories"
    )]
    Consistency,
    /// A witness's line does not hold.
    #[error("a co-signature does not hold: {0}")]
    Cosignature(String),
}

impl Proof {
    /// Checks everything, with `trusted` as the log's key when the caller has it from elsewhere.
    ///
    /// # Errors
    /// See [`Unproved`].
    pub fn check(&self, trusted: Option<&NamedKey>) -> Result<Proved, Unproved> {
        if self.form != FORM {
            return Err(Unproved::Form("another form"));
        }
        let told = NamedKey::parse(&self.log_key).map_err(|_| Unproved::Key("unreadable"))?;
        if trusted.is_some_and(|trusted| trusted.to_text() != told.to_text()) {
            return Err(Unproved::Key("the file names another one than was given"));
        }
        let (leaf, entry) = self.leaf()?;
        let head = open(&self.head, &told, "signed head")?;
        let path = hashes(&self.inclusion)?;
        if !includes::<Sm3>(&leaf, self.leaf_index, head.size, &path, &head.root) {
            return Err(Unproved::Inclusion);
        }
        let witnesses = match &self.witnessed {
            Some(witnessed) => witnessed.check(&head, &told)?,
            None => Vec::new(),
        };
        let key_id = hex::encode(told.id());
        Ok(Proved { entry, leaf_index: self.leaf_index, head, key_id, witnesses })
    }

    fn leaf(&self) -> Result<(Hash, serde_json::Value), Unproved> {
        let bad = |what| move || Unproved::Form(what);
        let entry: serde_json::Value =
            serde_json::from_str(&self.content).map_err(|_| Unproved::Form("content"))?;
        let id = entry["id"].as_str().and_then(|id| id.parse().ok()).ok_or_else(bad("id"))?;
        let at = entry["at"].as_i64().map(Utc).ok_or_else(bad("at"))?;
        let mut salt = [0; 16];
        hex::decode_to_slice(&self.salt, &mut salt).map_err(|_| Unproved::Form("salt"))?;
        Ok((leaf_of(id, at, &salt, &self.content), entry))
    }
}

impl Witnessed {
    fn check(
        &self,
        head: &TreeHead,
        log: &NamedKey,
    ) -> Result<Vec<(String, String, u64, u64)>, Unproved> {
        let (signed, lines) =
            open_checkpoint(&self.checkpoint).ok_or(Unproved::Form("witnessed head"))?;
        let old = open(&signed, log, "witnessed head")?;
        let proof = hashes(&self.consistency)?;
        if !consistent::<Sm3>((old.size, &old.root), (head.size, &head.root), &proof) {
            return Err(Unproved::Consistency);
        }
        let keys = self.keys.iter().map(|key| NamedKey::parse(key));
        let keys = keys.collect::<Result<Vec<_>, _>>();
        let keys = keys.map_err(|_| Unproved::Key("a witness's key is unreadable"))?;
        let mut found = Vec::new();
        for line in lines {
            let bad = || Unproved::Cosignature(line.chars().take(80).collect());
            let cosignature = Cosignature::parse(line).ok_or_else(bad)?;
            let key = keys.iter().find(|key| cosignature.holds(&old, key)).ok_or_else(bad)?;
            found.push((key.name.clone(), hex::encode(key.id()), old.size, cosignature.at_s));
        }
        Ok(found)
    }
}

fn open(note: &str, key: &NamedKey, what: &'static str) -> Result<TreeHead, Unproved> {
    let opened = TreeHead::open(note, &key.key);
    let head = opened.map_err(|error| Unproved::Head(what, error.to_string()))?;
    match head.origin == key.name {
        true => Ok(head),
        false => Err(Unproved::Head(what, "it is of another log".to_owned())),
    }
}

fn hashes(texts: &[String]) -> Result<Vec<Hash>, Unproved> {
    let one = |text: &String| {
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).map_err(|_| Unproved::Form("a hash"))?;
        Ok(hash)
    };
    texts.iter().map(one).collect()
}
