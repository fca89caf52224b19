//! What employers know of their people: employment, who takes part in programs, absence and
//! presenteeism. Who takes part is not chance: motivated people come, and to smoking programs come
//! mostly those who do not smoke.

use super::calendar::{first_day, last_day};
use super::calibration::Question;
use super::effects::{FIELDS, Field, Outcome, Population};
use super::health::Health;
use super::household::{Household, Job};
use super::random::{Draws, Stream, normal_cdf};
use super::rows::{BatchRows, EmployeeRow, ParticipationRow, ProductivityRow};
use super::scenarios::Participation;
use super::truth::Quantity;
use super::world::World;

/// Mean presenteeism loss on the SPQ scale, percent.
const MEAN_LOSS: f64 = 15.1;

/// Adds a subscriber's rows to the groups of their employers.
pub(crate) fn add_employer_rows(
    world: &World,
    household: &Household,
    health: &Health,
    rows: &mut BatchRows,
) {
    let subscriber = &household.persons[0];
    let mut draws = Draws::new(world.seed, Stream::Employer, subscriber.index);
    let person = rows.position(subscriber.index);
    let horizon = last_day(*world.years.end());
    for job in &household.jobs {
        if job.from > horizon || job.to < first_day(*world.years.start()) {
            continue;
        }
        let employer = world.worksites[job.worksite as usize].employer;
        let is_full_width = world.employers[employer as usize].is_full_width;
        if is_full_width && household.is_linked {
            rows.truth.add_defects("full_width_key", "employees", 1);
        }
        rows.groups[(employer % world.n_groups) as usize]
            .employees
            .push(EmployeeRow {
                person,
                worksite: job.worksite,
                is_linked: household.is_linked,
                is_regular: job.is_regular,
                from: job.from,
                to: (job.to <= horizon).then_some(job.to),
            });
    }
    let employers = spells_by_employer(world, household);
    for spell in &employers {
        participate(world, household, health, &mut draws, spell, rows);
    }
    let traits = Traits {
        absence: draws.normal(),
        loss: draws.normal(),
        engagement: draws.normal(),
    };
    for year in world.years.clone() {
        for spell in &employers {
            let days = spell.days_in(year);
            if days >= 120 && draws.chance(0.84) {
                productivity(world, household, &mut draws, &traits, (spell, year), rows);
            }
        }
    }
}

/// All jobs of a subscriber at one employer.
struct EmployerSpell {
    employer: u32,
    jobs: Vec<Job>,
}

impl EmployerSpell {
    fn days_in(&self, year: i16) -> i32 {
        let (first, last) = (first_day(year), last_day(year));
        self.jobs
            .iter()
            .map(|job| (job.to.min(last) - job.from.max(first) + 1).max(0))
            .sum()
    }
}

fn spells_by_employer(world: &World, household: &Household) -> Vec<EmployerSpell> {
    let mut spells: Vec<EmployerSpell> = Vec::new();
    for job in &household.jobs {
        let employer = world.worksites[job.worksite as usize].employer;
        match spells.iter_mut().find(|spell| spell.employer == employer) {
            Some(spell) => spell.jobs.push(*job),
            None => spells.push(EmployerSpell {
                employer,
                jobs: vec![*job],
            }),
        }
    }
    spells
}

/// Persistent parts of the productivity answers.
struct Traits {
    absence: f32,
    loss: f32,
    engagement: f32,
}

fn participate(
    world: &World,
    household: &Household,
    health: &Health,
    draws: &mut Draws,
    spell: &EmployerSpell,
    rows: &mut BatchRows,
) {
    let horizon = last_day(*world.years.end());
    for field in 0..FIELDS.len() {
        let noise = draws.normal();
        // The squares of both weights add up to one.
        let wish = if field == Field::Smoking as usize {
            // The latent of smoking is high for those who do not smoke.
            0.50 * health.answer_trait(Question::Smoking) + 0.866 * noise
        } else {
            0.45 * health.motivation + 0.893 * noise
        };
        // Drawn for everyone, so that later draws do not depend on who takes part.
        let (wait, sessions) = (draws.below(200) as i32, 1 + draws.count(2.5) as i16);
        let is_chosen = world.setting.participation == Participation::Chosen;
        let wait = if is_chosen { wait } else { 0 };
        let covered = spell.jobs.iter().find_map(|job| {
            let cover = world.worksites[job.worksite as usize].covers[field]?;
            let first = job.from.max(cover.start) + wait;
            let is_in_time = first <= job.to.min(cover.end).min(horizon);
            is_in_time.then_some((first, job.worksite, cover.intensity))
        });
        if let Some((first, worksite, intensity)) = covered
            && (wish > 0.6 || !is_chosen)
        {
            let sessions = if is_chosen {
                sessions
            } else {
                rows.truth.add(
                    Quantity::Sessions,
                    worksite.cast_signed(),
                    f64::from(intensity),
                );
                intensity as i16
            };
            let group = (spell.employer % world.n_groups) as usize;
            let person = rows.position(household.persons[0].index);
            rows.groups[group].participation.push(ParticipationRow {
                person,
                employer: spell.employer,
                field,
                first,
                sessions,
            });
        }
    }
}

fn productivity(
    world: &World,
    household: &Household,
    draws: &mut Draws,
    traits: &Traits,
    at: (&EmployerSpell, i16),
    rows: &mut BatchRows,
) {
    let (spell, year) = at;
    let employer = &world.employers[spell.employer as usize];
    let [absence_noise, loss_noise, engagement_noise] = draws.normals();
    let mix = |own: f32, noise: f32| f64::from(0.74 * own + 0.672 * noise);
    let absence = (0.45 + 0.9 * mix(traits.absence, absence_noise))
        .exp()
        .min(180.0);
    // By inversion of an exponential distribution, cut off below a loss of 100 percent.
    let share = normal_cdf(mix(traits.loss, loss_noise)).min(0.9985);
    let loss = -MEAN_LOSS * (1.0 - share).ln();
    let is_spq = employer.scale == 0;
    let (mut absence_after, mut loss_after) = (absence, loss);
    let (has_absence, has_score) = (draws.chance(0.95), draws.chance(0.96));
    for active in household.active_effects(world, Population::Employees, year) {
        let (before, after, is_observed) = match active.outcome {
            Outcome::AbsenceDays => (absence, &mut absence_after, has_absence),
            Outcome::PresenteeismLoss => (loss, &mut loss_after, has_score && is_spq),
            _ => continue,
        };
        *after = before * (1.0 + active.size);
        if is_observed && household.is_linked {
            let (effect_idx, event_time) = (active.effect_idx, active.event_time);
            let truth = &mut rows.truth;
            truth.add_effect(
                effect_idx,
                event_time,
                *after - before,
                active.was_here_before,
            );
        }
    }
    if let Some(bundle) = household.bundle
        && household.is_linked
        && bundle.was_here_before
        && year >= bundle.cohort
    {
        let since = i32::from(year - bundle.cohort);
        for (effect_idx, outcome) in world.setting.bundled_outcomes() {
            let size = match outcome {
                Outcome::AbsenceDays if has_absence => absence_after - absence,
                Outcome::PresenteeismLoss if has_score && is_spq => loss_after - loss,
                _ => continue,
            };
            rows.truth.add(Quantity::Bundle(effect_idx), since, size);
        }
    }
    let engagement = (3.1 + 1.1 * mix(traits.engagement, engagement_noise)).clamp(0.0, 6.0);
    let person = rows.position(household.persons[0].index);
    let group = (spell.employer % world.n_groups) as usize;
    rows.groups[group].productivity.push(ProductivityRow {
        person,
        employer: spell.employer,
        fiscal_year: year,
        // Half days, in tenths.
        absence: has_absence.then(|| (absence_after * 2.0).round() as i32 * 5),
        scale: has_score.then_some(employer.scale),
        score: has_score.then(|| (score(employer.scale, loss_after) * 10.0).round() as i32),
        engagement: draws
            .chance(0.93)
            .then(|| (engagement * 10.0).round() as i32),
    });
}

/// The answer on an employer's scale for a loss of work performance in percent.
fn score(scale: u8, loss: f64) -> f64 {
    match scale {
        0 => (100.0 - loss).round().max(1.0),
        1 => ((75.0 - 0.95 * loss) / 10.0).round().max(0.0) * 10.0,
        2 => (7.0 + 0.35 * loss).round().min(35.0),
        3 => (0.4 * loss).min(28.6),
        _ => (loss / 4.0).round().min(30.0),
    }
}
