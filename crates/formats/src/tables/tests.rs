//! Batches have the columns of contracts.

use arrow_array::Array as _;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int16Type};

use arrow_schema::DataType;

use super::*;
use crate::checkup::{Tables, checkup_of, read_document};
use crate::uke::{ClaimReader, Encoding, Masters, ReadOptions, RowMaker};
use crate::{Place, Rejects, Tokeniser};

fn tokeniser() -> Tokeniser {
    Tokeniser::new(b"4f1c9a0be27d83563de8a1f0942b7c65").unwrap()
}

/// Columns of a contract: name, type and whether it may be missing.
fn contract(table: &str) -> Vec<(String, DataType, bool)> {
    let path = format!("{}/../../schemas/{table}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = fs_err::read_to_string(path).unwrap();
    let contract: toml::Table = text.parse().unwrap();
    // A TOML table forgets the order of its keys; the file has it.
    let names = text
        .lines()
        .filter_map(|line| line.strip_prefix("[columns.")?.strip_suffix(']'));
    let column = |name: &str| {
        let column = &contract["columns"][name];
        let kind = match column["type"].as_str().unwrap() {
            "i8" => DataType::Int8,
            "i16" => DataType::Int16,
            "i32" | "month" => DataType::Int32,
            "f64" => DataType::Float64,
            "bool" => DataType::Boolean,
            "date" => DataType::Date32,
            _ => DataType::Utf8,
        };
        let is_nullable = column
            .get("nullable")
            .and_then(toml::Value::as_bool)
            .unwrap_or(false);
        (name.to_owned(), kind, is_nullable)
    };
    names.map(column).collect()
}

fn schema(batch: &RecordBatch) -> Vec<(String, DataType, bool)> {
    let schema = batch.schema();
    let fields = schema.fields().iter();
    fields
        .map(|field| {
            (
                field.name().clone(),
                field.data_type().clone(),
                field.is_nullable(),
            )
        })
        .collect()
}

#[test]
fn batches_of_claims_have_the_contracts_columns() {
    let file = "IR,1,13,1,1234567,,,202405,00,\r\nRE,1,1112,202404,,1,19691028\r\nHO,06130512,12,345,2,500\r\n\
                SB,2500013,,,E119,11,,\r\nIY,21,1,610000001,1,10,7\r\n";
    let options = ReadOptions {
        file: "RECEIPTC.UKE".into(),
        encoding: Encoding::Cp932,
    };
    let mut reader = ClaimReader::new(file.as_bytes(), options);
    let read = reader.next_claim().unwrap().unwrap();
    let (tokeniser, mut masters) = (tokeniser(), Masters::default());
    let drug = format!(",Y,610000001{}2144001F1024", ",".repeat(29));
    masters.read_drugs(drug.as_bytes(), "y.csv").unwrap();
    let person = tokeniser.person(&read.identity).without_branch.unwrap();
    let rows = [RowMaker::new(&tokeniser, &masters).billed(&read.claim, person)];
    for (table, batch) in [
        ("claims", claims(&rows).unwrap()),
        ("claim_diagnoses", claim_diagnoses(&rows).unwrap()),
        ("claim_drugs", claim_drugs(&rows).unwrap()),
    ] {
        assert_eq!(schema(&batch), contract(table), "{table}");
        assert_eq!(batch.num_rows(), 1, "{table}");
    }
    assert_eq!(
        claim_drugs(&rows).unwrap()["days_supplied"]
            .as_primitive::<Int16Type>()
            .value(0),
        7
    );
    assert_eq!(claims(&[]).unwrap().num_rows(), 0);
}

#[test]
fn batches_of_checkups_have_the_contracts_columns_and_round_half_up() {
    let document = r#"<ClinicalDocument><code code="10"/><recordTarget><patientRole><id extension="06130512" root="1.2.392.200119.6.101"/></patientRole></recordTarget>
        <documentationOf><serviceEvent><effectiveTime value="20240611"/></serviceEvent></documentationOf>
        <section><observation><code code="9A755000000000001"/><value type="PQ" value="129.5" unit="mm[Hg]"/></observation>
        <observation><code code="9N006000000000001"/><value type="PQ" value="60.25" unit="kg"/></observation></section></ClinicalDocument>"#;
    let tables = Tables::built_in().unwrap();
    let read = read_document(document.as_bytes())
        .map_err(|(rule, _)| rule)
        .unwrap();
    let mut rejects = Rejects::default();
    let place = Place::default();
    let checkup = checkup_of(
        &read.document,
        &read.identity,
        &tables.checkups,
        &tables.thresholds,
        (&place, &mut rejects),
    )
    .unwrap();
    let person = tokeniser().token("test", &["person"]);
    let contract = contract("checkups");
    let wanted: Vec<&str> = contract[6..]
        .iter()
        .map(|(name, ..)| name.as_str())
        .collect();
    let batch = checkups(&[(person, checkup)], &tables.checkups, &wanted).unwrap();
    assert_eq!(schema(&batch), contract);
    assert_eq!(batch["sbp_mmhg"].as_primitive::<Int16Type>().value(0), 130);
    assert_eq!(
        batch["weight_kg"].as_primitive::<Float64Type>().value(0),
        60.25
    );
    assert!(batch["height_cm"].is_null(0));
}

#[test]
fn batches_of_guidance_begin_with_the_contracts_columns() {
    let tables = Tables::built_in().unwrap();
    let batch = guidance(
        &[],
        &tables.guidance,
        &["final_weight_kg", "process_points"],
    )
    .unwrap();
    let contract = contract("guidance");
    assert_eq!(schema(&batch)[..contract.len()], contract);
    let more: Vec<_> = schema(&batch)[contract.len()..]
        .iter()
        .map(|(name, ..)| name.clone())
        .collect();
    assert_eq!(
        more,
        [
            "category",
            "evaluation_date",
            "n_supports",
            "final_weight_kg",
            "process_points"
        ]
    );
}
