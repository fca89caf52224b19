//! Levels of indicators by groupings: persons counted, protected and rounded, and shares and means of what is left.

use std::collections::{BTreeMap, BTreeSet};

use korabo_suppression::{ProblemError, ProtectionRules};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::definition::{LevelsDefinition, PERIOD};
use super::made::WITHHELD;
use super::preset::{Preset, Rounding};
use super::protection::{
    Family, GroupDecision, ProtectedGroup, Protection, Sensitive, WHOLE_BELOW,
};
use super::rows::{PersonRows, Values};
use super::small_table::{Column, SmallTable};
use super::withheld::WithheldReason;
use crate::disclosure::significant;
use crate::release_ledger::{DecidedCell, Ledger};

/// One row of the released table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LevelRow {
    pub(super) indicator: String,
    /// Columns that persons are grouped by; `None` for everybody.
    pub(super) by: Option<String>,
    /// Their levels.
    pub(super) level_of: Option<String>,
    pub(super) period: i64,
    /// Persons of whom the indicator is known, rounded.
    pub(super) n_persons: Option<u64>,
    /// Persons who have it, rounded; only of yes/no indicators.
    pub(super) n_with: Option<u64>,
    /// The share of rounded counts, or the mean.
    pub(super) value: Option<f64>,
    pub(super) withheld: Option<WithheldReason>,
    pub(super) counted: ReviewCounts,
}

/// What was counted and decided, for the person who reviews a release.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ReviewCounts {
    persons: u64,
    with: Option<u64>,
    /// Why the persons are withheld, and those who have it.
    reasons: [Option<&'static str>; 2],
}

impl ReviewCounts {
    /// The smallest count of the row, of those who have it and of those who have not, of the counts above zero.
    fn smallest(self) -> u64 {
        let with = self.with.unwrap_or(self.persons);
        let sides = [self.persons, with, self.persons - with];
        sides.into_iter().filter(|n| *n > 0).min().unwrap_or(0)
    }
}

/// The table of these rows.
pub(super) fn table_of(rows: &[LevelRow]) -> SmallTable {
    let texts = |get: fn(&LevelRow) -> Option<&str>| {
        Column::Text(rows.iter().map(|row| get(row).map(str::to_owned)).collect())
    };
    let counts = |get: fn(&LevelRow) -> Option<u64>| {
        let count = |row| get(row).and_then(|n| i64::try_from(n).ok());
        Column::Whole(rows.iter().map(count).collect())
    };
    let columns = [
        ("indicator", texts(|row| Some(&row.indicator))),
        ("by", texts(|row| row.by.as_deref())),
        ("level_of", texts(|row| row.level_of.as_deref())),
        (
            PERIOD,
            Column::Whole(rows.iter().map(|row| Some(row.period)).collect()),
        ),
        ("n_persons", counts(|row| row.n_persons)),
        ("n_with", counts(|row| row.n_with)),
        (
            "value",
            Column::Number(rows.iter().map(|row| row.value).collect()),
        ),
        (
            WITHHELD,
            texts(|row| row.withheld.map(WithheldReason::word)),
        ),
    ];
    let (names, columns) = columns.into_iter().unzip::<&str, Column, Vec<_>, Vec<_>>();
    SmallTable {
        names: names.into_iter().map(str::to_owned).collect(),
        columns,
    }
}

/// What stands behind the rows, for review inside the secure area.
pub(super) fn review_of(rows: &[LevelRow]) -> SmallTable {
    let mut table = table_of(rows);
    let counts = |get: fn(&ReviewCounts) -> Option<u64>| {
        let count = |row: &LevelRow| get(&row.counted).and_then(|n| i64::try_from(n).ok());
        Column::Whole(rows.iter().map(count).collect())
    };
    let reasons = |part: usize| {
        let reason = |row: &LevelRow| row.counted.reasons[part].map(str::to_owned);
        Column::Text(rows.iter().map(reason).collect())
    };
    let more = [
        ("counted_persons", counts(|counted| Some(counted.persons))),
        ("counted_with", counts(|counted| counted.with)),
        ("smallest_count", counts(|counted| Some(counted.smallest()))),
        ("why_persons", reasons(0)),
        ("why_with", reasons(1)),
    ];
    for (name, column) in more {
        table.names.push(name.to_owned());
        table.columns.push(column);
    }
    table
}

/// What is counted and by which rules.
#[derive(Clone, Copy)]
pub(super) struct LevelsRules<'a> {
    pub(super) definition: &'a LevelsDefinition,
    pub(super) indicators: &'a [String],
    pub(super) preset: &'a Preset,
    /// Indicators with so few different values are counts in disguise.
    pub(super) few_values: u64,
    pub(super) ledger: &'a Ledger,
    /// Groupings that are decided upon together.
    pub(super) families: &'a [Family],
    /// Whether all that left before was rounded as the preset says.
    pub(super) were_rounded_alike: bool,
}

/// The rows of one period, and whom its counts count.
pub(super) fn levels_of_period(
    rows: &PersonRows,
    period: i64,
    rules: &LevelsRules<'_>,
) -> Result<(Vec<LevelRow>, Vec<DecidedCell>), ProblemError> {
    // By all persons of a level, whatever is known of them.
    let below_floor = below_floor(rows, rules);
    let of_indicators: Vec<(Vec<LevelRow>, Vec<DecidedCell>)> = (0..rules.indicators.len())
        .into_par_iter()
        .map(|indicator| {
            let levels = IndicatorLevels {
                indicator: &rules.indicators[indicator],
                period,
                is_yes_no: matches!(rows.indicators[indicator], Values::YesNo(_)),
                groups: groups(rows, &rows.indicators[indicator], rules.definition),
                are_values_few: are_few(&rows.indicators[indicator], rules.few_values),
            };
            levels.released(rows, &below_floor, rules)
        })
        .collect::<Result<_, _>>()?;
    let mut levels = Vec::new();
    let mut cells = Vec::new();
    for (own_levels, own_cells) in of_indicators {
        levels.extend(own_levels);
        cells.extend(own_cells);
    }
    Ok((levels, cells))
}

/// Levels of columns that have fewer persons than their floor.
fn below_floor(rows: &PersonRows, rules: &LevelsRules<'_>) -> BTreeSet<(usize, u32)> {
    let columns = rules.definition.dimensions();
    let mut found = BTreeSet::new();
    for (place, (name, dimension)) in columns.iter().zip(&rows.dimensions).enumerate() {
        let Some(&floor) = rules.preset.floors.get(*name) else {
            continue;
        };
        let mut counts = vec![0_u64; dimension.levels.len()];
        for &code in &dimension.codes {
            counts[code as usize] += 1;
        }
        let small = (0..).zip(&counts).filter(|(_, n)| **n < floor);
        found.extend(small.map(|(code, _)| (place, code)));
    }
    found
}

/// Whether a number has so few values that its sums say how many persons have each.
fn are_few(values: &Values, few: u64) -> bool {
    let Values::Number(values) = values else {
        return false;
    };
    let mut found: BTreeSet<u64> = BTreeSet::new();
    for value in values.iter().flatten() {
        found.insert(value.to_bits());
        if found.len() as u64 > few {
            return false;
        }
    }
    true
}

/// The persons of one group of whom an indicator is known.
#[derive(Debug, Default)]
struct Group {
    grouping: usize,
    /// The columns of the grouping and the levels of the group.
    levels: Vec<(usize, u32)>,
    persons: RoaringBitmap,
    /// Those who have it; empty for numbers.
    with: RoaringBitmap,
    total: f64,
    /// Sum of sizes, and the two largest.
    size: f64,
    largest: [f64; 2],
}

impl Group {
    fn add(&mut self, person: u32, values: &Values, row: usize) {
        self.persons.insert(person);
        match values {
            Values::YesNo(values) if values[row] == Some(true) => {
                self.with.insert(person);
            }
            Values::YesNo(_) => (),
            Values::Number(values) => {
                // Rows without a value were passed over.
                let value = values[row].unwrap_or(0.0);
                self.total += value;
                let size = value.abs();
                self.size += size;
                if size > self.largest[0] {
                    self.largest = [size, self.largest[0]];
                } else if size > self.largest[1] {
                    self.largest[1] = size;
                }
            }
        }
    }

    /// Whether one or two persons are the source of most of the sum.
    fn is_dominated(&self, preset: &Preset) -> bool {
        self.size > 0.0
            && (self.largest[0] > preset.max_share * self.size
                || (self.largest[0] + self.largest[1]) > preset.max_share_of_two * self.size)
    }
}

/// Groups by grouping and level.
fn groups(rows: &PersonRows, values: &Values, definition: &LevelsDefinition) -> Vec<Group> {
    let columns = definition.dimensions();
    let place = |name: &String| columns.iter().position(|column| column == name);
    let mut groups = Vec::new();
    for (grouping, names) in definition.groupings.iter().enumerate() {
        let places: Vec<usize> = names.iter().filter_map(place).collect();
        let mut found: BTreeMap<Vec<u32>, Group> = BTreeMap::new();
        let mut key = Vec::with_capacity(places.len());
        for (row, &person) in rows.persons.iter().enumerate() {
            if !values.is_known(row) {
                continue;
            }
            key.clear();
            key.extend(
                places
                    .iter()
                    .map(|&place| rows.dimensions[place].codes[row]),
            );
            // `entry` would take a key of its own for every row.
            if !found.contains_key(&key) {
                let levels = places.iter().copied().zip(key.iter().copied());
                let group = Group {
                    grouping,
                    levels: levels.collect(),
                    ..Group::default()
                };
                found.insert(key.clone(), group);
            }
            if let Some(group) = found.get_mut(&key) {
                group.add(person, values, row);
            }
        }
        groups.extend(found.into_values());
    }
    groups
}

/// One indicator in one period.
struct IndicatorLevels<'a> {
    indicator: &'a str,
    period: i64,
    is_yes_no: bool,
    groups: Vec<Group>,
    are_values_few: bool,
}

impl IndicatorLevels<'_> {
    fn released(
        self,
        rows: &PersonRows,
        below_floor: &BTreeSet<(usize, u32)>,
        rules: &LevelsRules<'_>,
    ) -> Result<(Vec<LevelRow>, Vec<DecidedCell>), ProblemError> {
        let sensitive = |group: &Group| Sensitive {
            persons: group.levels.iter().any(|level| below_floor.contains(level))
                || group.is_dominated(rules.preset),
            with: rules.preset.hides_zeros && group.with.is_empty(),
        };
        let subject = format!("{} {}", self.indicator, self.period);
        let protection = Protection {
            subject: &subject,
            families: rules.families,
            groups: self
                .groups
                .iter()
                .map(|group| ProtectedGroup {
                    grouping: group.grouping,
                    persons: &group.persons,
                    with: self.is_yes_no.then_some(&group.with),
                    sensitive: sensitive(group),
                })
                .collect(),
            rules: protection_rules(rules.preset),
            ledger: rules.ledger,
            were_rounded_alike: rules.were_rounded_alike,
        };
        let decided = protection.decided()?;
        let columns = rules.definition.dimensions();
        // Of a level below its floor not even a row says that it is there.
        let is_above = |group: &Group| {
            let mut levels = group.levels.iter();
            !levels.any(|level| below_floor.contains(level))
        };
        let groups = self.groups.iter().zip(&decided);
        let groups = groups.filter(|(group, _)| is_above(group));
        let levels =
            groups.map(|(group, decided)| self.row(group, *decided, rows, &columns, rules.preset));
        let levels = levels.collect();
        Ok((levels, protection.cells(&decided)))
    }

    fn row(
        &self,
        group: &Group,
        decided: GroupDecision,
        rows: &PersonRows,
        columns: &[&str],
        preset: &Preset,
    ) -> LevelRow {
        let names = group.levels.iter().map(|(column, _)| columns[*column]);
        let levels = group.levels.iter();
        let levels =
            levels.map(|&(column, code)| rows.dimensions[column].levels[code as usize].as_str());
        let joined = |parts: Vec<&str>| (!parts.is_empty()).then(|| parts.join(", "));
        let n_persons = preset.round(group.persons.len());
        let n_with = preset.round(group.with.len());
        let value = match self.is_yes_no {
            // Shares are of rounded counts, so that they say no more than these.
            true => (n_persons > 0).then(|| n_with as f64 / n_persons as f64),
            false => Some(significant(
                group.total / group.persons.len() as f64,
                MEAN_DIGITS,
            )),
        };
        let is_value_shown = match self.is_yes_no {
            true => decided.is_with_shown(),
            false => decided.are_persons_shown() && !self.are_values_few,
        };
        LevelRow {
            indicator: self.indicator.to_owned(),
            by: joined(names.collect()),
            level_of: joined(levels.collect()),
            period: self.period,
            n_persons: decided.are_persons_shown().then_some(n_persons),
            n_with: (self.is_yes_no && is_value_shown).then_some(n_with),
            value: value.filter(|_| is_value_shown),
            counted: ReviewCounts {
                persons: group.persons.len(),
                with: self.is_yes_no.then(|| group.with.len()),
                reasons: [decided.persons, decided.with],
            },
            withheld: match (decided.are_persons_shown(), is_value_shown) {
                (true, true) => None,
                (true, false) if !self.is_yes_no => Some(WithheldReason::FewValues),
                _ => Some(WithheldReason::Protected),
            },
        }
    }
}

/// Means keep as many digits.
const MEAN_DIGITS: i32 = 3;

fn protection_rules(preset: &Preset) -> ProtectionRules {
    ProtectionRules {
        min_count: preset.min_count,
        width: preset.width,
        // What is rounded otherwise is taken to be known as it was counted.
        rounding: (preset.rounding == Rounding::Nearest).then_some(preset.round_to),
        zeros_are_sensitive: preset.hides_zeros,
        whole_below: WHOLE_BELOW,
    }
}
