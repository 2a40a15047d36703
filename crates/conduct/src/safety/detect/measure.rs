//! How good the rules are, measured on generated days with known frauds: what is reported of each rule
//! beside what officers found later.
//!
//! The days have hard cases on purpose: commuters, festivals, families, night shifts, slow thieves.

use std::collections::BTreeSet;

use kernel::id::Id;
use kernel::time::Utc;
use time::Duration;

use super::rules::{Event, Fact, Kind, Rule, detect};

/// Result of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Which rule.
    pub kind: Kind,
    /// Frauds that it found.
    pub hits: usize,
    /// Innocent things that it reported.
    pub false_alarms: usize,
    /// Frauds that it missed.
    pub misses: usize,
}

impl Measured {
    /// Of what it reported, how much was fraud: per cent.
    pub fn precision(&self) -> usize {
        percent(self.hits, self.hits + self.false_alarms)
    }

    /// Of all fraud, how much it found: per cent.
    pub fn recall(&self) -> usize {
        percent(self.hits, self.hits + self.misses)
    }
}

fn percent(part: usize, all: usize) -> usize {
    (part * 100).checked_div(all).unwrap_or(100)
}

/// Numbers that look random and are the same each time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as i64) % end.max(1)
    }
}

const DISTRICTS: [&str; 6] = ["500103", "500106", "500112", "500101", "500154", "500230"];
/// 2026-03-02 00:00 in Chongqing.
const DAY: Utc = Utc(1_772_380_800 * Utc::SECOND);

/// A generated day and the frauds in it: the rule that should find each, and what it is about.
pub struct Labelled {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What is fraud.
    pub frauds: BTreeSet<(Kind, String)>,
    draw: Draw,
}

impl Labelled {
    /// A day of `people` with about one fraud of each kind for a hundred of them.
    pub fn day(seed: u64, people: i64) -> Self {
        let mut day =
            Self { events: Vec::new(), frauds: BTreeSet::new(), draw: Draw(seed ^ 0x5eed) };
        for person in 1..=people {
            day.ordinary(Id(person));
        }
        for number in 0..(people / 100).max(3) {
            day.frauds_of(Id(1_000_000 + number * 10), number);
            day.innocents_of(Id(2_000_000 + number * 10), number);
        }
        day.events.sort_by_key(|event| (event.at, event.id));
        for (place, event) in day.events.iter_mut().enumerate() {
            event.id = Id(place as i64 + 1);
        }
        day
    }

    fn add(&mut self, minute: i64, fact: Fact) {
        let at = DAY.plus_seconds(minute * 60 + self.draw.below(30));
        let id = Id(self.events.len() as i64 + 1);
        self.events.push(Event { id, at, fact });
    }

    fn shown(&mut self, minute: i64, person: Id, terminal: i64, division: &str, result: &str) {
        let (division, result) = (division.to_owned(), result.to_owned());
        let terminal = Id(terminal);
        self.add(minute, Fact::Use { person, terminal, division, result, died_on: None });
    }

    /// Two or three uses in one district, hours apart; now and then a way to another one, at leisure.
    fn ordinary(&mut self, person: Id) {
        let home = self.draw.below(6) as usize;
        let morning = 7 * 60 + self.draw.below(240);
        let terminal = 9_000 + person.0 % 400;
        self.shown(morning, person, terminal, DISTRICTS[home], "ok");
        let way = if self.draw.below(4) == 0 { self.draw.below(6) as usize } else { home };
        let evening = morning + 90 + self.draw.below(300);
        self.shown(evening, person, terminal + 500, DISTRICTS[way], "ok");
        if self.draw.below(10) == 0 {
            self.shown(evening + 1, person, terminal + 500, DISTRICTS[way], "codes/expired");
        }
    }

    fn fraud(&mut self, kind: Kind, about: String) {
        self.frauds.insert((kind, about));
    }

    fn frauds_of(&mut self, person: Id, number: i64) {
        let minute = 8 * 60 + self.draw.below(600);
        // A copied card far away; each eighth thief is patient.
        let gap = if number % 8 == 7 { 55 } else { 3 + self.draw.below(30) };
        self.shown(minute, person, 1, DISTRICTS[0], "ok");
        self.shown(minute + gap, person, 2, DISTRICTS[5], "ok");
        self.fraud(Kind::ImpossibleTravel, format!("person:{person}"));
        let replayer = Id(person.0 + 1);
        let times = if number % 10 == 9 { 1 } else { 2 + self.draw.below(4) };
        self.shown(minute, replayer, 3, DISTRICTS[1], "ok");
        for again in 0..times {
            self.shown(minute + 2 + again, replayer, 4, DISTRICTS[1], "codes/replayed");
        }
        self.fraud(Kind::CodeReplay, format!("person:{replayer}"));
        let (terminal, cards) = (5_000 + number, 45 + self.draw.below(60));
        for card in 0..cards {
            let holder = Id(3_000_000 + number * 1_000 + card);
            self.shown(minute + card % 4, holder, terminal, DISTRICTS[2], "ok");
        }
        self.fraud(Kind::TerminalCrowd, format!("terminal:{}", Id(terminal)));
        let dead = Id(person.0 + 2);
        let died_on = DAY.day().checked_sub(Duration::days(2 + self.draw.below(60)));
        let (division, result) = (DISTRICTS[3].to_owned(), "ok".to_owned());
        let fact = Fact::Use { person: dead, terminal: Id(6), division, result, died_on };
        self.add(minute, fact);
        self.fraud(Kind::UseAfterDeath, format!("person:{dead}"));
        let seller = Id(person.0 + 3);
        let same_phone = if number % 9 == 8 { 4 } else { 6 + self.draw.below(20) };
        self.add(minute, Fact::Card { person: seller, same_phone });
        self.fraud(Kind::SharedPhone, format!("person:{seller}"));
        let (agent, people) = (format!("fraud{number}"), 7 + self.draw.below(9));
        self.add(minute, Fact::Agent { person, agent: agent.clone(), people });
        self.fraud(Kind::AgentOfMany, format!("agent:{agent}"));
        let account = Id(person.0 + 4);
        for read in 0..7 {
            self.add(60 + read * 3, Fact::Read { account });
        }
        self.fraud(Kind::OffHours, format!("account:{account}"));
        let robbed = Id(person.0 + 5);
        let hours = if number % 7 == 6 { 100 } else { 2 + self.draw.below(60) };
        let changed_at = DAY.plus_seconds(minute * 60 - hours * 3_600);
        self.add(minute, Fact::Payment { person: robbed, changed_at });
        self.fraud(Kind::AccountChange, format!("person:{robbed}"));
    }

    /// What looks like fraud and is none.
    fn innocents_of(&mut self, person: Id, number: i64) {
        let minute = 9 * 60 + self.draw.below(500);
        // A bridge between two districts of the city.
        let over = if number % 12 == 11 { 7 } else { 12 + self.draw.below(20) };
        self.shown(minute, person, 11, DISTRICTS[0], "ok");
        self.shown(minute + over, person, 12, DISTRICTS[1], "ok");
        // One nervous hand.
        self.shown(minute + 40, person, 12, DISTRICTS[1], "codes/replayed");
        // A class visits a museum; now and then a festival.
        let (terminal, cards) = (7_000 + number, if number % 10 == 9 { 48 } else { 25 });
        for card in 0..cards {
            let pupil = Id(4_000_000 + number * 1_000 + card);
            self.shown(minute + card % 4, pupil, terminal, DISTRICTS[2], "ok");
        }
        // The day after: the family hands the card in.
        let (division, result) = (DISTRICTS[3].to_owned(), "ok".to_owned());
        let died_on = DAY.day().previous_day();
        let heir = Id(person.0 + 1);
        let fact = Fact::Use { person: heir, terminal: Id(13), division, result, died_on };
        self.add(minute, fact);
        // Grandparents, parents and children with one phone.
        let family = if number % 11 == 10 { 5 } else { 2 + self.draw.below(3) };
        self.add(minute, Fact::Card { person: Id(person.0 + 2), same_phone: family });
        // A village doctor; now and then a home for the elderly.
        let people = if number % 6 == 5 { 8 } else { 1 + self.draw.below(5) };
        self.add(minute, Fact::Agent { person, agent: format!("kind{number}"), people });
        // The night shift of the hotline.
        for read in 0..(if number % 13 == 12 { 5 } else { 2 }) {
            self.add(100 + read * 5, Fact::Read { account: Id(person.0 + 3) });
        }
        // Somebody changed his bank a week before, or happened to do it in time.
        let days = if number % 5 == 4 { 2 } else { 6 };
        let changed_at = DAY.plus_seconds(minute * 60 - days * 86_400);
        self.add(minute, Fact::Payment { person: Id(person.0 + 4), changed_at });
    }

    /// How good rules are on this day.
    pub fn measure(&self, rules: &[Rule]) -> Vec<Measured> {
        let found = detect(rules, &self.events, |_| true);
        let found: BTreeSet<(Kind, String)> =
            found.into_iter().map(|finding| (finding.kind, finding.about)).collect();
        let of = |kind: Kind| {
            let hits = found.iter().filter(|one| one.0 == kind && self.frauds.contains(*one));
            let hits = hits.count();
            let told = found.iter().filter(|one| one.0 == kind).count();
            let all = self.frauds.iter().filter(|one| one.0 == kind).count();
            Measured { kind, hits, false_alarms: told - hits, misses: all - hits }
        };
        Kind::ALL.map(of).to_vec()
    }
}

/// The rules measured on the day that the documents tell of: 6000 people.
pub fn report(rules: &[Rule]) -> Vec<Measured> {
    Labelled::day(20, 6_000).measure(rules)
}
