//! Persons who were seen whole, for files that do not tell everything: DPC claims have no name that can be read.

use std::collections::HashMap;

use crate::tokeniser::{PersonTokens, Token};

/// Tokens by name of persons whose cards are known, as from lists of members.
#[derive(Default)]
pub struct KnownPersons {
    /// By token of the card; `None` where two names go with one card.
    by_card: HashMap<Token, Option<Token>>,
}

impl KnownPersons {
    /// Remembers a person. A card with two names tells none: which of them is meant is not guessed.
    pub fn add(&mut self, tokens: &PersonTokens) {
        let (Some(card), Some(name)) = (tokens.insured, tokens.by_name) else {
            return;
        };
        let known = self.by_card.entry(card).or_insert(Some(name));
        if *known != Some(name) {
            *known = None;
        }
    }

    /// The tokens with that by name filled in where it is missing and the card is known.
    #[must_use]
    pub fn complete(&self, tokens: PersonTokens) -> PersonTokens {
        let known = || self.by_card.get(&tokens.insured?).copied().flatten();
        PersonTokens {
            by_name: tokens.by_name.or_else(known),
            ..tokens
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, IdentityFields, Tokeniser};

    fn tokens(number: &str, kana_name: &str) -> PersonTokens {
        let tokeniser = Tokeniser::new(b"4f1c9a0be27d83563de8a1f0942b7c65").unwrap();
        tokeniser.person(&Identity::new(&IdentityFields {
            insurer_number: "06130512",
            symbol: "1",
            number,
            branch: "00",
            kana_name,
            birth_date: "19691028",
            sex: "2",
        }))
    }

    #[test]
    fn a_name_is_found_by_the_card_and_not_guessed() {
        let mut known = KnownPersons::default();
        let (one, other) = (tokens("2", "カクウ ハナコ"), tokens("3", "カクウ ヨウコ"));
        for seen in [&one, &other, &tokens("3", "ミホン ヨウコ")] {
            known.add(seen);
        }
        assert_eq!(
            known
                .complete(tokens("2", ""))
                .by_name
                .map(|token| token.hex()),
            one.by_name.map(|token| token.hex())
        );
        assert!(
            known.complete(tokens("3", "")).by_name.is_none(),
            "two names"
        );
        assert!(known.complete(tokens("4", "")).by_name.is_none(), "unknown");
        let own = known.complete(tokens("2", "ミホン ハナコ"));
        assert!(own.by_name != one.by_name, "a name that is there stays");
    }
}
