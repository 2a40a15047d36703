//! From the finished card to the holder's hand: on the outlet's shelf, or by post.

use kernel::law::Text;

use super::Refused;

/// Where a finished card is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// On a shelf of the outlet, to be collected.
    Shelf,
    /// To be given to the post.
    ToPost,
    /// With the post.
    Posted,
    /// In the holder's hand.
    HandedOver,
}

impl State {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Shelf, Self::ToPost, Self::Posted, Self::HandedOver];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Shelf => "shelf",
            Self::ToPost => "to-post",
            Self::Posted => "posted",
            Self::HandedOver => "handed-over",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name for people, and the kind of badge that fits.
    pub fn name(self) -> (Text, &'static str) {
        let (zh, en, badge) = match self {
            Self::Shelf => ("待领取", "To be collected", "info"),
            Self::ToPost => ("待交寄", "To be posted", "warn"),
            Self::Posted => ("邮寄中", "With the post", "info"),
            Self::HandedOver => ("已发卡", "Handed over", "ok"),
        };
        (Text::new(zh, en), badge)
    }
}

/// What happens to a finished card.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// The holder wants it by post.
    WantPost,
    /// The holder wants to collect it after all.
    WantPickUp,
    /// The post took it, under a tracking number.
    Post,
    /// The post brought it to the holder.
    Deliver,
    /// The post brought it back.
    Return,
    /// The holder or an agent took it at the outlet.
    HandOver,
}

/// The table of delivery.
///
/// # Errors
/// [`Refused::DeliveryStep`].
pub fn step(state: State, event: Event) -> Result<State, Refused> {
    match (state, event) {
        (State::Shelf, Event::WantPost) => Ok(State::ToPost),
        (State::ToPost, Event::WantPickUp) => Ok(State::Shelf),
        (State::ToPost, Event::Post) => Ok(State::Posted),
        (State::Posted, Event::Deliver) => Ok(State::HandedOver),
        // A returned letter goes back to the outlet's shelf.
        (State::Posted, Event::Return) => Ok(State::Shelf),
        (State::Shelf, Event::HandOver) => Ok(State::HandedOver),
        _ => Err(Refused::DeliveryStep),
    }
}
