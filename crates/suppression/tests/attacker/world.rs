//! Persons, tables of them, and releases of tables one after the other. Knows nothing of how tables are protected.

use std::collections::BTreeMap;

use crate::random::{Random, mixed};

pub(crate) const SEX: usize = 0;
pub(crate) const AGE: usize = 1;
pub(crate) const MUNICIPALITY: usize = 2;
pub(crate) const AREA: usize = 3;
pub(crate) const WORKSITE: usize = 4;
pub(crate) const EMPLOYER: usize = 5;
pub(crate) const INDUSTRY: usize = 6;
pub(crate) const BAND: usize = 7;
/// 0 no, 1 yes, 2 unknown.
pub(crate) const PROPERTY: usize = 8;

pub(crate) type Person = [u32; 9];

/// The persons of a release; those who are not in it are `None`.
pub(crate) type Population = Vec<Option<Person>>;

/// A cell by its label and its members.
#[derive(Debug, Clone)]
pub(crate) struct TableCell {
    pub(crate) label: u64,
    pub(crate) depth: u32,
    pub(crate) members: Vec<u32>,
    pub(crate) is_sensitive: bool,
}

pub(crate) type Release = Vec<TableCell>;

/// Groupings by columns, and whether cells are split by the property.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    groupings: Vec<Vec<usize>>,
    by_property: bool,
    sensitive_percent: u64,
}

/// Where persons are drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    municipalities: u64,
    worksites: u64,
    ages: u64,
    is_skewed: bool,
}

impl Source {
    /// With up to so many municipalities and worksites.
    pub(crate) fn new(random: &mut Random, most_places: u64) -> Self {
        Self {
            municipalities: random.between(2, most_places),
            worksites: random.between(2, most_places),
            ages: random.between(2, 5),
            is_skewed: random.chance(70),
        }
    }

    pub(crate) fn person(&self, random: &mut Random) -> Person {
        let mut draw = |n: u64| {
            (match self.is_skewed {
                true => random.skewed(n),
                false => random.below(n),
            }) as u32
        };
        let (municipality, worksite) = (draw(self.municipalities), draw(self.worksites));
        let age = draw(self.ages * 2);
        let mut person = [0; 9];
        person[SEX] = draw(2);
        person[AGE] = age;
        person[BAND] = age / 2;
        person[PROPERTY] = [0, 0, 1, 1, 2][draw(5) as usize];
        person[MUNICIPALITY] = municipality;
        person[AREA] = municipality / 2;
        at_worksite(person, worksite)
    }

    pub(crate) fn two_worksites(&self, random: &mut Random) -> [u32; 2] {
        let one = random.below(self.worksites);
        let other = (one + random.between(1, self.worksites - 1)) % self.worksites;
        [one as u32, other as u32]
    }
}

pub(crate) fn at_worksite(mut person: Person, worksite: u32) -> Person {
    person[WORKSITE] = worksite;
    person[EMPLOYER] = worksite / 2;
    person[INDUSTRY] = worksite / 4;
    person
}

/// What tables are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One to so many dimensions, each in one or more levels, and some of the margins.
    Any(u64),
    /// Worksites of employers of industries, and municipalities of areas or sex, with all margins.
    Hierarchy,
    /// Three dimensions with all margins.
    Cube,
}

pub(crate) fn table(random: &mut Random, shape: Shape) -> Table {
    let mut dimensions: Vec<Vec<usize>> = vec![
        vec![SEX],
        vec![BAND],
        vec![AREA, MUNICIPALITY],
        vec![INDUSTRY, EMPLOYER, WORKSITE],
    ];
    match shape {
        Shape::Any(most_dimensions) => {
            random.shuffle(&mut dimensions);
            dimensions.truncate(random.between(1, most_dimensions) as usize);
            for levels in &mut dimensions {
                levels.drain(..random.below(levels.len() as u64) as usize);
            }
        }
        Shape::Hierarchy => {
            dimensions.remove(1);
            dimensions.remove(usize::from(random.chance(50)));
        }
        Shape::Cube => {
            dimensions.remove(random.below(4) as usize);
            for levels in &mut dimensions {
                levels.drain(..levels.len() - 1);
            }
        }
    }
    let mut groupings: Vec<Vec<usize>> = vec![vec![]];
    for levels in &dimensions {
        let finer = groupings.iter().flat_map(|grouping| {
            levels
                .iter()
                .map(|level| [grouping.as_slice(), &[*level]].concat())
        });
        let finer: Vec<Vec<usize>> = finer.collect();
        groupings.extend(finer);
    }
    if matches!(shape, Shape::Any(_)) && random.chance(50) {
        groupings.retain(|_| random.chance(75));
    }
    if groupings.is_empty() {
        groupings.push(vec![SEX]);
    }
    let sensitive_percent = if random.chance(20) { 5 } else { 0 };
    Table {
        groupings,
        by_property: random.chance(30),
        sensitive_percent,
    }
}

/// The cells of tables over a population. Labels do not depend on it.
pub(crate) fn release(tables: &[Table], population: &Population) -> Release {
    let mut cells: BTreeMap<u64, TableCell> = BTreeMap::new();
    for table in tables {
        for grouping in &table.groupings {
            for (idx, person) in population.iter().enumerate() {
                let Some(person) = person else { continue };
                for asked in answers(table, person) {
                    let label = label(grouping, person, asked);
                    let cell = cells.entry(label).or_insert_with(|| TableCell {
                        label,
                        depth: grouping.len() as u32 * 2 + u32::from(asked == 1),
                        members: Vec::new(),
                        is_sensitive: mixed(label) % 100 < table.sensitive_percent,
                    });
                    cell.members.push(idx as u32);
                }
            }
        }
    }
    let mut cells: Vec<TableCell> = cells.into_values().collect();
    for cell in &mut cells {
        cell.members.sort_unstable();
        cell.members.dedup();
    }
    cells
}

/// 0 all, 1 has the property, 2 has a known answer.
fn answers(table: &Table, person: &Person) -> Vec<u64> {
    match (table.by_property, person[PROPERTY]) {
        (false, _) => vec![0],
        (true, 0) => vec![2],
        (true, 1) => vec![1, 2],
        (true, _) => vec![],
    }
}

fn label(grouping: &[usize], person: &Person, asked: u64) -> u64 {
    let start = mixed(asked + 77);
    grouping.iter().fold(start, |hash, column| {
        mixed(hash ^ ((*column as u64 + 1) << 32 | u64::from(person[*column] + 1)))
    })
}
