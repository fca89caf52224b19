//! Archives, round trips through the writers, and hostile input.

use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn identity() -> Identity {
    Identity::new(&IdentityFields {
        insurer_number: "06130512",
        symbol: "い<1&",
        number: "456",
        branch: "02",
        kana_name: "カクウ<&ハナコ",
        birth_date: "19691028",
        sex: "2",
    })
}

struct Archive {
    found: Vec<Found>,
    rejects: Rejects,
    summary: ArchiveSummary,
}

fn read_zip(bytes: Vec<u8>) -> Archive {
    let tables = Tables::built_in().unwrap();
    let mut reader = ArchiveReader::open_zip(Cursor::new(bytes), "archive.zip", &tables).unwrap();
    let mut found = Vec::new();
    while let Some(document) = reader.next_found() {
        found.push(document);
    }
    Archive {
        found,
        rejects: reader.rejects().clone(),
        summary: reader.summary().clone(),
    }
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn rule_of(document: &[u8]) -> Rule {
    read_document(document).map(|_| ()).unwrap_err().0
}

fn checkup(results: &str) -> Checkup {
    read("20240611", results).checkup.unwrap()
}

#[test]
fn archives_are_read_as_zip_and_as_folder() {
    let one = document("20240611", &pq("9N006000000000001", "60", "kg"));
    let index = r#"<index xmlns="http://tokuteikenshin.jp/checkup/2007"><sender><id extension="1311234567"/></sender>
        <receiver><id extension="06130512"/></receiver><serviceEventType code="1"/><totalRecordCount value="3"/></index>"#;
    let files: [(&str, &[u8]); 7] = [
        ("root_1/ix08_V08.xml", index.as_bytes()),
        (
            "root_1/su08_V08.xml",
            b"<summary><totalSubjectCount value=\"3\"/></summary>",
        ),
        ("root_1/DATA/h1.xml", one.as_bytes()),
        (
            "root_1/DATA/h2.xml",
            b"<ClinicalDocument><code code=\"10\"/>",
        ),
        ("root_1/CLAIMS/c1.xml", b"<checkupClaim/>"),
        ("root_1/XSD/hc08_V08.xsd", b"<schema/>"),
        ("../../DATA/h3.xml", one.as_bytes()),
    ];
    let Archive {
        found,
        rejects,
        summary,
    } = read_zip(zip_of(&files));
    assert_eq!(found.len(), 2);
    let index = ArchiveIndex {
        sender: "1311234567".into(),
        receiver: "06130512".into(),
        service_event_type: Some(1),
        total_record_count: Some(3),
    };
    let expected = ArchiveSummary {
        index: Some(index),
        total_subject_count: Some(3),
        n_documents: 3,
        n_refused: 1,
        n_others: 2,
    };
    assert_eq!((&summary, summary.is_complete()), (&expected, Some(true)));
    let reject = &rejects.first()[0];
    assert_eq!(
        reject.to_string(),
        "`archive.zip`, `root_1/DATA/h2.xml`, byte 35: not well-formed XML"
    );

    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in &files[..6] {
        let path = folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    }
    let tables = Tables::built_in().unwrap();
    let mut reader = ArchiveReader::open_folder(folder.path(), &tables).unwrap();
    let Some(Found::Checkup(checkup, _)) = reader.next_found() else {
        panic!("no checkup");
    };
    assert_eq!(
        checkup.checkup_date,
        NaiveDate::from_ymd_opt(2024, 6, 11).unwrap()
    );
    assert!(reader.next_found().is_none());
    assert_eq!(
        (reader.summary().n_documents, reader.summary().is_complete()),
        (2, Some(false))
    );
}

#[test]
fn written_checkups_are_read_back_equal() {
    let results = [
        pq("9N001000000000001", "158.5", "cm"),
        pq("9A751000000000001", "131", "mm[Hg]"),
        pq("9A761000000000001", "84", "mm[Hg]"),
        coded("9N736000000000011", "2"),
        coded("9N501000000000011", "4"),
        coded("9N506000000000011", "4"),
    ];
    let (one, other) = (
        checkup(&results.concat()),
        checkup(&pq("3D045000001906202", "5.2", "%")),
    );
    assert!(other.is_jds_converted);
    let table = ItemTable::checkups().unwrap();
    let mut writer = ArchiveWriter::new(
        Cursor::new(Vec::new()),
        "1311234567_06130512_202406110_1",
        "1311234567",
        "06130512",
    );
    for checkup in [&one, &other] {
        writer
            .add('h', &write_checkup(checkup, &identity(), &table))
            .unwrap();
    }
    let Archive {
        found,
        rejects,
        summary,
    } = read_zip(writer.finish(1).unwrap().into_inner());
    assert_eq!((rejects.total(), summary.is_complete()), (0, Some(true)));
    for (found, expected) in found.into_iter().zip([one, other]) {
        let Found::Checkup(found, person) = found else {
            panic!("guidance");
        };
        assert!(person == identity());
        assert_eq!(found, expected);
    }
}

fn guidance(category: u32, days: (Option<&str>, Option<&str>), values: &[(&str, f64)]) -> Guidance {
    let table = ItemTable::guidance().unwrap();
    let day = |day: Option<&str>| day.map(|day| day.parse().unwrap());
    let mut row = vec![None; table.columns().len()];
    for (name, value) in values {
        row[table.index(name).unwrap()] = Some(*value);
    }
    Guidance {
        insurer_id: "06130512".into(),
        fiscal_year: 2024,
        is_year_of_ticket: true,
        category,
        level_code: Some(1),
        first_interview_date: day(days.0),
        evaluation_date: day(days.1),
        is_completed: category == 22,
        n_supports: if category == 22 { 3 } else { 0 },
        counts: ItemCounts {
            n_read: u32::try_from(values.len()).unwrap(),
            ..ItemCounts::default()
        },
        values: row,
    }
}

#[test]
fn guidance_is_read_and_its_stages_make_one() {
    let begun = guidance(
        21,
        (Some("2025-02-01"), None),
        &[("level_code", 1.0), ("target_weight_kg", 68.0)],
    );
    let ended = guidance(
        22,
        (Some("2025-02-01"), Some("2025-06-10")),
        &[
            ("level_code", 1.0),
            ("final_waist_cm", 86.5),
            ("final_weight_kg", 70.0),
            ("process_points", 180.0),
            ("outcome_points", 20.0),
        ],
    );
    let table = ItemTable::guidance().unwrap();
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()), "root", "1311234567", "06130512");
    for stage in [&ended, &begun] {
        writer
            .add('g', &write_guidance(stage, &identity(), &table))
            .unwrap();
    }
    let Archive { found, rejects, .. } = read_zip(writer.finish(2).unwrap().into_inner());
    assert_eq!(rejects.total(), 0);
    let read = found.into_iter().map(|found| match found {
        Found::Guidance(guidance, person) if person == identity() => ("person", guidance),
        _ => panic!("no guidance of the person"),
    });
    let read: Vec<_> = read.collect();
    assert_eq!((&read[0].1, &read[1].1), (&ended, &begun));

    let merged = merge_guidance(read);
    assert_eq!(merged.len(), 1);
    let both = &merged[0].1;
    let value = |name| both.values[table.index(name).unwrap()];
    assert_eq!(
        (
            value("target_weight_kg"),
            value("final_weight_kg"),
            value("process_points")
        ),
        (Some(68.0), Some(70.0), Some(180.0))
    );
    assert_eq!(
        (both.is_completed, both.category, both.n_supports),
        (true, 22, 3)
    );
    assert_eq!(
        (both.first_interview_date, both.evaluation_date),
        (begun.first_interview_date, ended.evaluation_date)
    );
}

#[test]
fn points_of_supports_are_added_and_years_come_from_the_ticket() {
    let mut stage = guidance(
        22,
        (Some("2025-05-01"), Some("2025-09-10")),
        &[("level_code", 1.0), ("listed_points_a", 60.0)],
    );
    stage.is_year_of_ticket = false;
    let table = ItemTable::guidance().unwrap();
    let text = write_guidance(&stage, &identity(), &table);
    let points = text
        .split("<entry>")
        .find(|entry| entry.contains("1032100014"))
        .unwrap();
    let points = format!("<entry>{points}");
    let read = |text: &str| {
        let read = read_document(text.as_bytes())
            .map_err(|(rule, _)| rule)
            .unwrap();
        let mut rejects = Rejects::default();
        guidance_of(
            &read.document,
            &read.identity,
            &table,
            (&Place::default(), &mut rejects),
        )
        .unwrap()
    };
    let twice = read(&text.replacen(
        "<entry>",
        &format!(
            "{}<entry>",
            &points[..points.rfind("</entry>").unwrap() + 8]
        ),
        1,
    ));
    assert_eq!(
        twice.values[table.index("listed_points_a").unwrap()],
        Some(120.0)
    );
    assert_eq!((twice.fiscal_year, twice.is_year_of_ticket), (2025, false));
    stage.is_year_of_ticket = true;
    let of_ticket = read(&write_guidance(&stage, &identity(), &table));
    assert_eq!(
        (of_ticket.fiscal_year, of_ticket.is_year_of_ticket),
        (2024, true)
    );
    stage.fiscal_year = 2019;
    let implausible = read(&write_guidance(&stage, &identity(), &table));
    assert_eq!(
        (implausible.fiscal_year, implausible.is_year_of_ticket),
        (2025, false)
    );
}

#[test]
fn hostile_documents_are_refused() {
    let deep = format!("<ClinicalDocument>{}", "<a>".repeat(1_000_000));
    assert_eq!(rule_of(deep.as_bytes()), Rule::TooDeep);
    let wide = format!(
        "<ClinicalDocument>{}</ClinicalDocument>",
        format!("<a b=\"{}\"/>", "x".repeat(60_000)).repeat(80)
    );
    assert_eq!(rule_of(wide.as_bytes()), Rule::TooLarge);
    let long = format!(
        "<ClinicalDocument><a b=\"{}\"/></ClinicalDocument>",
        "x".repeat(8 << 20)
    );
    assert_eq!(rule_of(long.as_bytes()), Rule::TooLarge);
    let result = "<observation><code code=\"1\"/></observation>";
    let many = format!(
        "<ClinicalDocument>{}</ClinicalDocument>",
        result.repeat(5_001)
    );
    assert_eq!(rule_of(many.as_bytes()), Rule::TooMany);
    let attributes: String = (0..200_000)
        .map(|number| format!(" a{number}=\"\""))
        .collect();
    let _ = read_document(format!("<ClinicalDocument{attributes}/>").as_bytes());
    let laughs = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><ClinicalDocument>&c;</ClinicalDocument>";
    assert_eq!(rule_of(laughs.as_bytes()), Rule::Doctype);
    for text in [
        "",
        "   ",
        "name,value\n1,2",
        "<ClinicalDocument>",
        "<ClinicalDocument></a>",
        "<ClinicalDocument a=\"&nope;\"/>",
        "<ClinicalDocument a='1' a='2'/>",
    ] {
        assert_eq!(rule_of(text.as_bytes()), Rule::Xml, "{text}");
    }
    assert_eq!(
        rule_of(b"<ClinicalDocument a=\"\xff\xfe\"/>"),
        Rule::Encoding
    );
    assert_eq!(rule_of(b"<html/>"), Rule::NotThisDocument);
    assert_eq!(
        rule_of(b"<ClinicalDocument>&nope;</ClinicalDocument>"),
        Rule::Xml
    );
    let shift_jis = "<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><ClinicalDocument/>";
    assert_eq!(rule_of(shift_jis.as_bytes()), Rule::Encoding);
}

#[test]
fn bombs_end_an_archive() {
    // Four documents of 4 MiB of blanks out of some 17 kilobytes.
    let blank = vec![b' '; 4 << 20];
    let names: Vec<String> = (0..4)
        .map(|number| format!("root/DATA/h{number}.xml"))
        .collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), blank.as_slice()))
        .collect();
    let bytes = zip_of(&files);
    assert!(bytes.len() < 20_000);
    let Archive { found, rejects, .. } = read_zip(bytes);
    assert_eq!(
        (found.len(), rejects.counts().get(&Rule::ArchiveBomb)),
        (0, Some(&1))
    );
    assert!(rejects.total() < 4, "{:?}", rejects.counts());
}

#[test]
fn damaged_archives_are_refused() {
    let tables = Tables::built_in().unwrap();
    let open = |bytes: Vec<u8>| {
        ArchiveReader::open_zip(Cursor::new(bytes), "archive.zip", &tables).map(|_| ())
    };
    let message = open(b"PK\x03\x04 nothing".to_vec())
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with("`archive.zip` is not a zip archive"),
        "{message}"
    );
    let whole = zip_of(&[("root/DATA/h1.xml", document("20240611", "").as_bytes())]);
    let mut damaged = whole.clone();
    for byte in &mut damaged[60..120] {
        *byte ^= 0x55;
    }
    let Archive { found, rejects, .. } = read_zip(damaged);
    assert_eq!((found.len(), rejects.total()), (0, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_stops_a_reader(at in 0usize..4_000, byte in any::<u8>(), cut in 0usize..4_000) {
        let mut bytes = document("20240611", &pq("9N006000000000001", "60", "kg")).into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        let _ = read_document(bytes.as_slice());
        let _ = read_document(&bytes[..cut % length]);
    }

    #[test]
    fn no_damage_stops_an_archive(at in 0usize..2_000, byte in any::<u8>()) {
        let mut bytes = zip_of(&[("root/DATA/h1.xml", document("20240611", "").as_bytes()), ("root/ix08_V08.xml", b"<index/>")]);
        let length = bytes.len();
        bytes[at % length] = byte;
        let tables = Tables::built_in().unwrap();
        if let Ok(mut reader) = ArchiveReader::open_zip(Cursor::new(bytes), "archive.zip", &tables) {
            while reader.next_found().is_some() {}
        }
    }

    #[test]
    fn no_bytes_stop_a_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_document(bytes.as_slice());
    }
}
