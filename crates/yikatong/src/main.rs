//! `yikatong`: the platform's one executable. Without a command it serves a demonstration.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use yikatong::command::Arguments;

fn main() -> ExitCode {
    yikatong::command::run(Arguments::parse())
}
