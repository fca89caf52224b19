//! How long and how complicated a served statement may be: less than at the prompt, because several are planned at
//! once and none may take the others' memory or time.

use tonic::Status;

use crate::session::nesting;
use crate::session::statements::tokens;

/// Bytes a statement may have.
const LONGEST: usize = 1 << 20;
/// Words, numbers and signs it may have.
const MOST_TOKENS: usize = 200_000;
/// Operators and opening brackets it may have; a table or SELECT counts as ten.
const MOST: usize = 800;

/// Refuses statements that are too long or too complicated.
pub(super) fn check(text: &str) -> Result<(), Status> {
    let n_bytes = text.len();
    if n_bytes > LONGEST {
        let message = format!("a statement has at most {LONGEST} bytes; this one {n_bytes}");
        return Err(Status::invalid_argument(message));
    }
    nesting::check(text, MOST).map_err(|error| Status::invalid_argument(error.to_string()))?;
    let n_tokens = tokens(text).iter().filter(|token| token.is_code()).count();
    if n_tokens > MOST_TOKENS {
        return Err(Status::invalid_argument(format!(
            "a statement has at most {MOST_TOKENS} words, numbers and signs; this one {n_tokens}: use a join \
             instead of a long list"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_answered_and_deep_statements_refused() {
        let list = |n| format!("SELECT * FROM t WHERE a IN ({})", vec!["1"; n].join(","));
        assert!(check(&list(90_000)).is_ok() && check(&list(110_000)).is_err());
        let tables = format!("SELECT * FROM {}", vec!["t"; 201].join(", "));
        assert!(check(&tables).is_err());
        assert!(check(&"-".repeat(10)).is_ok() && check(&"(".repeat(MOST + 1)).is_err());
        assert!(check(&" ".repeat(LONGEST + 1)).is_err());
    }
}
