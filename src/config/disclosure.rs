//! `[disclosure]`: what may leave. A project may be stricter than the national guideline, not laxer.

use crate::disclosure::DisclosureRules;
use crate::toml_reader::{TomlError, TomlTable};

/// Reads the section; what it does not say is as in the guideline.
pub(super) fn read(root: &TomlTable<'_>) -> Result<DisclosureRules, TomlError> {
    let mut rules = DisclosureRules::GUIDELINE;
    let Some(table) = root.table("disclosure")? else {
        return Ok(rules);
    };
    table.check_keys(&["min_count", "max_share", "few_values"])?;
    for (key, limit) in [
        ("min_count", &mut rules.min_count),
        ("few_values", &mut rules.few_values),
    ] {
        let Some(stricter) = table.optional::<u64>(key)? else {
            continue;
        };
        if stricter < *limit {
            let expected = format!("{limit} or more");
            return Err(table.require(key)?.wrong(&expected));
        }
        *limit = stricter;
    }
    if let Some(stricter) = table.optional::<f64>("max_share")? {
        if !(stricter > 0.0 && stricter <= rules.max_share) {
            let expected = format!("a share above 0 and up to {}", rules.max_share);
            return Err(table.require("max_share")?.wrong(&expected));
        }
        rules.max_share = stricter;
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::toml_reader::TomlDocument;

    fn rules(text: &str) -> Result<DisclosureRules, String> {
        let document = TomlDocument::parse(Path::new("korabo.toml"), text);
        let document = document.map_err(|error| error.to_string())?;
        read(&document.root()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_project_may_be_stricter() {
        let stricter = rules("[disclosure]\nmin_count = 20\nmax_share = 0.3\nfew_values = 8\n");
        let expected = DisclosureRules {
            min_count: 20,
            max_share: 0.3,
            few_values: 8,
        };
        assert_eq!(stricter.unwrap(), expected);
        assert_eq!(rules("[disclosure]\n").unwrap(), DisclosureRules::GUIDELINE);
        assert_eq!(rules("").unwrap(), DisclosureRules::GUIDELINE);
    }

    #[test]
    fn a_project_may_not_be_laxer() {
        for (line, expected) in [
            ("min_count = 9", "10 or more"),
            ("min_count = -1", "min_count"),
            ("few_values = 4", "5 or more"),
            ("max_share = 0.51", "a share above 0 and up to 0.5"),
            ("max_share = 0.0", "a share above 0 and up to 0.5"),
            ("max_part = 0.3", "max_part"),
        ] {
            let error = rules(&format!("[disclosure]\n{line}\n")).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
            assert!(error.contains("korabo.toml:2"), "{line}: {error}");
        }
    }
}
