//! Documents written by hand, judgements, archives, and what hostile ones can do.

mod archives;
mod comparison;
mod judgements;

use chrono::NaiveDate;

use super::*;
use crate::{Identity, IdentityFields, Place, Rejects, Rule};

/// A checkup of a woman born on 28 October 1969, with `results`, on `day`.
fn document(day: &str, results: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<c:ClinicalDocument xmlns:c="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <c:code code="10" codeSystem="1.2.392.200119.6.1001"/><c:effectiveTime value="20990101"/>
  <c:recordTarget><c:patientRole>
    <c:id extension="06130512" root="1.2.392.200119.6.101"/><c:id extension="１２&amp;３" root="1.2.392.200119.6.204"/>
    <c:id extension="０４５６" root="1.2.392.200119.6.205"/><c:id extension="02" root="1.2.392.200119.6.211"/>
    <c:addr><c:postalCode>100-0000</c:postalCode>架空町</c:addr>
    <c:patient><c:name>カクウ　ハナコ</c:name><c:administrativeGenderCode code="2"/><c:birthTime value="19691028"/></c:patient>
  </c:patientRole></c:recordTarget>
  <c:author><c:assignedAuthor><c:representedOrganization><c:id extension="1311234567" root="1.2.392.200119.6.102"/><c:name>架空健診所</c:name></c:representedOrganization></c:assignedAuthor></c:author>
  <c:participant typeCode="HLD"><c:associatedEntity><c:id extension="24112345678" root="1.2.392.200119.6.209.1"/></c:associatedEntity></c:participant>
  <c:documentationOf><c:serviceEvent><c:code code="010"/><c:effectiveTime value="{day}"/></c:serviceEvent></c:documentationOf>
  <c:component><c:structuredBody><c:component><c:section><c:code code="01010"/><c:text><c:list><c:item>所見</c:item></c:list></c:text>
    {results}
  </c:section></c:component></c:structuredBody></c:component>
</c:ClinicalDocument>"#
    )
}

/// A quantity.
fn pq(item: &str, value: &str, unit: &str) -> String {
    format!(
        r#"<c:entry><c:observation classCode="OBS"><c:code code="{item}"/><c:value xsi:type="PQ" value="{value}" unit="{unit}"/>
        <c:author><c:assignedAuthor><c:assignedPerson><c:name>架空医師</c:name></c:assignedPerson></c:assignedAuthor></c:author>
        <c:referenceRange><c:observationRange><c:value xsi:type="IVL_PQ"><c:low value="1" unit="kg"/></c:value><c:interpretationCode code="N"/></c:observationRange></c:referenceRange>
        </c:observation></c:entry>"#
    )
}

fn coded(item: &str, code: &str) -> String {
    format!(
        r#"<c:entry><c:observation><c:code code="{item}"/><c:value xsi:type="CD" code="{code}"/></c:observation></c:entry>"#
    )
}

fn raw(item: &str, inner: &str) -> String {
    format!(r#"<c:entry><c:observation><c:code code="{item}"/>{inner}</c:observation></c:entry>"#)
}

struct Outcome {
    checkup: Result<Checkup, Rule>,
    rejects: Vec<(Option<String>, Rule)>,
}

fn read(day: &str, results: &str) -> Outcome {
    let read = read_document(document(day, results).as_bytes())
        .map_err(|(rule, _)| rule)
        .unwrap();
    let tables = Tables::built_in().unwrap();
    let mut rejects = Rejects::default();
    let place = Place::default();
    let checkup = checkup_of(
        &read.document,
        &read.identity,
        &tables.checkups,
        &tables.thresholds,
        (&place, &mut rejects),
    );
    let rejects = rejects
        .first()
        .iter()
        .map(|reject| (reject.place.record.clone(), reject.rule))
        .collect();
    Outcome { checkup, rejects }
}

#[track_caller]
fn values(day: &str, results: &str, expected: &[(&str, f64)]) -> Outcome {
    let outcome = read(day, results);
    let table = ItemTable::checkups().unwrap();
    let checkup = outcome.checkup.as_ref().unwrap();
    let found: Vec<(&str, f64)> = table
        .columns()
        .iter()
        .zip(&checkup.values)
        .filter_map(|(column, value)| Some((column.name.as_str(), (*value)?)))
        .collect();
    let mut expected = expected.to_vec();
    expected.sort_by_key(|(name, _)| table.index(name));
    assert_eq!(found, expected);
    outcome
}

#[test]
fn a_document_is_read() {
    let results = [
        pq("9N001000000000001", "158.5", "cm"),
        pq("3F015000002327201", "１５０", "mg/dl"),
        coded("9N736000000000011", "2"),
        coded("9N501000000000011", "3"),
    ];
    let expected = [
        ("height_cm", 158.5),
        ("triglycerides_mgdl", 150.0),
        ("q_smoking", 2.0),
        ("metabolic_code", 3.0),
    ];
    let outcome = values("20240611", &results.concat(), &expected);
    assert_eq!(outcome.rejects, []);
    let checkup = outcome.checkup.unwrap();
    assert_eq!(
        checkup.checkup_date,
        NaiveDate::from_ymd_opt(2024, 6, 11).unwrap()
    );
    assert_eq!(
        (checkup.fiscal_year, checkup.term, checkup.record_kind),
        (2024, 4, 1)
    );
    assert_eq!(
        (checkup.insurer_id.as_str(), checkup.counts.n_read),
        ("06130512", 4)
    );

    let read = read_document(document("20240611", "").as_bytes())
        .map_err(|(rule, _)| rule)
        .unwrap();
    let expected = Identity::new(&IdentityFields {
        insurer_number: "06130512",
        symbol: "12&3",
        number: "456",
        branch: "02",
        kana_name: "カクウハナコ",
        birth_date: "19691028",
        sex: "2",
    });
    assert!(read.identity == expected);
    assert_eq!(
        (
            read.document.category,
            read.document.program,
            read.document.ticket_year
        ),
        (10, Some(10), None)
    );
}

#[test]
fn of_several_methods_the_first_in_order_wins() {
    let results = [
        pq("9N016160300000001", "80", "cm"),
        pq("9N016160100000001", "82", "cm"),
        pq("3D010000001999901", "99", "mg/dL"),
        pq("3D010000002227101", "101", "mg/dL"),
        pq("3D010000002227101", "102", "mg/dL"),
    ];
    values(
        "20240611",
        &results.concat(),
        &[("waist_cm", 82.0), ("fasting_glucose_mgdl", 101.0)],
    );
    // One that cannot be used leaves its place to the next.
    let results = [
        raw(
            "9N016160100000001",
            r#"<c:value xsi:type="PQ" nullFlavor="NI"/>"#,
        ),
        pq("9N016160200000001", "80", "cm"),
    ];
    values("20240611", &results.concat(), &[("waist_cm", 80.0)]);
}

#[test]
fn both_pressures_are_of_one_reading() {
    let (first, second) = (
        pq("9A751000000000001", "131", "mm[Hg]"),
        pq("9A752000000000001", "128", "mm[Hg]"),
    );
    let diastolic = pq("9A761000000000001", "84", "mmHg");
    values(
        "20240611",
        &[first.clone(), second.clone(), diastolic.clone()].concat(),
        &[("sbp_mmhg", 131.0), ("dbp_mmhg", 84.0)],
    );
    let other = pq("9A765000000000001", "80", "mm[Hg]");
    let all = [
        first,
        second,
        diastolic,
        other,
        pq("9A755000000000001", "129", "mm[Hg]"),
    ]
    .concat();
    values("20240611", &all, &[("sbp_mmhg", 129.0), ("dbp_mmhg", 80.0)]);
    let apart = [
        pq("9A755000000000001", "129", "mm[Hg]"),
        pq("9A761000000000001", "84", "mm[Hg]"),
    ]
    .concat();
    values(
        "20240611",
        &apart,
        &[("sbp_mmhg", 129.0), ("dbp_mmhg", 84.0)],
    );
}

#[test]
fn what_was_not_measured_is_counted_not_invented() {
    let results = [
        pq("9N006000000000001", "60", "kg"),
        r#"<c:entry><c:observation negationInd="true"><c:code code="2A030000001930101"/></c:observation></c:entry>"#.into(),
        raw("3F070000002327101", r#"<c:value xsi:type="PQ" nullFlavor="NI"/>"#),
        raw("3F077000002327101", r#"<c:value xsi:type="PQ" nullFlavor="NI"/><c:interpretationCode code="L"/>"#),
        raw("3B090000002327101", r#"<c:value xsi:type="PQ" value="99999" unit="U/L"/><c:interpretationCode code="H"/>"#),
        raw("3B045000002327201", r#"<c:value xsi:type="PQ" value="55" unit="U/L"/><c:interpretationCode code="H"/>"#),
        raw("9N511000000000049", r#"<c:value xsi:type="ST">架空花子さんは異常なし</c:value>"#),
        raw("9N001000000000001", r#"<c:value xsi:type="PQ" value="170"/>"#),
    ];
    let expected = [("weight_kg", 60.0), ("alt_ul", 55.0), ("height_cm", 170.0)];
    let outcome = values("20240611", &results.concat(), &expected);
    assert_eq!(outcome.rejects, []);
    let expected = ItemCounts {
        n_read: 3,
        n_text: 1,
        n_not_done: 1,
        n_null: 1,
        n_below: 1,
        n_above: 1,
        n_unitless: 1,
        n_refused: 0,
    };
    assert_eq!(outcome.checkup.unwrap().counts, expected);
}

#[test]
fn wrong_results_are_refused_one_by_one() {
    for (result, rule) in [
        (pq("9N001000000000001", "1.70", "m"), Rule::Unit),
        (pq("9N001000000000001", "17.0", "cm"), Rule::Range),
        (pq("9N001000000000001", "測定不能", "cm"), Rule::Number),
        (pq("9N001000000000001", "NaN", "cm"), Rule::Number),
        (pq("9N001000000000001", "1e2", "cm"), Rule::Number),
        (pq("9N001000000000001", "1700000000000", "cm"), Rule::Number),
        (coded("9N001000000000001", "1"), Rule::Code),
        (coded("9N736000000000011", "4"), Rule::Code),
        (coded("9N736000000000011", "はい"), Rule::Code),
        (coded("9N786000000000011", "0"), Rule::Code),
        (coded("9N806000000000011", "1"), Rule::CodeForTerm),
        (pq("9N701000000000011", "1", ""), Rule::Code),
        (coded("架空花子", "1"), Rule::UnknownItem),
    ] {
        let others = pq("9N006000000000001", "60", "kg");
        let outcome = values(
            "20240611",
            &(result.clone() + &others),
            &[("weight_kg", 60.0)],
        );
        let (record, found) = &outcome.rejects[0];
        assert_eq!((outcome.rejects.len(), *found), (1, rule), "{result}");
        assert_eq!(
            record.is_none(),
            rule == Rule::UnknownItem,
            "an unknown code may be anything and is not told"
        );
    }
}

#[test]
fn answers_are_those_of_the_terms_questionnaire() {
    let smoking = coded("9N736000000000011", "3");
    values("20240401", &smoking, &[("q_smoking", 3.0)]);
    let refused = read(
        "20240331",
        &(smoking + &pq("9N006000000000001", "60", "kg")),
    );
    assert_eq!(
        refused.rejects,
        [(Some("9N736000000000011".into()), Rule::CodeForTerm)]
    );
    assert_eq!(refused.checkup.unwrap().term, 3);
    values(
        "20230601",
        &coded("9N806000000000011", "2"),
        &[("q_wants_guidance", 2.0)],
    );
    values(
        "20240601",
        &coded("9N808000000000011", "2"),
        &[("q_received_guidance", 2.0)],
    );
}

#[test]
fn records_say_what_they_hold() {
    let kind = |results: &str| {
        read("20240611", results)
            .checkup
            .map(|checkup| checkup.record_kind)
    };
    let (weight, smoking, metabolic) = (
        pq("9N006000000000001", "60", "kg"),
        coded("9N736000000000011", "1"),
        coded("9N501000000000011", "4"),
    );
    assert_eq!(kind(&(weight.clone() + &smoking)), Ok(1));
    assert_eq!(kind(&(weight + &metabolic)), Ok(2));
    assert_eq!(kind(&(smoking + &metabolic)), Ok(3));
    assert_eq!(kind(&metabolic), Err(Rule::Missing));
    assert_eq!(kind(""), Err(Rule::Missing));
}

#[test]
fn documents_without_what_a_row_needs_are_refused() {
    let weight = pq("9N006000000000001", "60", "kg");
    assert_eq!(read("20241301", &weight).checkup, Err(Rule::DateForm));
    let flagged = read("5010203", &weight).checkup.unwrap();
    assert!(flagged.era_crossed);
    let tables = Tables::built_in().unwrap();
    let refusal = |from: &str, to: &str| {
        let read = read_document(document("20240611", &weight).replace(from, to).as_bytes())
            .map_err(|(rule, _)| rule)?;
        let mut rejects = Rejects::default();
        checkup_of(
            &read.document,
            &read.identity,
            &tables.checkups,
            &tables.thresholds,
            (&Place::default(), &mut rejects),
        )
    };
    assert_eq!(refusal("06130512", "保険者"), Err(Rule::NoInsurer));
    assert_eq!(
        refusal("c:code code=\"10\"", "c:code code=\"22\""),
        Err(Rule::NotThisDocument)
    );
    assert_eq!(
        refusal("c:ClinicalDocument", "c:Bundle"),
        Err(Rule::NotThisDocument)
    );
}

#[test]
fn jds_is_converted_and_flagged() {
    let jds = pq("3D045000001906202", "5.2", "%");
    let outcome = values(
        "20120611",
        &jds,
        &[("hba1c_jds_pct", 5.2), ("hba1c_pct", 5.6)],
    );
    let checkup = outcome.checkup.unwrap();
    assert_eq!((checkup.is_jds_converted, checkup.term), (true, 1));
    let both = jds + &pq("3D046000001906202", "5.5", "%");
    let outcome = values(
        "20130611",
        &both,
        &[("hba1c_jds_pct", 5.2), ("hba1c_pct", 5.5)],
    );
    assert!(!outcome.checkup.unwrap().is_jds_converted);
}

#[test]
fn results_in_results_and_series_are_read() {
    let nested = format!(
        r#"<c:entry><c:observation><c:code nullFlavor="NA"/><c:entryRelationship typeCode="COMP">{}</c:entryRelationship></c:observation></c:entry>"#,
        r#"<c:observation><c:code code="9A755000000000001"/><c:value xsi:type="PQ" value="120" unit="mm[Hg]"/></c:observation>"#
    );
    values("20240611", &nested, &[("sbp_mmhg", 120.0)]);
}

#[test]
fn values_without_a_type_are_read_by_what_they_have() {
    let results = raw("9N736000000000011", r#"<c:value code="1"/>"#)
        + &raw("9N006000000000001", r#"<c:value value="60" unit="kg"/>"#);
    values(
        "20240611",
        &results,
        &[("q_smoking", 1.0), ("weight_kg", 60.0)],
    );
    let empty = raw("9N736000000000011", r#"<c:value xsi:type="CD"/>"#)
        + &pq("9N006000000000001", "60", "kg");
    let outcome = values("20240611", &empty, &[("weight_kg", 60.0)]);
    assert_eq!(outcome.checkup.unwrap().counts.n_null, 1);
}

#[test]
fn the_table_of_items_agrees_with_the_contract() {
    let contract = fs_err::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../schemas/checkups.toml"
    ))
    .unwrap();
    let contract: toml::Table = contract.parse().unwrap();
    let table = ItemTable::checkups().unwrap();
    let mut n_codes = 0;
    for (name, column) in contract["columns"].as_table().unwrap() {
        let Some(codes) = column.get("item_codes") else {
            continue;
        };
        let index = table.index(name);
        for (at, code) in codes.as_array().unwrap().iter().enumerate() {
            let item = table.item(code.as_str().unwrap()).unwrap();
            assert_eq!(
                (item.column, usize::from(item.order)),
                (index, at + 1),
                "{name}: {code}"
            );
            let bound = |key: &str| column.get(key).and_then(toml::Value::as_float);
            assert_eq!(
                (item.low, item.high),
                (bound("min"), bound("max")),
                "{name}"
            );
            let last = |codes: &toml::Value| {
                codes
                    .as_table()
                    .unwrap()
                    .keys()
                    .map(|key| key.parse::<u32>().unwrap())
                    .max()
            };
            for (term, answers) in ["2", "3", "4"].iter().zip(item.answers) {
                let expected = match (column.get("codes"), column.get("codes_by_term")) {
                    (Some(codes), _) => last(codes),
                    (_, Some(terms)) => terms.get(term).map_or(Some(0), last),
                    _ => None,
                };
                assert_eq!(answers, expected, "{name}, term {term}");
            }
            n_codes += 1;
        }
    }
    assert_eq!((n_codes, table.items().count()), (78, 329));
}

#[test]
fn broken_tables_of_items_are_refused() {
    let header = "code,type,unit,column,order,low,high,codes_2,codes_3,codes_4,source\n";
    let refusal = |line: &str| {
        ItemTable::parse(&format!("# note\n{header}{line}\n"), "items.csv")
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(refusal("1,PQ,cm,a,1,,,,,,x"), None);
    for (line, problem) in [
        ("1,PQ,cm", "an item has eleven fields"),
        ("1,XX,cm,a,1,,,,,,x", "a type is PQ, CD, CO or ST"),
        ("1,PQ,cm,a,1,low,,,,,x", "low and high are numbers"),
        (
            "1,ST,,a,1,,,,,,x",
            "text is never read: an ST item has no column",
        ),
        (
            "1,PQ,cm,a,1,,,,,,x\n1,PQ,cm,a,1,,,,,,x",
            "the code occurs twice",
        ),
        (
            "1,PQ,cm,a,1,,,,,,x\n2,CD,,a,2,,,,,,x",
            "items of one column are all PQ or all coded",
        ),
    ] {
        let line_number = 2 + line.lines().count();
        assert_eq!(
            refusal(line),
            Some(format!("`items.csv` line {line_number}: {problem}"))
        );
    }
    assert!(ItemTable::parse("code,type\n", "items.csv").is_err());
}
