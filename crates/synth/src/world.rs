//! What is fixed before any person is made: insurers, employers, worksites, programs and councils.
//! Programs are started in `rollout`, persons made in `household`.

use std::ops::RangeInclusive;

use super::calendar::day_of;
use super::calibration::{Calibration, N_QUESTIONS, N_VALUES};
use super::councils::{Council, councils};
use super::effects::FIELDS;
use super::municipalities::MUNICIPALITIES;
use super::native_format::Native;
use super::options::SynthOptions;
use super::random::{Draws, Stream};
use super::scenarios::{Setting, Workplaces};

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

/// Years without any program before the first cohort.
pub(crate) const YEARS_BEFORE: i16 = 2;

/// Days a program is active; `end` is the last day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cover {
    pub(crate) start: i32,
    pub(crate) end: i32,
    /// Factor on the program's effects.
    pub(crate) intensity: f32,
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
    /// From the first day of several programs that start together.
    pub(crate) bundle: Option<Cover>,
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
    pub(crate) setting: &'static Setting,
    pub(crate) calibration: Calibration,
    pub(crate) employers: Vec<Employer>,
    pub(crate) worksites: Vec<Worksite>,
    pub(crate) programs: Vec<Program>,
    /// Councils of every municipality, in the order of [`MUNICIPALITIES`].
    pub(crate) councils: Vec<Council>,
    /// Number of holder groups the employers deliver in.
    pub(crate) n_groups: u32,
    /// Inhabitants of every municipality, thousands, and their sum.
    pub(crate) inhabitants: ([f32; MUNICIPALITIES.len()], f32),
    cumulative_size: Vec<u64>,
    /// Set where insurers hold native files.
    pub(crate) native: Option<Native>,
}

/// Variance that a worksite's people share, of a variance of one.
pub(crate) const WORKSITE_VARIANCE: f32 = 0.02;

/// Random shifts shared by everyone at a worksite, standard normal.
pub(crate) struct WorksiteEffect {
    pub(crate) values: [f32; N_VALUES],
    pub(crate) answers: [f32; N_QUESTIONS],
}

impl WorksiteEffect {
    fn draw(seed: u64, stream: Stream, index: u64) -> Self {
        let mut draws = Draws::new(seed, stream, index);
        Self {
            values: draws.normals(),
            answers: draws.normals(),
        }
    }
}

impl World {
    /// Makes the world of the options, without programs; the same seed and persons give the same world.
    pub(crate) fn new(options: &SynthOptions) -> Self {
        let (first, last) = (*options.years.start(), *options.years.end());
        let inhabitants = MUNICIPALITIES.map(|m| m.inhabitants);
        let mut world = Self {
            seed: options.seed,
            years: options.years.clone(),
            setting: Setting::of(options.scenario),
            calibration: Calibration::new(first, last),
            employers: Vec::new(),
            worksites: Vec::new(),
            programs: Vec::new(),
            councils: councils(options.seed, &options.years),
            n_groups: if options.persons < 200_000 { 2 } else { 4 },
            inhabitants: (inhabitants, inhabitants.iter().sum()),
            cumulative_size: Vec::new(),
            native: None,
        };
        world.add_employers(options.persons);
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
        match self.setting.workplaces {
            Workplaces::OfAllSizes => {
                let mut placed = 0.0;
                while placed < subscribers {
                    let n_worksites = if draws.chance(0.85) {
                        1
                    } else {
                        2 + draws.below(5)
                    };
                    placed += self.add_employer(&mut draws, n_worksites, |draws, worksite| {
                        worksite.size = draw_size(draws, largest);
                    });
                }
            }
            Workplaces::Alike(n_employers) => {
                let mean = subscribers / n_employers as f32;
                for _ in 0..n_employers {
                    self.add_employer(&mut draws, 1, |draws, worksite| {
                        let size = mean * (0.75 + 0.5 * draws.uniform());
                        worksite.size = (size as u32).max(1);
                    });
                }
            }
        }
    }

    /// Adds an employer and its worksites; returns its planned headcount.
    fn add_employer(
        &mut self,
        draws: &mut Draws,
        n_worksites: u32,
        set_size: impl Fn(&mut Draws, &mut Worksite),
    ) -> f32 {
        let first_worksite = index(self.worksites.len());
        let employer = index(self.employers.len());
        let mut size = 0;
        for number in 1..=n_worksites {
            let mut worksite = Worksite {
                employer,
                number,
                size: 0,
                municipality: 0,
                key_changes: None,
                covers: [None; FIELDS.len()],
                bundle: None,
            };
            set_size(draws, &mut worksite);
            worksite.municipality =
                draws.weighted(&MUNICIPALITIES.map(|place| place.workers)) as u8;
            worksite.key_changes = draws.chance(0.05).then(|| day_of(2021, 4, 1));
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
        size as f32
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
        // As in `below`, with 64 bits.
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
        WorksiteEffect::draw(self.seed, Stream::WorksiteEffect, u64::from(worksite))
    }

    /// Random shifts of a worksite in one year, with those of all years in them.
    pub(crate) fn worksite_year_effect(
        &self,
        always: &WorksiteEffect,
        worksite: u32,
        fiscal_year: i16,
    ) -> WorksiteEffect {
        let at = u64::from(worksite) << 16 | u64::from(fiscal_year.cast_unsigned());
        let mut effect = WorksiteEffect::draw(self.seed, Stream::WorksiteYear, at);
        // Shifts count in standard deviations of what worksites always share.
        let size = self.setting.yearly_shock / WORKSITE_VARIANCE.sqrt();
        let add = |shock: &mut f32, always: &f32| *shock = *always + size * *shock;
        for (shock, always) in effect.values.iter_mut().zip(&always.values) {
            add(shock, always);
        }
        for (shock, always) in effect.answers.iter_mut().zip(&always.answers) {
            add(shock, always);
        }
        effect
    }

    /// Shift of the probability that sleep gives rest at a worksite, with no program's doing: it
    /// starts low, rises from year to year and stays high.
    pub(crate) fn sleep_trend(&self, worksite: u32, fiscal_year: i16) -> f64 {
        let slope = f64::from(self.employer_of(worksite).sleep_slope);
        let years = (fiscal_year - self.years.start()).clamp(0, YEARS_BEFORE + 3);
        slope * f64::from(years - 2) * self.setting.pre_trend
    }
}

fn draw_size(draws: &mut Draws, largest: f32) -> u32 {
    let mut band = draws.weighted(&SIZE_BANDS.map(|(_, _, weight)| weight));
    while SIZE_BANDS[band].0 > largest {
        band -= 1;
    }
    let (low, high, _) = SIZE_BANDS[band];
    // A band that begins just below the largest size keeps some width.
    let high = high.min(largest.max(low + 0.9));
    let size = low * (high / low).powf(draws.uniform());
    (size as u32).max(1)
}

/// An index as stored: worlds have fewer than 2^32 employers and worksites.
pub(crate) fn index(idx: usize) -> u32 {
    u32::try_from(idx).expect("fewer than 2^32 employers and worksites")
}
