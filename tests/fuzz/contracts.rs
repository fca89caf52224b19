//! Contracts: `schemas/*.toml`, mutated and from scratch.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use korabo::contract::{DELIVERY_ID, ROW_NUMBER, TableContract};
use korabo::ingest::{RawBatch, Validator};
use korabo::session::causes;

use crate::mutate::{mutate_bytes, mutate_tokens};
use crate::random::Random;
use crate::seeds;
use crate::target::{Input, Target, place_within, went_through};
use crate::toml_text::{reprinted, value};

const FILE: &str = "schemas/table.toml";

/// The target.
pub(crate) struct Contracts {
    seeds: Vec<String>,
    dictionary: Vec<String>,
}

impl Contracts {
    pub(crate) fn new() -> Self {
        let mut seeds = seeds::texts("schemas", ".toml");
        seeds.extend(seeds::texts("examples/illinois/schemas", ".toml"));
        seeds.extend(seeds::blocks("toml"));
        Self {
            dictionary: seeds::dictionary(&seeds),
            seeds,
        }
    }
}

impl Target for Contracts {
    fn input(&mut self, random: &mut Random) -> Input {
        let seed = random.next();
        let text = match random.below(10) {
            0..=4 => mutate_tokens(random.pick(&self.seeds).as_str(), &self.dictionary, random),
            5..=7 => from_scratch(random),
            _ => {
                let mut bytes = random.pick(&self.seeds).clone().into_bytes();
                let other = random.pick(&self.seeds).clone().into_bytes();
                mutate_bytes(&mut bytes, &other, random);
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        Input {
            seed,
            about: FILE.to_owned(),
            body: text.into_bytes(),
        }
    }

    fn check(&mut self, input: &Input) -> Result<(), String> {
        let text = input.text();
        let parse = |text: &str| TableContract::parse("table", Path::new(FILE), text);
        let contract = match parse(&text) {
            Ok(contract) => contract,
            Err(error) => return place_within(&causes(&error).join("\n"), FILE, &text),
        };
        let printed = reprinted(&text).ok_or("a contract that is no TOML was taken")?;
        match parse(&printed) {
            // Columns come in the order of the file, which the other writer does not keep.
            Ok(again) if sorted(&again) == sorted(&contract) => {}
            Ok(_) => {
                return Err(format!(
                    "printed again, it means something else:\n{printed}"
                ));
            }
            Err(error) => return Err(format!("printed again, it is refused: {error}\n{printed}")),
        }
        takes_its_own_rows(&contract)?;
        takes_its_own_rows(&contract.key_only())?;
        drop(korabo::checks::catalogue(&[contract], &[]));
        went_through()
    }
}

fn sorted(contract: &TableContract) -> String {
    let mut contract = contract.clone();
    contract.columns.sort_by(|a, b| a.name.cmp(&b.name));
    format!("{contract:?}")
}

/// A delivery with the contract's own columns and types is read, and no row of it is lost.
pub(crate) fn takes_its_own_rows(contract: &TableContract) -> Result<(), String> {
    let schema = delivered(contract);
    let mut validator = Validator::new(contract, &schema)
        .map_err(|refusal| format!("it refuses its own columns: {refusal}"))?;
    let arrays = schema
        .fields()
        .iter()
        .map(|field| datafusion::arrow::array::new_null_array(field.data_type(), 3));
    let options = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(3));
    let batch =
        RecordBatch::try_new_with_options(Arc::clone(&schema), arrays.collect(), &options).unwrap();
    let validated = validator.validate(&RawBatch {
        first_row_number: 1,
        batch,
    });
    let validated = validated.map_err(|error| format!("validation failed: {error}"))?;
    match validated.accepted.num_rows() + validated.rejects.len() {
        3 => Ok(()),
        n => Err(format!("{n} of 3 rows are accounted for")),
    }
}

/// The columns a delivery of the contract has, all nullable.
pub(crate) fn delivered(contract: &TableContract) -> SchemaRef {
    let schema = contract.lake_schema();
    let fields = schema
        .fields()
        .iter()
        .filter(|field| ![DELIVERY_ID, ROW_NUMBER].contains(&field.name().as_str()));
    let fields: Vec<Field> = fields
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect();
    Arc::new(Schema::new(fields))
}

const TYPES: [&str; 10] = [
    "i8", "i16", "i32", "i64", "f64", "bool", "date", "month", "string", "token",
];

/// A contract that is mostly right.
pub(crate) fn from_scratch(random: &mut Random) -> String {
    let mut names: Vec<String> = (0..random.between(1, 6))
        .map(|at| format!("c{at}"))
        .collect();
    if random.chance(30) {
        names.push("term".to_owned());
    }
    if random.chance(10) {
        names.push(
            random
                .word(&[
                    "健診日",
                    "Große",
                    "氏名",
                    "name",
                    "_x",
                    "row_number",
                    "delivery_id",
                    "a b",
                ])
                .to_owned(),
        );
    }
    let key = random.pick(&names).clone();
    let mut text = format!(
        "description = \"t\"\ndescription_ja = \"t\"\ngrain = \"g\"\nholder = \"{}\"\nkey = [\"{key}\"]\n",
        random.word(&["insurer", "employer", "municipality", "public"])
    );
    if random.chance(20) {
        text.push_str(&format!("partition_by = [\"{}\"]\n", random.pick(&names)));
    }
    if random.chance(30) {
        let rule = random.word(&["not_after", "fiscal_year_of"]);
        text.push_str(&format!(
            "[[row_rules]]\n{rule} = [\"{}\", \"{}\"]\n",
            random.pick(&names),
            random.pick(&names)
        ));
    }
    for name in &names {
        let kind = if name == "term" {
            "i8"
        } else {
            random.word(&TYPES)
        };
        text.push_str(&format!(
            "[columns.\"{name}\"]\nname_ja = \"n\"\ndescription = \"d\"\ntype = \"{kind}\"\nprivacy = \"{}\"\n",
            random.word(&["open", "sensitive", "pseudonym"])
        ));
        column_rules(&mut text, kind, random);
    }
    if random.chance(15) {
        text = mutate_tokens(&text, &[], random);
    }
    text
}

fn column_rules(text: &mut String, kind: &str, random: &mut Random) {
    if random.chance(40) {
        text.push_str("nullable = true\n");
    }
    if random.chance(25) {
        let limits = [
            "0",
            "1",
            "-5",
            "100",
            "127",
            "128",
            "202401",
            "0.5",
            "-inf",
            "nan",
            "1e300",
            "9223372036854775807",
        ];
        text.push_str(&format!(
            "{} = {}\n",
            random.word(&["min", "max"]),
            random.word(&limits)
        ));
    }
    match kind {
        "string" if random.chance(40) => {
            let digits = ["1", "8", "0", "255", "4294967296", "-1"];
            text.push_str(&format!("pattern_digits = {}\n", random.word(&digits)));
        }
        "i8" | "i16" | "i32" | "i64" | "string" if random.chance(40) => {
            let codes = [
                "{ 1 = \"a\", 2 = \"b\" }",
                "{ 01 = \"a\" }",
                "{ -1 = \"a\" }",
                "{ 300 = \"a\" }",
                "{}",
                "{ \"\" = \"a\" }",
            ];
            text.push_str(&format!("codes = {}\n", random.word(&codes)));
        }
        "i8" | "i16" if random.chance(40) => {
            let codes = [
                "{ 3 = { 1 = \"y\" } }",
                "{ 3 = { 1 = \"y\" }, 4 = { 2 = \"n\" } }",
                "{ x = { 1 = \"y\" } }",
                "{ 3 = {} }",
            ];
            text.push_str(&format!("codes_by_term = {}\n", random.word(&codes)));
        }
        _ => {}
    }
    if random.chance(5) {
        let key = random.word(&[
            "min",
            "max",
            "codes",
            "nullable",
            "unit",
            "item_codes",
            "pattern_digits",
            "privacy",
            "typ",
        ]);
        text.push_str(&format!("{key} = {}\n", value(random, 0)));
    }
}
