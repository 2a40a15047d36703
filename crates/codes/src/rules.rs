//! Whether a shown code opens a published item, in the fixed, fail-closed order:
//! code → terminal → item → level of proof → card → once only.

mod refused;

use cards::rules::Unusable;
use cards::rules::clocks::State;
use items::rules::{Channel, Group, Item, Level, List, Way};
use people::field::Field;
use people::freezes::{self, Freeze, Want};
use people::rules::Person;
use seal::code::{CardCode, CodeError};
use time::Date;

pub use refused::Refused;

/// Seconds that a displayed code is good for.
pub const LIFETIME_S: u8 = 60;
/// Seconds that clocks may differ.
pub const SKEW_S: i64 = 2;

/// What was shown, as a proof of who somebody is, weakest first. A clerk who sees an agent's papers is
/// a matter of the counter, not of a terminal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Proof {
    /// A number that stands on the card's face: a barcode, or typed.
    Face,
    /// A code of the electronic card, or the card's chip.
    Code,
    /// A code and the holder's password.
    CodeAndPassword,
    /// The physical card was read, and somebody compared the person.
    Card,
}

impl Proof {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Face => "card-face",
            Self::Code => "code",
            Self::CodeAndPassword => "code+password",
            Self::Card => "card+counter-check",
        }
    }

    /// Whether it is enough for an item's level.
    fn reaches(self, level: Level) -> bool {
        match level {
            Level::Code => self >= Self::Code,
            Level::CodeAndPassword => self >= Self::CodeAndPassword,
            Level::Card => self >= Self::Card,
        }
    }
}

/// What is known of the terminal that asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terminal {
    /// What kind of service point it is.
    pub channel: Option<Channel>,
    /// Division where it stands (GB/T 2260); empty when it moves.
    pub division: String,
    /// Where it stands, in words for the holder.
    pub place: String,
    /// Codes of the items it may ask for.
    pub items: Vec<String>,
    /// Switched off by its authority.
    pub blocked: bool,
}

/// What is known of the card behind a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Clock of the electronic card; of the physical card when its chip was read.
    pub electronic: State,
    /// Last day of validity.
    pub expires_on: Option<Date>,
}

/// Whether the code itself is good now: of this region, unbent, in its window.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn check_code(
    opened: Result<CardCode, CodeError>,
    region: [u8; 3],
    now_s: i64,
) -> Result<CardCode, Refused> {
    let code = opened.map_err(Refused::Code)?;
    if code.region != region {
        return Err(Refused::OtherRegion);
    }
    code.fits(now_s, SKEW_S).map_err(Refused::Code)?;
    Ok(code)
}

/// What was shown, for the rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shown {
    /// How it was shown: by code, or by card.
    pub way: Way,
    /// What it proves.
    pub proof: Proof,
}

/// Whether a good code or card opens the item at this terminal. That a code is used only once is for
/// the store; that the holder is of the item's group is for [`check_group`].
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn judge(
    terminal: Option<&Terminal>,
    item: Option<&Item>,
    shown: Shown,
    standing: Option<&Standing>,
    today: Date,
) -> Result<(), Refused> {
    admits(terminal, item, shown)?;
    let standing = standing.ok_or(Refused::UnknownCard)?;
    match cards::rules::usable(standing.electronic, standing.expires_on, today) {
        Ok(()) => Ok(()),
        Err(Unusable::CardNotActive) => Err(Refused::CardNotActive),
        Err(Unusable::Expired) => Err(Refused::CardExpired),
    }
}

/// Whether the terminal may ask for the item, and the item is done with what was shown.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn admits<'i>(
    terminal: Option<&Terminal>,
    item: Option<&'i Item>,
    shown: Shown,
) -> Result<&'i Item, Refused> {
    let terminal = terminal.filter(|terminal| !terminal.blocked).ok_or(Refused::Terminal)?;
    let item = item.ok_or(Refused::NotListed)?;
    if !terminal.items.contains(&item.code) {
        return Err(Refused::ItemNotForTerminal);
    }
    if !item.ways.contains(&shown.way) {
        return Err(Refused::WayNotListed);
    }
    let details = &item.details;
    let elsewhere = |channel| !details.channels.is_empty() && !details.channels.contains(&channel);
    if terminal.channel.is_some_and(elsewhere) {
        return Err(Refused::Channel);
    }
    if !details.division.is_empty() && details.division != terminal.division {
        return Err(Refused::Place);
    }
    if shown.proof == Proof::Face {
        return Err(Refused::FaceOnly);
    }
    match shown.proof.reaches(item.level) {
        true => Ok(item),
        false => Err(Refused::LevelTooLow),
    }
}

/// Whether the item is one that a card of the other region opens too (Art. 7, 14).
///
/// # Errors
/// [`Refused::NotJoint`].
pub fn check_joint(item: &Item) -> Result<(), Refused> {
    match item.list {
        List::Joint => Ok(()),
        List::City | List::District => Err(Refused::NotJoint),
    }
}

/// Whether a freeze stops the use of the card for an item (Art. 20).
///
/// # Errors
/// [`Refused::Frozen`].
pub fn check_freezes(item: &str, freezes: &[Freeze]) -> Result<(), Refused> {
    match freezes::rules::stops(freezes, Want::Item(item)) {
        Some(_) => Err(Refused::Frozen),
        None => Ok(()),
    }
}

/// Age from which the law speaks of the elderly.
const OLD: i32 = 60;
/// Age below which it speaks of children.
const OF_AGE: i32 = 18;

/// Whether the holder is of the item's groups (Art. 14). Ages are known here; the groups that are not are
/// the answer: whoever serves has to see that the holder is of one of them
/// (`docs/decisions/0014-groups.md`). It is empty when nothing is left to be seen.
///
/// # Errors
/// [`Refused::NotForGroup`].
pub fn check_group(item: &Item, person: &Person, today: Date) -> Result<Vec<Group>, Refused> {
    let age = person.age_on(today);
    let known = |group: &Group| match group {
        Group::Children => Some(age < OF_AGE),
        Group::Elderly => Some(age >= OLD),
        _ => None,
    };
    let groups = &item.details.groups;
    if groups.is_empty() || groups.iter().any(|group| known(group) == Some(true)) {
        return Ok(Vec::new());
    }
    let unknown: Vec<Group> =
        groups.iter().copied().filter(|group| known(group).is_none()).collect();
    if unknown.is_empty() { Err(Refused::NotForGroup) } else { Ok(unknown) }
}

/// Whether the rules of the item ask who the holder is beside what it discloses.
pub fn asks_person(item: &Item) -> bool {
    !item.fields.is_empty() || !item.details.groups.is_empty()
}

/// What a reader reads of a physical card: division, person number, card number and more, separated by
/// `|`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BasicRead {
    /// Division that issued the card (GB/T 2260).
    pub division: String,
    /// Person number.
    pub number: String,
    /// Card number.
    pub card_no: String,
}

impl BasicRead {
    /// Reads the line of a reader: eleven fields and a `|` at the end, or the first three of them.
    ///
    /// # Errors
    /// [`Refused::Unreadable`].
    pub fn parse(line: &str) -> Result<Self, Refused> {
        let fields: Vec<&str> = line.trim_end_matches(['\r', '\n']).split('|').collect();
        let plain = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
            lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        match fields[..] {
            [division, number, card_no, ..]
                if fields.len() <= 16
                    && plain(division, 6..=6)
                    && plain(number, 8..=20)
                    && cards::number::looks_like(card_no) =>
            {
                let (division, card_no) = (division.to_owned(), card_no.to_owned());
                Ok(Self { division, number: number.to_uppercase(), card_no })
            }
            _ => Err(Refused::Unreadable),
        }
    }
}

/// What the item discloses of a person, and nothing else (Art. 18).
pub fn disclose(item: &Item, person: &Person, today: Date) -> Vec<(Field, String)> {
    item.fields.iter().map(|field| (*field, person.field(*field, today))).collect()
}

/// `500000` as three bytes of BCD; anything else than six digits as zeros.
pub fn region_bcd(division: &str) -> [u8; 3] {
    let mut bcd = [0u8; 3];
    if division.len() == 6 && division.bytes().all(|b| b.is_ascii_digit()) {
        for (byte, pair) in bcd.iter_mut().zip(division.as_bytes().chunks(2)) {
            *byte = (pair[0] - b'0') << 4 | (pair[1] - b'0');
        }
    }
    bcd
}

#[cfg(test)]
mod tests {
    use super::*;
    use cards::rules::clocks::State as Clock;
    use items::rules::{Area, Details, List, State};
    use kernel::id::Id;
    use kernel::law::{Refusal as _, Text};
    use proptest::prelude::*;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 03 - 01);
    const CODE: Shown = Shown { way: Way::Code, proof: Proof::Code };
    const NOW_S: i64 = 1_800_000_000;

    fn item() -> Item {
        Item {
            id: Id(1),
            code: "CQ-CU-001".to_owned(),
            version: 1,
            name: Text::new("图书借还", "Books"),
            area: Area::Culture,
            list: List::City,
            owner: Id(2),
            level: Level::Code,
            ways: vec![Way::Code],
            fields: vec![Field::NameMasked],
            basis: String::new(),
            guide: Text::default(),
            from: TODAY,
            until: None,
            state: State::Published,
            details: Details::default(),
        }
    }

    fn terminal() -> Terminal {
        Terminal {
            channel: Some(Channel::Counter),
            division: "500103".to_owned(),
            place: "here".to_owned(),
            items: vec!["CQ-CU-001".to_owned()],
            blocked: false,
        }
    }

    fn good() -> Standing {
        Standing { electronic: Clock::On, expires_on: Some(TODAY) }
    }

    fn code() -> CardCode {
        CardCode {
            region: [0x50, 0, 0],
            key: 1,
            credential: [7; 8],
            generated_s: NOW_S as u32,
            lifetime_s: LIFETIME_S,
            counter: 1,
            scene: 0,
        }
    }

    fn judged(
        terminal: &Terminal,
        item: Option<&Item>,
        standing: Option<&Standing>,
    ) -> Option<Refused> {
        judge(Some(terminal), item, CODE, standing, TODAY).err()
    }

    /// Art. 15: a terminal that is unknown or blocked opens nothing, whatever is shown to it.
    #[test]
    fn an_unknown_or_blocked_terminal_is_refused_first() {
        let blocked = Terminal { blocked: true, ..terminal() };
        assert_eq!(judge(None, None, CODE, None, TODAY), Err(Refused::Terminal));
        assert_eq!(judged(&blocked, Some(&item()), Some(&good())), Some(Refused::Terminal));
    }

    /// Art. 14, 18: only listed items, only those that the terminal was registered for, only with the
    /// proof that the item asks for.
    #[test]
    fn the_item_decides_what_a_code_opens() {
        assert_eq!(judged(&terminal(), Some(&item()), Some(&good())), None);
        assert_eq!(judged(&terminal(), None, Some(&good())), Some(Refused::NotListed));
        let other = Item { code: "CQ-HE-001".to_owned(), ..item() };
        assert_eq!(
            judged(&terminal(), Some(&other), Some(&good())),
            Some(Refused::ItemNotForTerminal)
        );
        for level in [Level::CodeAndPassword, Level::Card] {
            let surer = Item { level, ..item() };
            assert_eq!(
                judged(&terminal(), Some(&surer), Some(&good())),
                Some(Refused::LevelTooLow)
            );
        }
    }

    /// Art. 6: levels of proof, and the face of the card alone is never enough.
    #[test]
    fn each_level_is_reached_by_its_proof_and_the_face_reaches_none() {
        let proofs = [Proof::Face, Proof::Code, Proof::CodeAndPassword, Proof::Card];
        let reached = |level| {
            let item = Item { level, ways: vec![Way::Code, Way::Card], ..item() };
            proofs.map(|proof| {
                let shown = Shown { way: Way::Card, proof };
                judge(Some(&terminal()), Some(&item), shown, Some(&good()), TODAY).is_ok()
            })
        };
        assert_eq!(reached(Level::Code), [false, true, true, true]);
        assert_eq!(reached(Level::CodeAndPassword), [false, false, true, true]);
        assert_eq!(reached(Level::Card), [false, false, false, true]);
    }

    /// Art. 14: way, kind of terminal, district and group are as the list says.
    #[test]
    fn an_item_is_done_as_the_list_says() {
        let by_card = Item { ways: vec![Way::Card], ..item() };
        assert_eq!(judged(&terminal(), Some(&by_card), Some(&good())), Some(Refused::WayNotListed));
        let mut at_gates = item();
        at_gates.details.channels = vec![Channel::Gate];
        assert_eq!(judged(&terminal(), Some(&at_gates), Some(&good())), Some(Refused::Channel));
        let mut elsewhere = item();
        elsewhere.details.division = "500106".to_owned();
        assert_eq!(judged(&terminal(), Some(&elsewhere), Some(&good())), Some(Refused::Place));
        let mut for_the_old = item();
        for_the_old.details.groups = vec![Group::Elderly];
        let made = people::generate::person(1, 7).expect("somebody");
        let person = |years: i32| Person {
            id: Id(1),
            number: made.number.clone(),
            document: made.document,
            name: made.name.clone(),
            sex: made.sex,
            birth: TODAY.replace_year(TODAY.year() - years).expect("a day"),
            nation: String::new(),
            phone: String::new(),
            address: String::new(),
            household: String::new(),
            ground: made.ground,
            ground_until: None,
            deceased_on: None,
            version: 1,
        };
        let young = check_group(&for_the_old, &person(59), TODAY);
        assert_eq!(young, Err(Refused::NotForGroup));
        assert_eq!(check_group(&for_the_old, &person(60), TODAY), Ok(vec![]));
        for_the_old.details.groups.push(Group::Disabled);
        let seen = check_group(&for_the_old, &person(59), TODAY);
        assert_eq!(seen, Ok(vec![Group::Disabled]), "not known here: whoever serves looks");
        assert_eq!(check_group(&for_the_old, &person(60), TODAY), Ok(vec![]), "old enough");
    }

    #[test]
    fn a_readers_line_is_read_strictly() {
        let line = "500103|11010119900307803X|A12345678|id|name|atr|3.0|20260101|20360101|1|2|";
        let read = BasicRead::parse(&format!("{line}\r\n")).expect("a basic read");
        assert_eq!(
            (read.number.as_str(), read.card_no.as_str()),
            ("11010119900307803X", "A12345678")
        );
        for bad in ["", "|||", "500103|1|A12345678|", "50010|11010119900307803X|A12345678|", "x"] {
            assert_eq!(BasicRead::parse(bad), Err(Refused::Unreadable), "{bad}");
        }
    }

    /// Art. 2: no use without an active card.
    #[test]
    fn only_an_active_card_opens_anything() {
        assert_eq!(judged(&terminal(), Some(&item()), None), Some(Refused::UnknownCard));
        for electronic in [Clock::Off, Clock::Suspended, Clock::Ended] {
            let standing = Standing { electronic, ..good() };
            let refused = judged(&terminal(), Some(&item()), Some(&standing));
            assert_eq!(refused, Some(Refused::CardNotActive));
        }
        let old = Standing { expires_on: TODAY.previous_day(), ..good() };
        assert_eq!(judged(&terminal(), Some(&item()), Some(&old)), Some(Refused::CardExpired));
    }

    /// Art. 16: a code of another region is told apart before its time is looked at.
    #[test]
    fn a_code_of_another_region_is_refused() {
        let region = region_bcd("500000");
        assert_eq!(region, [0x50, 0, 0]);
        assert_eq!(check_code(Ok(code()), region, NOW_S), Ok(code()));
        let sichuan = region_bcd("510000");
        assert_eq!(check_code(Ok(code()), sichuan, NOW_S), Err(Refused::OtherRegion));
        assert_eq!(region_bcd("50000"), [0, 0, 0]);
        assert_eq!(region_bcd("五十万"), [0, 0, 0]);
    }

    #[test]
    fn every_reason_has_its_own_code_and_words() {
        let codes: std::collections::BTreeSet<&str> =
            Refused::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Refused::ALL.len());
        for refused in Refused::ALL {
            assert!(!refused.reason().zh.is_empty() && !refused.advice().en.is_empty());
        }
    }

    proptest! {
        /// A code is good from its moment to the end of its lifetime, give or take the skew; never
        /// hours away, as terminals with a wrong time zone would have it.
        #[test]
        fn the_window_is_the_lifetime(shift_s in -40_000i64..40_000) {
            let fits = check_code(Ok(code()), [0x50, 0, 0], NOW_S + shift_s).is_ok();
            let window = -SKEW_S..=i64::from(LIFETIME_S) + SKEW_S;
            prop_assert_eq!(fits, window.contains(&shift_s));
        }
    }
}
