//! Dense codes for integers: ranks in ascending order, by table where the range allows it. Text is coded by the caller.

/// The code of a missing category, for clusters and categorical columns.
pub const MISSING_CODE: u32 = u32::MAX;

/// The cohort of units that are never exposed.
pub const NEVER: i32 = i32::MAX;

/// The distinct values, ascending, among those that `visit` hands to its argument.
pub(crate) fn distinct_i32(visit: impl FnOnce(&mut dyn FnMut(i32))) -> Vec<i32> {
    // Periods and cohorts are few, so a short list beats any hash table; a bit map catches the usual years.
    let mut distinct: Vec<i32> = Vec::new();
    // 4,096 values from 0 on; what lies outside is searched for in the list alone.
    let mut seen = [0_u64; 64];
    visit(&mut |value| {
        let (word, bit) = ((value >> 6) as usize, 1_u64 << (value & 63));
        if value >= 0 && word < seen.len() {
            if seen[word] & bit != 0 {
                return;
            }
            seen[word] |= bit;
        }
        let place = distinct.partition_point(|&known| known < value);
        if distinct.get(place) != Some(&value) {
            distinct.insert(place, value);
        }
    });
    distinct
}

/// The rank of each value among the distinct ones, and how many there are.
pub(crate) fn rank_i64(values: &[i64]) -> (Vec<u32>, usize) {
    let (Some(&low), Some(&high)) = (values.iter().min(), values.iter().max()) else {
        return (Vec::new(), 0);
    };
    // Ids may span all of `i64`, which its own difference cannot hold.
    let span = i128::from(high) - i128::from(low) + 1;
    // Ids are mostly dense integers: a table of up to four times their number is a pass each way, sorting is n log n.
    if span <= 4 * values.len() as i128 + 1024 {
        return rank_by_table(values, low, span as usize);
    }
    let mut distinct = values.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let rank = |value: &i64| distinct.partition_point(|known| known < value) as u32;
    (values.iter().map(rank).collect(), distinct.len())
}

fn rank_by_table(values: &[i64], low: i64, span: usize) -> (Vec<u32>, usize) {
    let mut table = vec![0_u32; span];
    for &value in values {
        table[(value - low) as usize] = 1;
    }
    let mut next = 0;
    // A running sum without the own entry: the number of smaller values seen, which is the rank.
    for entry in &mut table {
        let seen = *entry;
        *entry = next;
        next += seen;
    }
    (
        values
            .iter()
            .map(|&value| table[(value - low) as usize])
            .collect(),
        next as usize,
    )
}

/// Index of each period by value.
pub(crate) fn period_lookup(periods: &[i32]) -> impl Fn(i32) -> usize + use<> {
    let periods = periods.to_vec();
    let first = periods[0];
    // Two `i32` can be further apart than an `i32` holds.
    let span = (i64::from(periods[periods.len() - 1]) - i64::from(first)) as usize + 1;
    let mut table = Vec::new();
    // Years and months fit; a lookup per row is then one read.
    if span <= 1 << 16 {
        table = vec![0_u16; span];
        for (index, &period) in periods.iter().enumerate() {
            table[(period - first) as usize] = index as u16;
        }
    }
    move |period| {
        if table.is_empty() {
            periods.partition_point(|&known| known < period)
        } else {
            usize::from(table[(period - first) as usize])
        }
    }
}

/// Cluster codes renumbered by first appearance, so that they do not depend on how the caller numbered them; returns how many
/// there are.
pub(crate) fn renumber_clusters(codes: &mut [u32]) -> usize {
    // Sums over clusters run in the order of these codes, which is why the caller must not choose it.
    let mut new_codes = vec![MISSING_CODE; codes.iter().max().map_or(0, |&max| max as usize + 1)];
    let mut next = 0;
    for code in codes {
        let new_code = &mut new_codes[*code as usize];
        if *new_code == MISSING_CODE {
            *new_code = next;
            next += 1;
        }
        *code = *new_code;
    }
    next as usize
}

/// The same, and the caller's code of each new one.
pub(crate) fn renumber_and_name(codes: &mut [u32]) -> Vec<u32> {
    let old = codes.to_vec();
    let n = renumber_clusters(codes);
    let mut names = Vec::with_capacity(n);
    for (&old, &new) in old.iter().zip(codes.iter()) {
        // New codes are in the order of their first appearance.
        if new as usize == names.len() {
            names.push(old);
        }
    }
    names
}

pub(crate) fn count_distinct(mut items: Vec<u32>) -> u64 {
    items.sort_unstable();
    items.dedup();
    items.len() as u64
}
