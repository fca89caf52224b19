//! What is fixed before any person is made: insurers, employers, worksites and programs. Programs
//! start in five staggered cohorts, drawn field by field among employers of similar size, so that
//! every field covers about a third of the employees and leaves clean controls. Persons are made in
//! `household`.

use std::ops::RangeInclusive;

use super::calendar::{day_of, first_day, month_start};
use super::calibration::{Calibration, N_QUESTIONS, N_VALUES};
use super::effects::{FIELDS, Field, Strength};
use super::municipalities::MUNICIPALITIES;
use super::options::SynthOptions;
use super::random::{Draws, Stream};

/// Insurer numbers: a society-managed insurer (06) and a branch of the association (01), both in
/// Tokyo (13) and both invented.
pub(crate) const INSURERS: [&str; 2] = ["06139992", "01139997"];

/// Scales of presenteeism an employer may use, and how often.
pub(crate) const SCALES: [(&str, f32); 5] = [
    ("SPQ", 0.72),
    ("WHO-HPQ", 0.10),
    ("WFUN", 0.06),
    ("WLQ", 0.06),
    ("QQ", 0.06),
];

/// Industries (JSIC letters) and their share of employers.
pub(crate) const INDUSTRIES: [(&str, f32); 12] = [
    ("D", 0.09),
    ("E", 0.16),
    ("G", 0.13),
    ("H", 0.06),
    ("I", 0.20),
    ("J", 0.04),
    ("K", 0.04),
    ("L", 0.08),
    ("M", 0.06),
    ("N", 0.03),
    ("P", 0.07),
    ("R", 0.04),
];

/// Worksite sizes: smallest and largest of each band, and the share of worksites.
const SIZE_BANDS: [(f32, f32, f32); 5] = [
    (1.0, 9.9, 0.60),
    (10.0, 49.9, 0.29),
    (50.0, 299.9, 0.09),
    (300.0, 999.9, 0.015),
    (1000.0, 6000.0, 0.005),
];

/// Employers of similar size among which cohorts are drawn, and how many cohorts there are.
const BLOCK: usize = 14;

/// Number of yearly cohorts of program starts.
pub(crate) const N_COHORTS: i16 = 5;

/// Years without any program before the first cohort.
pub(crate) const YEARS_BEFORE: i16 = 2;

/// Days a program is active; `end` is the last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cover {
    pub(crate) start: i32,
    pub(crate) end: i32,
}

/// One worksite.
#[derive(Debug, Clone)]
pub(crate) struct Worksite {
    pub(crate) employer: u32,
    /// Running number within the employer, from 1.
    pub(crate) number: u32,
    /// Planned headcount.
    pub(crate) size: u32,
    pub(crate) municipality: u8,
    /// Day from which the workplace key is another one.
    pub(crate) key_changes: Option<i32>,
    pub(crate) covers: [Option<Cover>; FIELDS.len()],
}

impl Worksite {
    /// Size band 1-5 of the planned headcount.
    pub(crate) fn size_band(&self) -> i8 {
        match self.size {
            ..10 => 1,
            10..50 => 2,
            50..300 => 3,
            300..1000 => 4,
            _ => 5,
        }
    }
}

/// One employer.
#[derive(Debug, Clone)]
pub(crate) struct Employer {
    pub(crate) first_worksite: u32,
    pub(crate) n_worksites: u32,
    pub(crate) size: u32,
    pub(crate) industry: u8,
    /// Index in [`INSURERS`].
    pub(crate) insurer: u8,
    /// Index in [`SCALES`].
    pub(crate) scale: u8,
    /// Delivers its link tokens in full-width characters.
    pub(crate) is_full_width: bool,
    /// Yearly rise of the share whose sleep gives rest, before and around a rest program.
    pub(crate) sleep_slope: f32,
}

/// A row of the table `programs`.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) employer: u32,
    pub(crate) field: usize,
    /// Only this worksite; `None` is every worksite of the employer.
    pub(crate) worksite: Option<u32>,
    pub(crate) cover: Cover,
    pub(crate) cost_yen: i64,
    pub(crate) staff_hours: i32,
}

/// Everything that exists before persons.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) years: RangeInclusive<i16>,
    pub(crate) strength: Strength,
    pub(crate) calibration: Calibration,
    pub(crate) employers: Vec<Employer>,
    pub(crate) worksites: Vec<Worksite>,
    pub(crate) programs: Vec<Program>,
    /// Number of holder groups the employers deliver in.
    pub(crate) n_groups: u32,
    /// Inhabitants of every municipality, thousands, and their sum.
    pub(crate) inhabitants: ([f32; MUNICIPALITIES.len()], f32),
    cumulative_size: Vec<u64>,
}

/// Random shifts shared by everyone at a worksite, standard normal.
pub(crate) struct WorksiteEffect {
    pub(crate) values: [f32; N_VALUES],
    pub(crate) answers: [f32; N_QUESTIONS],
}

impl World {
    /// Makes the world of the options; the same seed and persons give the same world.
    pub(crate) fn new(options: &SynthOptions) -> Self {
        let (first, last) = (*options.years.start(), *options.years.end());
        let inhabitants = MUNICIPALITIES.map(|m| m.inhabitants);
        let mut world = Self {
            seed: options.seed,
            years: options.years.clone(),
            strength: Strength::of(options.scenario),
            calibration: Calibration::new(first, last),
            employers: Vec::new(),
            worksites: Vec::new(),
            programs: Vec::new(),
            n_groups: if options.persons < 200_000 { 2 } else { 4 },
            inhabitants: (inhabitants, inhabitants.iter().sum()),
            cumulative_size: Vec::new(),
        };
        world.add_employers(options.persons);
        for field in 0..FIELDS.len() {
            world.assign_field(field);
        }
        world.choose_full_width_employer();
        let mut total = 0;
        for worksite in &world.worksites {
            total += u64::from(worksite.size);
            world.cumulative_size.push(total);
        }
        world
    }

    fn add_employers(&mut self, persons: u64) {
        let mut draws = Draws::new(self.seed, Stream::World, 0);
        let subscribers = (persons as f32 * 0.55).max(10.0);
        // Small worlds have no giants: estimates need many clusters.
        let largest = (subscribers / 80.0).max(12.0);
        let mut placed = 0.0;
        while placed < subscribers {
            let first_worksite = index(self.worksites.len());
            let n_worksites = if draws.chance(0.85) {
                1
            } else {
                2 + draws.below(5)
            };
            let employer = index(self.employers.len());
            let mut size = 0;
            for number in 1..=n_worksites {
                let worksite = draw_worksite(&mut draws, employer, number, largest);
                size += worksite.size;
                self.worksites.push(worksite);
            }
            let by_size = if size >= 100 { 0.70 } else { 0.42 };
            self.employers.push(Employer {
                first_worksite,
                n_worksites,
                size,
                industry: draws.weighted(&INDUSTRIES.map(|(_, weight)| weight)) as u8,
                insurer: u8::from(!draws.chance(by_size)),
                scale: draws.weighted(&SCALES.map(|(_, weight)| weight)) as u8,
                is_full_width: false,
                sleep_slope: 0.0,
            });
            placed += size as f32;
        }
    }

    /// Draws who adopts a field's program and when, in blocks of employers of similar size.
    fn assign_field(&mut self, field: usize) {
        let mut draws = Draws::new(self.seed, Stream::Assignment, field as u64);
        let mut by_size: Vec<usize> = (0..self.employers.len()).collect();
        by_size.sort_by_key(|&idx| (std::cmp::Reverse(self.employers[idx].size), idx));
        for block in by_size.chunks(BLOCK) {
            let order = draws.permutation(BLOCK);
            for (&employer, slot) in block.iter().zip(order) {
                if let Ok(cohort) = i16::try_from(slot)
                    && cohort < N_COHORTS
                {
                    self.adopt(&mut draws, employer, field, cohort);
                }
            }
        }
    }

    fn adopt(&mut self, draws: &mut Draws, employer_idx: usize, field: usize, cohort: i16) {
        let year = self.years.start() + YEARS_BEFORE + cohort;
        let start_month = *[0, 0, 0, 0, 0, 0, 0, 0, 3, 6]
            .get(draws.below(10) as usize)
            .expect("ten starts are listed");
        let lasts = if draws.chance(0.2) {
            Some(3 + draws.below(3))
        } else {
            None
        };
        let by_worksite = draws.chance(0.5);
        let employer = self.employers[employer_idx].clone();
        if field == Field::Rest as usize {
            self.employers[employer_idx].sleep_slope = if cohort <= 2 { 0.06 } else { 0.05 };
        }
        let sites = employer.first_worksite..employer.first_worksite + employer.n_worksites;
        let mut cover_from = |world: &mut Self, year: i16, worksite: Option<u32>, size: u32| {
            let start = month_start(year, start_month);
            let end = lasts.map_or(i32::MAX, |n| first_day(year + n as i16) - 1);
            world.programs.push(Program {
                employer: index(employer_idx),
                field,
                worksite,
                cover: Cover { start, end },
                cost_yen: i64::from(size * (2_000 + 500 * draws.below(20))) + 100_000,
                staff_hours: (20 + size + draws.below(100)) as i32,
            });
            (Cover { start, end }, draws.chance(0.75), draws.chance(0.3))
        };
        if employer.n_worksites == 1 || !by_worksite {
            if year > *self.years.end() {
                return;
            }
            let (cover, ..) = cover_from(self, year, None, employer.size);
            for site in sites {
                self.worksites[site as usize].covers[field] = Some(cover);
            }
            return;
        }
        let mut site_year = year;
        for site in sites {
            if site_year > *self.years.end() {
                return;
            }
            let size = self.worksites[site as usize].size;
            let (cover, goes_on, later) = cover_from(self, site_year, Some(site), size);
            self.worksites[site as usize].covers[field] = Some(cover);
            if !goes_on {
                return;
            }
            site_year += i16::from(later && cohort + 1 < N_COHORTS && site_year == year);
        }
    }

    fn choose_full_width_employer(&mut self) {
        let nearest = self
            .employers
            .iter_mut()
            .min_by_key(|employer| employer.size.abs_diff(40));
        if let Some(employer) = nearest {
            employer.is_full_width = true;
        }
    }

    /// A worksite drawn in proportion to size.
    pub(crate) fn draw_worksite(&self, draws: &mut Draws) -> u32 {
        let total = *self
            .cumulative_size
            .last()
            .expect("a world has at least one worksite");
        let at = (u128::from(draws.bits()) * u128::from(total)) >> 64;
        let at = at as u64;
        index(self.cumulative_size.partition_point(|&size| size <= at))
    }

    /// The employer of a worksite.
    pub(crate) fn employer_of(&self, worksite: u32) -> &Employer {
        &self.employers[self.worksites[worksite as usize].employer as usize]
    }

    /// Random shifts of a worksite; made on demand, always the same.
    pub(crate) fn worksite_effect(&self, worksite: u32) -> WorksiteEffect {
        let mut draws = Draws::new(self.seed, Stream::WorksiteEffect, u64::from(worksite));
        WorksiteEffect {
            values: draws.normals(),
            answers: draws.normals(),
        }
    }

    /// Shift of the probability that sleep gives rest at a worksite, with no program's doing: it
    /// starts low, rises from year to year and stays high.
    pub(crate) fn sleep_trend(&self, worksite: u32, fiscal_year: i16) -> f64 {
        let slope = f64::from(self.employer_of(worksite).sleep_slope);
        let years = (fiscal_year - self.years.start()).clamp(0, YEARS_BEFORE + 3);
        slope * f64::from(years - 2) * self.strength.pre_trend
    }
}

fn draw_worksite(draws: &mut Draws, employer: u32, number: u32, largest: f32) -> Worksite {
    let mut band = draws.weighted(&SIZE_BANDS.map(|(_, _, weight)| weight));
    while SIZE_BANDS[band].0 > largest {
        band -= 1;
    }
    let (low, high, _) = SIZE_BANDS[band];
    let high = high.min(largest.max(low + 0.9));
    let size = low * (high / low).powf(draws.uniform());
    let weights: Vec<f32> = MUNICIPALITIES.iter().map(|m| m.workers).collect();
    Worksite {
        employer,
        number,
        size: (size as u32).max(1),
        municipality: draws.weighted(&weights) as u8,
        key_changes: draws.chance(0.05).then(|| day_of(2021, 4, 1)),
        covers: [None; FIELDS.len()],
    }
}

/// An index as stored: worlds have fewer than 2^32 employers and worksites.
pub(crate) fn index(idx: usize) -> u32 {
    u32::try_from(idx).expect("fewer than 2^32 employers and worksites")
}
