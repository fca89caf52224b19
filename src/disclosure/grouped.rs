//! Small-cell control of a grouped result: which groups and which of their numbers are withheld, given how many
//! persons stand behind each. Values themselves are not read.

use std::collections::HashMap;

use super::rules::{DisclosureRules, is_small};

/// A grouped result as the rules see it.
#[derive(Debug, Clone, Default)]
pub struct GroupedCounts {
    /// For every grouping column, which of its values each group has.
    pub keys: Vec<Vec<usize>>,
    /// Units (persons) of each group.
    pub units: Vec<u64>,
    /// For every number of the result, what stands behind it in each group.
    pub columns: Vec<Vec<CellCounts>>,
}

/// What stands behind one number of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellCounts {
    /// Units that the number is made of.
    pub contributors: u64,
    /// Units that the reader could work out as the rest; `None` where there is no such rest.
    pub others: Option<u64>,
    /// Whether the number tells how many units of the group have a property, so that other such numbers of
    /// the group may add up with it.
    pub is_part: bool,
}

/// What is withheld.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HiddenCells {
    /// Whether a whole group is withheld.
    pub groups: Vec<bool>,
    /// For every number, whether it is withheld in each group.
    pub cells: Vec<Vec<bool>>,
}

/// Decides what of a grouped result is withheld.
///
/// A group with 1 to `min_count − 1` units is withheld as a whole, a number when so few units or so few others
/// stand behind it. Then every line of the table (the groups that differ in one grouping column only, and all together) gets at
/// least two hidden cells above zero that are together at least `min_count`, or none, so that no total of a line gives a
/// cell away; within a group, the other parts are withheld with a hidden part. For one grouping column this is the rule of
/// [`super::counts::release_counts`]; for several, cells could still be narrowed down by combining lines.
#[must_use]
pub fn protect_groups(counts: &GroupedCounts, rules: DisclosureRules) -> HiddenCells {
    let lines = lines(&counts.keys, counts.units.len());
    let small = |&n: &u64| is_small(n, rules);
    let mut groups: Vec<bool> = counts.units.iter().map(small).collect();
    // What is hidden for one line can leave another with a single hidden cell.
    while protect_lines(&lines, &counts.units, &mut groups, rules) {}
    let sizes: Vec<Vec<u64>> = counts
        .columns
        .iter()
        .map(|column| column.iter().map(|cell| smaller_side(*cell)).collect())
        .collect();
    let mut cells: Vec<Vec<bool>> = sizes
        .iter()
        .map(|column| {
            let behind = column.iter().zip(&groups);
            behind.map(|(n, hidden)| *hidden || small(n)).collect()
        })
        .collect();
    loop {
        let mut has_changed = hide_other_parts(counts, &groups, &mut cells);
        for (column, hidden) in sizes.iter().zip(&mut cells) {
            has_changed |= protect_lines(&lines, column, hidden, rules);
        }
        if !has_changed {
            return HiddenCells { groups, cells };
        }
    }
}

/// The smaller of the contributors and the others, of those that are above zero.
fn smaller_side(cell: CellCounts) -> u64 {
    let sides = [Some(cell.contributors), cell.others];
    let above_zero = sides.into_iter().flatten().filter(|n| *n > 0);
    above_zero.min().unwrap_or(0)
}

/// Groups that differ in one grouping column only, for every such column, and all of them.
fn lines(keys: &[Vec<usize>], n_groups: usize) -> Vec<Vec<usize>> {
    let mut lines = Vec::new();
    for skipped in 0..keys.len() {
        let mut by_rest: HashMap<Vec<usize>, Vec<usize>> = HashMap::new();
        for group in 0..n_groups {
            let rest = keys.iter().enumerate();
            let rest = rest.filter(|(position, _)| *position != skipped);
            let rest = rest.map(|(_, values)| values[group]).collect();
            by_rest.entry(rest).or_default().push(group);
        }
        lines.extend(by_rest.into_values());
    }
    // A key that follows from another leaves lines of one group: there is the total of all, too.
    if keys.len() > 1 {
        lines.push((0..n_groups).collect());
    }
    lines
}

/// Hides more cells until each line is protected. Returns whether any was hidden.
fn protect_lines(
    lines: &[Vec<usize>],
    counts: &[u64],
    hidden: &mut [bool],
    rules: DisclosureRules,
) -> bool {
    let mut has_changed = false;
    for line in lines {
        loop {
            let above_zero = || line.iter().copied().filter(|&group| counts[group] > 0);
            let kept_back = || above_zero().filter(|&group| hidden[group]);
            let n_hidden = kept_back().count();
            let total: u64 = kept_back().map(|group| counts[group]).sum();
            if n_hidden == 0 || (n_hidden > 1 && total >= rules.min_count) {
                break;
            }
            let next = above_zero().filter(|&group| !hidden[group]);
            let Some(next) = next.min_by_key(|&group| (counts[group], group)) else {
                break;
            };
            hidden[next] = true;
            has_changed = true;
        }
    }
    has_changed
}

/// Where one part of a group is withheld, its other parts are too. Returns whether any was hidden.
fn hide_other_parts(counts: &GroupedCounts, groups: &[bool], cells: &mut [Vec<bool>]) -> bool {
    let mut has_changed = false;
    for group in (0..groups.len()).filter(|&group| !groups[group]) {
        let is_part = |column: usize| counts.columns[column][group].is_part;
        if !(0..cells.len()).any(|column| is_part(column) && cells[column][group]) {
            continue;
        }
        for column in (0..cells.len()).filter(|&column| is_part(column)) {
            has_changed |= !cells[column][group];
            cells[column][group] = true;
        }
    }
    has_changed
}

#[cfg(test)]
mod tests;
