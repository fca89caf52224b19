//! What a reader knows: definitions, published values, marks, rules. No true counts are in here, and nothing of `protect`.

/// A cell as a reader sees it in a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReaderCell {
    /// The classes of persons in it, by its definition.
    pub(crate) classes: Vec<usize>,
    /// The number, or the mark that it is withheld.
    pub(crate) shown: Option<i64>,
}

/// All that was published, and the rules of publication.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) seen: Vec<ReaderCell>,
    pub(crate) min_count: i64,
    pub(crate) base: Option<i64>,
    pub(crate) zeros_are_shown: bool,
}

/// `low ≤ Σ classes ≤ high`.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub(crate) classes: Vec<usize>,
    pub(crate) low: i64,
    pub(crate) high: i64,
}

/// More persons than there are.
pub(crate) const MANY: i64 = 1_000_000;

impl Reader {
    /// What follows from each cell alone.
    pub(crate) fn facts(self) -> Vec<Fact> {
        let (min_count, base) = (self.min_count, self.base);
        let facts = self.seen.into_iter().filter_map(|cell| {
            let (low, high) = match cell.shown {
                Some(value) => rounded_to(value, base, min_count),
                None if self.zeros_are_shown => (1, MANY),
                None => return None,
            };
            Some(Fact {
                classes: cell.classes,
                low,
                high,
            })
        });
        facts.collect()
    }
}

fn rounded_to(value: i64, base: Option<i64>, min_count: i64) -> (i64, i64) {
    let Some(base) = base else {
        return (value, value);
    };
    // All n with floor((n + floor(base / 2)) / base) · base = value.
    let mut low = value - base / 2;
    let high = low + base - 1;
    if value == 0 {
        low = 0;
    } else if low < min_count {
        low = min_count.min(high);
    }
    (low, high)
}
