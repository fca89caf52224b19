//! A target that breaks every promise, one per case: what does not find these finds nothing.

use std::path::Path;

use korabo::diagnostic::SourceLocation;

use crate::random::Random;
use crate::target::{Input, Target, no_canary, place_within};
use crate::worker;

/// How many cases there are; each is a finding.
pub(crate) const N_CASES: u64 = 6;

/// The target.
pub(crate) struct Broken;

impl Target for Broken {
    fn input(&mut self, _random: &mut Random) -> Input {
        Input {
            seed: worker::case(),
            about: "broken on purpose".to_owned(),
            body: b"some text around X and behind it".to_vec(),
        }
    }

    #[expect(clippy::panic, reason = "to be found")]
    fn check(&mut self, input: &Input) -> Result<(), String> {
        let text = input.text();
        if !text.contains('X') {
            return Ok(());
        }
        match input.seed {
            0 => panic!("on this thread"),
            1 => {
                let panics = std::thread::spawn(|| panic!("on another thread"));
                drop(panics.join());
                Ok(())
            }
            2 => no_canary("row 7 holds CANARY_7"),
            3 => {
                let at = SourceLocation {
                    file: Path::new("a.toml").to_path_buf(),
                    line: 2,
                    column: 99,
                };
                place_within(&format!("{at}: wrong"), "a.toml", "one\ntwo\n")
            }
            4 => Err(format!("a total of {}", deep(1))),
            _ => std::process::abort(),
        }
    }
}

/// More stack than there is.
fn deep(n: u64) -> u64 {
    match std::hint::black_box(n) {
        0 => 0,
        n => n + deep(n + 1),
    }
}
