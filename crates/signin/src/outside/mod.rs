//! Staff who come from an outside OpenID provider (Art. 19): code flow with PKCE, nonce and a checked ID token,
//! for accounts that were linked one by one. Off unless the operator writes `staff-provider.json`; the local
//! sign-in always stays, for the day on which the provider is away.

pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

use kernel::auth::OUTSIDE_FILE;
use kernel::platform::Platform;
use serde::Deserialize;

use crate::rules::Refused;

/// What the operator writes into `staff-provider.json` of the data folder; read at each sign-in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its address, as in its discovery document.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: String,
    /// Values of `acr` that mean a second factor was asked for there; any one of them is enough.
    #[serde(default)]
    pub second_factor_acr: Vec<String>,
    /// Values of `amr` that mean the same (RFC 8176), such as `otp`, `hwk`, `mfa`.
    #[serde(default)]
    pub second_factor_amr: Vec<String>,
}

impl Provider {
    /// The provider that is set up.
    ///
    /// # Errors
    /// [`Refused::NoProvider`]: none is, or the file is not understood (which is logged).
    pub fn of(app: &Platform) -> Result<Self, Refused> {
        let text = std::fs::read_to_string(app.config.data.join(OUTSIDE_FILE));
        let text = text.map_err(|_| Refused::NoProvider)?;
        let read = serde_json::from_str::<Self>(&text);
        let provider = read.map_err(|error| {
            tracing::error!(%error, "{OUTSIDE_FILE} is not understood");
            Refused::NoProvider
        })?;
        match rules::may_call(&provider.issuer) {
            true => Ok(provider),
            false => Err(Refused::NoProvider),
        }
    }
}
