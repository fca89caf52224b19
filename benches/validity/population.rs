//! The true effects of a design: ATT(g, t) in the population and its averages, computed from the design alone.
//!
//! Nothing here calls the code under study. The definitions are those of docs/relations.md, with population shares
//! P(G = g) where the estimators use those of the sample.

use std::ops::RangeInclusive;

use korabo_estimators::group_time::Aggregate;

/// The cohorts of a design and their effects.
pub(crate) struct Population {
    cohorts: Vec<Cohort>,
    last: i32,
}

struct Cohort {
    label: i32,
    share: f64,
    /// ATT(g, t) for every period; zero before any effect.
    effects: Vec<(i32, f64)>,
}

impl Population {
    /// `cohorts` are labels with P(G = label); `effect(cohort, time)` is ATT(g, t), asked for in every period.
    pub(crate) fn new(
        periods: RangeInclusive<i32>,
        cohorts: &[(i32, f64)],
        effect: impl Fn(i32, i32) -> f64,
    ) -> Self {
        let last = *periods.end();
        let cohorts = cohorts
            .iter()
            .map(|&(label, share)| Cohort {
                label,
                share,
                effects: periods
                    .clone()
                    .map(|time| (time, effect(label, time)))
                    .collect(),
            })
            .collect();
        Self { cohorts, last }
    }

    /// ATT(g, t).
    pub(crate) fn cell(&self, label: i32, time: i32) -> f64 {
        let cohort = self.cohorts.iter().find(|cohort| cohort.label == label);
        cohort.map_or(f64::NAN, |cohort| cohort.effect(time))
    }

    /// The share-weighted mean over the cohorts seen `event_time` periods after exposure.
    pub(crate) fn at_event_time(&self, event_time: i32) -> f64 {
        self.by_share(|label, time| time - label == event_time)
    }

    /// The overall number of an aggregation.
    pub(crate) fn overall(&self, kind: Aggregate) -> f64 {
        match kind {
            Aggregate::Simple => self.by_share(|label, time| time >= label),
            Aggregate::Dynamic => {
                let last_event_time = self.cohorts.iter().map(|cohort| self.last - cohort.label);
                let last_event_time = last_event_time.max().unwrap_or(0);
                mean((0..=last_event_time).map(|event_time| self.at_event_time(event_time)))
            }
            Aggregate::Calendar => {
                let first = self.cohorts.iter().map(|cohort| cohort.label).min();
                let periods = first.unwrap_or(0)..=self.last;
                mean(periods.map(|at| self.by_share(|label, time| time == at && time >= label)))
            }
            Aggregate::Group => {
                let (mut sum, mut shares) = (0.0, 0.0);
                for cohort in &self.cohorts {
                    let after = (cohort.label..=self.last).map(|time| cohort.effect(time));
                    sum += cohort.share * mean(after);
                    shares += cohort.share;
                }
                sum / shares
            }
        }
    }

    /// Σ p_g ATT(g, t) / Σ p_g over the chosen cells.
    fn by_share(&self, chosen: impl Fn(i32, i32) -> bool) -> f64 {
        let (mut sum, mut shares) = (0.0, 0.0);
        for cohort in &self.cohorts {
            for &(time, effect) in &cohort.effects {
                if chosen(cohort.label, time) {
                    sum += cohort.share * effect;
                    shares += cohort.share;
                }
            }
        }
        sum / shares
    }
}

impl Cohort {
    fn effect(&self, time: i32) -> f64 {
        let found = self.effects.iter().find(|(period, _)| *period == time);
        found.map_or(f64::NAN, |(_, effect)| *effect)
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}
