//! What is asked and what is answered: atoms, cells, rules, and the decision for each cell. Decides nothing.

use thiserror::Error;

/// Tables to publish, and what left before, as sets of atoms.
///
/// An atom is a class of persons who are in exactly the same cells, over all tables of the new release and of all earlier releases
/// about the same subject.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// Persons in each atom. An atom without persons is a combination that could have had persons.
    pub atoms: Vec<u64>,
    /// The cells, in any order. Cells of the same atoms share their fate.
    pub cells: Vec<Cell>,
}

/// A cell of a table: the persons of a set of atoms.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Indices into [`Problem::atoms`], strictly increasing.
    pub atoms: Vec<u32>,
    /// What may happen to it.
    pub status: CellStatus,
    /// Lower is published first (totals), higher is withheld first.
    pub priority: u32,
    /// Names the cell whatever its position, such as a hash of table and coordinates. Decides between cells of equal priority and
    /// count, so that the pattern does not depend on the order of the input.
    pub key: u64,
}

/// What may happen to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellStatus {
    /// Published unless that would give something away.
    Candidate,
    /// Never published, and protected like a small cell: for example dominated by one employer.
    Sensitive,
    /// Withheld in an earlier release. Stays withheld, so that asking again gives the same answer.
    WithheldBefore,
    /// Left in an earlier release: the reader knows it.
    Left,
}

/// What counts as safe.
#[derive(Debug, Clone, Copy)]
pub struct ProtectionRules {
    /// A count of 1 to `min_count − 1` persons is protected, of a cell and of any group that follows from cells.
    pub min_count: u64,
    /// Persons. No protected count may be narrowed to an interval from `low` to `high` with `high − low < width`. At least 1.
    pub width: u64,
    /// Published counts are rounded to the nearest multiple of this base, halves up. `None` publishes them exactly. Holds for what
    /// left before as well: with `None` what left rounded is taken to be known exactly, which withholds more.
    pub rounding: Option<u64>,
    /// Whether a count of zero is protected like a small one, as in `acro`. Otherwise a zero is shown, as Japan's national
    /// claims database (NDB) has it, and the reader is taken to know every empty atom.
    pub zeros_are_sensitive: bool,
    /// Effort: groups of connected cells with up to this many atoms are solved as a whole, larger ones around each protected count.
    /// 150 to 300 is reasonable. Any number is safe; a small one withholds more.
    pub whole_below: usize,
}

/// The decisions.
#[derive(Debug, Clone, Default)]
pub struct Suppression {
    /// One for each cell of [`Problem::cells`], in their order.
    pub cells: Vec<Decision>,
    /// Every protected count, and what a reader can know of it.
    pub protected: Vec<ProtectedCount>,
    /// Protected counts that earlier releases narrowed below [`ProtectionRules::width`] or gave away. That cannot be undone; they
    /// are kept at what is left of their interval.
    pub already_disclosed: Vec<ProtectedCount>,
}

/// What happens to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Shown, rounded if the rules say so.
    Published,
    /// Not shown. The reason is for the owner of the data: a reader should see one mark for all reasons, as "too small" is
    /// itself an interval.
    Withheld(Reason),
}

/// Why a cell is withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It has 1 to `min_count − 1` persons (or none, where zeros are sensitive).
    Small,
    /// [`CellStatus::Sensitive`].
    Sensitive,
    /// With a cell that is published and contains it or lies in it, it would tell a small difference.
    Complement,
    /// With what left earlier it would tell a small difference.
    EarlierRelease,
    /// [`CellStatus::WithheldBefore`].
    WithheldBefore,
    /// So that others cannot be worked out.
    Secondary,
}

/// A protected count.
#[derive(Debug, Clone)]
pub struct ProtectedCount {
    /// What it is.
    pub origin: Origin,
    /// Its atoms, increasing.
    pub atoms: Vec<u32>,
    /// Its persons.
    pub count: u64,
    /// A reader cannot exclude either end: for both, whole tables exist that agree with all that was published and in which any one
    /// participant finds himself. The reader's own interval is at least this wide; the search stops when it is wide enough. Of
    /// [`Suppression::already_disclosed`] it can be wider than proven here.
    pub interval: Interval,
}

/// Where a protected count comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The cell with this index.
    Cell(usize),
    /// The difference of two nested cells.
    Difference {
        /// Index of the cell that contains the other.
        larger: usize,
        /// Index of the cell that lies in it.
        smaller: usize,
    },
    /// A small atom, or several that no published cell tells apart.
    Atom,
    /// A small group that follows from several cells.
    Combination,
}

/// From `low` to `high` persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Fewest persons.
    pub low: u64,
    /// Most persons.
    pub high: u64,
}

/// A problem that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProblemError {
    /// A cell names an atom that is not there.
    #[error("cell {cell} has atom {atom}, but there are {n_atoms} atoms")]
    NoSuchAtom {
        /// Index of the cell.
        cell: usize,
        /// The index it names.
        atom: u32,
        /// Number of atoms.
        n_atoms: usize,
    },
    /// The atoms of a cell are not strictly increasing.
    #[error("the atoms of cell {cell} are not strictly increasing")]
    Unsorted {
        /// Index of the cell.
        cell: usize,
    },
    /// Counts add up to more than 2^40 persons.
    #[error("the atoms have more than 2^40 persons")]
    TooManyPersons,
}

impl ProtectionRules {
    /// Whether a count is protected for its size.
    pub fn is_small(&self, count: u64) -> bool {
        count < self.min_count && (count > 0 || self.zeros_are_sensitive)
    }

    /// What is shown of a count.
    pub fn shown(&self, count: u64) -> u64 {
        match self.base() {
            Some(base) => (count + base / 2) / base * base,
            None => count,
        }
    }

    /// The counts that are shown as `count` is.
    pub(crate) fn looks_alike(&self, count: u64) -> Interval {
        let Some(base) = self.base() else {
            return Interval {
                low: count,
                high: count,
            };
        };
        // Halves go up: from half a base below to just short of half a base above.
        let low = self.shown(count).saturating_sub(base / 2);
        let high = (self.shown(count) + base).saturating_sub(base / 2 + 1);
        // The reader knows the rules: what is shown is zero or not small.
        if count >= self.min_count {
            return Interval {
                low: low.max(self.min_count),
                high,
            };
        }
        let low = if count > 0 { low.max(1) } else { low };
        Interval {
            low,
            high: if count == 0 { 0 } else { high },
        }
    }

    pub(crate) fn base(&self) -> Option<u64> {
        self.rounding.filter(|base| *base > 1)
    }
}
