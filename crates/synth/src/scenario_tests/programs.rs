//! Programs that start together, that end, and that differ by dose.

use super::super::calendar::{first_day, fiscal_year};
use super::super::calibration::Question;
use super::super::effects::Field;
use super::super::options::{Scenario, TableSet};
use super::super::world::World;
use super::differences::{comparisons, effect, slope};
use super::memory_world::{at, bare_world, make, overall, says, weight};
use super::{SEEDS, assert_far, assert_near};

const BUNDLED: [Field; 4] = [
    Field::System,
    Field::Activity,
    Field::Nutrition,
    Field::Smoking,
];

/// Fiscal years in which a worksite starts fields.
fn start_years(world: &World, site: usize, fields: &[Field]) -> Vec<Option<i16>> {
    let covers = &world.worksites[site].covers;
    let year = |field: &Field| covers[*field as usize].map(|cover| fiscal_year(cover.start));
    fields.iter().map(year).collect()
}

fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let mean = |value: fn(&(f64, f64)) -> f64| pairs.iter().map(value).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>();
    let covariance = sum(&|p| (p.0 - x) * (p.1 - y));
    covariance / (sum(&|p| (p.0 - x).powi(2)) * sum(&|p| (p.1 - y).powi(2))).sqrt()
}

#[test]
fn bundled_fields_start_at_the_same_worksites_with_a_correlation_of_0_8() {
    let world = bare_world(Scenario::Bundle, 400_000, 1);
    let mut pairs = vec![Vec::new(); 6];
    let (mut n_exposed, mut n_with_another) = (0, 0);
    for site in 0..world.worksites.len() {
        let years = start_years(&world, site, &BUNDLED);
        let mut pair = 0;
        for first in 0..4 {
            for second in first + 1..4 {
                if let (Some(a), Some(b)) = (years[first], years[second]) {
                    pairs[pair].push((f64::from(a), f64::from(b)));
                }
                pair += 1;
            }
        }
        if let Some(activity) = years[1] {
            n_exposed += 1;
            let others = [years[0], years[2], years[3]];
            let is_near = |year: &i16| (year - activity).abs() <= 1;
            n_with_another += i32::from(others.iter().flatten().any(is_near));
            assert_eq!(start_years(&world, site, &[Field::Frailty]), [None]);
        }
    }
    let correlations: Vec<f64> = pairs.iter().map(|pairs| correlation(pairs)).collect();
    let mean = correlations.iter().sum::<f64>() / 6.0;
    assert!((mean - 0.8).abs() < 0.05, "{correlations:?}");
    assert!(f64::from(n_with_another) > 0.9 * f64::from(n_exposed));
}

#[test]
fn bundle_has_the_effect_of_all_its_fields() {
    for seed in SEEDS {
        let made = make(Scenario::Bundle, 40_000, seed, TableSet::Checkups);
        let employees = made.employees(&BUNDLED);
        for (indicator, question) in [
            ("exercise_habit", Question::Exercise30min),
            ("current_smoker", Question::Smoking),
            ("eats_fast", Question::EatingSpeed),
        ] {
            let entry = made.expected("", indicator, "bundle");
            let truth = match entry["kind"].as_str() {
                Some("null") => 0.0,
                _ => overall(entry),
            };
            let found = effect(&made, &employees, &says(question), 0..=6);
            assert_near(found, truth, indicator);
        }
        let truth = overall(made.expected("", "weight_kg", "bundle"));
        assert!(truth < -0.5, "both fields act on weight: {truth}");
        let found = effect(&made, &employees, &weight, 0..=6);
        assert_near(found, truth, "weight");
        assert_far(found, truth / 2.0, "weight");
        let before = effect(&made, &employees, &weight, -2..=-2);
        assert_near(before, 0.0, "weight before the start");
        let frailty = made.employees(&[Field::Frailty]);
        let truth = overall(made.expected("frailty", "walk_fast", "field"));
        let found = effect(&made, &frailty, &says(Question::WalkFast), 0..=6);
        assert_near(found, truth, "walk_fast");
        for (field, indicator) in [("nutrition", "weight_kg"), ("system", "eats_fast")] {
            let entry = made.expected(field, indicator, "field");
            assert_eq!(entry["kind"], "refused");
            assert_eq!(entry["reason"], "co_exposure");
        }
    }
}

#[test]
fn effect_ends_with_the_program() {
    for seed in SEEDS {
        let made = make(Scenario::Ends, 40_000, seed, TableSet::Checkups);
        for program in &made.world.programs {
            let start = fiscal_year(program.cover.start);
            let end = match program.field == Field::Activity as usize {
                true => first_day(start + 3) - 1,
                false => i32::MAX,
            };
            assert_eq!(program.cover.end, end);
        }
        let employees = made.employees(&[Field::Activity]);
        let exercise = made.expected("activity", "exercise_habit", "field");
        assert!(
            (at(exercise, 2) - 0.06).abs() < 0.002,
            "{}",
            at(exercise, 2)
        );
        assert!(at(exercise, 3).abs() < 1e-12);
        let ended = made.expected("activity", "exercise_habit", "after_end");
        assert_eq!(ended["kind"], "null");
        assert_eq!(ended["from_event_time"], 3);
        let habit = says(Question::Exercise30min);
        let running = effect(&made, &employees, &habit, 0..=2);
        assert_near(running, 0.06, "exercise while it runs");
        assert_far(running, 0.0, "exercise while it runs");
        assert_near(
            effect(&made, &employees, &habit, 3..=8),
            0.0,
            "exercise afterwards",
        );
        assert_near(effect(&made, &employees, &weight, 0..=2), -0.5, "weight");
        assert_near(
            effect(&made, &employees, &weight, 3..=8),
            0.0,
            "weight afterwards",
        );
        let nutrition = made.employees(&[Field::Nutrition]);
        let breakfast = says(Question::SkipBreakfast);
        let late = effect(&made, &nutrition, &breakfast, 3..=8);
        assert_near(late, -0.05, "breakfast: the program goes on");
    }
}

#[test]
fn effect_is_in_proportion_to_the_dose() {
    for seed in SEEDS {
        let made = make(Scenario::Dose, 40_000, seed, TableSet::Checkups);
        let employees = made.employees(&[Field::Activity]);
        let dose = |site: u32| {
            let cover = made.world.worksites[site as usize].covers[Field::Activity as usize];
            cover.map_or(0.0, |cover| f64::from(cover.intensity))
        };
        let habit = says(Question::Exercise30min);
        let found = slope(&comparisons(&made, &employees, &habit, 0..=6, &dose));
        let truth = made.expected("activity", "exercise_habit", "dose");
        assert_near(
            found,
            truth["per_session"].as_f64().unwrap(),
            "exercise per session",
        );
        assert_far(found, 0.0, "exercise per session");
        let found = slope(&comparisons(&made, &employees, &weight, 0..=6, &dose));
        let truth = made.expected("activity", "weight_kg", "dose");
        assert_near(
            found,
            truth["per_session"].as_f64().unwrap(),
            "weight per session",
        );
        assert_far(found, 0.0, "weight per session");
        assert_far(found, -0.2, "weight per session");
        let mean = overall(made.expected("activity", "weight_kg", "field"));
        assert_near(effect(&made, &employees, &weight, 0..=6), mean, "weight");
    }
}
