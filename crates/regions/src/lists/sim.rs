//! A seeded simulation of one item on both sides of the joint list: the decisions are those of
//! [`super::rules`], people, days and the line are made up. What must hold each hour: in force in both or
//! in neither, and in both with the same text; nobody decides for the other. Planted bugs show that each of
//! these looks can fail.

use std::collections::VecDeque;

use items::rules::List;
use items::rules::workflow::{self, Said};
use items::store::Taken;
use kernel::id::Id;
use kernel::time::{Utc, day_text};
use time::{Date, Duration};

use super::rules::{Act, Mark, Stand, follow};
use super::service::is_news;
use crate::sim::draw::Draw;

const DAYS: u64 = 12;
/// Place of the first day among the cells of a change.
const FROM: usize = 23;
const PLACES: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Bug {
    /// Nobody looks on the eve.
    NoEve,
    /// What the other side took back stays here.
    Keeps,
    /// Texts are not compared.
    AnyText,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Broken {
    OneSide,
    TwoTexts,
    DecidedForUs,
}

struct Side {
    region: &'static str,
    own: &'static str,
    mark: Option<Mark>,
    step: usize,
    opened: u64,
    told: Option<Mark>,
    /// Their newest word about each text, the newest first.
    heard: Vec<(Mark, u64)>,
    suspended: bool,
    out: VecDeque<Mark>,
    /// Another item of the list stands against it here.
    clash: bool,
}

impl Side {
    fn new(region: &'static str, own: &'static str) -> Self {
        let (mark, told, heard, out) = (None, None, Vec::new(), VecDeque::new());
        let (step, opened, suspended, clash) = (0, 0, false, false);
        Self { region, own, mark, step, opened, told, heard, suspended, out, clash }
    }

    fn propose(&mut self, mark: Mark, hour: u64) {
        let why = String::new();
        let mark = Mark { stand: Stand::Drafted, document: String::new(), why, ..mark };
        (self.mark, self.step, self.opened, self.told) = (Some(mark), 0, hour, None);
    }

    fn stand(&self) -> Option<Stand> {
        self.mark.as_ref().map(|mark| mark.stand)
    }

    fn waits_at(&self) -> Option<&'static str> {
        let open = matches!(self.stand()?, Stand::Drafted | Stand::Decided);
        let step = workflow::of(List::Joint).steps.get(self.step).filter(|_| open)?;
        Some(step.key)
    }

    fn waiting(&self, today: Date) -> Option<Taken> {
        Some(Taken {
            id: Id(1),
            case: Id(1),
            step: self.waits_at()?.to_owned(),
            asked_at: Utc(0),
            due: today,
            decision: "open".to_owned(),
            by: String::new(),
            at: None,
            comment: String::new(),
            evidence: String::new(),
        })
    }

    /// A step is taken; publishing needs so many days ahead.
    fn take(&mut self, said: &Said, ahead: i64, today: Date) {
        let (Some(key), Some(mark)) = (self.waits_at(), self.mark.as_mut()) else { return };
        if !said.yes {
            mark.stand = Stand::Ended;
            return;
        }
        if key == "publish" {
            let first = mark.begins().expect("a day");
            if self.clash || first < today.saturating_add(Duration::days(ahead)) {
                return;
            }
            mark.stand = Stand::Published;
        }
        if key == self.own {
            (mark.stand, mark.document) = (Stand::Decided, said.evidence.clone());
        }
        self.step += 1;
    }

    /// The job's round.
    fn round(&mut self, today: Date, bug: Option<Bug>) -> Option<Broken> {
        let mark = self.mark.clone()?;
        let told = self.told.as_ref().map(|told| serde_json::to_string(told).expect("plain"));
        if is_news(&mark, told.as_ref()) {
            self.out.push_back(mark.clone());
            self.told = Some(mark.clone());
        }
        let any = bug == Some(Bug::AnyText);
        let same = |(heard, _): &&(Mark, u64)| any || heard.is_same(&mark);
        let (mut theirs, at) = self.heard.iter().find(same).cloned()?;
        if theirs.stand.is_gone() && at < self.opened {
            return None;
        }
        if any {
            theirs.cells.clone_from(&mark.cells);
        }
        let waiting = self.waiting(today);
        match follow(self.region, (&mark, waiting.as_ref()), &theirs, today)? {
            Act::Take(_, said) => {
                if said.yes && self.waits_at() == Some(self.own) {
                    return Some(Broken::DecidedForUs);
                }
                self.take(&said, 1, today);
            }
            Act::CallOff(_) => self.call_off(&theirs, today, bug),
        }
        None
    }

    fn call_off(&mut self, theirs: &Mark, today: Date, bug: Option<Bug>) {
        let skips = if theirs.stand.is_gone() { Bug::Keeps } else { Bug::NoEve };
        let Some(mark) = self.mark.as_mut().filter(|_| bug != Some(skips)) else { return };
        match mark.begins().is_some_and(|first| today >= first) {
            true => self.suspended = true,
            false => mark.stand = Stand::CalledOff,
        }
    }

    fn in_force(&self, today: Date) -> Option<&Mark> {
        let mark = self.mark.as_ref()?;
        let begun = mark.begins().is_some_and(|first| today >= first);
        (mark.stand == Stand::Published && begun && !self.suspended).then_some(mark)
    }
}

struct World {
    draw: Draw,
    sides: [Side; 2],
    first: Date,
    /// Hours that the line is still cut.
    cut: u64,
    longest: u64,
    bug: Option<Bug>,
}

impl World {
    fn new(seed: u64, longest: u64, bug: Option<Bug>) -> Self {
        let mut draw = Draw::new(seed);
        let mut sides =
            [Side::new("500000", "decide-chongqing"), Side::new("510000", "decide-sichuan")];
        let clashing = draw.below(20);
        if let Some(side) = sides.get_mut(clashing as usize) {
            side.clash = true;
        }
        Self { draw, sides, first: Utc(1_800_000_000_000_000).day(), cut: 0, longest, bug }
    }

    fn text(&mut self, today: Date) -> Mark {
        let mut cells = vec![String::new(); 25];
        cells[FROM] = day_text(today.saturating_add(Duration::days(3 + self.draw.below(4) as i64)));
        cells[PLACES] = self.draw.below(1_000).to_string();
        let (code, last) = ("CY-CU-901".to_owned(), String::new());
        let (document, why) = (String::new(), String::new());
        Mark { code, cells, last, stand: Stand::Drafted, document, why, opened: 0 }
    }

    fn person(&mut self, place: usize, hour: u64, today: Date) {
        let chance = self.draw.below(100);
        let fresh = self.text(today);
        let side = &mut self.sides[place];
        let theirs = side.heard.first().map(|(mark, _)| mark.clone());
        let theirs = theirs.filter(|mark| !mark.stand.is_last());
        let free = side.stand().is_none_or(|stand| stand == Stand::Ended);
        match (side.waits_at(), theirs) {
            _ if free && chance < 3 => side.propose(fresh, hour),
            (_, Some(theirs)) if free && chance < 30 => side.propose(theirs, hour),
            (Some("joint-draft"), Some(_)) if place == 1 && chance < 10 => {
                side.take(&Said::default(), 2, today);
            }
            (Some(step), _) if (step == side.own || step == "publish") && chance < 40 => {
                let evidence = "文号".to_owned();
                side.take(&Said { yes: chance > 0, evidence, ..Said::default() }, 2, today);
            }
            _ => {}
        }
    }

    fn hour(&mut self, hour: u64) -> Option<Broken> {
        let today = self.first.saturating_add(Duration::days((hour / 24) as i64));
        let busy = hour < DAYS * 24;
        // After a cut the line holds for an hour at least.
        match self.cut {
            0 if busy && self.draw.below(100) < 8 => self.cut = 2 + self.draw.below(self.longest),
            0 => {}
            _ => self.cut -= 1,
        }
        for place in [0, 1] {
            if busy {
                self.person(place, hour, today);
            }
        }
        for _ in 0..4 {
            for place in [0, 1] {
                if let Some(broken) = self.sides[place].round(today, self.bug) {
                    return Some(broken);
                }
                while let Some(mark) = self.sides[place].out.pop_front_if(|_| self.cut <= 1) {
                    let heard = &mut self.sides[1 - place].heard;
                    heard.retain(|(known, _)| !known.is_same(&mark));
                    heard.insert(0, (mark, hour));
                }
            }
        }
        self.look(today)
    }

    fn look(&self, today: Date) -> Option<Broken> {
        let [one, two] = &self.sides;
        match (one.in_force(today), two.in_force(today)) {
            (Some(one), Some(two)) if one.cells != two.cells => Some(Broken::TwoTexts),
            (Some(_), None) | (None, Some(_)) => Some(Broken::OneSide),
            _ => None,
        }
    }

    /// Runs to the end; the hours in which something was broken, and what last.
    fn run(&mut self) -> (u64, Option<Broken>) {
        let (mut hours, mut last) = (0, None);
        for hour in 0..(DAYS + 10) * 24 {
            last = self.hour(hour);
            hours += u64::from(last.is_some());
        }
        (hours, last)
    }
}

/// How many worlds: more by `YIKATONG_SIM_SEEDS`.
fn seeds() -> u64 {
    std::env::var("YIKATONG_SIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(200)
}

#[test]
fn with_a_line_that_is_never_cut_for_a_day_the_item_is_in_force_in_both_or_in_neither() {
    let (mut both, mut neither) = (0, 0);
    for seed in 0..seeds() {
        let mut world = World::new(seed, 20, None);
        assert_eq!(world.run(), (0, None), "seed {seed}");
        let off = world.sides.iter().any(|side| side.stand() == Some(Stand::CalledOff));
        let end = world.first.saturating_add(Duration::days(DAYS as i64 + 10));
        both += u64::from(world.sides.iter().all(|side| side.in_force(end).is_some()));
        neither += u64::from(off);
    }
    assert!(both > seeds() / 3 && neither > 0, "{both} in force in both, {neither} called off");
}

#[test]
fn after_a_cut_of_days_both_sides_come_together_again() {
    for seed in 0..seeds() {
        let (_, last) = World::new(seed, 100, None).run();
        assert_eq!(last, None, "seed {seed}");
    }
}

#[test]
fn planted_bugs_of_the_joint_list_are_found() {
    for (bug, broken) in [
        (Bug::NoEve, Broken::OneSide),
        (Bug::Keeps, Broken::OneSide),
        (Bug::AnyText, Broken::TwoTexts),
    ] {
        let finds = |seed: &u64| {
            let mut world = World::new(*seed, 20, Some(bug));
            (0..(DAYS + 10) * 24).any(|hour| world.hour(hour) == Some(broken))
        };
        assert!((0..3_000).any(|seed| finds(&seed)), "{bug:?} is not found as {broken:?}");
    }
}
