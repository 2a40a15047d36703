//! Tests of the whole of CQ1, in the fixed world of [`super::world`].

mod bent;
mod form;
mod fuzz;
mod keys;
mod openssl;
mod order;
mod status;
mod vectors;
mod window;
