//! A world in which nothing has an effect.

use super::super::effects::FIELDS;
use super::super::options::{Scenario, TableSet};
use super::SEEDS;
use super::memory_world::make;

#[test]
fn everything_is_expected_to_be_null() {
    let made = make(Scenario::Null, 3_000, 1, TableSet::Checkups);
    let entries = made.truth["expected"].as_array().unwrap();
    for field in FIELDS {
        assert!(
            entries.iter().any(|entry| entry["field"] == field),
            "{field}"
        );
    }
    assert!(entries.iter().any(|entry| entry["estimand"] == "bundle"));
    assert!(entries.iter().any(|entry| entry["field"] == "guidance"));
    assert!(entries.iter().all(|entry| entry["kind"] == "null"));
    assert!(
        made.truth["effects"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["effect"] == 0.0)
    );
}

#[test]
fn goals_of_guidance_are_met_by_luck_alone() {
    for seed in SEEDS {
        let made = make(Scenario::Null, 30_000, seed, TableSet::Checkups);
        let entry = made.expected("guidance", "goal_2cm_2kg", "achieved_minus_expected");
        let number = |key: &str| entry[key].as_f64().unwrap();
        assert_eq!(number("effect"), 0.0);
        assert_eq!(number("achieved"), number("by_luck"));
        // Many meet the goal without any effect, as many as among those who were only offered it.
        let (guided, unguided) = (number("achieved"), number("met_unguided"));
        assert!(guided > 0.08, "{guided}");
        let error = (guided * (1.0 - guided) / number("n") * 1.6).sqrt();
        assert!(
            (guided - unguided).abs() < 4.0 * error,
            "{guided} and {unguided}"
        );
    }
}
