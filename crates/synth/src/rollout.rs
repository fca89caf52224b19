//! Who starts which program, and when: field by field in staggered cohorts among employers of similar
//! size, so that every field covers about a third of the employees and leaves clean controls; or in
//! launches of one or several fields, as a scenario lists them.

use super::calendar::{first_day, month_start};
use super::effects::{FIELDS, Field};
use super::random::{Draws, Stream};
use super::scenarios::{Intensity, Launch, Rollout};
use super::world::{Cover, Program, World, YEARS_BEFORE, index};

/// Employers of similar size among which the cohorts of a field are drawn.
const BLOCK: usize = 14;

/// Number of yearly cohorts of a field's starts.
const N_COHORTS: i16 = 5;

/// Starts every program of the world's setting.
pub(crate) fn start_programs(world: &mut World) {
    match world.setting.rollout {
        Rollout::FieldByField => {
            for field in 0..FIELDS.len() {
                assign_field(world, field);
            }
        }
        Rollout::Launches { block, launches } => assign_launches(world, block, launches),
    }
}

/// Employers from the largest to the smallest.
fn by_size(world: &World) -> Vec<usize> {
    let mut order: Vec<usize> = (0..world.employers.len()).collect();
    order.sort_by_key(|&idx| (std::cmp::Reverse(world.employers[idx].size), idx));
    order
}

/// Draws who adopts a field's program and when, in blocks of employers of similar size.
fn assign_field(world: &mut World, field: usize) {
    let mut draws = Draws::new(world.seed, Stream::Assignment, field as u64);
    for block in by_size(world).chunks(BLOCK) {
        // A last block that is short leaves some slots empty.
        let order = draws.permutation(BLOCK);
        for (&employer, slot) in block.iter().zip(order) {
            if let Ok(cohort) = i16::try_from(slot)
                && cohort < N_COHORTS
            {
                adopt(world, &mut draws, employer, field, cohort);
            }
        }
    }
}

fn adopt(world: &mut World, draws: &mut Draws, employer_idx: usize, field: usize, cohort: i16) {
    let year = world.years.start() + YEARS_BEFORE + cohort;
    // Eight of ten start with the fiscal year.
    let start_month = *[0, 0, 0, 0, 0, 0, 0, 0, 3, 6]
        .get(draws.below(10) as usize)
        .expect("ten starts are listed");
    let lasts = if draws.chance(0.2) {
        Some(3 + draws.below(3))
    } else {
        None
    };
    let by_worksite = draws.chance(0.5);
    let employer = world.employers[employer_idx].clone();
    if field == Field::Rest as usize {
        world.employers[employer_idx].sleep_slope = if cohort <= 2 { 0.06 } else { 0.05 };
    }
    let sites = employer.first_worksite..employer.first_worksite + employer.n_worksites;
    let mut cover_from = |world: &mut World, year: i16, worksite: Option<u32>, size: u32| {
        let start = month_start(year, start_month);
        let end = lasts.map_or(i32::MAX, |n| first_day(year + n as i16) - 1);
        let cover = Cover {
            start,
            end,
            intensity: 1.0,
        };
        world.programs.push(Program {
            employer: index(employer_idx),
            field,
            worksite,
            cover,
            cost_yen: i64::from(size * (2_000 + 500 * draws.below(20))) + 100_000,
            staff_hours: (20 + size + draws.below(100)) as i32,
        });
        (cover, draws.chance(0.75), draws.chance(0.3))
    };
    if employer.n_worksites == 1 || !by_worksite {
        if year > *world.years.end() {
            return;
        }
        let (cover, ..) = cover_from(world, year, None, employer.size);
        for site in sites {
            world.worksites[site as usize].covers[field] = Some(cover);
        }
        return;
    }
    let mut site_year = year;
    for site in sites {
        if site_year > *world.years.end() {
            return;
        }
        let size = world.worksites[site as usize].size;
        let (cover, goes_on, later) = cover_from(world, site_year, Some(site), size);
        world.worksites[site as usize].covers[field] = Some(cover);
        if !goes_on {
            return;
        }
        // At most a year after the first worksite, and not after the last cohort.
        site_year += i16::from(later && cohort + 1 < N_COHORTS && site_year == year);
    }
}

/// Draws which employers start which launch, in blocks of employers of similar size.
fn assign_launches(world: &mut World, block: usize, launches: &[Launch]) {
    // The numbers below this belong to the fields, each with draws of its own.
    let mut draws = Draws::new(world.seed, Stream::Assignment, FIELDS.len() as u64);
    for employers in by_size(world).chunks(block) {
        let order = draws.permutation(block);
        for (&employer, slot) in employers.iter().zip(order) {
            let mut first_slot = 0;
            for launch in launches {
                let taken = first_slot..first_slot + launch.slots;
                if taken.contains(&slot) {
                    let cohort = (slot - first_slot) as i16 % launch.cohorts;
                    start_launch(world, &mut draws, employer, launch, cohort);
                }
                first_slot = taken.end;
            }
        }
    }
    for launch in launches {
        hide_good_practice(world, &mut draws, launch);
    }
}

/// Starts a launch's programs at every worksite of an employer.
fn start_launch(
    world: &mut World,
    draws: &mut Draws,
    employer_idx: usize,
    launch: &Launch,
    cohort: i16,
) {
    let year = world.years.start() + YEARS_BEFORE + cohort;
    let delays = draw_delays(draws, launch);
    let (last_year, employer) = (*world.years.end(), world.employers[employer_idx].clone());
    for site in employer.first_worksite..employer.first_worksite + employer.n_worksites {
        let intensity = match launch.intensity {
            Intensity::Same | Intensity::Hidden { .. } => 1.0,
            Intensity::Sessions(list) => f32::from(list[draws.below(index(list.len())) as usize]),
        };
        let cover_from = |year: i16| Cover {
            start: first_day(year),
            end: launch.lasts.map_or(i32::MAX, |n| first_day(year + n) - 1),
            intensity,
        };
        let size = world.worksites[site as usize].size;
        for (&field, delay) in launch.fields.iter().zip(&delays) {
            if year + delay > last_year {
                continue;
            }
            let cover = cover_from(year + delay);
            world.worksites[site as usize].covers[field as usize] = Some(cover);
            world.programs.push(Program {
                employer: index(employer_idx),
                field: field as usize,
                worksite: Some(site),
                cover,
                cost_yen: i64::from(size * (2_000 + 500 * draws.below(20))) + 100_000,
                staff_hours: (20 + size + draws.below(100)) as i32,
            });
        }
        if launch.is_bundle() && year <= last_year {
            world.worksites[site as usize].bundle = Some(cover_from(year));
        }
    }
}

/// Years by which each field of a launch starts later; at least two fields start at once.
fn draw_delays(draws: &mut Draws, launch: &Launch) -> Vec<i16> {
    let mut delays: Vec<i16> = launch
        .fields
        .iter()
        .map(|_| match draws.chance(launch.delay) {
            true => 1 + draws.below(2) as i16,
            false => 0,
        })
        .collect();
    let n_prompt = delays.iter().filter(|delay| **delay == 0).count();
    if n_prompt < 2 {
        for delay in delays.iter_mut().take(2) {
            *delay = 0;
        }
    }
    delays
}

/// Makes a launch's programs stronger at a few worksites.
fn hide_good_practice(world: &mut World, draws: &mut Draws, launch: &Launch) {
    let Intensity::Hidden { worksites, factor } = launch.intensity else {
        return;
    };
    let field = launch.fields[0] as usize;
    let covered: Vec<usize> = (0..world.worksites.len())
        .filter(|&site| world.worksites[site].covers[field].is_some())
        .collect();
    for place in draws.permutation(covered.len()).into_iter().take(worksites) {
        if let Some(cover) = &mut world.worksites[covered[place]].covers[field] {
            cover.intensity = factor;
        }
    }
}
