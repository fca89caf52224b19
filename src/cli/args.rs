//! Arguments every command takes.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::session::SessionOptions;
use crate::vocabulary::Lang;

/// Global arguments.
#[derive(Debug, Args)]
pub(super) struct GlobalArgs {
    /// Project folder [default: the nearest folder upwards with a korabo.toml]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) project: Option<PathBuf>,
    /// Threads to use [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
    /// Memory the engine and the estimators may use, e.g. 2G [default: 70 % of the machine's]
    #[arg(long, global = true, value_name = "SIZE", value_parser = parse_size)]
    pub(super) memory_limit: Option<u64>,
    /// Folder for spilled data [default: the system's]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) temp_dir: Option<PathBuf>,
    /// Print nothing but errors and data
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Print more of what happens
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// Form of messages on stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(super) log_format: LogFormat,
    /// Progress bars
    #[arg(long, global = true, value_enum, default_value_t = ProgressBars::Auto)]
    pub(super) progress: ProgressBars,
    /// Colours (NO_COLOR is honoured)
    #[arg(long, global = true, value_enum, default_value_t = Switch::Auto)]
    pub(super) color: Switch,
    /// Language of reports and of what columns mean; where it is given, of messages, which else follow the locale (LANG)
    #[arg(long, global = true, value_enum, default_value_t = LangArg::Ja)]
    pub(super) lang: LangArg,
}

/// Form of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Whether progress bars are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressBars {
    /// On a terminal.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// On, off, or on when a person is looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Language of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LangArg {
    /// 日本語
    Ja,
    /// English
    En,
}

impl From<LangArg> for Lang {
    fn from(lang: LangArg) -> Self {
        match lang {
            LangArg::Ja => Self::Ja,
            LangArg::En => Self::En,
        }
    }
}

impl GlobalArgs {
    /// The engine limits asked for.
    pub(super) fn session_options(&self) -> SessionOptions {
        SessionOptions {
            threads: self.threads,
            memory_limit: self.memory_limit,
            temp_dir: self.temp_dir.clone(),
        }
    }
}

/// `512M`, `2G`, `2GiB`, `1000000`.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1_u64 << 30,
        "T" | "TB" | "TIB" => 1_u64 << 40,
        _ => return Err("write a size like 512M or 2G".to_owned()),
    };
    let number: f64 = digits
        .parse()
        .map_err(|_| "write a size like 512M or 2G".to_owned())?;
    if !(number.is_finite() && number > 0.0) {
        return Err("a size must be above 0".to_owned());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "checked to be positive; a size need not be exact"
    )]
    let bytes = (number * unit as f64) as u64;
    Ok(bytes)
}
