//! A world in memory: its rows, and what its `truth.json` would say.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::super::calendar::fiscal_year;
use super::super::calibration::Question;
use super::super::checkup::{Cells, NULL, answer_column, column};
use super::super::effects::Field;
use super::super::household::Relationship;
use super::super::options::{Scenario, SynthOptions, TableSet};
use super::super::periods::Periods;
use super::super::person_years::simulate_batch;
use super::super::rollout::start_programs;
use super::super::rows::{BatchRows, CheckupRow, MemberRow};
use super::super::truth_file::document;
use super::super::world::World;

/// A world in memory.
pub(super) struct MemoryWorld {
    pub(super) world: World,
    pub(super) rows: BatchRows,
    pub(super) truth: Json,
    /// Checkups without defects by person and fiscal year.
    checkups: HashMap<u32, Vec<(i16, Cells)>>,
    /// Jobs of subscribers, in order.
    jobs: HashMap<u32, Vec<MemberRow>>,
}

/// The programs of a world, before any person.
pub(super) fn bare_world(scenario: Scenario, persons: u64, seed: u64) -> World {
    let options = SynthOptions {
        out: std::path::PathBuf::new(),
        persons,
        years: 2016..=2024,
        seed,
        scenario,
        threads: 1,
    };
    let mut world = World::new(&options);
    start_programs(&mut world);
    world
}

/// Makes a world; `tables` as far as the test needs them.
pub(super) fn make(scenario: Scenario, persons: u64, seed: u64, tables: TableSet) -> MemoryWorld {
    let world = bare_world(scenario, persons, seed);
    let periods = Periods::new(&world.years, world.setting.billing);
    let mut rows = simulate_batch(&world, &periods, tables, 0..persons);
    let truth = document(&rows.truth, &world, &periods);
    let (mut checkups, mut jobs) = (HashMap::new(), HashMap::new());
    for insurer in &mut rows.insurers {
        for period in &insurer.periods {
            for row in &period.checkups {
                if is_sound(row) {
                    let of_person: &mut Vec<_> = checkups.entry(row.person).or_default();
                    of_person.push((row.fiscal_year, row.cells));
                }
            }
        }
        for member in insurer.members.drain(..) {
            if member.relationship == Relationship::Subscriber as i8 {
                let of_person: &mut Vec<_> = jobs.entry(member.person).or_default();
                of_person.push(member);
            }
        }
    }
    for spells in jobs.values_mut() {
        spells.sort_by_key(|spell: &MemberRow| spell.from);
    }
    MemoryWorld {
        world,
        rows,
        truth,
        checkups,
        jobs,
    }
}

/// Whether no defect was planted in a row's values; wrong answers are told by their codes.
fn is_sound(row: &CheckupRow) -> bool {
    let cells = &row.cells;
    cells[column::RECORD_KIND] == 1
        && !row.has_impossible_date
        && cells[column::WEIGHT] > 0
        && cells[column::SBP] < 900
        && cells[column::DBP] < 900
        && cells[column::HBA1C] < 400
}

/// An employee: where, and since when exposed to a field.
pub(super) struct Employee {
    pub(super) person: u32,
    /// The worksite of the exposure, or the first one.
    pub(super) worksite: u32,
    pub(super) cohort: Option<i16>,
}

impl MemoryWorld {
    /// All employees, by the programs of some fields at their worksites: the first day that any of
    /// them is offered.
    pub(super) fn employees(&self, fields: &[Field]) -> Vec<Employee> {
        let is_asked = |field: usize| fields.iter().any(|asked| *asked as usize == field);
        let mut starts: HashMap<u32, Vec<(i32, i32)>> = HashMap::new();
        for program in &self.world.programs {
            if is_asked(program.field) {
                let site = program.worksite.unwrap();
                let spell = (program.cover.start, program.cover.end);
                starts.entry(site).or_default().push(spell);
            }
        }
        let mut employees: Vec<Employee> = self
            .jobs
            .iter()
            .map(|(person, jobs)| {
                let offers = jobs.iter().flat_map(|job| {
                    let programs = starts.get(&job.worksite).into_iter().flatten();
                    programs.filter_map(|(start, end)| {
                        let day = job.from.max(*start);
                        let last = job.to.unwrap_or(i32::MAX).min(*end);
                        (day <= last).then_some((day, job.worksite))
                    })
                });
                let first = offers.min();
                Employee {
                    person: *person,
                    worksite: first.map_or(jobs[0].worksite, |(_, site)| site),
                    cohort: first.map(|(day, _)| fiscal_year(day)),
                }
            })
            .collect();
        employees.sort_by_key(|employee| employee.person);
        employees
    }

    /// A person's checkups without defects.
    pub(super) fn checkups_of(&self, person: u32) -> &[(i16, Cells)] {
        self.checkups.get(&person).map_or(&[], Vec::as_slice)
    }

    /// All persons with a checkup.
    pub(super) fn examined(&self) -> Vec<u32> {
        let mut persons: Vec<u32> = self.checkups.keys().copied().collect();
        persons.sort_unstable();
        persons
    }

    /// A subscriber's first spell.
    pub(super) fn first_job(&self, person: u32) -> Option<&MemberRow> {
        self.jobs.get(&person)?.first()
    }

    /// The entry of `expected` about a question.
    #[track_caller]
    pub(super) fn expected(&self, field: &str, indicator: &str, estimand: &str) -> &Json {
        let entries = self.truth["expected"].as_array().unwrap();
        let is_asked = |entry: &&Json| {
            entry["field"] == field
                && entry["indicator"] == indicator
                && entry["estimand"] == estimand
        };
        let mut found = entries.iter().filter(is_asked);
        let entry = found.next();
        assert!(
            entry.is_some(),
            "no entry: {field}, {indicator}, {estimand}"
        );
        entry.unwrap()
    }
}

/// Whether a question is answered with its first code.
pub(super) fn says(question: Question) -> impl Fn(&Cells) -> Option<f64> {
    move |cells| match cells[answer_column(question)] {
        NULL | 9 => None,
        code => Some(f64::from(u8::from(code == 1))),
    }
}

/// Body weight, kg.
pub(super) fn weight(cells: &Cells) -> Option<f64> {
    Some(f64::from(cells[column::WEIGHT]) / 10.0)
}

/// The overall effect of an entry, a mean of person-years.
#[track_caller]
pub(super) fn overall(entry: &Json) -> f64 {
    entry["overall"]["mean_of_person_years"].as_f64().unwrap()
}

/// The effect of an entry at an event time.
#[track_caller]
pub(super) fn at(entry: &Json, event_time: i64) -> f64 {
    let rows = entry["by_event_time"].as_array().unwrap();
    let row = rows.iter().find(|row| row["event_time"] == event_time);
    row.unwrap()["effect"].as_f64().unwrap()
}
