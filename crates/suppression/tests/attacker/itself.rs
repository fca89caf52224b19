//! The attacker is as strong as he can be: on tiny tables he knows what trying all tables tells.

use crate::attack::{Attack, Outcome};
use crate::programs::Program;
use crate::propagation::{Facts, Ranges};
use crate::random::Random;
use crate::reader::{Fact, MANY};

/// More persons than a class of a tiny table can have.
const MOST: i64 = 12;

#[test]
fn programs_find_what_enumeration_finds() {
    let random = &mut Random::new(5);
    for _ in 0..400 {
        let Tiny { truth, facts } = tiny(random);
        let facts = Facts::new(facts, truth.len());
        let target = some_classes(random, truth.len());
        let all = by_enumeration(&facts, &target).unwrap();
        let ranges = Ranges::of(&facts);
        let program = Program::new(&facts, &ranges, &target);
        let [least, most] = [program.least(&truth), program.most(&truth)].map(Option::unwrap);
        assert_eq!((least.value, most.value), all, "{facts:?}");
        for extreme in [least, most] {
            assert!(facts.allow(&extreme.table), "{facts:?}");
            let sum: i64 = target.iter().map(|class| extreme.table[*class]).sum();
            assert_eq!(sum, extreme.value, "{facts:?}");
        }
        let simple = ranges.of_sum(&target);
        assert!(simple.0 <= all.0 && simple.1 >= all.1, "{facts:?}");
    }
}

#[test]
fn attacks_succeed_where_enumeration_says_so() {
    let random = &mut Random::new(6);
    let mut n_narrowed = 0;
    for _ in 0..400 {
        let Tiny { truth, facts } = tiny(random);
        let target = some_classes(random, truth.len());
        let width = random.between(1, 4) as i64;
        let outcome = Attack::new(facts.clone(), truth.clone(), width).on(&target);
        let readers = (0..truth.len()).filter(|class| truth[*class] > 0);
        let mut is_narrowed = false;
        for who in std::iter::once(None).chain(readers.map(Some)) {
            let mut known = facts.clone();
            known.extend(who.map(|class| Fact {
                classes: vec![class],
                low: 1,
                high: MANY,
            }));
            let known = Facts::new(known, truth.len());
            let (low, high) = by_enumeration(&known, &target).unwrap();
            is_narrowed |= high - low < width;
        }
        let is_recovered = matches!(outcome, Outcome::Narrowed(_));
        assert_eq!(is_recovered, is_narrowed, "{outcome:?} of {facts:?}");
        assert_ne!(outcome, Outcome::Unsolved);
        n_narrowed += usize::from(is_narrowed);
    }
    // Both happen.
    assert!((100..300).contains(&n_narrowed), "{n_narrowed}");
}

struct Tiny {
    truth: Vec<i64>,
    facts: Vec<Fact>,
}

fn tiny(random: &mut Random) -> Tiny {
    let n_classes = random.between(2, 4) as usize;
    let truth: Vec<i64> = (0..n_classes).map(|_| random.below(4) as i64).collect();
    let mut facts = vec![fact(&truth, (0..n_classes).collect(), 0)];
    for _ in 0..random.below(4) {
        let classes = some_classes(random, n_classes);
        facts.push(fact(&truth, classes, random.below(2) as i64));
    }
    Tiny { truth, facts }
}

fn some_classes(random: &mut Random, n_classes: usize) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..n_classes).filter(|_| random.chance(50)).collect();
    if classes.is_empty() {
        classes.push(0);
    }
    classes
}

fn fact(truth: &[i64], classes: Vec<usize>, around: i64) -> Fact {
    let sum: i64 = classes.iter().map(|class| truth[*class]).sum();
    Fact {
        classes,
        low: (sum - around).max(0),
        high: (sum + around).min(MANY),
    }
}

/// All tables with up to [`MOST`] persons in a class, one by one: the least and the most of a target.
fn by_enumeration(facts: &Facts, target: &[usize]) -> Option<(i64, i64)> {
    let mut bounds: Option<(i64, i64)> = None;
    let mut table = vec![0_i64; facts.n_classes()];
    loop {
        if facts.allow(&table) {
            let sum = target.iter().map(|class| table[*class]).sum();
            let known = bounds.get_or_insert((sum, sum));
            *known = (known.0.min(sum), known.1.max(sum));
        }
        let Some(next) = table.iter().position(|count| *count < MOST) else {
            return bounds;
        };
        table[..next].iter_mut().for_each(|count| *count = 0);
        table[next] += 1;
    }
}
