//! `SELECT…` and `--exclude`: which tables a command works on.

use clap::Args;

use super::failure::Failure;
use crate::pipeline::Selection;

/// Arguments that select tables.
#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    /// Tables: NAME, effect_*, tag:NAME, state:stale, result:error; +X (with all it needs), X+ (with all
    /// that needs it), 2+X, X+1 (at most that many steps); X,Y (both hold); several: any of them [default: all]
    #[arg(value_name = "SELECT")]
    select: Vec<String>,
    /// Not these (repeatable)
    #[arg(long, value_name = "SELECT")]
    exclude: Vec<String>,
}

impl SelectArgs {
    /// What the arguments mean.
    pub(super) fn parse(&self) -> Result<Selection, Failure> {
        Ok(Selection::parse(&self.select, &self.exclude)?)
    }

    /// The arguments as they were given; `None` when there are none.
    pub(super) fn text(&self) -> Option<String> {
        let mut words = self.select.clone();
        words.extend(self.exclude.iter().map(|word| format!("--exclude {word}")));
        (!words.is_empty()).then(|| words.join(" "))
    }
}
