//! Right answers about programs: of a field, of a bundle, by dose, by worksite, after the end, and where
//! people stay away from checkups.

use serde_json::{Value, json};

use super::super::effects::{Cause, Curve, Effect, FIELDS, Field, Outcome, Population};
use super::super::employer_tables::{
    HOURS_PER_SESSION, YEN_PER_SESSION, employer_key, worksite_key,
};
use super::super::scenarios::{Billing, Intensity, Launch, Rollout};
use super::super::truth::{Quantity, Truth};
use super::super::world::World;
use super::numbers::{by_event_time, numbers, rounded, until};
use super::question::Question;

/// Fewer exposed worksites than this blind an estimate.
const BLIND_WORKSITES: usize = 3;

/// Fewer exposed worksites than this call for errors made for few clusters.
const FEW_WORKSITES: usize = 10;

/// Entries about programs.
pub(super) fn entries(world: &World, truth: &Truth, last_event_time: usize) -> Vec<Value> {
    let asked = AnswerableWorld {
        world,
        truth,
        last_event_time,
    };
    let mut entries = Vec::new();
    for (effect_idx, effect) in world.setting.effects.iter().enumerate() {
        if let Cause::Program(field) = effect.cause {
            entries.push(asked.of_field(effect_idx, effect, field));
            entries.extend(asked.by_worksite(effect, field));
            entries.extend(asked.after_end(effect, field));
        }
    }
    entries.extend(asked.of_bundles());
    entries.extend(asked.attendance());
    entries
}

fn question<'a>(effect: &'a Effect, field: &'a str, estimand: &'a str) -> Question<'a> {
    Question {
        field,
        indicator: effect.indicator,
        population: effect.population.name(),
        estimand,
    }
}

/// A world whose questions are answered.
struct AnswerableWorld<'a> {
    world: &'a World,
    truth: &'a Truth,
    last_event_time: usize,
}

impl AnswerableWorld<'_> {
    fn is_null(&self, effect: &Effect) -> bool {
        let is_planted = effect.curve != Curve::Zero || effect.outcome == Outcome::Bmi;
        !is_planted || self.world.setting.strength == 0.0
    }

    fn launch_of(&self, field: Field) -> Option<&'static Launch> {
        self.world.setting.launch_of(field)
    }

    fn n_worksites(&self, field: Field) -> usize {
        let sites = self.world.worksites.iter();
        sites
            .filter(|site| site.covers[field as usize].is_some())
            .count()
    }

    /// The effect of one field's programs.
    fn of_field(&self, effect_idx: usize, effect: &Effect, field: Field) -> Value {
        let question = question(effect, FIELDS[field as usize], "field");
        if self.launch_of(field).is_some_and(Launch::is_bundle) {
            return question.answer("refused", json!({"reason": "co_exposure"}));
        }
        let n_worksites = self.n_worksites(field);
        if self.launch_of(field).is_some() && n_worksites < BLIND_WORKSITES {
            let more = json!({"gate": "clusters", "exposed_worksites": n_worksites});
            return question.answer("blinded", more);
        }
        let mut gates = Vec::new();
        if self.launch_of(field).is_some() && n_worksites < FEW_WORKSITES {
            gates.push(json!({"gate": "clusters", "result": "warn"}));
        }
        if self.keeps_people_away(field) {
            gates.push(json!({"gate": "attrition", "result": "warn"}));
        }
        if effect.outcome == Outcome::CareYen
            && matches!(self.world.setting.billing, Billing::RunOff(_))
        {
            gates.push(json!({"gate": "run_out", "result": "warn"}));
        }
        if self.is_null(effect) {
            return question.answer("null", json!({"gates": gates}));
        }
        let means = self.truth.effect_here_before(effect_idx);
        let mut more = numbers(&until(means, self.last_event_time));
        let changes_with_weight = matches!(effect.outcome, Outcome::Weight | Outcome::Bmi);
        if self.keeps_people_away(field) && changes_with_weight {
            more["gate"] = "attrition".into();
            if effect.outcome == Outcome::Weight {
                more["naive_bias"] = self.naive_bias();
            }
            return question.answer("blinded", more);
        }
        more["gates"] = gates.into();
        question.answer("effect", more)
    }

    fn keeps_people_away(&self, field: Field) -> bool {
        let setting = self.world.setting.staying_away;
        setting.is_some_and(|setting| setting.field == field)
    }

    /// What those examined show beyond the effect: compared within persons with the year before
    /// exposure, and between all examined.
    fn naive_bias(&self) -> Value {
        let bias = |examined: Quantity, all: Quantity| -> Vec<Value> {
            let rows = by_event_time(self.truth, examined);
            rows.into_iter()
                .filter_map(|(event_time, mean)| {
                    let all = self.truth.quantity(all, event_time as i32).mean()?;
                    let bias = rounded(mean.mean()? - all);
                    Some(json!({"event_time": event_time, "bias": bias, "n": mean.n()}))
                })
                .collect()
        };
        json!({
            "within_persons": bias(Quantity::ChangeOfExamined, Quantity::ChangeOfAll),
            "between_persons": bias(Quantity::WeightOfExamined, Quantity::WeightOfAll),
        })
    }

    /// The effect on coming to a checkup.
    fn attendance(&self) -> Option<Value> {
        let field = self.world.setting.staying_away?.field;
        let question = Question {
            field: FIELDS[field as usize],
            indicator: "has_checkup",
            population: Population::Employees.name(),
            estimand: "field",
        };
        let rows = by_event_time(self.truth, Quantity::Attendance);
        Some(question.answer("effect", numbers(&rows)))
    }

    /// What is left of an effect when the program has ended.
    fn after_end(&self, effect: &Effect, field: Field) -> Option<Value> {
        let lasts = self.launch_of(field)?.lasts?;
        let ends = self.world.setting.effects_end && !self.is_null(effect);
        let question = question(effect, FIELDS[field as usize], "after_end");
        ends.then(|| question.answer("null", json!({"from_event_time": lasts})))
    }

    /// Effects that differ between worksites.
    fn by_worksite(&self, effect: &Effect, field: Field) -> Option<Value> {
        let launch = self.launch_of(field)?;
        if effect.curve == Curve::Zero {
            return None;
        }
        let size = effect.curve.at(0);
        let name = FIELDS[field as usize];
        match launch.intensity {
            Intensity::Same => None,
            Intensity::Sessions(_) => {
                let more = json!({
                    "per_session": size,
                    "per_staff_hour": rounded(size / HOURS_PER_SESSION),
                    "per_1000_yen": rounded(size / YEN_PER_SESSION * 1000.0),
                    "worksites": self.worksites(field, "sessions", size, 0.0),
                });
                Some(question(effect, name, "dose").answer("effect", more))
            }
            Intensity::Hidden { factor, .. } => {
                let more = json!({
                    "effect_elsewhere": size,
                    "worksites": self.worksites(field, "factor", size, factor),
                });
                Some(question(effect, name, "good_practice").answer("effect", more))
            }
        }
    }

    /// Covered worksites at least so intense, with the effect on their people.
    fn worksites(&self, field: Field, name: &str, size: f64, least: f32) -> Vec<Value> {
        let mut rows = Vec::new();
        for (site, worksite) in (0..).zip(&self.world.worksites) {
            let Some(cover) = worksite.covers[field as usize] else {
                continue;
            };
            if cover.intensity >= least {
                let mut row = json!({
                    "employer_key": employer_key(worksite.employer),
                    "worksite_key": worksite_key(self.world, site),
                    "effect": rounded(size * f64::from(cover.intensity)),
                });
                row[name] = cover.intensity.into();
                rows.push(row);
            }
        }
        rows
    }

    /// What the programs that start together do together. Where each field starts on its own and
    /// nothing has an effect, neither has any combination.
    fn of_bundles(&self) -> Vec<Value> {
        let setting = self.world.setting;
        if setting.rollout == Rollout::FieldByField {
            let questions = setting.effects.iter();
            let nothing = questions.filter(|effect| self.is_null(effect));
            return nothing
                .map(|effect| question(effect, "", "bundle").null())
                .collect();
        }
        let mut entries = Vec::new();
        for launch in setting.rollout.launches() {
            if !launch.is_bundle() {
                continue;
            }
            let names: Vec<&str> = launch.fields.iter().map(|f| FIELDS[*f as usize]).collect();
            for (effect_idx, _) in setting.bundled_outcomes() {
                let effect = &setting.effects[effect_idx];
                let rows = by_event_time(self.truth, Quantity::Bundle(effect_idx));
                let mut more = numbers(&rows);
                more["fields"] = names.clone().into();
                entries.push(question(effect, "", "bundle").answer("effect", more));
            }
            for effect in setting.effects {
                let is_of_launch = |field| launch.fields.contains(&field);
                if matches!(effect.cause, Cause::Program(field) if is_of_launch(field))
                    && self.is_null(effect)
                {
                    entries.push(question(effect, "", "bundle").null());
                }
            }
        }
        entries
    }
}
