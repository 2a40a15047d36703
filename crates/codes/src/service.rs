//! Judging what is shown at a terminal.
//!
//! It is the hot path of the whole platform. What needs no database (signatures, the code's window, the
//! item of the day) is done before; the rest is done for all requests that wait, as one set in one
//! transaction: a look at terminals, cards and people, one insert of uses, one of journal entries.

pub(crate) mod abroad;
mod known;
mod password;

use std::sync::Arc;

use items::rules::{Channel, Group, Item, Level, Way};
use items::service::Catalogue;
use kernel::actor::{Actor, Role};
use kernel::auth::{self, NewAccount};
use kernel::db::{Lane, LaneLimits, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Refusal as _;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::field::Field;
use seal::code::CardCode;
use seal::cq1::{Accepted, PREFIX, Refused as Cq1};
use time::Date;

use crate::cq1::check::Checker;
use crate::rules::{self, BasicRead, Proof, Refused, Terminal};
use crate::store::{self, Use};
use known::Known;

use abroad::Abroad;
pub use abroad::{
    Answered, AskAbroad, Errand, OfflineUse, TellAbroad, Visitor, ask_abroad, tell_abroad,
    used_abroad,
};
pub use password::{check_password, set_password};

/// The longest text that is looked at as a code.
const LONGEST: usize = 512;

/// A code to be shown.
pub struct Shown {
    /// Text of the QR code.
    pub text: String,
    /// Milliseconds that it is good for.
    pub lifetime_ms: i64,
}

/// What was shown to a terminal: one of code, read and barcode.
#[derive(Clone, Debug, Default)]
pub struct Presented {
    /// Text of a QR code.
    pub code: String,
    /// Line of a reader that read a physical card.
    pub read: String,
    /// A number that an old scanner read from the card's face.
    pub barcode: String,
    /// What the holder typed.
    pub password: String,
    /// The operator compared the person with the card.
    pub counter_check: bool,
}

/// By what the holder is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Credential of a code that only the platform can judge.
    Keyed([u8; 8]),
    /// Credential of a signed code.
    Signed([u8; 8]),
    /// Number of a physical card.
    Card(String),
}

/// What was shown, as far as it can be read without a database.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) key: Key,
    pub(crate) counter: Option<u32>,
    /// Person number that was read with the card.
    pub(crate) number: Option<String>,
    pub(crate) shown: rules::Shown,
}

impl Seen {
    fn code(key: Key, counter: u32) -> Self {
        let shown = rules::Shown { way: Way::Code, proof: Proof::Code };
        Self { key, counter: Some(counter), number: None, shown }
    }

    /// The credential in the code; zeros for a card.
    pub(crate) fn credential(&self) -> [u8; 8] {
        match &self.key {
            Key::Keyed(credential) | Key::Signed(credential) => *credential,
            Key::Card(_) => [0; 8],
        }
    }
}

/// The running verification.
pub struct Codes {
    app: App,
    catalogue: Arc<Catalogue>,
    lane: Lane<Asked, Verdict, Problem>,
    checker: Checker,
}

/// A request with all that needs no database.
pub(crate) struct Asked {
    pub(crate) use_id: Id,
    pub(crate) entry_id: Id,
    pub(crate) at: Utc,
    pub(crate) terminal: Actor,
    pub(crate) item_code: String,
    pub(crate) item: Option<Arc<Item>>,
    pub(crate) seen: Result<Seen, Refused>,
    /// What another region said of its own card.
    pub(crate) abroad: Option<Abroad>,
    /// The terminal of another region that asks about ours.
    pub(crate) visitor: Option<Terminal>,
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
    /// What was proved.
    pub proof: Option<Proof>,
    /// The fields that the item discloses; empty after a no.
    pub fields: Vec<(Field, String)>,
    /// Of one of these groups the holder has to be, which whoever serves must see; empty when nothing is left
    /// to be seen.
    pub to_see: Vec<Group>,
}

impl Codes {
    /// Starts the verification lane on the current runtime.
    pub fn start(app: &App, catalogue: Arc<Catalogue>) -> Self {
        let lane = Lane::start(&app.db, LaneLimits::default(), judge_set);
        Self { app: app.clone(), catalogue, lane, checker: Checker::new(app) }
    }

    /// Judges what was shown for one item, durably and on record.
    ///
    /// # Errors
    /// The platform is busy or broken; a no is an answer, not an error.
    pub async fn verify(
        &self,
        terminal: Actor,
        item: &str,
        presented: &Presented,
    ) -> Result<Verdict, Problem> {
        let at = Utc::now();
        let found = self.catalogue.get(item, at.day());
        let mut seen = self.see(presented, at).await;
        let asks = found.as_ref().is_some_and(|item| item.level == Level::CodeAndPassword);
        if let (Ok(read), true) = (&mut seen, asks && !presented.password.is_empty()) {
            match password::check(&self.app, &read.key, &presented.password).await? {
                true => read.shown.proof = Proof::CodeAndPassword,
                false => seen = Err(Refused::Password),
            }
        }
        let mut asked = self.asked(terminal, item, at, seen);
        let about = (at, asked.entry_id);
        let (terminal, item) = (&asked.terminal, asked.item.as_deref());
        asked.abroad = self.abroad(terminal, item, presented, &asked.seen, about).await?;
        self.submit(asked).await
    }

    fn asked(&self, terminal: Actor, item: &str, at: Utc, seen: Result<Seen, Refused>) -> Asked {
        Asked {
            use_id: self.app.ids.next(at),
            entry_id: self.app.ids.next(at),
            at,
            terminal,
            item_code: item.chars().take(40).collect(),
            item: self.catalogue.get(item, at.day()),
            seen,
            abroad: None,
            visitor: None,
        }
    }

    async fn submit(&self, asked: Asked) -> Result<Verdict, Problem> {
        let verdict = self.lane.submit(asked).await?;
        let label = verdict.result.as_ref().err().map_or("ok", |refused| refused.code());
        metrics::counter!("yikatong_verifications_total", "result" => label).increment(1);
        Ok(verdict)
    }

    /// An item as it was in force on a day.
    pub fn item(&self, code: &str, day: Date) -> Option<Arc<Item>> {
        self.catalogue.get(code, day)
    }

    /// Judges a code that a terminal took at `at_s` without a network.
    ///
    /// # Errors
    /// The first check that fails.
    pub async fn judge_past(&self, text: &str, at_s: i64) -> Result<Accepted, Cq1> {
        let text = if text.len() <= LONGEST { text } else { "" };
        self.checker.check_past(text, at_s).await
    }

    /// Reads what was shown: signatures and windows are judged here, cards and people later.
    async fn see(&self, presented: &Presented, at: Utc) -> Result<Seen, Refused> {
        if !presented.read.is_empty() {
            let read = BasicRead::parse(&presented.read)?;
            let proof = if presented.counter_check { Proof::Card } else { Proof::Code };
            let shown = rules::Shown { way: Way::Card, proof };
            let (key, number) = (Key::Card(read.card_no), Some(read.number));
            return Ok(Seen { key, counter: None, number, shown });
        }
        if !presented.barcode.is_empty() {
            let number = presented.barcode.trim().to_uppercase();
            if !cards::number::looks_like(&number) {
                return Err(Refused::Unreadable);
            }
            let shown = rules::Shown { way: Way::Card, proof: Proof::Face };
            return Ok(Seen { key: Key::Card(number), counter: None, number: None, shown });
        }
        let text = if presented.code.len() <= LONGEST { presented.code.as_str() } else { "" };
        if text.starts_with(PREFIX) {
            let accepted = self.checker.check(text, at).await.map_err(Refused::Signed)?;
            return Ok(Seen::code(Key::Signed(accepted.credential), accepted.counter));
        }
        let opened = CardCode::open(text, self.app.keys.store());
        let region = rules::region_bcd(&self.app.config.region);
        let code = rules::check_code(opened, region, at.seconds())?;
        Ok(Seen::code(Key::Keyed(code.credential), code.counter))
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
            verdicts[place].to_see.clear();
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

/// A terminal to be registered.
#[derive(Clone, Debug)]
pub struct NewTerminal {
    /// Organisation that owns it.
    pub org: Id,
    /// Where it stands.
    pub place: String,
    /// Codes of the items it may ask for.
    pub items: Vec<String>,
    /// What kind of service point it is.
    pub channel: Option<Channel>,
    /// Division where it stands (GB/T 2260); empty when it moves.
    pub division: String,
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
            let terminal = Terminal {
                channel: new.channel,
                division: new.division.clone(),
                place: new.place.clone(),
                items: new.items.clone(),
                blocked: false,
            };
            store::insert_terminal(tx, id, new.org, &terminal, now)?;
            let token = auth::make_token(tx, id, Role::Terminal, now)?;
            journal::record(tx, &entry)?;
            Ok((id, token))
        })
        .await
}
