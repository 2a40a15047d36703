//! placeholder
use std::process::ExitCode;
/// Measurements.
#[derive(clap::Subcommand)]
pub enum BenchCommand {
    /// Verification.
    Verify,
}
/// Runs.
///
/// # Errors
/// None.
pub async fn run(_: BenchCommand) -> Result<ExitCode, String> {
    Ok(ExitCode::SUCCESS)
}
