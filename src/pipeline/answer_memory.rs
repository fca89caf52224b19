//! What `--release` told before, in the lake: every set of persons that numbers were about. A group is told only if nothing about
//! few persons follows from it together with all that was told.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use korabo_suppression::{Cell, CellStatus, Decision, Problem, ProtectionRules, protect};
use roaring::RoaringBitmap;

use super::project::Project;
use crate::disclosure::{Classes, DisclosureRules, is_nearly};
use crate::lake::Lake;
use crate::release_ledger::{self, Answers};
use crate::session::{MemoryError, ReleaseMemory, ReleaseRules};

/// Sets that are taken apart together, at most; of more, only those that are nearly the same as one that is asked for.
const MOST_TOGETHER: usize = 100;
/// Connected cells that are solved at once, at most.
const WHOLE_BELOW: usize = 200;

/// The memory of one lake.
#[derive(Debug, Clone)]
struct AnswerMemory {
    lake: Lake,
    rules: DisclosureRules,
    /// Who asks.
    user: String,
    /// How many answers may tell a user of persons of whom no user was told before.
    budget: Option<usize>,
}

impl Project {
    /// What may be told to `user` through SQL from `lake`, which remembers it, unless the project wants no memory.
    #[must_use]
    pub fn remembering_rules(&self, lake: Option<&Lake>, user: &str) -> ReleaseRules {
        let rules = self.release_rules();
        let lake = lake.filter(|lake| lake.time().is_none() && self.config.release.remembers);
        let memory = lake.map(|lake| -> Arc<dyn ReleaseMemory> {
            Arc::new(AnswerMemory {
                lake: lake.present(),
                rules: self.config.disclosure,
                user: user.to_owned(),
                budget: self.config.release.answers_per_user,
            })
        });
        ReleaseRules { memory, ..rules }
    }
}

impl ReleaseMemory for AnswerMemory {
    fn admit(
        &self,
        groups: Vec<Vec<RoaringBitmap>>,
    ) -> BoxFuture<'_, Result<Vec<bool>, MemoryError>> {
        async move {
            // Held until the answer is remembered: another statement may not be answered in between.
            let _lock = release_ledger::lock(&self.lake).map_err(MemoryError::unusable)?;
            let answers = Answers::load(&self.lake)
                .await
                .map_err(MemoryError::unusable)?;
            let admitted = self.decide(&answers, &groups)?;
            let told = groups.into_iter().zip(&admitted);
            let sets = told
                .filter(|(_, admitted)| **admitted)
                .flat_map(|(sets, _)| sets)
                // Of few persons nothing is told: the statement's own rules hide it.
                .filter(|set| !is_small(set, self.rules));
            let new = answers.new_among(sets);
            if let Some(budget) = self.budget
                && !new.is_empty()
                && answers.n_told_to(&self.user) >= budget
            {
                return Err(MemoryError::UsedUp { budget });
            }
            answers
                .remember(&self.lake, &self.user, &new)
                .await
                .map_err(MemoryError::unusable)?;
            Ok(admitted)
        }
        .boxed()
    }
}

fn is_small(set: &RoaringBitmap, rules: DisclosureRules) -> bool {
    set.len() < rules.min_count
}

impl AnswerMemory {
    /// Which groups may be told.
    fn decide(
        &self,
        answers: &Answers,
        groups: &[Vec<RoaringBitmap>],
    ) -> Result<Vec<bool>, MemoryError> {
        let asked: Vec<(usize, &RoaringBitmap)> = groups
            .iter()
            .enumerate()
            .flat_map(|(group, sets)| sets.iter().map(move |set| (group, set)))
            .filter(|(_, set)| !is_small(set, self.rules))
            .collect();
        let told = self.told_before(answers, &asked);
        if told.is_empty() {
            return Ok(vec![true; groups.len()]);
        }
        let alone = self.withheld(&[], &asked)?;
        let together = self.withheld(&told, &asked)?;
        let mut admitted = vec![true; groups.len()];
        for (place, (group, _)) in asked.iter().enumerate() {
            // What one statement tells of its own groups, its own rules decide.
            if together.contains(&place) && !alone.contains(&place) {
                admitted[*group] = false;
            }
        }
        Ok(admitted)
    }

    /// Sets of persons that were told and matter beside those asked for.
    fn told_before<'l>(
        &self,
        answers: &'l Answers,
        asked: &[(usize, &RoaringBitmap)],
    ) -> Vec<&'l RoaringBitmap> {
        let all = answers.sets.iter();
        if answers.sets.len() <= MOST_TOGETHER {
            return all.collect();
        }
        let is_near = |set: &&RoaringBitmap| {
            let mut asked = asked.iter();
            asked.any(|(_, asked)| is_nearly(asked, set, self.rules.min_count))
        };
        all.filter(is_near).collect()
    }

    /// Places of the sets asked for that may not be told beside `told`.
    fn withheld(
        &self,
        told: &[&RoaringBitmap],
        asked: &[(usize, &RoaringBitmap)],
    ) -> Result<BTreeSet<usize>, MemoryError> {
        let sets = told
            .iter()
            .copied()
            .chain(asked.iter().map(|(_, set)| *set));
        let sets: Vec<&RoaringBitmap> = sets.collect();
        let classes = Classes::of(&sets);
        let cells = classes
            .of_sets
            .into_iter()
            .enumerate()
            .map(|(place, atoms)| Cell {
                atoms,
                status: match place < told.len() {
                    true => CellStatus::Left,
                    false => CellStatus::Candidate,
                },
                priority: u32::from(place >= told.len()),
                key: place as u64,
            });
        let problem = Problem {
            cells: cells.collect(),
            atoms: classes.counts,
        };
        let rules = ProtectionRules {
            min_count: self.rules.min_count,
            width: self.rules.min_count,
            rounding: None,
            zeros_are_sensitive: false,
            whole_below: WHOLE_BELOW,
        };
        let decisions = protect(&problem, &rules).map_err(MemoryError::unusable)?;
        let own = decisions.cells[told.len()..].iter().enumerate();
        let withheld = own.filter(|(_, decision)| **decision != Decision::Published);
        Ok(withheld.map(|(place, _)| place).collect())
    }
}
