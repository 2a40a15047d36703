//! Tests of the whole of CQ1, in the fixed world of [`super::world`].

mod bent;
mod form;
mod keys;
mod order;
mod status;
mod window;
