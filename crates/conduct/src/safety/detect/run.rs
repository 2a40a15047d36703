//! Rounds.
use kernel::platform::App;
use kernel::problem::Problem;

/// One round.
///
/// # Errors
/// None.
pub async fn round(_app: &App) -> Result<String, Problem> {
    Ok(String::new())
}
