//! What a target is, and what holds for every input: no panic, no internal error, no person's value in a message, places
//! that are in the file.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::random::Random;

/// One input. The body is what is made shorter when it fails; the rest follows from `seed`.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// Decides about everything beside the body.
    pub(crate) seed: u64,
    /// What else is to be known, for the reader of a report.
    pub(crate) about: String,
    /// The text or bytes.
    pub(crate) body: Vec<u8>,
}

impl Input {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

static THROUGH: AtomicU64 = AtomicU64::new(0);

/// Ends the check of an input that was not refused anywhere: how many there are says whether a target reaches what it is to try.
pub(crate) fn went_through() -> Result<(), String> {
    THROUGH.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// How many inputs were not refused.
pub(crate) fn n_through() -> u64 {
    THROUGH.load(Ordering::Relaxed)
}

/// Something that takes hostile inputs.
pub(crate) trait Target {
    /// The input of one case.
    fn input(&mut self, random: &mut Random) -> Input;
    /// Tries it; the error says what should hold and does not.
    fn check(&mut self, input: &Input) -> Result<(), String>;
}

/// Values that stand in data and may stand in no message.
pub(crate) const CANARY_TEXT: &str = "CANARY";
pub(crate) const CANARY_WHOLE: i64 = 815_471_123;
pub(crate) const CANARY_NUMBER: f64 = 90_817.263_545;
pub(crate) const CANARY_DAY: &str = "1917-11-23";

/// Whether `text` quotes a value that stands only in data.
pub(crate) fn no_canary(text: &str) -> Result<(), String> {
    let canaries = [
        "CANARY",
        "canary",
        "815471123",
        "815,471,123",
        "90817.26",
        "1917-11-23",
        "19171123",
        "1917-11",
    ];
    match canaries.iter().find(|canary| text.contains(**canary)) {
        Some(canary) => Err(format!("a message quotes `{canary}` from the data: {text}")),
        None => Ok(()),
    }
}

/// Whether every `file:line:column` in `text` is a place in `content`.
pub(crate) fn place_within(text: &str, file: &str, content: &str) -> Result<(), String> {
    let lines: Vec<&str> = content.split('\n').collect();
    for (at, _) in text.match_indices(&format!("{file}:")) {
        let mut numbers = text[at + file.len() + 1..].splitn(3, ':');
        let number = |part: Option<&str>| {
            let digits: String = part?.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().ok()
        };
        let Some(line) = number(numbers.next()) else {
            continue;
        };
        let column = number(numbers.next()).unwrap_or(1);
        let length = lines
            .get(line.wrapping_sub(1))
            .map(|line| line.chars().count());
        let is_behind_end = line == lines.len() + 1 && column == 1;
        if !is_behind_end && length.is_none_or(|length| column == 0 || column > length + 1) {
            return Err(format!(
                "the place {line}:{column} is not in the file: {text}"
            ));
        }
    }
    Ok(())
}
