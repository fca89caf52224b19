//! Rows with one known, randomly placed fault: each row's verdict must be the known one, whatever
//! the physical types and the size of the batches.

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;

use super::{batch, column, contract};
use crate::contract::TableContract;
use crate::ingest::{RawBatch, Validator};

/// A small generator (splitmix64), so that a failure can be repeated from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

const NAMES: [&str; 9] = [
    "id", "token", "fy", "day", "until", "term", "answer", "share", "month",
];

/// A row as text; what it breaks is known from how it was made.
struct Row {
    cells: [Option<String>; NAMES.len()],
    expected: Option<(&'static str, &'static str)>,
}

fn declared() -> TableContract {
    let keys = [
        ("token", "type = \"token\""),
        ("fy", "type = \"i16\""),
        ("day", "type = \"date\""),
        ("until", "type = \"date\"\nnullable = true"),
        (
            "term",
            "type = \"i8\"\ncodes = { 2 = \"b\", 3 = \"c\", 4 = \"d\" }",
        ),
        (
            "answer",
            "type = \"i8\"\nnullable = true\n\
             codes_by_term = { 3 = { 1 = \"y\", 2 = \"n\" }, 4 = { 1 = \"y\", 2 = \"f\", 3 = \"n\" } }",
        ),
        ("share", "type = \"f64\"\nnullable = true\nmin = 0\nmax = 1"),
        ("month", "type = \"month\""),
    ];
    let columns: String = keys.iter().map(|(name, keys)| column(name, keys)).collect();
    contract(
        "[[row_rules]]\nnot_after = [\"day\", \"until\"]\n[[row_rules]]\nfiscal_year_of = [\"fy\", \"day\"]",
        &columns,
    )
}

/// A row that keeps every rule.
fn valid_row(id: usize, random: &mut Random) -> Row {
    let (year, month) = (2010 + random.below(15), 1 + random.below(12));
    let fiscal_year = if month < 4 { year - 1 } else { year };
    let term = 2 + random.below(3);
    let answer = (term > 2 && random.below(4) > 0).then(|| 1 + random.below(term - 1));
    let until = (random.below(2) == 0).then(|| format!("{}1231", year + random.below(3)));
    let share = (random.below(3) > 0).then(|| format!("0.{}", random.below(1000)));
    let cells = [
        Some(format!("r{id}")),
        Some(format!("{:064x}", random.below(u64::MAX))),
        Some(fiscal_year.to_string()),
        Some(format!("{year}{month:02}{:02}", 1 + random.below(28))),
        until,
        Some(term.to_string()),
        answer.map(|answer| answer.to_string()),
        share,
        Some(format!("{year}{month:02}")),
    ];
    Row {
        cells,
        expected: None,
    }
}

/// Breaks one rule of a valid row; every mutation works on text as well as on numbers.
fn mutate(row: &mut Row, random: &mut Random) {
    let text = |text: &str| Some(text.to_owned());
    let (column, rule, value) = match random.below(14) {
        0 => (1, "token", text("0123456789abcdef")),
        1 => (1, "null", None),
        2 => (2, "fiscal_year", text("1999")),
        3 => (2, "range", text("40000")),
        4 => (3, "date", text("20230229")),
        5 => (3, "null", None),
        6 => (4, "not_after", text("20091231")),
        7 => (4, "date", text("20240631")),
        8 => (5, "code", text("5")),
        9 => (6, "code_for_term", text("4")),
        10 => (7, "range", text("1.25")),
        11 => (8, "date", text("202313")),
        12 => (8, "null", None),
        _ => (5, "null", None),
    };
    row.cells[column] = value;
    row.expected = Some((NAMES[column], rule));
}

/// The rows as a batch; numbers may come as 64-bit integers, texts as dictionaries or views.
fn deliver(rows: &[Row], random: &mut Random) -> RecordBatch {
    let columns = NAMES.iter().enumerate().map(|(at, name)| {
        let texts: StringArray = rows.iter().map(|row| row.cells[at].as_deref()).collect();
        let dictionary = DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Utf8));
        let forms = match *name {
            "id" | "token" => [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View],
            "share" => [DataType::Utf8, DataType::Float64, DataType::LargeUtf8],
            _ => [dictionary, DataType::Int64, DataType::Float64],
        };
        let form = &forms[usize::try_from(random.below(3)).expect("below three")];
        let array: ArrayRef = cast(&texts, form).expect("every text is a value of the form");
        assert_eq!(
            array.null_count(),
            texts.null_count(),
            "the delivery itself loses nothing"
        );
        (*name, array)
    });
    batch(columns.collect())
}

#[test]
fn verdicts_do_not_depend_on_types_or_batches() {
    let contract = declared();
    for seed in 0..60 {
        let mut random = Random(seed);
        let share_of_faults = random.below(5);
        let mut rows: Vec<Row> = (0..400).map(|id| valid_row(id, &mut random)).collect();
        for at in 0..rows.len() {
            if random.below(10) < share_of_faults {
                mutate(&mut rows[at], &mut random);
            } else if at > 0 && random.below(20) == 0 {
                let earlier = usize::try_from(random.below(at as u64)).expect("below a usize");
                rows[at].cells[0] = rows[earlier].cells[0].clone();
                if rows[earlier]
                    .expected
                    .is_none_or(|(_, rule)| rule == "duplicate_key")
                {
                    rows[at].expected = Some(("id", "duplicate_key"));
                }
            }
        }
        // A repeated id is also taken when two rows repeat the id of one that was rejected.
        let mut taken = std::collections::HashSet::new();
        for row in &mut rows {
            let is_broken = row
                .expected
                .is_some_and(|(_, rule)| rule != "duplicate_key");
            if !is_broken {
                let is_new = taken.insert(row.cells[0].clone());
                row.expected = (!is_new).then_some(("id", "duplicate_key"));
            }
        }
        let whole = deliver(&rows, &mut random);
        let mut validator = Validator::new(&contract, whole.schema_ref()).expect("the schema fits");
        let (mut found, mut at) = (vec![None; rows.len()], 0);
        let mut accepted = 0;
        while at < rows.len() {
            let size =
                (1 + usize::try_from(random.below(150)).expect("small")).min(rows.len() - at);
            let raw = RawBatch {
                first_row_number: at as u64 + 1,
                batch: whole.slice(at, size),
            };
            let validated = validator.validate(&raw).expect("a result");
            assert_eq!(
                validated.accepted.num_rows() + validated.rejects.len(),
                size
            );
            accepted += validated.accepted.to_lake_batch(1).num_rows();
            for (number, column, rule) in validated.rejects.reasons() {
                let row = usize::try_from(number).expect("a row number") - 1;
                found[row] = Some((column.to_owned(), rule.name()));
            }
            at += size;
        }
        for (at, (row, found)) in rows.iter().zip(&found).enumerate() {
            let found = found
                .as_ref()
                .map(|(column, rule)| (column.as_str(), *rule));
            assert_eq!(found, row.expected, "seed {seed}, row {}", at + 1);
        }
        let totals = validator.totals();
        assert_eq!(totals.rows_in, 400);
        assert_eq!(totals.accepted, accepted as u64);
        assert_eq!(totals.accepted + totals.rejected, 400);
    }
}
