//! Cards of the other region shown here, and ours shown there (Art. 3, 7, 14, 17): the region that issued
//! a card judges it, the region where it is shown decides who may ask for what.

use std::pin::Pin;
use std::sync::OnceLock;

use items::rules::Item;
use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Refusal as _;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::field::Field;
use seal::cq1::{Code, PREFIX, Refused as Cq1};

use super::{Codes, LONGEST, Presented, Seen, Verdict};
use crate::cq1;
use crate::rules::{self, BasicRead, Proof, Refused, Shown, Terminal};
use crate::store::{self, Use};
use crate::terminals::store::{self as terminals, Alarm};
use items::rules::Way;

/// What another region is asked.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Region that issued what was shown.
    pub region: String,
    /// Code of an item of the joint list.
    pub item: String,
    /// What was shown.
    pub presented: Presented,
    /// Where, in words for the holder.
    pub place: String,
    /// When.
    pub at: Utc,
    /// Entry of our journal about it.
    pub entry: Id,
}

/// The item's fields, or why not.
pub type Answered = Result<Vec<(Field, String)>, Refused>;

/// Asks the region that issued a card.
pub type AskAbroad = fn(App, Errand) -> Pin<Box<dyn Future<Output = Answered> + Send>>;

static ASK_ABROAD: OnceLock<AskAbroad> = OnceLock::new();

/// Says how another region is asked. Regions know verification and not the other way round, so the
/// platform puts the two together when it starts; the first word counts.
pub fn ask_abroad(ask: AskAbroad) {
    ASK_ABROAD.get_or_init(|| ask);
}

/// A code of another region that a terminal here took without a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineUse {
    /// Region that issued it.
    pub region: String,
    /// Text of the code.
    pub code: String,
    /// When, seconds since 1970.
    pub at: i64,
    /// Code of an item of the joint list.
    pub item: String,
    /// Where, in words for the holder.
    pub place: String,
    /// Entry of our journal about it.
    pub entry: Id,
}

/// Tells the region that issued a card of a use, in the transaction that takes the terminal's journal.
pub type TellAbroad = fn(&mut Tx<'_>, &Platform, &OfflineUse, Utc) -> Result<(), Problem>;

static TELL_ABROAD: OnceLock<TellAbroad> = OnceLock::new();

/// Says how another region is told of uses; see [`ask_abroad`].
pub fn tell_abroad(tell: TellAbroad) {
    TELL_ABROAD.get_or_init(|| tell);
}

pub(crate) fn tell(
    tx: &mut Tx<'_>,
    app: &Platform,
    used: &OfflineUse,
    at: Utc,
) -> Result<(), Problem> {
    TELL_ABROAD.get().map_or(Ok(()), |tell| tell(tx, app, used, at))
}

/// Enters a use that another region's terminal let pass without a network: the holder sees it, and a code
/// that was used elsewhere too is raised. `id` is that of the use.
///
/// # Errors
/// The code does not hold as of then, or is of no card here.
pub fn used_abroad(
    tx: &mut Tx<'_>,
    app: &Platform,
    visitor: &Visitor,
    used: &OfflineUse,
    now: Utc,
) -> Result<(), Problem> {
    let keys = cq1::keys::opened(tx, app)?;
    let accepted = cq1::abroad::check_own_past(&keys, cq1::region(app), &used.code, used.at);
    let accepted = accepted.map_err(Refused::Signed)?;
    let person = cq1::store::standings(tx, &[accepted.credential])?.pop().map(|s| s.person);
    let person = person.ok_or(Refused::UnknownCard)?;
    let (at, counter) = (Utc(used.at.saturating_mul(Utc::SECOND)), i64::from(accepted.counter));
    let listed = items::store::published(tx)?.into_iter();
    let item = listed.filter(|item| item.code == used.item).find(|item| item.in_force(at.day()));
    let place = visitor.terminal(&used.item).place;
    let mut entry = Use {
        person,
        id: app.id(),
        at,
        item: used.item.clone(),
        item_version: item.as_ref().map_or(0, |item| item.version),
        item_zh: item.as_ref().map(|item| item.name.zh.clone()).unwrap_or_default(),
        item_en: item.as_ref().map(|item| item.name.en.clone()).unwrap_or_default(),
        terminal: Id(0),
        place: place.clone(),
        credential: accepted.credential,
        counter: Some(counter),
        result: "ok".to_owned(),
    };
    let went_in = store::insert_uses(tx, std::slice::from_ref(&entry))? == [true];
    if !went_in && store::place_abroad(tx, person, &accepted.credential, counter)? == Some(place) {
        // We said yes, the answer was lost on the way, and the terminal judged alone: one use, not two.
        return Ok(());
    }
    if !went_in {
        let why = Refused::Replayed.code();
        let text = format!("{} · {why} · {}", entry.place, now.local());
        let (kind, item) = ("double-use".to_owned(), used.item.clone());
        let alarm =
            Alarm { id: app.id(), terminal: Id(0), kind, person: Some(person), item, at, text };
        terminals::raise(tx, &alarm)?;
        // It happened, so the holder sees it; only the first one counts.
        (entry.id, entry.counter) = (app.id(), None);
        store::insert_uses(tx, std::slice::from_ref(&entry))?;
    }
    let label = item.map(|item| format!("{} v{} {}", item.code, item.version, item.name.zh));
    let mut said =
        Entry::new(app.id(), now, &visitor.actor(), "item.used", "Art. 14").about(person);
    said.object = format!("use:{}", entry.id);
    said.item = label.unwrap_or(entry.item);
    Ok(journal::record(tx, &said.why("外地离线用卡 / used offline in another region", &[]))?)
}

/// What was shown of another region's, and that region's word.
#[derive(Clone, Debug)]
pub(crate) struct Abroad {
    pub(crate) shown: Shown,
    pub(crate) answer: Answered,
}

/// A terminal of another region that asks about a card of ours.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Name of the region.
    pub region: String,
    /// Where the card is shown there.
    pub place: String,
}

impl Visitor {
    fn actor(&self) -> Actor {
        Actor { account: Id(0), name: self.region.clone(), role: Role::Terminal, ..Actor::system() }
    }

    /// A region asks as a terminal would, for the one item that it names.
    fn terminal(&self, item: &str) -> Terminal {
        Terminal {
            channel: None,
            division: String::new(),
            place: format!("{} {}", self.region, self.place),
            items: vec![item.to_owned()],
            blocked: false,
        }
    }
}

/// Something shown that another region issued.
struct Foreign {
    region: String,
    shown: Shown,
}

impl Codes {
    /// Judges a card of ours that is shown in another region, durably and on record for the holder.
    ///
    /// # Errors
    /// The platform is busy or broken; a no is an answer, not an error.
    pub async fn verify_visitor(
        &self,
        visitor: &Visitor,
        item: &str,
        presented: &Presented,
    ) -> Result<Verdict, Problem> {
        let at = Utc::now();
        let mut asked = self.asked(visitor.actor(), item, at, self.see(presented, at).await);
        asked.visitor = Some(visitor.terminal(&asked.item_code));
        self.submit(asked).await
    }

    /// The region that issued what was shown, when it is not this one.
    fn foreign(&self, presented: &Presented, seen: &Result<Seen, Refused>) -> Option<Foreign> {
        let own = self.app.config.region.as_str();
        if let Err(Refused::Signed(Cq1::Region)) = seen {
            let bytes = Code::bytes(&presented.code).ok()?;
            let (code, _) = Code::parse(&bytes).ok()?;
            let shown = Shown { way: Way::Code, proof: Proof::Code };
            return Some(Foreign { region: code.credential.region.to_string(), shown });
        }
        let read = BasicRead::parse(&presented.read).ok()?;
        // A province's first two digits are those of all its divisions.
        let province = read.division.get(..2).filter(|two| !own.starts_with(two))?;
        let proof = if presented.counter_check { Proof::Card } else { Proof::Code };
        Some(Foreign { region: format!("{province}0000"), shown: Shown { way: Way::Card, proof } })
    }

    /// Asks the issuing region, when something of another region was shown and this terminal may ask for
    /// the item at all: before that, nothing of the holder leaves his region.
    pub(super) async fn abroad(
        &self,
        terminal: &Actor,
        item: Option<&Item>,
        presented: &Presented,
        seen: &Result<Seen, Refused>,
        (at, entry): (Utc, Id),
    ) -> Result<Option<Abroad>, Problem> {
        let Some(Foreign { region, shown }) = self.foreign(presented, seen) else {
            return Ok(None);
        };
        let account = terminal.account;
        let known = self.app.db.read(move |tx| store::terminals(tx, &[account])).await?;
        let known = known.get(&account);
        let admitted = rules::admits(known, item, shown).and_then(|item| {
            rules::check_joint(item)?;
            Ok(item)
        });
        let answer = match (admitted, ASK_ABROAD.get()) {
            (Err(refused), _) => Err(refused),
            (Ok(_), None) => Err(Refused::OtherRegion),
            (Ok(item), Some(ask)) => {
                let place = known.map(|terminal| terminal.place.clone()).unwrap_or_default();
                let (item_code, presented) = (item.code.clone(), within(presented));
                let errand = Errand { region, item: item_code, presented, place, at, entry };
                let fields = ask(self.app.clone(), errand).await;
                // Whatever comes, only the item's fields go on to the terminal (Art. 18).
                fields.map(|mut fields| {
                    fields.retain(|(field, _)| item.fields.contains(field));
                    fields
                })
            }
        };
        Ok(Some(Abroad { shown, answer }))
    }
}

/// What may travel: no password, and nothing longer than a code.
fn within(presented: &Presented) -> Presented {
    let short = |text: &str| if text.len() <= LONGEST { text.to_owned() } else { String::new() };
    let code =
        if presented.code.starts_with(PREFIX) { short(&presented.code) } else { String::new() };
    Presented {
        code,
        read: short(&presented.read),
        counter_check: presented.counter_check,
        ..Presented::default()
    }
}
