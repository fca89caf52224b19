//! Persons over the years: enrollment, who comes to a checkup and when, guidance, and the damage
//! planted on the way. What a checkup shows is in `checkup`, claims are in `claims`, what employers
//! know in `employer_rows`.

use std::ops::Range;

use super::calendar::{first_day, fiscal_year, last_day, month_start, term_of};
use super::calibration::Cell;
use super::checkup::{Cells, Visit, column, count_effects, simulate};
use super::claims::{ClaimMaker, Conditions};
use super::dirt::{CheckupDefect, damage_cells, draw_checkup_defect, split_questionnaire};
use super::effects::{Field, Population};
use super::employer_rows::add_employer_rows;
use super::health::{ActiveEffect, Health, apply_to_cuts};
use super::household::{CHUNK, Household, Job, Person, Relationship};
use super::options::TableSet;
use super::periods::Periods;
use super::random::{Draws, Stream, TokenKind, token};
use super::rows::{BatchRows, CheckupRow, GuidanceRow, MemberRow};
use super::world::{WorksiteEffect, World};

/// The insurer whose dates are integers (position in `world::INSURERS`).
pub(crate) const INTEGER_DATES: usize = 1;

/// Makes all rows of a range of persons that starts with a chunk.
pub(crate) fn simulate_batch(
    world: &World,
    periods: &Periods,
    tables: TableSet,
    persons: Range<u64>,
) -> BatchRows {
    let mut rows = BatchRows::new(persons.start, periods.len(), world.n_groups);
    let mut next = persons.start;
    let mut effects = Vec::with_capacity(16);
    while next < persons.end {
        let chunk_end = (next / CHUNK + 1) * CHUNK;
        let household = Household::new(world, next, chunk_end.min(persons.end) - next);
        let worksite_effects: Vec<WorksiteEffect> = household
            .jobs
            .iter()
            .map(|job| world.worksite_effect(job.worksite))
            .collect();
        for person in &household.persons {
            rows.person_keys
                .push(token(world.seed, TokenKind::Person, person.index, 0));
            let mut life = Life {
                world,
                periods,
                tables,
                household: &household,
                worksite_effects: &worksite_effects,
                person,
                effects: &mut effects,
            };
            life.simulate(&mut rows);
        }
        next += household.persons.len() as u64;
    }
    rows
}

/// One person in a household.
struct Life<'a> {
    world: &'a World,
    periods: &'a Periods,
    tables: TableSet,
    household: &'a Household,
    worksite_effects: &'a [WorksiteEffect],
    person: &'a Person,
    effects: &'a mut Vec<ActiveEffect>,
}

impl Life<'_> {
    fn simulate(&mut self, rows: &mut BatchRows) {
        let mut draws = Draws::new(self.world.seed, Stream::Health, self.person.index);
        let mut health = Health::new(&mut draws, self.person.sex);
        self.add_memberships(rows);
        self.checkups(rows, &mut draws, &mut health);
        if self.tables == TableSet::Checkups {
            return;
        }
        self.claims(rows, &health);
        if self.person.relationship == Relationship::Subscriber {
            add_employer_rows(self.world, self.household, &health, rows);
        }
    }

    fn add_memberships(&self, rows: &mut BatchRows) {
        let horizon = last_day(*self.world.years.end());
        let position = rows.position(self.person.index);
        let subscriber = rows.position(self.household.persons[0].index);
        for job in &self.household.jobs {
            let Some((from, to)) = self.person.spell(job) else {
                continue;
            };
            if from > horizon || to < first_day(*self.world.years.start()) {
                continue;
            }
            let insurer = self.insurer(job);
            rows.insurers[insurer].members.push(MemberRow {
                person: position,
                subscriber,
                relationship: self.person.relationship as i8,
                sex: self.person.sex,
                birth_year_month: self.person.birth_year * 100 + self.person.birth_month,
                municipality: self.household.municipality,
                worksite: job.worksite,
                from,
                to: (to <= horizon).then_some(to),
            });
        }
    }

    fn insurer(&self, job: &Job) -> usize {
        usize::from(self.world.employer_of(job.worksite).insurer)
    }

    /// The job whose enrollment covers a day.
    fn job_on(&self, day: i32) -> Option<usize> {
        if day < self.person.from || day > self.person.to {
            return None;
        }
        self.household
            .jobs
            .iter()
            .position(|job| job.from <= day && day <= job.to)
    }

    fn checkups(&mut self, rows: &mut BatchRows, draws: &mut Draws, health: &mut Health) {
        let is_subscriber = self.person.relationship == Relationship::Subscriber;
        let uptake = draw_uptake(draws, is_subscriber);
        let youngest = if is_subscriber { 20 } else { 40 };
        for year in self.world.years.clone() {
            let age = self.person.age(year);
            if !(youngest..=74).contains(&age) {
                continue;
            }
            let pandemic = if year == 2020 { 0.95 } else { 1.0 };
            if !draws.chance(uptake * pandemic) {
                continue;
            }
            let Some((date, job)) = self.checkup_date(draws, year) else {
                continue;
            };
            let cell = self.world.calibration.cell(year, self.person.sex, age);
            self.activate_effects(year, cell);
            self.one_checkup(
                rows,
                draws,
                health,
                Occasion {
                    year,
                    age,
                    date,
                    job,
                    cell,
                },
            );
        }
        self.stray_checkup(rows, draws, health);
    }

    /// A day on which the person is enrolled, after the first exposure of the year if there is one.
    fn checkup_date(&self, draws: &mut Draws, year: i16) -> Option<(i32, usize)> {
        let (first, last) = (first_day(year), last_day(year));
        let exposed = self.household.exposed_on.iter().flatten();
        let after = exposed
            .copied()
            .filter(|day| (first..=last).contains(day))
            .max();
        for _ in 0..2 {
            let season = 10.0 + 150.0 * (draws.uniform() + draws.uniform());
            let mut date = first + season as i32;
            if let Some(after) = after
                && date < after
            {
                let room = (last - after).clamp(0, 120) as u32;
                date = after + draws.below(room + 1) as i32;
            }
            if let Some(job) = self.job_on(date) {
                return Some((date, job));
            }
        }
        None
    }

    /// Effects on this person in a fiscal year: everything offered to employees, and what reaches
    /// the spouse.
    fn activate_effects(&mut self, year: i16, cell: &Cell) {
        self.effects.clear();
        let population = match self.person.relationship {
            Relationship::Subscriber => Population::Employees,
            Relationship::Spouse => Population::Spouses,
            Relationship::Child | Relationship::Other => return,
        };
        self.effects
            .extend(self.household.active_effects(self.world, population, year));
        apply_to_cuts(self.effects, cell);
    }

    fn one_checkup(
        &self,
        rows: &mut BatchRows,
        draws: &mut Draws,
        health: &mut Health,
        at: Occasion<'_>,
    ) {
        let job = &self.household.jobs[at.job];
        let is_subscriber = self.person.relationship == Relationship::Subscriber;
        let visit = Visit {
            cell: at.cell,
            worksite: is_subscriber.then(|| &self.worksite_effects[at.job]),
            term: term_of(at.year),
            sex: self.person.sex,
            age: at.age,
            sleep_trend: if is_subscriber && self.household.cohorts[Field::Rest as usize].is_some()
            {
                self.world.sleep_trend(job.worksite, at.year)
            } else {
                0.0
            },
            effects: self.effects,
        };
        let mut cells = simulate(health, draws, &visit);
        let insurer = self.insurer(job);
        let mut defect = draw_checkup_defect(draws, visit.term, insurer == INTEGER_DATES);
        if defect == Some(CheckupDefect::TwoRows) {
            let april = first_day(at.year);
            let covered = self
                .job_on(april)
                .map(|job| self.insurer(&self.household.jobs[job]));
            if covered != Some(insurer) || at.date == april {
                defect = None;
            }
        }
        if let Some(defect) = defect {
            damage_cells(draws, &mut cells, defect);
            rows.truth.add_defects(defect.name(), "checkups", 1);
        }
        let is_accepted = matches!(defect, None | Some(CheckupDefect::TwoRows));
        if is_accepted && self.household.is_linked {
            count_effects(&mut rows.truth, &cells, &visit);
        }
        self.guidance(rows, draws, insurer, &at, &cells);
        self.deliver(rows, insurer, &at, cells, defect);
    }

    fn deliver(
        &self,
        rows: &mut BatchRows,
        insurer: usize,
        at: &Occasion<'_>,
        mut cells: Cells,
        defect: Option<CheckupDefect>,
    ) {
        let person = rows.position(self.person.index);
        let period = self.periods.of_year(at.year);
        let checkups = &mut rows.insurers[insurer].periods[period].checkups;
        if defect == Some(CheckupDefect::TwoRows) {
            checkups.push(CheckupRow {
                person,
                fiscal_year: at.year,
                date: first_day(at.year),
                has_impossible_date: false,
                cells: split_questionnaire(&mut cells),
            });
        }
        checkups.push(CheckupRow {
            person,
            fiscal_year: at.year,
            date: at.date,
            has_impossible_date: defect == Some(CheckupDefect::ImpossibleDate),
            cells,
        });
    }

    /// A checkup delivered after the person has left every insurer.
    fn stray_checkup(&mut self, rows: &mut BatchRows, draws: &mut Draws, health: &mut Health) {
        let Some(job) = self.household.jobs.last() else {
            return;
        };
        let Some((_, to)) = self.person.spell(job) else {
            return;
        };
        if to == i32::MAX || to < first_day(*self.world.years.start()) || !draws.chance(0.05) {
            return;
        }
        let year = fiscal_year(to) + 1;
        let age = self.person.age(year);
        if year > *self.world.years.end() || !(40..=74).contains(&age) {
            return;
        }
        self.effects.clear();
        let cell = self.world.calibration.cell(year, self.person.sex, age);
        let visit = Visit {
            cell,
            worksite: None,
            term: term_of(year),
            sex: self.person.sex,
            age,
            sleep_trend: 0.0,
            effects: self.effects,
        };
        let cells = simulate(health, draws, &visit);
        let date = first_day(year) + 30 + draws.below(200) as i32;
        let occasion = Occasion {
            year,
            age,
            date,
            job: 0,
            cell,
        };
        rows.truth.add_defects("outside_enrollment", "checkups", 1);
        self.deliver(rows, self.insurer(job), &occasion, cells, None);
    }

    /// Guidance for those whose values call for it; about a third take it up.
    fn guidance(
        &self,
        rows: &mut BatchRows,
        draws: &mut Draws,
        insurer: usize,
        at: &Occasion<'_>,
        cells: &Cells,
    ) {
        let level = cells[column::GUIDANCE_LEVEL];
        if !(level == 1 || level == 2) {
            return;
        }
        let takes_part = draws.chance(0.35);
        let day = at.date + 60 + draws.below(280) as i32;
        let person = rows.position(self.person.index);
        let is_completed = takes_part && draws.chance(0.8);
        // After the draws, so that the checkups that follow are the same in every set of tables.
        if self.tables == TableSet::Checkups {
            return;
        }
        let period = &mut rows.insurers[insurer].periods[self.periods.of_year(at.year)];
        period.guidance.push(GuidanceRow {
            person,
            fiscal_year: at.year,
            level: level as i8,
            first_interview: takes_part.then_some(day),
            is_completed,
        });
    }

    fn claims(&self, rows: &mut BatchRows, health: &Health) {
        let period_of = |billed_month: i32| self.periods.of_month(billed_month);
        let mut maker = ClaimMaker::new(self.world, rows, self.person, &period_of);
        let insurer_on = |day: i32| {
            self.job_on(day)
                .map(|job| self.insurer(&self.household.jobs[job]))
        };
        for year in self.world.years.clone() {
            let is_born = self.person.age(year) >= 0;
            let gone = self
                .household
                .jobs
                .iter()
                .all(|job| job.to < month_start(year, 0));
            if !is_born || gone {
                continue;
            }
            let conditions = Conditions::of(self.world, health, self.person, year);
            maker.year(year, self.person.age(year), conditions, &insurer_on);
        }
    }
}

/// When and under which job a checkup takes place.
struct Occasion<'a> {
    year: i16,
    age: i32,
    date: i32,
    job: usize,
    cell: &'a Cell,
}

/// The yearly chance to come: most nearly always do, some now and then, some hardly ever.
fn draw_uptake(draws: &mut Draws, is_subscriber: bool) -> f32 {
    let (always, sometimes) = if is_subscriber {
        (0.68, 0.90)
    } else {
        (0.46, 0.76)
    };
    match draws.uniform() {
        u if u < always => 0.965,
        u if u < sometimes => 0.52,
        _ => 0.10,
    }
}
