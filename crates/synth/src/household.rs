//! Households: a subscriber with jobs, and the dependents who share the enrollment. People enter,
//! change worksite and insurer, and leave on any day of the year. What a person is exposed to
//! follows from the jobs. How healthy they are is in `health`.

use super::calendar::{day_of, first_day, fiscal_year, last_day};
use super::effects::{Cause, Curve, Effect, FIELDS, Population};
use super::health::ActiveEffect;
use super::random::{Draws, Stream};
use super::world::{Cover, World};

/// Persons whose households are made together: no household reaches beyond its chunk.
pub(super) const CHUNK: u64 = 16_384;

/// Subscriber, spouse, child, other: the codes of `members.relationship`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relationship {
    Subscriber = 1,
    Spouse = 2,
    Child = 3,
    Other = 4,
}

/// Employment at one worksite; `to` is the last day, `i32::MAX` while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) worksite: u32,
    pub(crate) from: i32,
    pub(crate) to: i32,
    pub(crate) is_regular: bool,
}

/// A natural person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Running number in the whole world.
    pub(crate) index: u64,
    pub(crate) relationship: Relationship,
    /// 1 male, 2 female.
    pub(crate) sex: i8,
    pub(crate) birth_year: i32,
    pub(crate) birth_month: i32,
    /// First and last day this person can be enrolled with the subscriber.
    pub(crate) from: i32,
    pub(crate) to: i32,
}

impl Person {
    /// Age on 31 March at the end of a fiscal year.
    pub(crate) fn age(&self, fiscal_year: i16) -> i32 {
        let year = i32::from(fiscal_year) + 1;
        year - self.birth_year - i32::from(self.birth_month > 3)
    }

    /// The part of a job during which this person is enrolled.
    pub(crate) fn spell(&self, job: &Job) -> Option<(i32, i32)> {
        let (from, to) = (job.from.max(self.from), job.to.min(self.to));
        (from <= to).then_some((from, to))
    }
}

/// When and how a subscriber is first exposed to something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exposure {
    pub(crate) day: i32,
    /// Its fiscal year.
    pub(crate) cohort: i16,
    pub(crate) cover: Cover,
    /// Enrolled before that fiscal year.
    pub(crate) was_here_before: bool,
}

/// How an effect reaches a household in one year.
struct Reach {
    event_time: i16,
    /// Factor on the effect.
    intensity: f64,
    was_here_before: bool,
}

/// A household.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Household {
    /// The subscriber first.
    pub(crate) persons: Vec<Person>,
    pub(crate) jobs: Vec<Job>,
    /// First exposure to the programs of each field.
    pub(crate) exposures: [Option<Exposure>; FIELDS.len()],
    /// First exposure to programs that start together.
    pub(crate) bundle: Option<Exposure>,
    /// Index in `municipalities::MUNICIPALITIES`; `None` where the insurer does not know it.
    pub(crate) municipality: Option<u8>,
    /// False where the employer could not give the subscriber's link token.
    pub(crate) is_linked: bool,
}

impl Household {
    /// Effects that reach a population of the household in a fiscal year.
    pub(crate) fn active_effects(
        &self,
        world: &World,
        population: Population,
        year: i16,
    ) -> impl Iterator<Item = ActiveEffect> {
        let setting = world.setting;
        setting
            .effects
            .iter()
            .enumerate()
            .filter_map(move |(effect_idx, effect)| {
                if effect.population != population
                    || effect.curve == Curve::Zero
                    || setting.strength == 0.0
                {
                    return None;
                }
                let reach = self.reach(world, effect, year)?;
                Some(ActiveEffect {
                    effect_idx,
                    outcome: effect.outcome,
                    event_time: reach.event_time,
                    was_here_before: reach.was_here_before,
                    size: effect.curve.at(reach.event_time) * setting.strength * reach.intensity,
                    cut: f32::NAN,
                })
            })
    }

    /// How an effect reaches the household in a fiscal year.
    fn reach(&self, world: &World, effect: &Effect, year: i16) -> Option<Reach> {
        let of_council = |stage: i16| Reach {
            event_time: stage,
            intensity: 1.0,
            was_here_before: true,
        };
        let council = || Some(&world.councils[usize::from(self.municipality?)]);
        match effect.cause {
            Cause::Program(field) => {
                let exposure = self.exposures[field as usize]?;
                let event_time = year - exposure.cohort;
                let has_ended = world.setting.effects_end && first_day(year) > exposure.cover.end;
                (event_time >= 0).then(|| Reach {
                    event_time,
                    intensity: if has_ended {
                        0.0
                    } else {
                        f64::from(exposure.cover.intensity)
                    },
                    was_here_before: exposure.was_here_before,
                })
            }
            Cause::Council => council().map(|council| of_council(council.stage(year))),
            Cause::CouncilToBe => council().map(|council| of_council(council.last_stage())),
        }
    }

    /// The household whose subscriber has this running number, with at most `room` persons.
    pub(crate) fn new(world: &World, index: u64, room: u64) -> Self {
        let mut draws = Draws::new(world.seed, Stream::Household, index);
        let subscriber = draw_subscriber(world, &mut draws, index);
        let jobs = draw_jobs(world, &mut draws, &subscriber);
        let (weights, sum) = &world.inhabitants;
        let municipality = draws.weighted_of(weights, *sum) as u8;
        let exposures = std::array::from_fn(|field| {
            first_exposure(&jobs, |site| world.worksites[site as usize].covers[field])
        });
        let bundle = first_exposure(&jobs, |site| world.worksites[site as usize].bundle);
        let mut household = Self {
            persons: vec![subscriber],
            exposures,
            bundle,
            jobs,
            municipality: (!draws.chance(0.02)).then_some(municipality),
            is_linked: !draws.chance(0.02),
        };
        household.add_dependents(world, &mut draws);
        household
            .persons
            .truncate(usize::try_from(room).unwrap_or(usize::MAX));
        household
    }

    fn add_dependents(&mut self, world: &World, draws: &mut Draws) {
        let subscriber = self.persons[0].clone();
        let age = subscriber.age((world.years.start() + world.years.end()) / 2);
        let settled = if age < 28 { 0.25 } else { 1.0 };
        let marries = if subscriber.sex == 1 { 0.46 } else { 0.08 };
        let has_spouse = draws.chance(settled * marries);
        let open = Person {
            from: i32::MIN,
            to: i32::MAX,
            ..subscriber.clone()
        };
        if has_spouse {
            let older = draws.normal() * 3.0 + if subscriber.sex == 1 { -2.0 } else { 2.0 };
            let birth_year = subscriber.birth_year - older as i32;
            self.push(Person {
                relationship: Relationship::Spouse,
                sex: 3 - subscriber.sex,
                birth_year: birth_year.min(i32::from(*world.years.start()) - 20),
                birth_month: 1 + draws.below(12) as i32,
                ..open.clone()
            });
        }
        let chance = if has_spouse { 0.42 } else { 0.09 };
        for _ in 0..3 {
            if (30..62).contains(&age) && draws.chance(chance) {
                let birth_year = subscriber.birth_year + 24 + draws.below(14) as i32;
                let birth_month = 1 + draws.below(12) as i32;
                self.push(Person {
                    relationship: Relationship::Child,
                    sex: 1 + draws.below(2) as i8,
                    birth_year,
                    birth_month,
                    from: day_of(birth_year, birth_month, 1 + draws.below(28) as i32),
                    to: day_of(birth_year + 22, 3, 31),
                    ..open.clone()
                });
            }
        }
        if draws.chance(0.02) {
            self.push(Person {
                relationship: Relationship::Other,
                sex: 1 + draws.below(2) as i8,
                // Below 75 until the last year.
                birth_year: (subscriber.birth_year - 26).max(i32::from(*world.years.end()) - 73),
                birth_month: 5 + draws.below(8) as i32,
                ..open
            });
        }
    }

    /// Adds a dependent; at 75 people leave for the insurer of the elderly.
    fn push(&mut self, mut person: Person) {
        person.to = person
            .to
            .min(day_of(person.birth_year + 75, person.birth_month, 1) - 1);
        person.index = self.persons[0].index + self.persons.len() as u64;
        self.persons.push(person);
    }
}

fn draw_subscriber(world: &World, draws: &mut Draws, index: u64) -> Person {
    let (first, last) = (*world.years.start(), *world.years.end());
    let is_present = draws.chance(0.68);
    let span = u32::try_from(last - first + 1).expect("years are not empty");
    let (from, age) = if is_present {
        let age = 23 + draws.below(20) as i32 + draws.below(22) as i32;
        let tenure = (draws.below(12) as i32).min(age - 20);
        let year = i32::from(first) - 1 - tenure;
        (
            day_of(year, 4, 1) + draws.below(365) as i32,
            age - tenure - 1,
        )
    } else {
        let year = first + draws.below(span) as i16;
        let age = if draws.chance(0.5) {
            20 + draws.below(8) as i32
        } else {
            25 + draws.below(34) as i32
        };
        let late = if draws.chance(0.5) {
            0
        } else {
            draws.below(365) as i32
        };
        (first_day(year) + late, age)
    };
    Person {
        index,
        relationship: Relationship::Subscriber,
        sex: if draws.chance(0.58) { 1 } else { 2 },
        birth_year: i32::from(fiscal_year(from)) - age,
        birth_month: 1 + draws.below(12) as i32,
        from,
        to: i32::MAX,
    }
}

fn draw_jobs(world: &World, draws: &mut Draws, subscriber: &Person) -> Vec<Job> {
    let (first, horizon) = (
        first_day(*world.years.start()),
        last_day(*world.years.end()),
    );
    let retires = day_of(subscriber.birth_year + 61 + draws.below(12) as i32, 3, 31);
    let regular = if subscriber.sex == 1 { 0.85 } else { 0.55 };
    let is_regular = draws.chance(regular);
    let mut jobs: Vec<Job> = Vec::new();
    let mut from = subscriber.from;
    let mut worksite = world.draw_worksite(draws);
    loop {
        // Jobs end at a yearly rate of 8 %, counted from the start of the history.
        let wait = -(1.0 - draws.uniform()).ln() * 365.25 / 0.08;
        let mut to = from.max(first) + wait.min(40_000.0) as i32;
        if draws.chance(0.4) {
            to = last_day(fiscal_year(to));
        }
        // At least a month, also for a job that begins at the age of retirement.
        to = to.min(retires.max(from + 30));
        let ends = to < horizon;
        jobs.push(Job {
            worksite,
            from,
            to: if ends { to } else { i32::MAX },
            is_regular,
        });
        if !ends || to >= retires || draws.chance(0.45) || !world.setting.takes_new_jobs {
            return jobs;
        }
        from = to
            + 1
            + if draws.chance(0.7) {
                0
            } else {
                draws.below(90) as i32
            };
        if from > horizon {
            return jobs;
        }
        worksite = next_worksite(world, draws, worksite);
    }
}

/// Another worksite of the same employer, or any worksite.
fn next_worksite(world: &World, draws: &mut Draws, worksite: u32) -> u32 {
    let employer = world.employer_of(worksite);
    if employer.n_worksites > 1 && draws.chance(0.4) {
        // A step of 1 to n − 1 never leads back to the same worksite.
        let step = 1 + draws.below(employer.n_worksites - 1);
        let position = (worksite - employer.first_worksite + step) % employer.n_worksites;
        return employer.first_worksite + position;
    }
    loop {
        let other = world.draw_worksite(draws);
        if other != worksite || world.worksites.len() == 1 {
            return other;
        }
    }
}

fn first_exposure(jobs: &[Job], cover_at: impl Fn(u32) -> Option<Cover>) -> Option<Exposure> {
    let exposures = jobs.iter().filter_map(|job| {
        let cover = cover_at(job.worksite)?;
        let day = job.from.max(cover.start);
        (day <= job.to.min(cover.end)).then_some((day, cover))
    });
    let (day, cover) = exposures.min_by_key(|(day, _)| *day)?;
    let cohort = fiscal_year(day);
    Some(Exposure {
        day,
        cohort,
        cover,
        was_here_before: jobs[0].from < first_day(cohort),
    })
}
