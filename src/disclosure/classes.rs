//! Persons who are in exactly the same sets: what counts can be taken apart into.

use std::collections::HashMap;

use roaring::RoaringBitmap;

/// Classes of persons, numbered by their first person.
#[derive(Debug, Default)]
pub struct Classes {
    /// Persons of each class.
    pub counts: Vec<u64>,
    /// For every set, its classes, rising.
    pub of_sets: Vec<Vec<u32>>,
    places: Places,
    /// By place of the person.
    of_persons: Vec<u32>,
}

impl Classes {
    /// The classes of persons in `sets`.
    #[must_use]
    pub fn of(sets: &[&RoaringBitmap]) -> Self {
        // Each set has 128 random bits; persons in the same sets have the same sum of them.
        let mut everybody = RoaringBitmap::new();
        sets.iter().for_each(|set| everybody |= *set);
        let places = Places::of(&everybody);
        let mut sums = vec![0_u128; places.n];
        for (place, set) in (1..).zip(sets) {
            let bits = random_bits(place);
            for person in *set {
                sums[places.of_person(person)] ^= bits;
            }
        }
        let mut class_of_sum: HashMap<u128, u32> = HashMap::new();
        let mut counts: Vec<u64> = Vec::new();
        let mut classes = vec![0_u32; places.n];
        for (place, sum) in sums.into_iter().enumerate() {
            let next = class_of_sum.len();
            let class = class_of_sum.entry(sum);
            let class = *class.or_insert_with(|| u32::try_from(next).unwrap_or(u32::MAX));
            if class as usize == counts.len() {
                counts.push(0);
            }
            counts[class as usize] += 1;
            classes[place] = class;
        }
        let of_sets: Vec<Vec<u32>> = sets
            .iter()
            .map(|set| {
                let persons = set.iter();
                let mut found: Vec<u32> = persons
                    .map(|person| classes[places.of_person(person)])
                    .collect();
                found.sort_unstable();
                found.dedup();
                found
            })
            .collect();
        Self {
            counts,
            of_sets,
            places,
            of_persons: classes,
        }
    }

    /// The fewest persons that a class has beside those of `set`, over the classes with persons of it; `None` where it has none in
    /// any. No combination of the sets tells the count of `set` from that of as many others.
    #[must_use]
    pub fn fewest_others(&self, set: &RoaringBitmap) -> Option<u64> {
        let mut own: HashMap<u32, u64> = HashMap::new();
        for person in set {
            if let Some(place) = self.places.find(person) {
                *own.entry(self.of_persons[place]).or_insert(0) += 1;
            }
        }
        let others = own.into_iter();
        let others = others.map(|(class, n)| self.counts[class as usize] - n);
        others.min()
    }
}

/// Whether two sets differ, and by fewer persons than may be told of.
#[must_use]
pub fn is_nearly(a: &RoaringBitmap, b: &RoaringBitmap, min_count: u64) -> bool {
    a.len().abs_diff(b.len()) < min_count && {
        let difference = a.len() + b.len() - 2 * a.intersection_len(b);
        difference > 0 && difference < min_count
    }
}

/// Where persons stand in their order.
#[derive(Debug, Default)]
struct Places {
    n: usize,
    /// By person, where their numbers lie close together.
    by_person: Vec<u32>,
    persons: Vec<u32>,
}

/// Numbers per person up to which a table of all numbers is worth its room.
const SPARSE: u64 = 64;

impl Places {
    fn of(everybody: &RoaringBitmap) -> Self {
        let persons: Vec<u32> = everybody.iter().collect();
        let last = persons.last().map_or(0, |last| u64::from(*last) + 1);
        let mut by_person = Vec::new();
        if last <= SPARSE * persons.len() as u64 {
            by_person = vec![0; usize::try_from(last).unwrap_or(0)];
            for (place, person) in (0..).zip(&persons) {
                by_person[*person as usize] = place;
            }
        }
        Self {
            n: persons.len(),
            by_person,
            persons,
        }
    }

    fn find(&self, person: u32) -> Option<usize> {
        let place = match self.by_person.is_empty() {
            true => self.persons.partition_point(|other| *other < person),
            false => *self.by_person.get(person as usize)? as usize,
        };
        // A number that is no person's points at the first place, which is another's.
        (self.persons.get(place) == Some(&person)).then_some(place)
    }

    fn of_person(&self, person: u32) -> usize {
        match self.by_person.is_empty() {
            true => self.persons.partition_point(|other| *other < person),
            false => self.by_person[person as usize] as usize,
        }
    }
}

/// The bits of a set, by its place (SplitMix64, Steele, Lea and Flood 2014).
fn random_bits(place: u64) -> u128 {
    let mix = |n: u64| {
        let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        n ^ (n >> 31)
    };
    (u128::from(mix(2 * place)) << 64) | u128::from(mix(2 * place + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(persons: &[u32]) -> RoaringBitmap {
        persons.iter().copied().collect()
    }

    #[test]
    fn persons_of_a_class_are_in_the_same_sets() {
        let (all, women, next_year) = (set(&[1, 2, 3, 9]), set(&[2, 3]), set(&[3, 9, 20]));
        let classes = Classes::of(&[&all, &women, &next_year]);
        assert_eq!(classes.counts, [1, 1, 1, 1, 1]);
        assert_eq!(
            classes.of_sets,
            [vec![0, 1, 2, 3], vec![1, 2], vec![2, 3, 4]]
        );
        let classes = Classes::of(&[&all, &women]);
        assert_eq!(classes.counts, [2, 2]);
        assert_eq!(classes.of_sets, [vec![0, 1], vec![1]]);
    }

    #[test]
    fn no_sets_and_empty_sets_have_no_classes() {
        let none = Classes::of(&[]);
        assert!(none.counts.is_empty() && none.of_sets.is_empty());
        let far = set(&[3, u32::MAX]);
        assert_eq!(Classes::of(&[&far, &set(&[3])]).counts, [1, 1]);
        let classes = Classes::of(&[&set(&[])]);
        assert!(classes.counts.is_empty());
        assert_eq!(classes.of_sets, [Vec::<u32>::new()]);
    }

    #[test]
    fn others_of_the_same_classes_are_counted() {
        let everybody: RoaringBitmap = (0..100).collect();
        let half: RoaringBitmap = (0..50).collect();
        let classes = Classes::of(&[&everybody, &half]);
        assert_eq!(classes.fewest_others(&(0..10).collect()), Some(40));
        assert_eq!(classes.fewest_others(&(45..60).collect()), Some(40));
        assert_eq!(classes.fewest_others(&(2..50).collect()), Some(2));
        assert_eq!(classes.fewest_others(&(100..120).collect()), None);
        assert_eq!(classes.fewest_others(&(90..120).collect()), Some(40));
    }

    #[test]
    fn classes_count_everybody_once() {
        let sets: Vec<RoaringBitmap> = (1..40_u32)
            .map(|step| (0..1_000).filter(|person| person % step == 0).collect())
            .collect();
        let sets: Vec<&RoaringBitmap> = sets.iter().collect();
        let classes = Classes::of(&sets);
        assert_eq!(classes.counts.iter().sum::<u64>(), 1_000);
        for (set, of_set) in sets.iter().zip(&classes.of_sets) {
            let n: u64 = of_set
                .iter()
                .map(|&class| classes.counts[class as usize])
                .sum();
            assert_eq!(n, set.len());
        }
    }
}
