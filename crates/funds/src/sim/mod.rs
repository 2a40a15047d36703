//! A seeded simulation of money: the rules of [`crate::payments::rules`] with simulated banks that accept,
//! delay, duplicate, reorder, contradict, truncate, half-answer, forget and restart, and with a platform that
//! crashes at every step.
//!
//! One seed gives one run, bit for bit: [`run`] returns a digest of its trace. After each step all
//! invariants are checked; in the end everything comes to rest and is compared with what the banks
//! really did.

mod bank;
mod checks;
mod officials;
mod rng;
mod steps;
#[cfg(test)]
mod tests;
mod world;

use crate::payments::rules::Rules;
pub(crate) use rng::Rng;
use world::World;

/// What became of one seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// SM3 over all that happened, in order.
    pub digest: [u8; 32],
    /// How many steps were done.
    pub steps: u32,
    /// How often the platform crashed.
    pub crashes: u32,
    /// How many exceptions were opened.
    pub exceptions: u32,
    /// The first thing that did not hold.
    pub breach: Option<String>,
    /// What happened, when it was asked for.
    pub trace: Vec<String>,
}

/// Steps under faults, before everything comes to rest.
const WILD: u32 = 200;
/// Steps in which everything must have come to rest.
const CALM: u32 = 60;

/// Plays one seed with these rules; `told` keeps the trace in words.
pub fn run(seed: u64, rules: Rules, told: bool) -> Run {
    let mut world = World::new(Rng::new(seed), rules, told);
    let breach = play(&mut world).err();
    Run {
        seed,
        digest: seal::sm3::sm3(&world.trace.bytes),
        steps: world.steps,
        crashes: world.crashes,
        exceptions: u32::try_from(world.books.exceptions.len()).unwrap_or(u32::MAX),
        breach,
        trace: world.trace.words,
    }
}

fn play(world: &mut World) -> Result<(), String> {
    for _ in 0..WILD {
        steps::wild(world);
        checks::always(world)?;
    }
    for round in 0..CALM {
        let before = world.trace.bytes.len();
        steps::calm(world, round);
        checks::always(world)?;
        // Three quiet rounds after the last statements: everything is at rest.
        if round > 4 && world.trace.bytes.len() == before {
            break;
        }
    }
    checks::at_rest(world)
}
