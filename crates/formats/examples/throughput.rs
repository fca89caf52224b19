//! How fast files are read, beside bare readers of the same bytes: `cargo run --release --example throughput`. A word after it
//! runs only what has the word in its name.
//!
//! Makes claims and checkups of invented persons in memory, reads them on one thread and prints megabytes per second.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example prints, and stops where it fails"
)]

use std::io::Cursor;
use std::time::Instant;

use korabo_formats::checkup::{
    ArchiveReader, ArchiveWriter, ItemTable, Tables, read_document, write_checkup,
};
use korabo_formats::uke::{ClaimReader, Encoding, Masters, ReadOptions, RowMaker};
use korabo_formats::{Identity, IdentityFields, Place, Rejects, Tokeniser};
use quick_xml::events::Event;

const N_CLAIMS: usize = 100_000;
const N_CHECKUPS: usize = 4_000;

/// The best of some runs: other work on the machine only ever slows one down.
fn report(what: &str, bytes: usize, n: usize, run: impl Fn() -> usize) {
    const N_RUNS: usize = 7;
    if std::env::args()
        .nth(1)
        .is_some_and(|wanted| !what.contains(&wanted))
    {
        return;
    }
    let mut seconds = f64::INFINITY;
    let mut counted = 0;
    for _ in 0..N_RUNS {
        let started = Instant::now();
        counted = run();
        seconds = seconds.min(started.elapsed().as_secs_f64());
    }
    let megabytes = bytes as f64 / 1e6;
    println!(
        "{what:44} {:8.1} MB/s {:9.0} /s  ({counted})",
        megabytes / seconds,
        n as f64 / seconds
    );
}

fn claims() -> Vec<u8> {
    let mut file = b"IR,1,13,1,1234567,,,202405,00,\r\n".to_vec();
    for number in 0..N_CLAIMS {
        let (birth, kana) = (
            19_400_101 + number % 50 * 10_000,
            "\u{ff76}\u{ff78}\u{ff73} \u{ff8a}\u{ff85}\u{ff7a}",
        );
        let name = encoding_rs::SHIFT_JIS.encode(kana).0;
        file.extend(format!("RE,{number},1112,202404,,2,{birth}{}", ",".repeat(30)).bytes());
        file.extend_from_slice(&name);
        file.extend(
            format!(
                ",\r\nHO,06130512,{},{number},3,1234,,,,,,,,,\r\nSN,1,01,06130512,,,01,,\r\n",
                number % 97
            )
            .bytes(),
        );
        for code in 0..5 {
            file.extend(
                format!(
                    "SY,{:07},20200401,1,{},,,\r\n",
                    2_500_000 + number % 9 * 10 + code,
                    if code == 4 { "8002" } else { "" }
                )
                .bytes(),
            );
        }
        file.extend(b"SI,11,1,111000110,,288,1,,,,,,,1,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n");
        for code in 0..4 {
            file.extend(
                format!(
                    "IY,{},1,{:09},1,{},28,,,,,,,1,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n",
                    if code == 0 { "21" } else { "" },
                    610_000_001 + code,
                    if code == 3 { "30" } else { "" }
                )
                .bytes(),
            );
        }
        file.extend(b"CO,,1,810000001,\r\nSI,60,1,160000001,,106,1,,,,,,,,1,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n");
    }
    file
}

fn csv_fields(file: &[u8]) -> usize {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .quoting(false)
        .from_reader(file);
    let mut record = csv::ByteRecord::new();
    let mut n = 0;
    while reader.read_byte_record(&mut record).unwrap() {
        n += record.len();
    }
    n
}

fn read_claims(file: &[u8], with_rows: bool) -> usize {
    let tokeniser = Tokeniser::new(b"4f1c9a0be27d83563de8a1f0942b7c65").unwrap();
    let masters = Masters::default();
    let mut maker = RowMaker::new(&tokeniser, &masters);
    let options = ReadOptions {
        file: "bench".into(),
        encoding: Encoding::Cp932,
    };
    let mut reader = ClaimReader::new(file, options);
    let mut n = 0;
    while let Some(read) = reader.next_claim().unwrap() {
        n += 1;
        if with_rows {
            let person = tokeniser.person(&read.identity).insured.unwrap();
            n += maker.billed(&read.claim, person).diagnoses.len();
        }
    }
    assert_eq!(reader.rejects().total(), 0);
    n
}

/// A document like those of checkup institutions, with names, texts and reference ranges.
fn checkup_document() -> String {
    let table = ItemTable::checkups().unwrap();
    let mut results = String::new();
    let mut items: Vec<_> = table
        .items()
        .filter(|(_, item)| item.column.is_some() && item.order == 1)
        .collect();
    items.sort_by_key(|(code, _)| *code);
    for (code, item) in items {
        let value = match item.unit.as_str() {
            "" => "<value xsi:type=\"CD\" code=\"1\" codeSystem=\"1.2.392.200119.6.2101\"/>"
                .to_owned(),
            unit => format!(
                "<value xsi:type=\"PQ\" value=\"{}\" unit=\"{unit}\"/>",
                item.low.unwrap_or(10.0) + 1.0
            ),
        };
        results += &format!(
            "<entry>\n  <observation classCode=\"OBS\" moodCode=\"EVN\">\n    <code code=\"{code}\" codeSystem=\"1.2.392.200119.6.1005\" displayName=\"item\"/>\n    {value}\n    \
             <methodCode code=\"{}\" codeSystem=\"1.2.392.200119.6.1007\"/>\n    <referenceRange><observationRange><value xsi:type=\"IVL_PQ\"><low value=\"1\" unit=\"x\"/><high value=\"9\" unit=\"x\"/></value></observationRange></referenceRange>\n  </observation>\n</entry>\n",
            &code[..10]
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><code code=\"10\"/>\
         <recordTarget><patientRole><id extension=\"06130512\" root=\"1.2.392.200119.6.101\"/><id extension=\"1\" root=\"1.2.392.200119.6.204\"/>\
         <id extension=\"2\" root=\"1.2.392.200119.6.205\"/><patient><name>\u{30ab}\u{30af}\u{30a6}</name><administrativeGenderCode code=\"1\"/><birthTime value=\"19691028\"/></patient></patientRole></recordTarget>\
         <documentationOf><serviceEvent><effectiveTime value=\"20240611\"/></serviceEvent></documentationOf>\
         <component><structuredBody><component><section><code code=\"01010\"/><text/>{results}</section></component></structuredBody></component></ClinicalDocument>"
    )
}

fn bare_xml(document: &str) -> usize {
    let mut reader = quick_xml::Reader::from_reader(document.as_bytes());
    let mut buffer = Vec::new();
    let mut n = 0;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).unwrap() {
            Event::Eof => return n,
            Event::Start(start) | Event::Empty(start) => {
                n += start.attributes().filter(Result::is_ok).count()
            }
            _ => n += 1,
        }
    }
}

fn main() {
    let file = claims();
    println!(
        "claims: {:.1} MB, {N_CLAIMS} claims",
        file.len() as f64 / 1e6
    );
    report("bare lines, split at commas", file.len(), N_CLAIMS, || {
        file.split(|byte| *byte == b'\n')
            .map(|line| line.iter().filter(|byte| **byte == b',').count())
            .sum()
    });
    report("csv, byte records", file.len(), N_CLAIMS, || {
        csv_fields(&file)
    });
    report("ClaimReader alone", file.len(), N_CLAIMS, || {
        read_claims(&file, false)
    });
    report(
        "ClaimReader, Tokeniser and RowMaker",
        file.len(),
        N_CLAIMS,
        || read_claims(&file, true),
    );
    checkups();
}

fn checkups() {
    let document = checkup_document();
    let bytes = document.len() * N_CHECKUPS;
    println!(
        "checkups: {N_CHECKUPS} documents of {:.1} kB",
        document.len() as f64 / 1e3
    );
    report(
        "bare quick-xml, attributes split",
        bytes,
        N_CHECKUPS,
        || (0..N_CHECKUPS).map(|_| bare_xml(&document)).sum(),
    );
    report("read_document", bytes, N_CHECKUPS, || {
        (0..N_CHECKUPS)
            .map(|_| {
                read_document(document.as_bytes())
                    .map(|read| read.document.observations.len())
                    .unwrap_or(0)
            })
            .sum()
    });
    let tables = Tables::built_in().unwrap();
    let read = read_document(document.as_bytes())
        .map_err(|(rule, byte)| (rule.text(), byte))
        .unwrap();
    let mut rejects = Rejects::default();
    let checkup = korabo_formats::checkup::checkup_of(
        &read.document,
        &read.identity,
        &tables.checkups,
        &tables.thresholds,
        (&Place::default(), &mut rejects),
    );
    let identity = Identity::new(&IdentityFields {
        insurer_number: "06130512",
        ..IdentityFields::default()
    });
    report("write_checkup", bytes, N_CHECKUPS, || {
        let checkup = checkup.as_ref().map_err(|rule| rule.text()).unwrap();
        (0..N_CHECKUPS)
            .map(|_| write_checkup(checkup, &identity, &tables.checkups).len())
            .sum::<usize>()
            / N_CHECKUPS
    });
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()), "root", "1311234567", "06130512");
    for _ in 0..N_CHECKUPS {
        writer.add('h', &document).unwrap();
    }
    let zip = writer.finish(1).unwrap().into_inner();
    println!("archive: {:.1} MB", zip.len() as f64 / 1e6);
    report("ArchiveReader (zip → rows)", bytes, N_CHECKUPS, || {
        let mut reader = ArchiveReader::open_zip(Cursor::new(&zip), "bench.zip", &tables).unwrap();
        let mut n = 0;
        while reader.next_found().is_some() {
            n += 1;
        }
        assert_eq!(n, N_CHECKUPS);
        n
    });
}
