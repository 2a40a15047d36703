//! `yikatong sms-simulator`: an SMS gateway that behaves badly on demand.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use kernel::outbox::simulator::{Script, gateway};

/// How to simulate.
#[derive(Args)]
pub struct SmsSimulatorArguments {
    /// Address to listen on; messages go to `/send`.
    #[arg(long, default_value = "127.0.0.1:8700")]
    listen: SocketAddr,
    /// Secret shared with the platform, as in its `sms.json`.
    #[arg(long, env = "YIKATONG_SMS_SECRET", hide_env_values = true)]
    secret: String,
    /// `good`, or how often of a hundred: `seed=7,fail=10,lose=5,mix=5,busy=5,slow=5,refuse=9`.
    #[arg(long, default_value = "good")]
    script: Script,
}

/// Simulates until it is stopped.
///
/// # Errors
/// In words, what keeps it from listening.
pub async fn run(arguments: SmsSimulatorArguments) -> Result<ExitCode, String> {
    let (router, book) = gateway(arguments.script, &arguments.secret);
    let listener = tokio::net::TcpListener::bind(arguments.listen).await;
    let listener =
        listener.map_err(|error| format!("cannot listen on {}: {error}", arguments.listen))?;
    println!("an SMS gateway listens on http://{}/send", arguments.listen);
    let stop = crate::serve::stopped(false);
    let served = axum::serve(listener, router).with_graceful_shutdown(stop).await;
    served.map_err(|error| error.to_string())?;
    let book = book.lock().map_err(|error| error.to_string())?;
    let sent: u32 = book.values().map(|(_, sent)| sent).sum();
    println!("{} messages taken, {sent} times sent", book.len());
    Ok(ExitCode::SUCCESS)
}
