//! The gateway: the text of any code, one published item and a purpose; yes or no, and only the
//! item's fields. Codes of this platform are judged by the house, others by their decoder.

use std::pin::Pin;
use std::sync::Arc;

use items::catalogue::Catalogue;
use items::rules::Item;
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::{Refusal, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::field::Field;
use people::rules::Person;
use serde::Serialize;

use super::{formats, links};
use crate::fusion::decoders::{self, Decoded};
use crate::fusion::rules::{self, Caller, NotOpened, Scheme};
use crate::fusion::store;
use crate::fusion::store::formats::Standing;
use crate::fusion::store::links::Use;

/// The item that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AnswerItem {
    /// Its code.
    pub code: String,
    /// The version in force on the day of the use.
    pub version: i64,
    /// Its name.
    pub name: String,
}

/// Yes or no, why, the item and its version, and only the item's fields: the same for every format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Answer {
    /// `yes` or `no`.
    pub result: &'static str,
    /// Id of this use.
    #[schema(value_type = String)]
    pub id: Id,
    /// RFC 3339, UTC.
    pub at: String,
    /// Stable code of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// The refusal in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What to do now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Article of the regulation behind the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article: Option<u8>,
    /// The item, when it is on the published list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<AnswerItem>,
    /// The fields that the item discloses (Art. 18).
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub fields: serde_json::Map<String, serde_json::Value>,
}

impl Answer {
    /// The answer for one judgement.
    pub fn new(
        id: Id,
        at: Utc,
        item: Option<&Item>,
        refused: Option<&dyn Refusal>,
        fields: &[(Field, String)],
    ) -> Self {
        let fields =
            fields.iter().map(|(field, value)| (field.code().to_owned(), value.clone().into()));
        Self {
            result: if refused.is_none() { "yes" } else { "no" },
            id,
            at: at.rfc3339(),
            why: refused.map(Refusal::code),
            text: refused.map(|refused| refused.reason().zh),
            advice: refused.map(|refused| refused.advice().zh),
            article: refused.and_then(Refusal::article).map(|article| article.0),
            item: item.map(|item| AnswerItem {
                code: item.code.clone(),
                version: item.version,
                name: item.name.zh.clone(),
            }),
            fields: fields.collect(),
        }
    }
}

/// A question to the gateway.
#[derive(Clone, Debug)]
pub struct Question {
    /// Text of the code.
    pub code: String,
    /// Code of one published item.
    pub item: String,
    /// What for, in plain words.
    pub purpose: String,
}

/// Judges a code of this platform.
pub type OwnCodes = Box<
    dyn Fn(Actor, Question) -> Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>>
        + Send
        + Sync,
>;

/// A terminal as the house knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asker {
    /// Where it stands, in words for the holder.
    pub place: String,
    /// Codes of the items it may ask for.
    pub items: Vec<String>,
}

/// Finds a terminal by its account; none when it is not registered or is blocked.
pub type Terminals = fn(&mut Tx<'_>, Id) -> Result<Option<Asker>, DbError>;

/// The gateway, with what it needs of the house around it.
pub struct Gateway {
    app: App,
    catalogue: Arc<Catalogue>,
    own: OwnCodes,
    terminals: Terminals,
}

/// A text that was read, as far as it could be.
pub struct Read {
    /// The scheme and what was read of its code, or why not.
    pub decoded: Result<(Scheme, Decoded), NotOpened>,
}

/// The longest purpose, in characters.
const PURPOSE: usize = 100;

impl Gateway {
    /// A gateway for the house.
    pub fn new(app: &App, catalogue: Arc<Catalogue>, own: OwnCodes, terminals: Terminals) -> Self {
        Self { app: app.clone(), catalogue, own, terminals }
    }

    /// The platform.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The list.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Answers one question, durably and on record.
    ///
    /// # Errors
    /// No purpose, or the platform is busy or broken; a no is an answer, not an error.
    pub async fn decode(&self, actor: Actor, question: Question) -> Result<Answer, Problem> {
        let purpose = question.purpose.trim().to_owned();
        if !(1..=PURPOSE).contains(&purpose.chars().count()) {
            let text = Text::new("请填写用途（100字以内）", "The purpose, up to 100 letters");
            return Err(Problem::field("purpose", text));
        }
        let answer = match decoders::is_own(&question.code) {
            true => (self.own)(actor, Question { purpose, ..question }).await?,
            false => self.foreign(actor, Question { purpose, ..question }).await?,
        };
        metrics::counter!("yikatong_decodes_total", "result" => answer.why.unwrap_or("ok"))
            .increment(1);
        Ok(answer)
    }

    /// Reads a code of another format, without looking up whose it is.
    ///
    /// # Errors
    /// The database's word.
    pub async fn read(&self, text: &str, now: Utc) -> Result<Read, Problem> {
        let kept = text.to_owned();
        let found = self
            .app
            .db
            .read(move |tx| {
                let living = store::formats::living(tx)?;
                let fits = |format: &store::formats::Format| {
                    format.state == Standing::Confirmed && kept.starts_with(&format.layout.prefix)
                };
                let Some(format) = living.into_iter().find(fits) else { return Ok(None) };
                let keys = store::formats::keys_of(tx, format.id)?;
                let scheme = store::schemes::by_id(tx, format.scheme)?;
                Ok::<_, Problem>(scheme.map(|scheme| (scheme, format, keys)))
            })
            .await?;
        let Some((scheme, format, rows)) = found else {
            return Ok(Read { decoded: Err(NotOpened::Unregistered) });
        };
        if !format.serves(now.day()) || !scheme.state.is_open() {
            return Ok(Read { decoded: Err(NotOpened::NotInForce) });
        }
        let confirmed = rows.iter().filter(|row| row.state == Standing::Confirmed);
        let keys: Vec<decoders::Key> =
            confirmed.filter_map(|row| formats::open_key(&self.app, &format.layout, row)).collect();
        // Signatures are verified here, outside of any transaction.
        let decoded = decoders::decode(&format.layout, &keys, text, now);
        Ok(Read { decoded: decoded.map(|decoded| (scheme, decoded)) })
    }

    async fn foreign(&self, actor: Actor, question: Question) -> Result<Answer, Problem> {
        let at = Utc::now();
        let Read { decoded } = self.read(&question.code, at).await?;
        let digest = match &decoded {
            Ok((scheme, decoded)) => Some(links::digest(&self.app, &scheme.code, &decoded.number)?),
            Err(_) => None,
        };
        let asked = Asked {
            id: self.app.id(),
            entry_id: self.app.id(),
            at,
            item: self.catalogue.get(&question.item, at.day()),
            item_code: question.item.chars().take(40).collect(),
            purpose: question.purpose,
            actor,
            decoded,
            digest,
        };
        let terminals = self.terminals;
        self.app.db.write(move |tx| asked.answer(tx, terminals)).await
    }
}

/// A question with all that needs no transaction.
struct Asked {
    id: Id,
    entry_id: Id,
    at: Utc,
    actor: Actor,
    item: Option<Arc<Item>>,
    item_code: String,
    purpose: String,
    decoded: Result<(Scheme, Decoded), NotOpened>,
    digest: Option<[u8; 32]>,
}

impl Asked {
    fn answer(&self, tx: &mut Tx<'_>, terminals: Terminals) -> Result<Answer, Problem> {
        let (caller, place) = self.caller(tx, terminals)?;
        let owner = match &self.digest {
            Some(digest) => store::links::owner(tx, digest, self.at.day())?.map(|o| o.person),
            None => None,
        };
        let judged = self.judge(tx, caller.as_ref(), owner)?;
        let fields = match (&judged, &self.item) {
            (Ok(person), Some(item)) => {
                let told = |field: &Field| (*field, person.field(*field, self.at.day()));
                item.fields.iter().map(told).collect()
            }
            _ => Vec::new(),
        };
        let no = judged.err();
        if let (Some(person), Ok((scheme, _))) = (owner, &self.decoded) {
            store::links::insert_use(tx, &self.used(person, scheme.id, place, no))?;
        }
        journal::record(tx, &self.entry(owner, no, &fields))?;
        let refused = no.as_ref().map(|no| no as &dyn Refusal);
        Ok(Answer::new(self.id, self.at, self.item.as_deref(), refused, &fields))
    }

    fn caller(
        &self,
        tx: &mut Tx<'_>,
        terminals: Terminals,
    ) -> Result<(Option<Caller>, String), DbError> {
        if self.actor.role != Role::Terminal {
            return Ok((self.actor.org.map(Caller::Organisation), self.actor.name.clone()));
        }
        Ok(match terminals(tx, self.actor.account)? {
            Some(asker) => (Some(Caller::Terminal { items: asker.items }), asker.place),
            None => (None, self.actor.name.clone()),
        })
    }

    /// Code, caller, item, proof, holder, card, once only: the first no counts.
    fn judge(
        &self,
        tx: &mut Tx<'_>,
        caller: Option<&Caller>,
        owner: Option<Id>,
    ) -> Result<Result<Person, NotOpened>, DbError> {
        let decoded = match &self.decoded {
            Ok((_, decoded)) => decoded,
            Err(no) => return Ok(Err(*no)),
        };
        if let Err(no) = rules::judge(caller, self.item.as_deref(), decoded.proof) {
            return Ok(Err(no));
        }
        let Some(owner) = owner else { return Ok(Err(NotOpened::NotLinked)) };
        if let Err(no) = card_is_usable(tx, owner, self.at)? {
            return Ok(Err(no));
        }
        let item = self.item.as_deref().map_or("", |item| item.code.as_str());
        let freezes = people::freezes::store::live_of(tx, owner)?;
        if crate::rules::check_freezes(item, &freezes).is_err() {
            return Ok(Err(NotOpened::Frozen));
        }
        let Some(person) = people::store::by_id(tx, owner)? else {
            return Ok(Err(NotOpened::NotLinked));
        };
        if let Some((shown, until)) = decoded.shown
            && !store::links::show(tx, &shown, Utc(until * Utc::SECOND))?
        {
            return Ok(Err(NotOpened::Replayed));
        }
        Ok(Ok(person))
    }

    fn used(&self, person: Id, scheme: Id, place: String, no: Option<NotOpened>) -> Use {
        let item = self.item.as_deref();
        Use {
            person,
            id: self.id,
            at: self.at,
            scheme,
            item: self.item_code.clone(),
            item_version: item.map_or(0, |item| item.version),
            item_zh: item.map(|item| item.name.zh.clone()).unwrap_or_default(),
            item_en: item.map(|item| item.name.en.clone()).unwrap_or_default(),
            place,
            purpose: self.purpose.clone(),
            result: no.as_ref().map_or("ok", Refusal::code).to_owned(),
        }
    }

    fn entry(&self, owner: Option<Id>, no: Option<NotOpened>, fields: &[(Field, String)]) -> Entry {
        let act = if no.is_none() { "fusion.used" } else { "fusion.refused" };
        let mut entry = Entry::new(self.entry_id, self.at, &self.actor, act, "Art. 14, 16");
        entry.subject = owner;
        entry.object = format!("use:{}", self.id);
        entry.item = match &self.item {
            Some(item) => format!("{} v{} {}", item.code, item.version, item.name.zh),
            None => self.item_code.clone(),
        };
        entry.purpose = self.purpose.clone();
        entry.fields = fields.iter().map(|(field, _)| field.code()).collect();
        if let Ok((scheme, _)) = &self.decoded {
            entry.detail = serde_json::json!({ "scheme": scheme.code });
        }
        if let Some(no) = no {
            entry.result = no.code().to_owned();
        }
        entry
    }
}

/// Art. 2: a fused card opens nothing that the social security card itself would not open.
fn card_is_usable(tx: &mut Tx<'_>, person: Id, at: Utc) -> Result<Result<(), NotOpened>, DbError> {
    let Some(card) = cards::store::living(tx, person)? else {
        return Ok(Err(NotOpened::CardNotActive));
    };
    let usable = cards::rules::usable(card.clocks.electronic, card.expires_on, at.day());
    Ok(usable.map_err(|why| match why {
        cards::rules::Unusable::CardNotActive => NotOpened::CardNotActive,
        cards::rules::Unusable::Expired => NotOpened::CardExpired,
    }))
}
