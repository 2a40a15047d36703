//! Mutual recognition (互认, Art. 3, 7, 14, 17): a card or code of the other region is judged by the region
//! that issued it, for items of the joint list only, and its holder sees that in his own region.

pub(crate) mod api;
pub(crate) mod pages;
pub mod rules;
pub mod service;
pub(crate) mod store;
#[cfg(test)]
mod tests;
