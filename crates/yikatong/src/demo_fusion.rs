//! Other cards and codes of the demonstration, on their way into one.

use items::service::Catalogue;
use kernel::platform::App;
use kernel::problem::Problem;

use crate::demo::actor_of;

/// Enters them once, when there is a list to compare with.
///
/// # Errors
/// See [`Problem`].
pub async fn make(app: &App, list: &Catalogue) -> Result<(), Problem> {
    let (maker, checker) = (actor_of(app, "CITY").await?, actor_of(app, "CITY2").await?);
    codes::fusion::demo::make(app, list, &maker, &checker).await
}
