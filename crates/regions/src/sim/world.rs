//! Two regions, the wire between them, and chance.

use super::draw::Draw;
use super::keys::Keys;
use super::node::{Answer, Node, digits, other};
use super::{Broken, Bug, HERE, THERE};
use crate::rules::{SKEW_S, Signed};

/// One step of time.
const STEP_MS: i64 = 250;
/// How long all goes wrong.
const CHAOS_MS: i64 = 120_000;
/// After this all must be well: the longest pause, what waits, and clocks that were ahead.
const HEALED_MS: i64 = CHAOS_MS + 600_000;
/// Time for a request and the longest pause: at least so often a way is tried on which something waits.
const PATIENCE_MS: i64 = 45_000;
/// Far enough from zero for clocks that are behind.
const BEGIN_MS: i64 = 1_780_000_000_000;

enum Load {
    Request(Vec<Signed>),
    /// None when the connection broke.
    Answer(Option<Vec<Answer>>),
}

struct Packet {
    at_ms: i64,
    to: usize,
    number: u64,
    load: Load,
}

/// How bad a run is, in thousandths for each packet or step.
struct Weather {
    loss: u64,
    twice: u64,
    restart: u64,
    busy: u64,
    jump: u64,
    mixed: u64,
    delay_ms: u64,
    posts: u64,
}

impl Weather {
    fn new(draw: &mut Draw) -> Self {
        let mut up_to = |end| draw.below(end);
        Self {
            loss: up_to(400),
            twice: up_to(200),
            restart: up_to(20),
            busy: up_to(60),
            jump: up_to(8),
            mixed: up_to(60),
            delay_ms: 50 + up_to(4_000),
            posts: 20 + up_to(130),
        }
    }
}

pub(super) struct World {
    draw: Draw,
    keys: Keys,
    weather: Weather,
    nodes: [Node; 2],
    wire: Vec<Packet>,
    /// Whether what goes to a node gets through.
    open: [bool; 2],
    now_ms: i64,
    /// Numbers of the messages that were written, with the node that wrote them.
    posted: Vec<(usize, u128)>,
}

impl World {
    pub(super) fn new(seed: u64, bug: Option<Bug>, real: bool) -> Self {
        let mut draw = Draw::new(seed);
        let weather = Weather::new(&mut draw);
        let nodes = [Node::new(HERE, bug), Node::new(THERE, bug)];
        let (keys, wire, posted) = (Keys::new(real), Vec::new(), Vec::new());
        Self { draw, keys, weather, nodes, wire, open: [true; 2], now_ms: BEGIN_MS, posted }
    }

    /// Runs to the end and says what does not hold, if anything.
    pub(super) fn run(&mut self) -> Option<Broken> {
        while self.now_ms < BEGIN_MS + CHAOS_MS {
            self.chance();
            self.step(true);
        }
        self.open = [true; 2];
        for node in &mut self.nodes {
            node.skew_s = 0;
            node.settle();
        }
        while self.now_ms < BEGIN_MS + HEALED_MS && !self.is_quiet() {
            self.step(false);
            if self.is_silent() {
                return Some(Broken::Silent);
            }
        }
        self.broken()
    }

    fn is_silent(&self) -> bool {
        let since = self.now_ms - PATIENCE_MS;
        let waits = |node: &Node| node.kept.outbox.iter().any(|out| out.receipt.is_none());
        let silent = |node: &Node| node.tried_ms < since && waits(node);
        since > BEGIN_MS + CHAOS_MS && self.nodes.iter().any(silent)
    }

    fn is_quiet(&self) -> bool {
        let done = |node: &Node| node.kept.outbox.iter().all(|out| out.receipt.is_some());
        self.wire.is_empty() && self.nodes.iter().all(done)
    }

    /// What goes wrong, and what is written, in this step.
    fn chance(&mut self) {
        for at in 0..2 {
            if self.draw.thousandth(self.weather.posts) {
                self.post(at);
            }
            if self.draw.thousandth(self.weather.restart) {
                self.nodes[at].restart();
            }
            if self.draw.thousandth(100) {
                self.nodes[at].settle();
            }
            if self.draw.thousandth(15) {
                self.open[at] = !self.open[at];
            }
            if self.draw.thousandth(self.weather.jump) {
                // Mostly within what the protocol allows, now and then far off.
                let far = if self.draw.thousandth(300) { 400 } else { SKEW_S as u64 / 2 };
                self.nodes[at].skew_s = self.draw.below(2 * far) as i64 - far as i64;
            }
        }
    }

    fn post(&mut self, at: usize) {
        let number = self.posted.len() as u128 + 1;
        let key = ["", "person-1", "person-2", "person-3"][self.draw.below(4) as usize];
        let lifetime_s = [20, 600, 604_800, 604_800][self.draw.below(4) as usize];
        self.posted.push((at, number));
        let to = other(self.nodes[at].region);
        self.nodes[at].post(to, format!("{number:032x}"), key, lifetime_s, self.now_ms);
    }

    fn step(&mut self, chaos: bool) {
        self.now_ms += STEP_MS;
        let (due, later) = std::mem::take(&mut self.wire)
            .into_iter()
            .partition(|packet| packet.at_ms <= self.now_ms);
        self.wire = later;
        for packet in due {
            self.arrive(packet, chaos);
        }
        for at in 0..2 {
            if let Some((number, batch)) = self.nodes[at].ask(&self.keys, self.now_ms) {
                self.send(1 - at, number, Load::Request(batch), chaos);
            }
        }
    }

    fn arrive(&mut self, packet: Packet, chaos: bool) {
        let at = packet.to;
        match packet.load {
            Load::Request(batch) => {
                let answers = self.take(at, &batch, chaos);
                self.send(1 - at, packet.number, Load::Answer(answers), chaos);
            }
            Load::Answer(answers) => {
                self.nodes[at].answered(&self.keys, packet.number, answers, self.now_ms);
            }
        }
    }

    /// One transaction for each message; the process may end between any two of them.
    fn take(&mut self, at: usize, batch: &[Signed], chaos: bool) -> Option<Vec<Answer>> {
        let mut answers = Vec::new();
        for signed in batch {
            if chaos && self.draw.thousandth(self.weather.restart) {
                self.nodes[at].restart();
                return None;
            }
            let busy = chaos && self.draw.thousandth(self.weather.busy);
            answers.push(self.nodes[at].take(&self.keys, signed, busy, self.now_ms)?);
        }
        if chaos && self.draw.thousandth(self.weather.mixed) && answers.len() > 1 {
            answers.rotate_left(1);
        }
        Some(answers)
    }

    fn send(&mut self, to: usize, number: u64, load: Load, chaos: bool) {
        if !chaos {
            return self.wire.push(Packet { at_ms: self.now_ms + 20, to, number, load });
        }
        if !self.open[to] || self.draw.thousandth(self.weather.loss) {
            return;
        }
        // Something between the two may send a request again, much later too.
        if let (Load::Request(batch), true) = (&load, self.draw.thousandth(self.weather.twice)) {
            let at_ms = self.now_ms + self.draw.below(60_000) as i64;
            let load = Load::Request(batch.clone());
            self.wire.push(Packet { at_ms, to, number: 0, load });
        }
        let at_ms = self.now_ms + self.draw.below(self.weather.delay_ms) as i64;
        self.wire.push(Packet { at_ms, to, number, load });
    }

    fn broken(&self) -> Option<Broken> {
        self.twice().or_else(|| self.order()).or_else(|| self.receipts()).or_else(|| self.lost())
    }

    fn twice(&self) -> Option<Broken> {
        for (at, node) in self.nodes.iter().enumerate() {
            let mut done: Vec<u128> = node.kept.done.iter().map(|id| digits(id)).collect();
            done.sort_unstable();
            let again = done.windows(2).any(|pair| pair[0] == pair[1]);
            let foreign = done.iter().any(|number| !self.posted.contains(&(1 - at, *number)));
            if again || foreign {
                return Some(Broken::DoneTwice);
            }
        }
        None
    }

    fn order(&self) -> Option<Broken> {
        for node in &self.nodes {
            for (index, row) in node.kept.inbox.iter().enumerate() {
                let key = &row.message.person_key;
                let same = |later: &&super::node::In| later.message.person_key == *key;
                let mut later = node.kept.inbox[index + 1..].iter().filter(same);
                if !key.is_empty()
                    && later.any(|other| other.message.sequence < row.message.sequence)
                {
                    return Some(Broken::Order);
                }
            }
        }
        None
    }

    fn receipts(&self) -> Option<Broken> {
        for (at, node) in self.nodes.iter().enumerate() {
            for out in &node.kept.outbox {
                let Some(receipt) = &out.receipt else { continue };
                let there = &self.nodes[1 - at].kept.inbox;
                let row = there.iter().find(|row| row.message.id == out.message.id);
                let Some(row) = row else { return Some(Broken::Lost) };
                if row.receipt != *receipt {
                    return Some(Broken::Receipt);
                }
                if receipt.result == "regions/expired" && row.at <= out.message.expires + SKEW_S {
                    return Some(Broken::Hasty);
                }
                let done = self.nodes[1 - at].kept.done.contains(&out.message.id);
                if done != (receipt.result == "ok") {
                    return Some(Broken::Lost);
                }
            }
        }
        None
    }

    fn lost(&self) -> Option<Broken> {
        let has = |(at, number): &(usize, u128)| {
            let mut outbox = self.nodes[*at].kept.outbox.iter();
            outbox.any(|out| digits(&out.message.id) == *number && out.receipt.is_some())
        };
        (!self.posted.iter().all(has)).then_some(Broken::Lost)
    }

    /// Messages written and receipts kept, for the tests of the simulation itself.
    pub(super) fn figures(&self) -> (usize, usize, usize) {
        let both = self.nodes.iter().flat_map(|node| &node.kept.outbox);
        let results: Vec<_> = both.filter_map(|out| out.receipt.as_ref()).collect();
        let late = results.iter().filter(|receipt| receipt.result == "regions/expired").count();
        (self.posted.len(), results.len(), late)
    }
}
