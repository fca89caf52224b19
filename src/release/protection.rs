//! Which counts of an indicator in a period are withheld: each family of groupings together with what left of it before, and pairs of
//! counts of different families.

use korabo_suppression::{
    Cell, CellStatus, Decision, Problem, ProblemError, ProtectionRules, Reason, protect,
};
use roaring::RoaringBitmap;

use super::definition::LevelsDefinition;
use super::rows::{Dimension, PersonRows};
use crate::disclosure::{Classes, is_nearly};
use crate::release_ledger::{DecidedCell, Ledger};

/// Connected cells that are solved at once, at most.
pub(super) const WHOLE_BELOW: usize = 200;
/// How often a family is solved again because of pairs with another one.
const ROUNDS: usize = 8;

/// Groupings whose counts can be added up to each other in more ways than to the total: they share a column, or one's column follows
/// from another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Family {
    /// Its columns.
    pub(super) name: String,
    /// Places of its groupings in the definition.
    pub(super) groupings: Vec<usize>,
}

impl Family {
    /// The families of a definition's groupings, with these rows; that of everybody is the first.
    pub(super) fn all(rows: &PersonRows, definition: &LevelsDefinition) -> Vec<Self> {
        let columns = definition.dimensions();
        let mut family_of: Vec<usize> = (0..columns.len()).collect();
        let mut join = |a: usize, b: usize| {
            let (from, to) = (family_of[a], family_of[b]);
            for family in &mut family_of {
                if *family == from {
                    *family = to;
                }
            }
        };
        let place = |name: &String| columns.iter().position(|column| column == name);
        for grouping in &definition.groupings {
            let places: Vec<usize> = grouping.iter().filter_map(place).collect();
            places.windows(2).for_each(|two| join(two[0], two[1]));
        }
        for a in 0..columns.len() {
            for b in (0..columns.len()).filter(|b| *b != a) {
                if follows(&rows.dimensions[b], &rows.dimensions[a]) {
                    join(a, b);
                }
            }
        }
        let mut families = vec![Self {
            name: String::new(),
            groupings: Vec::new(),
        }];
        let mut found: Vec<usize> = Vec::new();
        for (number, grouping) in definition.groupings.iter().enumerate() {
            let Some(column) = grouping.first().and_then(place) else {
                families[0].groupings.push(number);
                continue;
            };
            let family = family_of[column];
            let known = found.iter().position(|known| *known == family);
            let known = known.unwrap_or_else(|| {
                let own = (0..columns.len()).filter(|column| family_of[*column] == family);
                let mut own: Vec<&str> = own.map(|column| columns[column]).collect();
                own.sort_unstable();
                families.push(Self {
                    name: own.join(","),
                    groupings: Vec::new(),
                });
                found.push(family);
                found.len() - 1
            });
            families[known + 1].groupings.push(number);
        }
        families
    }
}

/// Whether the level of `column` follows from that of `of`.
fn follows(column: &Dimension, of: &Dimension) -> bool {
    // A column of one level follows from every other, and tells nothing.
    if column.levels.len() < 2 || of.levels.len() < 2 {
        return false;
    }
    let mut seen: Vec<Option<u32>> = vec![None; of.levels.len()];
    let mut pairs = of.codes.iter().zip(&column.codes);
    pairs.all(|(of, code)| *seen[*of as usize].get_or_insert(*code) == *code)
}

/// Whether counts are protected whatever their size.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sensitive {
    pub(super) persons: bool,
    pub(super) with: bool,
}

/// A group as far as it is protected.
pub(super) struct ProtectedGroup<'a> {
    pub(super) grouping: usize,
    pub(super) persons: &'a RoaringBitmap,
    /// Those who have it, where that is counted.
    pub(super) with: Option<&'a RoaringBitmap>,
    pub(super) sensitive: Sensitive,
}

/// Why the counts of a group are withheld.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct GroupDecision {
    pub(super) persons: Option<&'static str>,
    pub(super) with: Option<&'static str>,
}

impl GroupDecision {
    pub(super) fn are_persons_shown(self) -> bool {
        self.persons.is_none()
    }

    pub(super) fn is_with_shown(self) -> bool {
        self.persons.is_none() && self.with.is_none()
    }
}

/// The groups of one indicator in one period.
pub(super) struct Protection<'a> {
    /// Counts with the same subject can be subtracted from each other.
    pub(super) subject: &'a str,
    pub(super) families: &'a [Family],
    pub(super) groups: Vec<ProtectedGroup<'a>>,
    pub(super) rules: ProtectionRules,
    pub(super) ledger: &'a Ledger,
    /// Whether all that left before was rounded as now.
    pub(super) were_rounded_alike: bool,
}

/// A count: of a group, its persons or those who have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    group: usize,
    is_with: bool,
}

impl Protection<'_> {
    /// What is decided of each group.
    pub(super) fn decided(&self) -> Result<Vec<GroupDecision>, ProblemError> {
        let mut sensitive: Vec<Sensitive> =
            self.groups.iter().map(|group| group.sensitive).collect();
        let mut decided = vec![GroupDecision::default(); self.groups.len()];
        for family in self.families {
            self.solve(family, &sensitive, &mut decided)?;
        }
        for round in 0.. {
            let telling = self.telling_pairs(&decided);
            if telling.is_empty() {
                break;
            }
            for part in &telling {
                mark(&mut sensitive[part.group], part.is_with);
            }
            for family in self.families {
                let own = |part: &Part| self.is_of(family, part.group);
                if !telling.iter().any(own) {
                    continue;
                }
                match round < ROUNDS {
                    true => self.solve(family, &sensitive, &mut decided)?,
                    false => self.withhold(family, &mut decided),
                }
            }
        }
        Ok(decided)
    }

    fn is_of(&self, family: &Family, group: usize) -> bool {
        family.groupings.contains(&self.groups[group].grouping)
    }

    /// Withholds a family as a whole.
    fn withhold(&self, family: &Family, decided: &mut [GroupDecision]) {
        for (group, decided) in decided.iter_mut().enumerate() {
            if self.is_of(family, group) {
                decided.persons = Some("secondary");
                decided.with = Some("secondary");
            }
        }
    }

    fn set(&self, part: Part) -> Option<&RoaringBitmap> {
        let group = &self.groups[part.group];
        match part.is_with {
            true => group.with,
            false => Some(group.persons),
        }
    }

    fn parts(&self, is_wanted: impl Fn(usize) -> bool) -> Vec<Part> {
        let groups = (0..self.groups.len()).filter(|group| is_wanted(*group));
        let parts = groups.flat_map(|group| [false, true].map(|is_with| Part { group, is_with }));
        parts.filter(|part| self.set(*part).is_some()).collect()
    }

    /// Decides upon one family, with the total as it was decided.
    fn solve(
        &self,
        family: &Family,
        sensitive: &[Sensitive],
        decided: &mut [GroupDecision],
    ) -> Result<(), ProblemError> {
        let own = self.parts(|group| self.is_of(family, group));
        let total =
            self.parts(|group| self.is_of(&self.families[0], group) && !self.is_of(family, group));
        let mut known = self.known(family, &own);
        known.extend(total.iter().filter_map(|part| {
            let has_left = is_shown(decided[part.group], part.is_with);
            Some((self.set(*part)?, has_left))
        }));
        let own = self.to_protect(&known, own, sensitive, decided);
        let sets = known.iter().map(|(set, _)| *set);
        let sets = sets.chain(own.iter().filter_map(|part| self.set(*part)));
        let classes = Classes::of(&sets.collect::<Vec<_>>());
        let cells = classes.of_sets.into_iter().enumerate();
        let cells = cells.map(|(place, atoms)| self.cell(place, atoms, &known, &own, sensitive));
        let problem = Problem {
            cells: cells.collect(),
            atoms: classes.counts,
        };
        let rules = ProtectionRules {
            // What left rounded otherwise is taken to be known as it was counted.
            rounding: self.rules.rounding.filter(|_| self.were_rounded_alike),
            ..self.rules
        };
        let decisions = protect(&problem, &rules)?;
        for (part, decision) in own.iter().zip(&decisions.cells[known.len()..]) {
            let decided = &mut decided[part.group];
            match part.is_with {
                true => decided.with = reason(*decision),
                false => decided.persons = reason(*decision),
            }
        }
        Ok(())
    }

    /// Of the counts of a family those that need a decision. One that is withheld anyway, and whose persons no other count tells
    /// from enough others, is withheld and needs no protection.
    fn to_protect(
        &self,
        known: &[(&RoaringBitmap, bool)],
        own: Vec<Part>,
        sensitive: &[Sensitive],
        decided: &mut [GroupDecision],
    ) -> Vec<Part> {
        let why = |part: &Part| {
            let of_group = sensitive[part.group];
            if of_group.persons || (part.is_with && of_group.with) {
                return Some("sensitive");
            }
            let n = self.set(*part).map_or(0, RoaringBitmap::len);
            let is_small = n > 0 && n < self.rules.min_count;
            is_small.then_some("small")
        };
        let (hidden, open): (Vec<Part>, Vec<Part>) =
            own.into_iter().partition(|part| why(part).is_some());
        // What was withheld before tells no person from others.
        let left = known.iter().filter(|(_, has_left)| *has_left);
        let sets = left.map(|(set, _)| *set);
        let sets = sets.chain(open.iter().filter_map(|part| self.set(*part)));
        let classes = Classes::of(&sets.collect::<Vec<_>>());
        let mut needed = open;
        for part in hidden {
            let others = self.set(part).and_then(|set| classes.fewest_others(set));
            // One more: a participant knows of himself.
            if others.is_some_and(|others| others <= self.rules.width) {
                needed.push(part);
                continue;
            }
            let decided = &mut decided[part.group];
            match part.is_with {
                true => decided.with = why(&part),
                false => decided.persons = why(&part),
            }
        }
        needed
    }

    fn cell(
        &self,
        place: usize,
        atoms: Vec<u32>,
        known: &[(&RoaringBitmap, bool)],
        own: &[Part],
        sensitive: &[Sensitive],
    ) -> Cell {
        let (status, priority) = match place.checked_sub(known.len()).map(|place| own[place]) {
            None if known[place].1 => (CellStatus::Left, 0),
            None => (CellStatus::WithheldBefore, 0),
            Some(Part { group, is_with }) => {
                let sensitive = sensitive[group];
                let is_sensitive = sensitive.persons || (is_with && sensitive.with);
                // Groupings named first are published first, and persons before those of them who have it.
                let priority = 2 * self.groups[group].grouping + usize::from(is_with);
                let status = match is_sensitive {
                    true => CellStatus::Sensitive,
                    false => CellStatus::Candidate,
                };
                (status, u32::try_from(priority).unwrap_or(u32::MAX))
            }
        };
        Cell {
            key: place as u64,
            atoms,
            status,
            priority,
        }
    }

    /// What was decided of the family before, of everybody, and of nearly the same persons in other families.
    fn known(&self, family: &Family, own: &[Part]) -> Vec<(&RoaringBitmap, bool)> {
        let names = [self.subject_of(&self.families[0]), self.subject_of(family)];
        let mut known: Vec<(&RoaringBitmap, bool)> = Vec::new();
        for (subject, cells) in self.ledger.subjects_about(self.subject) {
            let is_own = names.iter().any(|name| name == subject);
            for (set, has_left) in cells {
                let is_near = || {
                    let mut own = own.iter().filter_map(|part| self.set(*part));
                    own.any(|own| is_nearly(own, set, self.rules.min_count))
                };
                if is_own || (*has_left && is_near()) {
                    known.push((set, *has_left));
                }
            }
        }
        known
    }

    fn subject_of(&self, family: &Family) -> String {
        format!("{}|{}", self.subject, family.name)
    }

    /// Counts that are shown and tell of few persons beside one of another family: of each pair, the later.
    fn telling_pairs(&self, decided: &[GroupDecision]) -> Vec<Part> {
        let family_of = |group: usize| {
            let families = self.families.iter();
            families
                .take_while(|family| !self.is_of(family, group))
                .count()
        };
        let shown = self.parts(|_| true).into_iter();
        let shown = shown.filter(|part| is_shown(decided[part.group], part.is_with));
        let mut shown: Vec<(u64, Part, &RoaringBitmap)> = shown
            .filter_map(|part| self.set(part).map(|set| (set.len(), part, set)))
            .collect();
        shown.sort_by_key(|(n, part, _)| (*n, part.group, part.is_with));
        let mut telling = Vec::new();
        for (place, (n, part, set)) in shown.iter().enumerate() {
            let larger = shown[place + 1..].iter();
            // By rising size: no set further on is near.
            let near = larger.take_while(|(other, _, _)| other - n < self.rules.min_count);
            for (_, other, larger) in near {
                let families = [part, other].map(|part| family_of(part.group));
                if families[0] != families[1]
                    && is_nearly(set, larger, self.rules.min_count)
                    && set.is_subset(larger)
                {
                    telling.push(if families[0] > families[1] {
                        *part
                    } else {
                        *other
                    });
                }
            }
        }
        telling
    }

    /// What is to be remembered.
    pub(super) fn cells(&self, decided: &[GroupDecision]) -> Vec<DecidedCell> {
        let mut cells = Vec::new();
        for family in self.families {
            let subject = self.subject_of(family);
            for part in self.parts(|group| self.is_of(family, group)) {
                if let Some(set) = self.set(part) {
                    cells.push(DecidedCell {
                        subject: subject.clone(),
                        persons: set.clone(),
                        has_left: is_shown(decided[part.group], part.is_with),
                    });
                }
            }
        }
        cells
    }
}

fn is_shown(decided: GroupDecision, is_with: bool) -> bool {
    match is_with {
        true => decided.is_with_shown(),
        false => decided.are_persons_shown(),
    }
}

fn mark(sensitive: &mut Sensitive, is_with: bool) {
    match is_with {
        true => sensitive.with = true,
        false => sensitive.persons = true,
    }
}

/// Why a count is withheld, for the person who reviews.
fn reason(decision: Decision) -> Option<&'static str> {
    let Decision::Withheld(reason) = decision else {
        return None;
    };
    Some(match reason {
        Reason::Small => "small",
        Reason::Sensitive => "sensitive",
        Reason::Complement => "complement",
        Reason::EarlierRelease => "earlier_release",
        Reason::WithheldBefore => "withheld_before",
        Reason::Secondary => "secondary",
    })
}
