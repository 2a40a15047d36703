//! A seeded run of people, cards, freezes and looks across both regions, with the rules of this crate and a
//! line that loses, delays and doubles. Messages are repeated until they are taken, and taken once, in the
//! order of their key: that is what [`super::world`] shows. Here it is shown what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use cards::rules::Elsewhere;
use kernel::time::Utc;

use super::draw::Draw;
use crate::freezes::rules::{Event, State, next};
use crate::onecard::rules::said_of;
use crate::rules::in_time;

/// A mistake that is made on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    /// The digest of an applicant is kept after the question has left, not with it.
    LateDigest,
    /// Nobody is waited for.
    NoPatience,
    /// A yes that comes after the card was made is thrown away.
    DropsLateYes,
    /// The officers of the home region end a freeze of the other's.
    HomeThaws,
    /// What home answers late freezes again what was ended.
    LateAnswer,
    /// The entry about a look is written when its answer has come.
    EntryLater,
    /// A question that is shown again is answered again.
    AnswersTwice,
}

/// What does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// One person has two cards, and nobody is told.
    TwoCards,
    /// Two cards although both regions were heard in time.
    TwoInTime,
    /// A card that nothing stands against was not made.
    NoCard,
    /// Open before the region that froze had thawed.
    Opened,
    /// Both sides end in another state.
    Apart,
    /// Read here or there without an entry in both journals.
    Unjournalled,
    /// One question was answered more than once.
    ReadTwice,
}

#[derive(Clone, Debug)]
enum Say {
    Ask { person: usize },
    Told { person: usize, held: bool },
    Freeze { id: usize },
    Answered { id: usize },
    Thaw { id: usize },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Card {
    None,
    Ordered,
    Made,
}

struct Check {
    state: &'static str,
    asked_s: i64,
}

#[derive(Default)]
struct Side {
    cards: BTreeMap<usize, Card>,
    digests: BTreeSet<usize>,
    checks: BTreeMap<usize, Check>,
    /// Freezes that we asked the other side for, and those that it asked us for.
    asked: BTreeMap<usize, State>,
    frozen: BTreeMap<usize, State>,
    /// Looks: entries, questions that came, answers that were shown.
    journal: BTreeSet<usize>,
    came: BTreeSet<usize>,
    answered: Vec<usize>,
    shown: BTreeSet<usize>,
    late_digests: Vec<usize>,
}

/// A message under way: where to, when it may arrive, and its place among those of its key.
struct Letter {
    to: usize,
    at_s: i64,
    key: (u8, usize),
    order: usize,
    say: Say,
}

struct World {
    draw: Draw,
    bug: Option<Bug>,
    sides: [Side; 2],
    post: Vec<Letter>,
    orders: BTreeMap<(usize, (u8, usize)), usize>,
    taken: BTreeMap<(usize, (u8, usize)), usize>,
    questions: Vec<(usize, i64, usize)>,
    now_s: i64,
    slow_s: u64,
    /// Longest time from an order to its answer, and the patience.
    worst_s: i64,
    patience_s: i64,
    /// Freezes by who asked, whether he ended them.
    freezes: Vec<(usize, bool)>,
    opened: bool,
    looks: usize,
}

const BEGIN_S: i64 = 1_780_000_000;
const PEOPLE: u64 = 6;

impl World {
    fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut draw = Draw::new(seed);
        let slow_s = 1 + draw.below(400);
        let patience_s = if draw.thousandth(500) { 100_000 } else { 120 };
        Self {
            draw,
            bug,
            sides: [Side::default(), Side::default()],
            post: Vec::new(),
            orders: BTreeMap::new(),
            taken: BTreeMap::new(),
            questions: Vec::new(),
            now_s: BEGIN_S,
            slow_s,
            worst_s: 0,
            patience_s,
            freezes: Vec::new(),
            opened: false,
            looks: 0,
        }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn send(&mut self, to: usize, key: (u8, usize), say: Say) {
        let order = self.orders.entry((to, key)).or_default();
        let (place, delay) = (*order, self.draw.below(self.slow_s) as i64);
        *order += 1;
        let at_s = self.now_s + delay;
        self.post.push(Letter { to, at_s, key, order: place, say });
    }

    fn run(&mut self) -> Option<Broken> {
        for step in 0..3_000 {
            self.now_s += 1;
            if step < 600 {
                self.chance();
            }
            self.deliver();
            self.look();
            for at in 0..2 {
                self.work(at);
            }
            if step >= 600 && self.post.is_empty() && self.is_settled() {
                break;
            }
        }
        self.broken()
    }

    fn chance(&mut self) {
        let (at, person) = (self.draw.below(2) as usize, self.draw.below(PEOPLE) as usize);
        if self.draw.thousandth(20) {
            let card = self.sides[at].cards.entry(person).or_insert(Card::None);
            if *card == Card::None {
                *card = Card::Ordered;
            }
        }
        if self.draw.thousandth(8) {
            let id = self.freezes.len();
            self.freezes.push((at, false));
            self.sides[at].asked.insert(id, State::Asked);
            self.send(1 - at, (1, id), Say::Freeze { id });
        }
        if self.draw.thousandth(10) && !self.freezes.is_empty() {
            self.thaw();
        }
        if self.draw.thousandth(30) {
            self.ask_about(at);
        }
    }

    /// Officers of either side try to end a freeze.
    fn thaw(&mut self) {
        let id = self.draw.below(self.freezes.len() as u64) as usize;
        let (who, by) = (self.draw.below(2) as usize, self.freezes[id].0);
        if who == by {
            let side = &mut self.sides[by];
            let state = side.asked.get_mut(&id).expect("asked");
            let ended = next(*state, Event::Thawed { by_who_froze: true });
            if ended != *state {
                *state = ended;
                self.freezes[id].1 = true;
                self.send(1 - by, (1, id), Say::Thaw { id });
            }
        } else if let Some(state) = self.sides[who].frozen.get_mut(&id) {
            let obeys = self.bug == Some(Bug::HomeThaws);
            *state = next(*state, Event::Thawed { by_who_froze: obeys });
        }
    }

    /// A terminal or an officer asks about somebody of the other region. The answer may be lost, the question
    /// doubled, the process may end in between.
    fn ask_about(&mut self, at: usize) {
        let id = self.looks;
        self.looks += 1;
        if !self.has(Bug::EntryLater) {
            self.sides[at].journal.insert(id);
        }
        for _ in 0..=self.draw.below(2) {
            self.questions.push((id, self.now_s + self.draw.below(60) as i64, at));
        }
    }

    fn look(&mut self) {
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.questions)
            .into_iter()
            .partition(|(_, at, _)| *at <= self.now_s);
        self.questions = later;
        for (id, at_s, from) in due {
            // The clock of the answering side may be a little off.
            let skew = self.draw.below(100) as i64 - 50;
            let fresh = in_time(at_s, self.now_s + skew).is_ok();
            let again = self.bug == Some(Bug::AnswersTwice);
            let home = &mut self.sides[1 - from];
            if !fresh || (!home.came.insert(id) && !again) {
                continue;
            }
            // Entry and answer are one transaction.
            home.journal.insert(id);
            home.answered.push(id);
            if self.draw.thousandth(300) {
                continue;
            }
            self.sides[from].shown.insert(id);
            if self.has(Bug::EntryLater) && !self.draw.thousandth(100) {
                self.sides[from].journal.insert(id);
            }
        }
    }

    fn deliver(&mut self) {
        let mut waits = Vec::new();
        let mut post = std::mem::take(&mut self.post);
        post.sort_by_key(|letter| letter.order);
        for letter in post {
            let place = (letter.to, letter.key);
            let turn = *self.taken.entry(place).or_default() == letter.order;
            // Lost on the way: it is sent again later.
            let lost = self.draw.thousandth(200);
            if letter.at_s > self.now_s || !turn || lost {
                waits.push(letter);
                continue;
            }
            *self.taken.entry(place).or_default() += 1;
            self.take(letter.to, letter.say);
        }
        self.post.extend(waits);
    }

    fn take(&mut self, at: usize, say: Say) {
        match say {
            Say::Ask { person } => {
                let side = &self.sides[at];
                let alive = side.cards.get(&person).is_some_and(|card| *card != Card::None);
                let held = alive && side.digests.contains(&person);
                self.send(1 - at, (0, person), Say::Told { person, held });
            }
            Say::Told { person, held } => {
                let made = self.sides[at].cards.get(&person) == Some(&Card::Made);
                let drops = self.has(Bug::DropsLateYes) && made;
                let now_s = self.now_s;
                if let Some(check) = self.sides[at].checks.get_mut(&person)
                    && !drops
                {
                    check.state = if held { "held" } else { "clear" };
                    self.worst_s = self.worst_s.max(now_s - check.asked_s);
                }
            }
            Say::Freeze { id } => {
                let state = next(State::Asked, Event::Answered { froze: true });
                self.sides[at].frozen.insert(id, state);
                self.send(1 - at, (2, id), Say::Answered { id });
            }
            Say::Answered { id } => {
                let late = self.has(Bug::LateAnswer);
                let state = self.sides[at].asked.get_mut(&id).expect("asked");
                *state = match late {
                    true => State::Frozen,
                    false => next(*state, Event::Answered { froze: true }),
                };
            }
            Say::Thaw { id } => {
                let state = self.sides[at].frozen.get_mut(&id).expect("frozen before");
                *state = next(*state, Event::Thawed { by_who_froze: true });
            }
        }
        // Frozen until the region that froze has ended it.
        for (id, (by, ended)) in self.freezes.iter().enumerate() {
            let home = self.sides[1 - by].frozen.get(&id);
            self.opened |= home == Some(&State::Thawed) && !ended;
        }
    }

    /// What the jobs of a side do: ask about cards that wait, make those that nothing stands against.
    fn work(&mut self, at: usize) {
        let late = std::mem::take(&mut self.sides[at].late_digests);
        self.sides[at].digests.extend(late);
        let waiting: Vec<usize> = self.sides[at]
            .cards
            .iter()
            .filter(|(_, card)| **card == Card::Ordered)
            .map(|(person, _)| *person)
            .collect();
        for person in waiting {
            if !self.sides[at].checks.contains_key(&person) {
                let check = Check { state: "asked", asked_s: self.now_s };
                self.sides[at].checks.insert(person, check);
                match self.has(Bug::LateDigest) {
                    // A process that ends here keeps it for the next day's walk.
                    true if self.draw.thousandth(700) => {}
                    true => self.sides[at].late_digests.push(person),
                    false => drop(self.sides[at].digests.insert(person)),
                }
                self.send(1 - at, (0, person), Say::Ask { person });
                continue;
            }
            let patience = if self.has(Bug::NoPatience) { -1 } else { self.patience_s };
            let check = &self.sides[at].checks[&person];
            let said = Some((check.state, Utc(check.asked_s * 1_000_000)));
            if said_of(said, patience, Utc(self.now_s * 1_000_000)) == Elsewhere::Clear {
                self.sides[at].cards.insert(person, Card::Made);
            }
        }
    }

    fn is_settled(&self) -> bool {
        let asked = |side: &Side| side.checks.values().all(|check| check.state != "asked");
        self.questions.is_empty() && self.sides.iter().all(asked)
    }

    fn broken(&self) -> Option<Broken> {
        let [one, two] = &self.sides;
        for person in 0..PEOPLE as usize {
            let card = |side: &Side| side.cards.get(&person).copied().unwrap_or(Card::None);
            let held = |side: &Side| side.checks.get(&person).is_some_and(|c| c.state == "held");
            match (card(one), card(two)) {
                (Card::Made, Card::Made) if self.worst_s < self.patience_s => {
                    return Some(Broken::TwoInTime);
                }
                (Card::Made, Card::Made) if !held(one) && !held(two) => {
                    return Some(Broken::TwoCards);
                }
                (Card::Ordered, Card::None) | (Card::None, Card::Ordered) => {
                    return Some(Broken::NoCard);
                }
                _ => {}
            }
        }
        if self.opened {
            return Some(Broken::Opened);
        }
        for (id, (by, _)) in self.freezes.iter().enumerate() {
            if self.sides[*by].asked.get(&id) != self.sides[1 - by].frozen.get(&id) {
                return Some(Broken::Apart);
            }
        }
        let read = |at: usize| {
            let (here, home) = (&self.sides[at], &self.sides[1 - at]);
            let both = |id: &usize| here.journal.contains(id) && home.journal.contains(id);
            here.shown.iter().all(both) && home.answered.iter().all(both)
        };
        if !read(0) || !read(1) {
            return Some(Broken::Unjournalled);
        }
        let twice = |side: &Side| {
            let ids: BTreeSet<_> = side.answered.iter().collect();
            ids.len() < side.answered.len()
        };
        (twice(one) || twice(two)).then_some(Broken::ReadTwice)
    }
}

fn seeds() -> u64 {
    let text = std::env::var("YIKATONG_SIM_SEEDS").ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(500)
}

/// Art. 5, 18, 20: one person one card, frozen until thawed by who froze, each look in both journals.
#[test]
fn one_card_freezes_and_looks_hold_across_regions_whatever_the_line_does() {
    let (mut both, mut freezes, mut looks) = (0, 0, 0);
    for seed in 0..seeds() {
        let mut world = World::new(seed, None);
        assert_eq!(world.run(), None, "seed {seed}");
        let [one, two] = &world.sides;
        both += (0..PEOPLE as usize)
            .filter(|person| one.cards.contains_key(person) && two.cards.contains_key(person))
            .count();
        freezes += world.freezes.iter().filter(|(_, ended)| *ended).count();
        looks += one.shown.len() + two.shown.len();
    }
    // The runs were about something.
    let seeds = seeds() as usize;
    assert!(both > seeds && freezes > seeds && looks > 5 * seeds, "{both} {freezes} {looks}");
}

#[test]
fn planted_bugs_of_people_cards_and_looks_are_found() {
    let bugs = [
        (Bug::LateDigest, Broken::TwoInTime),
        (Bug::NoPatience, Broken::TwoInTime),
        (Bug::DropsLateYes, Broken::TwoCards),
        (Bug::HomeThaws, Broken::Opened),
        (Bug::LateAnswer, Broken::Apart),
        (Bug::EntryLater, Broken::Unjournalled),
        (Bug::AnswersTwice, Broken::ReadTwice),
    ];
    for (bug, broken) in bugs {
        let found = (0..300).find(|seed| World::new(*seed, Some(bug)).run() == Some(broken));
        assert!(found.is_some(), "{bug:?} is not found as {broken:?}");
    }
}
