//! Persons over the years: enrollment, who comes to a checkup and when, and the damage planted on the
//! way. What a checkup shows is in `checkup`, what follows from it in `guidance`, claims are in
//! `claims`, what employers know in `employer_rows`.

use std::ops::Range;

use super::attendance::{Attendance, CheckupOutcome, count_attendance};
use super::calendar::{first_day, fiscal_year, last_day, month_start, term_of};
use super::calibration::Cell;
use super::checkup::{Cells, Visit, column, simulate};
use super::claims::{ClaimMaker, Conditions};
use super::counting::{count_bundle, count_effects};
use super::dirt::{CheckupDefect, damage_cells, draw_checkup_defect, split_questionnaire};
use super::effects::{Field, Outcome, Population};
use super::employer_rows::add_employer_rows;
use super::guidance::{GuidanceLife, count_uptake};
use super::health::{ActiveEffect, Health, apply_to_cuts};
use super::household::{CHUNK, Household, Job, Person, Relationship};
use super::identity::NativePerson;
use super::options::TableSet;
use super::periods::Periods;
use super::random::{Draws, Stream, Token, TokenKind, token};
use super::rows::{BatchRows, CheckupRow, GuidanceRow, MemberRow};
use super::scenarios::GuidanceEffects;
use super::truth::Truth;
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
    let mut rows = BatchRows::new(world, periods, persons.start);
    let mut next = persons.start;
    let mut effects = Vec::with_capacity(16);
    while next < persons.end {
        // Households end with their chunk, so that batches of any number of chunks hold the same persons.
        let chunk_end = (next / CHUNK + 1) * CHUNK;
        let household = Household::new(world, next, chunk_end.min(persons.end) - next);
        let worksite_effects: Vec<WorksiteEffect> = household
            .jobs
            .iter()
            .map(|job| world.worksite_effect(job.worksite))
            .collect();
        for person in &household.persons {
            identify(world, &mut rows, &household, person);
            let mut life = Life {
                world,
                periods,
                tables,
                household: &household,
                worksite_effects: &worksite_effects,
                person,
                effects: &mut effects,
                attendance: Attendance::default(),
                guidance: GuidanceLife::default(),
            };
            life.simulate(&mut rows);
        }
        next += household.persons.len() as u64;
    }
    rows
}

/// Adds a person's key: that of the identity on the card where insurers hold native files.
fn identify(world: &World, rows: &mut BatchRows, household: &Household, person: &Person) {
    let mut key = token(world.seed, TokenKind::Person, person.index, 0);
    if let Some(native) = &world.native {
        let invented = NativePerson::new(world, household, person);
        let tokens = native.tokeniser.person(&invented.identity("", ""));
        if let Some(by_name) = tokens.by_name {
            key = Token::of(&by_name);
        }
        rows.natives.push(invented);
    }
    rows.person_keys.push(key);
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
    attendance: Attendance,
    guidance: GuidanceLife,
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
            let stayed_away = self.year(rows, draws, health, uptake, (year, age));
            if let Some(setting) = self.world.setting.staying_away
                && is_subscriber
                && self.is_enrolled_in(year)
            {
                let truth = &mut rows.truth;
                count_attendance(truth, self.household, setting.field, year, stayed_away);
            }
        }
        self.stray_checkup(rows, draws, health);
    }

    /// The checkup of a fiscal year, if the person comes; true when the person stays away only because
    /// of a program.
    fn year(
        &mut self,
        rows: &mut BatchRows,
        draws: &mut Draws,
        health: &mut Health,
        uptake: f32,
        (year, age): (i16, i32),
    ) -> bool {
        let pandemic = if year == 2020 { 0.95 } else { 1.0 };
        if !draws.chance(uptake * pandemic) {
            return false;
        }
        let Some((date, job)) = self.checkup_date(draws, year) else {
            return false;
        };
        let cell = self.world.calibration.cell(year, self.person.sex, age);
        self.activate_effects(year, cell);
        let occasion = Occasion {
            year,
            age,
            date,
            job,
            cell,
        };
        self.one_checkup(rows, draws, health, occasion)
    }

    /// Whether any job covers a day of the fiscal year.
    fn is_enrolled_in(&self, year: i16) -> bool {
        self.household.jobs.iter().any(|job| {
            let spell = self.person.spell(job);
            spell.is_some_and(|(from, to)| from <= last_day(year) && to >= first_day(year))
        })
    }

    /// A day on which the person is enrolled, after the first exposure of the year if there is one.
    fn checkup_date(&self, draws: &mut Draws, year: i16) -> Option<(i32, usize)> {
        let (first, last) = (first_day(year), last_day(year));
        let exposures = self.household.exposures.iter().flatten();
        let after = exposures
            .map(|exposure| exposure.day)
            .filter(|day| (first..=last).contains(day))
            .max();
        // Who is enrolled for part of a year gets a second attempt to find a day in it.
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

    /// One checkup; true when the person stays away because of a program, and nothing is delivered.
    fn one_checkup(
        &mut self,
        rows: &mut BatchRows,
        draws: &mut Draws,
        health: &mut Health,
        at: Occasion<'_>,
    ) -> bool {
        let setting = self.world.setting;
        let job = &self.household.jobs[at.job];
        let is_subscriber = self.person.relationship == Relationship::Subscriber;
        let this_year = (is_subscriber && setting.yearly_shock > 0.0).then(|| {
            let always = &self.worksite_effects[at.job];
            self.world
                .worksite_year_effect(always, job.worksite, at.year)
        });
        let worksite = this_year.as_ref().unwrap_or(&self.worksite_effects[at.job]);
        let visit = Visit {
            cell: at.cell,
            worksite: is_subscriber.then_some(worksite),
            term: term_of(at.year),
            sex: self.person.sex,
            age: at.age,
            sleep_trend: if is_subscriber
                && self.household.exposures[Field::Rest as usize].is_some()
            {
                self.world.sleep_trend(job.worksite, at.year)
            } else {
                0.0
            },
            effects: self.effects,
            guided: self.guidance.effects(&setting.guidance, at.year),
        };
        // Also for those who then stay away: the truth compares them with those who come.
        let measured = simulate(health, draws, &visit);
        if let Some(staying_away) = &setting.staying_away
            && is_subscriber
        {
            let (truth, attendance) = (&mut rows.truth, &mut self.attendance);
            let seen = CheckupOutcome {
                household: self.household,
                fiscal_year: at.year,
                cells: &measured,
            };
            if attendance.stays_away(staying_away, draws, health, &seen, truth) {
                return true;
            }
        }
        let (insurer, mut cells) = (self.insurer(job), measured);
        let defect = self.draw_defect(draws, &at, visit.term, insurer);
        if let Some(defect) = defect {
            damage_cells(draws, &mut cells, defect);
            rows.truth.add_defects(defect.name(), "checkups", 1);
        }
        // Rows with any other defect are rejected, and no effect is seen in them.
        if matches!(defect, None | Some(CheckupDefect::TwoRows)) {
            self.count(&mut rows.truth, &cells, &visit, at.year);
        }
        self.guidance(rows, draws, health, &at, &measured);
        self.deliver(rows, insurer, &at, cells, defect);
        false
    }

    /// Adds what programs have changed in an accepted checkup to the truth.
    fn count(&self, truth: &mut Truth, cells: &Cells, visit: &Visit<'_>, year: i16) {
        if !self.household.is_linked {
            return;
        }
        count_effects(truth, cells, visit);
        if let Some(bundle) = self.household.bundle
            && self.person.relationship == Relationship::Subscriber
            && bundle.was_here_before
            && year >= bundle.cohort
        {
            let since = year - bundle.cohort;
            count_bundle(truth, self.world.setting, cells, visit.effects, since);
        }
    }

    /// Draws the defect of a checkup; two rows need an enrollment on the 1 April before.
    fn draw_defect(
        &self,
        draws: &mut Draws,
        at: &Occasion<'_>,
        term: i16,
        insurer: usize,
    ) -> Option<CheckupDefect> {
        let defect = draw_checkup_defect(draws, term, insurer == INTEGER_DATES)?;
        if defect == CheckupDefect::TwoRows {
            let april = first_day(at.year);
            let covered = self
                .job_on(april)
                .map(|job| self.insurer(&self.household.jobs[job]));
            if covered != Some(insurer) || at.date == april {
                return None;
            }
        }
        Some(defect)
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
            guided: GuidanceEffects::default(),
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

    /// Guidance for those whose values, before any damage, call for it; about a third take it up.
    fn guidance(
        &mut self,
        rows: &mut BatchRows,
        draws: &mut Draws,
        health: &Health,
        at: &Occasion<'_>,
        cells: &Cells,
    ) {
        let setting = self.world.setting;
        if setting.is_asserted {
            let guidance = &setting.guidance;
            self.guidance
                .count_goal(&mut rows.truth, guidance, at.year, cells);
        }
        let level = cells[column::GUIDANCE_LEVEL];
        if !(level == 1 || level == 2) {
            return;
        }
        let takes_part = self
            .guidance
            .offer(draws, &setting.guidance, health, at.year, cells);
        if setting.is_asserted {
            count_uptake(&mut rows.truth, cells, self.person.sex, takes_part);
        }
        let day = at.date + 60 + draws.below(280) as i32;
        let person = rows.position(self.person.index);
        let is_completed = takes_part && draws.chance(0.8);
        // After the draws, so that the checkups that follow are the same in every set of tables.
        if self.tables == TableSet::Checkups {
            return;
        }
        let insurer = self.insurer(&self.household.jobs[at.job]);
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
        let mut maker = ClaimMaker::new(self.world, rows, self.person, self.periods);
        let insurer_on = |day: i32| {
            self.job_on(day)
                .map(|job| self.insurer(&self.household.jobs[job]))
        };
        let acts_on_care = self.world.setting.acts_on(Outcome::CareYen);
        // Added at the end: until then the maker holds the rows.
        let mut changes = Vec::new();
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
            let age = self.person.age(year);
            let conditions = Conditions::of(self.world, health, self.person, year);
            let active = if acts_on_care {
                self.care_effect(year)
            } else {
                None
            };
            let factor = active.map_or(1.0, |active| 1.0 + active.size);
            let yen = maker.year(year, age, conditions, &insurer_on, factor);
            changes.extend(active.map(|active| (active, yen)));
        }
        for (active, yen) in changes {
            let (effect_idx, event_time) = (active.effect_idx, active.event_time);
            let truth = &mut rows.truth;
            truth.add_effect(effect_idx, event_time, yen as f64, active.was_here_before);
        }
    }

    /// The effect on a subscriber's cost of care in a fiscal year with an enrollment.
    fn care_effect(&self, year: i16) -> Option<ActiveEffect> {
        if self.person.relationship != Relationship::Subscriber
            || !self.household.is_linked
            || !self.is_enrolled_in(year)
        {
            return None;
        }
        self.household
            .active_effects(self.world, Population::Employees, year)
            .find(|active| active.outcome == Outcome::CareYen)
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
