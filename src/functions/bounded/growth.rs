//! What a function's result may come to, in bytes and row by row, from its arguments. Never too little; where a
//! function's own rules are intricate, rather much.

use datafusion::arrow::array::{Array as _, AsArray as _};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
};
use datafusion::logical_expr::ColumnarValue;

use super::concatenation;
use super::widths::{Widths, bytes_of};

/// How a result follows from the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// No larger than all arguments together, or of a fixed size.
    None,
    /// So many times all arguments together.
    Times(u64),
    /// `repeat(text, n)`, `array_repeat(element, n)`.
    Repeated,
    /// `lpad(text, n, fill)`: `n` characters.
    Padded,
    /// `replace(text, from, to)`.
    Replaced,
    /// `regexp_replace(text, expression, to, flags)`.
    Matched,
    /// `regexp_match(text, expression)`: the text once for each group.
    Groups,
    /// `array_to_string(array, separator)`: a separator for each element.
    Separated,
    /// `array_replace(array, from, to)`.
    ElementsReplaced,
    /// `array_resize(array, n, element)`.
    Resized,
    /// `range(start, end, step)`.
    Series,
    /// `levenshtein(a, b)`: small, but every character of one is compared with every character of the other, in one step.
    /// 64 comparisons count as a byte.
    Compared,
    /// `to_char(time, format)`: up to this many bytes per byte of the format.
    Formatted,
}

/// Functions whose result can be larger than their arguments, or that grow when they are applied again and again.
const GROWING: &[(&str, Growth)] = &[
    ("repeat", Growth::Repeated),
    ("array_repeat", Growth::Repeated),
    ("lpad", Growth::Padded),
    ("rpad", Growth::Padded),
    ("replace", Growth::Replaced),
    ("regexp_replace", Growth::Matched),
    ("regexp_match", Growth::Groups),
    ("array_to_string", Growth::Separated),
    ("array_replace", Growth::ElementsReplaced),
    ("array_replace_n", Growth::ElementsReplaced),
    ("array_replace_all", Growth::ElementsReplaced),
    ("array_resize", Growth::Resized),
    ("range", Growth::Series),
    ("generate_series", Growth::Series),
    ("to_char", Growth::Formatted),
    ("levenshtein", Growth::Compared),
    ("overlay", Growth::Times(2)),
    ("concat", Growth::Times(1)),
    ("concat_ws", Growth::Separated),
    (concatenation::NAME, Growth::Times(1)),
    ("encode", Growth::Times(2)),
    ("translate", Growth::Times(4)),
    ("upper", Growth::Times(3)),
    ("lower", Growth::Times(3)),
    ("initcap", Growth::Times(3)),
    ("string_to_array", Growth::Times(8)),
    ("arrow_cast", Growth::Times(8)),
    ("array_concat", Growth::Times(1)),
    ("array_append", Growth::Times(1)),
    ("array_prepend", Growth::Times(1)),
    ("array_union", Growth::Times(1)),
    ("arrays_zip", Growth::Times(1)),
    ("make_array", Growth::Times(1)),
    ("array_positions", Growth::Times(8)),
    ("struct", Growth::Times(1)),
    ("named_struct", Growth::Times(1)),
    ("map", Growth::Times(2)),
    ("map_entries", Growth::Times(2)),
];

impl Growth {
    pub(super) fn of(name: &str) -> Self {
        let known = GROWING.iter().find(|(growing, _)| *growing == name);
        known.map_or(Self::None, |(_, growth)| *growth)
    }

    /// Whether a value can be larger than those it is made of.
    pub(super) fn grows(self) -> bool {
        self != Self::None
    }

    /// At least the bytes of all rows together, without looking at each row; much where that cannot be said.
    pub(super) fn quick_estimate(self, args: &[ColumnarValue], n_rows: usize) -> u64 {
        let times = match self {
            Self::None => 1,
            Self::Times(times) => times,
            // Per row, and rows are few where it matters.
            _ => return u64::MAX,
        };
        let sizes = args.iter().map(|arg| match arg {
            ColumnarValue::Array(array) => bytes_of(array.as_ref()) as u64,
            ColumnarValue::Scalar(value) => (value.size() as u64).saturating_mul(n_rows as u64),
        });
        sizes.fold(0_u64, u64::saturating_add).saturating_mul(times)
    }

    /// Bytes of each row's result.
    pub(super) fn estimates(self, args: &[ColumnarValue], n_rows: usize) -> Vec<u64> {
        let row: Box<dyn Fn(usize) -> u64> = match (self, args) {
            (Self::Repeated, [value, n, ..]) => {
                let (widths, n) = (Widths::of(value), Integers::of(n));
                Box::new(move |row| widths.row(row).saturating_mul(n.row(row)))
            }
            (Self::Padded, [text, n, ..]) => {
                let (widths, n) = (Widths::of(text), Integers::of(n));
                // A character has up to four bytes.
                Box::new(move |row| widths.row(row).saturating_add(n.row(row).saturating_mul(4)))
            }
            (Self::Replaced, [text, from, to]) => {
                let all = [text, from, to].map(Widths::of);
                Box::new(move |row| {
                    let [text, from, to] = [0, 1, 2].map(|idx: usize| all[idx].row(row));
                    // Widths hold the four bytes of an offset. An empty text is found once more than there are characters.
                    let n = text / from.saturating_sub(4).max(1) + 1;
                    text.saturating_add(n.saturating_mul(to))
                })
            }
            (Self::Matched, [text, _, to, rest @ ..]) => matched(text, to, rest.first()),
            (Self::Groups, [text, expression, ..]) => {
                let (widths, groups) = (Widths::of(text), signs(expression, '('));
                Box::new(move |row| widths.row(row).saturating_mul(groups.row(row) + 1))
            }
            (Self::Separated, [first, rest @ ..]) => separated(first, rest),
            (Self::ElementsReplaced, [array, _, to, ..]) => {
                let (n, array, to) = (
                    Widths::elements_of(array),
                    Widths::of(array),
                    Widths::of(to),
                );
                Box::new(move |row| {
                    array
                        .row(row)
                        .saturating_add(n.row(row).saturating_mul(to.row(row)))
                })
            }
            (Self::Resized, [array, n, rest @ ..]) => {
                let (array, n) = (Widths::of(array), Integers::of(n));
                let element = rest.first().map_or(Widths::All(0), Widths::of);
                Box::new(move |row| {
                    let added = n.row(row).saturating_mul(element.row(row) + 16);
                    array.row(row).saturating_add(added)
                })
            }
            (Self::Compared, [left, right]) => {
                let (left, right) = (Widths::of(left), Widths::of(right));
                Box::new(move |row| left.row(row).saturating_mul(right.row(row)) / 64)
            }
            (Self::Series, args) => series(args),
            (Self::Formatted, [time, format]) => {
                let (time, format) = (Widths::of(time), Widths::of(format));
                Box::new(move |row| 64 + time.row(row) + format.row(row).saturating_mul(32))
            }
            (growth, args) => {
                let times = match growth {
                    Self::Times(times) => times,
                    _ => 1,
                };
                let widths: Vec<Widths> = args.iter().map(Widths::of).collect();
                Box::new(move |row| {
                    let widths = widths.iter().map(|width| width.row(row));
                    widths
                        .fold(0_u64, u64::saturating_add)
                        .saturating_mul(times)
                })
            }
        };
        (0..n_rows).map(row).collect()
    }
}

type PerRow = Box<dyn Fn(usize) -> u64>;

fn matched(text: &ColumnarValue, to: &ColumnarValue, flags: Option<&ColumnarValue>) -> PerRow {
    let is_once = match flags {
        None => true,
        Some(ColumnarValue::Scalar(flags)) => flags
            .try_as_str()
            .flatten()
            .is_none_or(|flags| !flags.contains('g')),
        Some(ColumnarValue::Array(_)) => false,
    };
    let (widths, with) = (Widths::of(text), Widths::of(to));
    let (dollars, slashes) = (signs(to, '$'), signs(to, '\\'));
    Box::new(move |row| {
        let text = widths.row(row);
        // An expression that matches the empty text matches once more than there are characters.
        let n = if is_once { 1 } else { text + 1 };
        let groups = dollars.row(row) + slashes.row(row);
        let own = n.saturating_mul(with.row(row));
        // Matches do not overlap, so all of them together put each group in at most as often as the text is long.
        own.saturating_add(text.saturating_mul(groups + 1))
    })
}

/// How often a sign is in the text of each row; where that is not a constant, as if every byte were.
fn signs(argument: &ColumnarValue, sign: char) -> Widths {
    match argument {
        ColumnarValue::Scalar(value) => {
            let text = value.try_as_str().flatten().unwrap_or_default();
            Widths::All(text.matches(sign).count() as u64)
        }
        ColumnarValue::Array(_) => Widths::of(argument),
    }
}

/// `array_to_string(array, separator, null)` and `concat_ws(separator, a, b, …)`, whose arguments may be arrays.
fn separated(first: &ColumnarValue, rest: &[ColumnarValue]) -> PerRow {
    let all = std::iter::once(first).chain(rest);
    let n: Vec<Widths> = all.clone().map(Widths::elements_of).collect();
    let is_list: Vec<bool> = all.clone().map(|arg| arg.data_type().is_nested()).collect();
    let widths: Vec<Widths> = all.map(Widths::of).collect();
    Box::new(move |row| {
        let mut sum = 0_u64;
        let mut n_elements = 0_u64;
        let mut widest = 0_u64;
        for idx in 0..widths.len() {
            let width = widths[idx].row(row);
            if is_list[idx] {
                // A number of eight bytes may have 24 digits.
                sum = sum.saturating_add(width.saturating_mul(4));
                n_elements = n_elements.saturating_add(n[idx].row(row));
            } else {
                sum = sum.saturating_add(width);
                n_elements += 1;
                widest = widest.max(width);
            }
        }
        match is_list.contains(&true) {
            true => sum.saturating_add(n_elements.saturating_mul(widest)),
            // The separator is the first.
            false => sum.saturating_add(widths[0].row(row).saturating_mul(n_elements)),
        }
    })
}

fn series(args: &[ColumnarValue]) -> PerRow {
    const ELEMENT: u64 = 8;
    if let [start, end, step] = args
        && matches!(step.data_type(), DataType::Interval(_))
    {
        let (start, end, step) = (
            Integers::seconds(start),
            Integers::seconds(end),
            Steps::of(step),
        );
        return Box::new(move |row| {
            let span = start.signed(row).abs_diff(end.signed(row));
            (span / step.row(row).max(1) + 2).saturating_mul(ELEMENT * step.per_second(row))
        });
    }
    let all: Vec<Integers> = args.iter().map(Integers::of).collect();
    Box::new(move |row| {
        let value = |idx: usize| all.get(idx).map_or(0, |numbers| numbers.signed(row));
        let (start, end, step) = match all.len() {
            1 => (0, value(0), 1),
            2 => (value(0), value(1), 1),
            _ => (value(0), value(1), value(2)),
        };
        // Steps that lead away from the end make an empty series.
        if (end < start) == (step > 0) && end != start {
            return ELEMENT;
        }
        let n = start.abs_diff(end) / step.unsigned_abs().max(1);
        n.saturating_add(1).saturating_mul(ELEMENT)
    })
}

/// Whole numbers of an argument; what is none counts as the largest.
enum Integers {
    All(i64),
    Each(Vec<i64>),
}

impl Integers {
    fn of(argument: &ColumnarValue) -> Self {
        Self::cast_to(argument, &[DataType::Int64])
    }

    /// Times as seconds.
    fn seconds(argument: &ColumnarValue) -> Self {
        let seconds = DataType::Timestamp(TimeUnit::Second, None);
        Self::cast_to(argument, &[seconds, DataType::Int64])
    }

    fn cast_to(argument: &ColumnarValue, types: &[DataType]) -> Self {
        let is_constant = matches!(argument, ColumnarValue::Scalar(_));
        let n_rows = match argument {
            ColumnarValue::Array(array) => array.len(),
            ColumnarValue::Scalar(_) => 1,
        };
        let numbers = argument.to_array(n_rows).ok().and_then(|array| {
            let mut array = array;
            for data_type in types {
                array = cast(&array, data_type).ok()?;
            }
            let numbers = array.as_primitive::<Int64Type>().iter();
            // NULL makes NULL.
            Some(numbers.map(Option::unwrap_or_default).collect::<Vec<_>>())
        });
        match numbers {
            None => Self::All(i64::MAX),
            Some(numbers) if is_constant => Self::All(numbers.first().copied().unwrap_or(0)),
            Some(numbers) => Self::Each(numbers),
        }
    }

    fn signed(&self, row: usize) -> i64 {
        match self {
            Self::All(number) => *number,
            Self::Each(numbers) => numbers.get(row).copied().unwrap_or(0),
        }
    }

    /// As a count: what is below 0 makes nothing.
    fn row(&self, row: usize) -> u64 {
        u64::try_from(self.signed(row)).unwrap_or(0)
    }
}

/// Lengths of intervals: whole seconds, or how many of them there are in one.
struct Steps(Vec<i128>);

impl Steps {
    const SECOND: i128 = 1_000_000_000;

    fn of(argument: &ColumnarValue) -> Self {
        let n_rows = match argument {
            ColumnarValue::Array(array) => array.len(),
            ColumnarValue::Scalar(_) => 1,
        };
        let day = 86_400 * Self::SECOND;
        let wanted = DataType::Interval(IntervalUnit::MonthDayNano);
        let steps = argument.to_array(n_rows).ok();
        let steps = steps.and_then(|array| cast(&array, &wanted).ok());
        let steps = steps.map(|array| {
            let steps = array.as_primitive::<IntervalMonthDayNanoType>().iter();
            steps
                .map(|step| {
                    let step = step.unwrap_or_default();
                    // The shortest month, so that there are never more steps than estimated.
                    let days = i128::from(step.months) * 28 + i128::from(step.days);
                    (days * day + i128::from(step.nanoseconds)).abs()
                })
                .collect()
        });
        // What cannot be read counts as the smallest step, which makes the longest series.
        Self(steps.unwrap_or_else(|| vec![1]))
    }

    fn nanoseconds(&self, row: usize) -> i128 {
        let step = self.0.get(row).or_else(|| self.0.first());
        step.copied().unwrap_or(1).max(1)
    }

    fn row(&self, row: usize) -> u64 {
        u64::try_from(self.nanoseconds(row) / Self::SECOND).unwrap_or(u64::MAX)
    }

    fn per_second(&self, row: usize) -> u64 {
        u64::try_from(Self::SECOND / self.nanoseconds(row))
            .unwrap_or(1)
            .max(1)
    }
}
