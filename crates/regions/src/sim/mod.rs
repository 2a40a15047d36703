//! A seeded simulation of both regions over a bad network: the decisions are those of [`crate::rules`],
//! the database and the wire are made up. The same seed makes the same run.
//!
//! For two minutes packets are lost, delayed, doubled and overtaken, one direction or both are cut,
//! processes end between any two transactions, databases are busy and clocks jump. Then all heals, and
//! what must hold is looked at. Planted bugs show that each of these looks can fail.

pub(crate) mod draw;
mod keys;
mod node;
mod people;
mod tests;
mod world;

/// The regions of a run.
const HERE: &str = "500000";
const THERE: &str = "510000";

/// A mistake that is made on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    /// What came is not looked up.
    ForgetsWhatCame,
    /// A message is done before the one before it.
    IgnoresOrder,
    /// Everything up to the highest sequence that came counts as having come.
    HighWater,
    /// The receipt goes out before the work is kept.
    AnswersBeforeKeeping,
    /// The work is kept in a transaction of its own, before that of message and receipt.
    WorkApart,
    /// What is too late gets no receipt.
    LateIsSilent,
    /// What was sent counts as delivered.
    SentIsDelivered,
    /// What is sent again gets another id.
    NewIdEachTime,
    /// Receipts are taken as they come, without looking for which message they are.
    TakesAnyReceipt,
    /// A message is written down after its cause, not with it.
    OutboxInMemory,
    /// The end of a pause is believed although the clock was set back.
    TrustsClock,
}

/// What does not hold after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// A message that was written is not on the other side, or without a receipt after all has healed.
    Lost,
    /// The work of a message was done more than once, or of none that was written.
    DoneTwice,
    /// Messages of one person were taken in another order.
    Order,
    /// The receipt that the sender keeps is not the one that the receiver keeps.
    Receipt,
    /// Something waits, and nobody tries the way.
    Silent,
    /// Refused as too late although it was in time by the clocks that the protocol allows.
    Hasty,
}
