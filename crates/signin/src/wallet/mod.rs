//! The electronic card in a wallet (Art. 2, 6): an SD-JWT VC, issued by OpenID4VCI 1.0 (pre-authorized code),
//! presented by OpenID4VP 1.0 (direct post), with a token status list that knows suspension. What of these is
//! here and what is not: `docs/wallets.md`.

pub mod api;
pub mod issue;
pub mod pages;
pub mod present;
pub mod rules;
pub mod sdjwt;
pub mod status;
pub mod store;
#[cfg(test)]
mod tests;

use kernel::http::Routes;

pub(crate) fn routes() -> Routes {
    api::routes().merge(pages::routes()).share(status::Kept::default())
}
