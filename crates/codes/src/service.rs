//! Showing a code and judging one.
//!
//! Judging is the hot path of the whole platform. What needs no database (the code's tag and window,
//! the item of the day) is done before; the rest is done for all requests that wait, as one set in
//! one transaction: a look at terminals, cards and people, one insert of uses, one of journal entries.

use std::collections::HashMap;
use std::sync::Arc;

use items::rules::Item;
use items::service::Catalogue;
use kernel::actor::{Actor, Role};
use kernel::auth::{self, NewAccount};
use kernel::db::{DbError, Lane, LaneLimits, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Refusal as _;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::field::Field;
use people::rules::Person;
use seal::code::CardCode;

use crate::rules::{self, LIFETIME_S, Refused, Standing, Terminal};
use crate::store::{self, Use};

/// The issuer's key that makes the tags of new codes.
const KEY_INDEX: u8 = 1;
/// The longest text that is looked at as a code.
const LONGEST: usize = 512;

/// The running verification.
pub struct Codes {
    app: App,
    catalogue: Arc<Catalogue>,
    lane: Lane<Asked, Verdict, Problem>,
}

/// A request with all that needs no database.
struct Asked {
    use_id: Id,
    entry_id: Id,
    at: Utc,
    terminal: Actor,
    item_code: String,
    item: Option<Arc<Item>>,
    code: Result<CardCode, Refused>,
}

/// The answer to a terminal.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Yes, or why not.
    pub result: Result<(), Refused>,
    /// Id of the use.
    pub id: Id,
    /// When it was judged.
    pub at: Utc,
    /// The item that was asked for, when it is on the list.
    pub item: Option<Arc<Item>>,
    /// The fields that the item discloses; empty after a no.
    pub fields: Vec<(Field, String)>,
}

impl Codes {
    /// Starts the verification lane on the current runtime.
    pub fn start(app: &App, catalogue: Arc<Catalogue>) -> Self {
        let lane = Lane::start(&app.db, LaneLimits::default(), judge_set);
        Self { app: app.clone(), catalogue, lane }
    }

    /// Judges a code for one item, durably and on record.
    ///
    /// # Errors
    /// The platform is busy or broken; a no is an answer, not an error.
    pub async fn verify(
        &self,
        terminal: Actor,
        item: &str,
        code: &str,
    ) -> Result<Verdict, Problem> {
        let at = Utc::now();
        let text = if code.len() <= LONGEST { code } else { "" };
        let opened = CardCode::open(text, self.app.keys.store());
        let region = rules::region_bcd(&self.app.config.region);
        let asked = Asked {
            use_id: self.app.ids.next(at),
            entry_id: self.app.ids.next(at),
            at,
            terminal,
            item_code: item.chars().take(40).collect(),
            item: self.catalogue.get(item, at.day()),
            code: rules::check_code(opened, region, at.seconds()),
        };
        let verdict = self.lane.submit(asked).await?;
        let label = verdict.result.as_ref().err().map_or("ok", |refused| refused.code());
        metrics::counter!("yikatong_verifications_total", "result" => label).increment(1);
        Ok(verdict)
    }
}

fn judge_set(tx: &mut Tx<'_>, set: &[Asked]) -> Result<Vec<Result<Verdict, Problem>>, Problem> {
    let known = Known::load(tx, set)?;
    let mut verdicts: Vec<Verdict> = set.iter().map(|asked| known.judge(asked)).collect();
    let uses: Vec<(usize, Use)> = (0..set.len())
        .filter_map(|place| Some((place, known.use_of(&set[place], &verdicts[place])?)))
        .collect();
    let (places, uses): (Vec<usize>, Vec<Use>) = uses.into_iter().unzip();
    let inserted = store::insert_uses(tx, &uses)?;
    let mut replays = Vec::new();
    for ((place, mut used), went_in) in places.into_iter().zip(uses).zip(inserted) {
        if !went_in {
            verdicts[place].result = Err(Refused::Replayed);
            verdicts[place].fields.clear();
            used.counter = None;
            used.result = Refused::Replayed.code().to_owned();
            replays.push(used);
        }
    }
    store::insert_uses(tx, &replays)?;
    let entries: Vec<Entry> =
        set.iter().zip(&verdicts).map(|(asked, verdict)| known.entry(asked, verdict)).collect();
    journal::record_all(tx, &entries)?;
    Ok(verdicts.into_iter().map(Ok).collect())
}

/// What the database knows about a set of requests.
struct Known {
    terminals: HashMap<Id, Terminal>,
    cards: HashMap<[u8; 8], (Id, Standing)>,
    people: HashMap<Id, Person>,
}

impl Known {
    fn load(tx: &mut Tx<'_>, set: &[Asked]) -> Result<Self, DbError> {
        let mut ids: Vec<Id> = set.iter().map(|asked| asked.terminal.account).collect();
        ids.sort_unstable();
        ids.dedup();
        let good =
            || set.iter().filter_map(|asked| asked.code.as_ref().ok().map(|code| (asked, code)));
        let credentials: Vec<[u8; 8]> = good().map(|(_, code)| code.credential).collect();
        let standings = cards::store::standings(tx, &credentials)?;
        let cards: HashMap<[u8; 8], (Id, Standing)> = standings
            .into_iter()
            .map(|s| {
                (
                    s.credential,
                    (s.person, Standing { electronic: s.electronic, expires_on: s.expires_on }),
                )
            })
            .collect();
        let disclosing =
            good().filter(|(asked, _)| asked.item.as_ref().is_some_and(|i| !i.fields.is_empty()));
        let people: Vec<Id> = disclosing
            .filter_map(|(_, code)| cards.get(&code.credential))
            .map(|(id, _)| *id)
            .collect();
        Ok(Self {
            terminals: store::terminals(tx, &ids)?,
            people: people::store::by_ids(tx, &people)?.into_iter().map(|p| (p.id, p)).collect(),
            cards,
        })
    }

    fn card_of(&self, asked: &Asked) -> Option<&(Id, Standing)> {
        self.cards.get(&asked.code.as_ref().ok()?.credential)
    }

    fn judge(&self, asked: &Asked) -> Verdict {
        let today = asked.at.day();
        let card = self.card_of(asked);
        let result = asked.code.as_ref().map_err(Clone::clone).and_then(|_| {
            let terminal = self.terminals.get(&asked.terminal.account);
            rules::judge(terminal, asked.item.as_deref(), card.map(|(_, standing)| standing), today)
        });
        let person = card.and_then(|(id, _)| self.people.get(id));
        let fields = match (&result, &asked.item, person) {
            (Ok(()), Some(item), Some(person)) => rules::disclose(item, person, today),
            _ => Vec::new(),
        };
        Verdict { result, id: asked.use_id, at: asked.at, item: asked.item.clone(), fields }
    }

    /// The use to be recorded, when it is known whose card it was.
    fn use_of(&self, asked: &Asked, verdict: &Verdict) -> Option<Use> {
        let (person, _) = self.card_of(asked)?;
        let code = asked.code.as_ref().ok()?;
        let item = asked.item.as_deref();
        Some(Use {
            person: *person,
            id: asked.use_id,
            at: asked.at,
            item: asked.item_code.clone(),
            item_version: item.map_or(0, |item| item.version),
            item_zh: item.map(|item| item.name.zh.clone()).unwrap_or_default(),
            item_en: item.map(|item| item.name.en.clone()).unwrap_or_default(),
            terminal: asked.terminal.account,
            place: self.place(asked),
            credential: code.credential,
            counter: verdict.result.is_ok().then_some(i64::from(code.counter)),
            result: verdict.result.as_ref().err().map_or("ok", |refused| refused.code()).to_owned(),
        })
    }

    fn place(&self, asked: &Asked) -> String {
        let terminal = self.terminals.get(&asked.terminal.account);
        terminal.map_or_else(|| asked.terminal.name.clone(), |terminal| terminal.place.clone())
    }

    fn entry(&self, asked: &Asked, verdict: &Verdict) -> Entry {
        let act = if verdict.result.is_ok() { "item.used" } else { "item.refused" };
        let mut entry = Entry::new(asked.entry_id, asked.at, &asked.terminal, act, "Art. 14");
        entry.subject = self.card_of(asked).map(|(person, _)| *person);
        entry.object = format!("use:{}", asked.use_id);
        entry.item = match &asked.item {
            Some(item) => format!("{} v{} {}", item.code, item.version, item.name.zh),
            None => asked.item_code.clone(),
        };
        entry.purpose = match &asked.item {
            Some(item) => item.name.zh.clone(),
            None => "核验卡码 / verification of a code".to_owned(),
        };
        entry.fields = verdict.fields.iter().map(|(field, _)| field.code()).collect();
        if let Err(refused) = &verdict.result {
            entry.result = refused.code().to_owned();
        }
        entry
    }
}

/// A code to be shown.
pub struct Shown {
    /// Text of the QR code.
    pub text: String,
    /// Milliseconds that it is good for.
    pub lifetime_ms: i64,
}

/// Makes the next code of the holder's electronic card. The counter is technical and is not
/// journalled; each use of the code is.
///
/// # Errors
/// The card cannot be used (Art. 2), or the database's word.
pub async fn show(app: &App, holder: &Actor) -> Result<Shown, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let now = Utc::now();
    let (credential, counter) = app
        .db
        .housekeeping(move |tx| {
            let (card, ecard) = cards::service::cards_of(tx, person)?;
            let standing = card.map(|card| Standing {
                electronic: card.clocks.electronic,
                expires_on: card.expires_on,
            });
            let usable =
                |s: &Standing| cards::rules::usable(s.electronic, s.expires_on, now.day()).is_ok();
            let ecard = ecard.filter(|_| standing.as_ref().is_some_and(usable));
            let ecard = ecard.ok_or(Refused::CardNotActive)?;
            let credential = ecard.credential.ok_or(Refused::CardNotActive)?;
            Ok::<_, Problem>((credential, cards::store::next_counter(tx, &ecard)?))
        })
        .await?;
    let code = CardCode {
        region: rules::region_bcd(&app.config.region),
        key: KEY_INDEX,
        credential,
        generated_s: now.seconds() as u32,
        lifetime_s: LIFETIME_S,
        counter: counter as u32,
        scene: 0,
    };
    let text = code.encode(app.keys.store()).map_err(|e| DbError::Unavailable(e.to_string()))?;
    Ok(Shown { text, lifetime_ms: i64::from(LIFETIME_S) * 1_000 })
}

/// A terminal to be registered.
#[derive(Clone, Debug)]
pub struct NewTerminal {
    /// Organisation that owns it.
    pub org: Id,
    /// Where it stands.
    pub place: String,
    /// Codes of the items it may ask for.
    pub items: Vec<String>,
}

/// Registers a terminal; returns its id and its token, which is never shown again.
///
/// # Errors
/// See [`Problem`].
pub async fn register_terminal(
    app: &Platform,
    actor: &Actor,
    new: NewTerminal,
) -> Result<(Id, String), Problem> {
    let (id, now) = (app.id(), Utc::now());
    let entry = Entry::new(app.id(), now, actor, "terminal.registered", "Art. 15")
        .on("terminal", id)
        .why("登记终端 / registration of a terminal", &[]);
    app.db
        .write(move |tx| {
            let account = NewAccount {
                id,
                role: Role::Terminal,
                name: new.place.clone(),
                org: Some(new.org),
                division: String::new(),
                person: None,
                phone: None,
            };
            auth::create_account(tx, &account, now)?;
            let terminal =
                Terminal { place: new.place.clone(), items: new.items.clone(), blocked: false };
            store::insert_terminal(tx, id, new.org, &terminal, now)?;
            let token = auth::make_token(tx, id, Role::Terminal, now)?;
            journal::record(tx, &entry)?;
            Ok((id, token))
        })
        .await
}
