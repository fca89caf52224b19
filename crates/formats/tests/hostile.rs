//! Inputs that no mutation makes: lines of a gigabyte, refusals by the million, archives whose files lie on each other. They take neither
//! memory nor time without end.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{self, BufRead, BufReader, Cursor, Read};

use korabo_formats::Rule;
use korabo_formats::checkup::{ArchiveReader, ArchiveWriter, Tables};
use korabo_formats::uke::{ClaimReader, Encoding, MasterError, Masters, ReadOptions};

const GIGABYTE: u64 = 1 << 30;

/// A line of a gigabyte between two others.
fn between(before: &'static str, after: &'static str) -> impl BufRead {
    let line = io::repeat(b'7').take(GIGABYTE);
    BufReader::with_capacity(
        1 << 20,
        before.as_bytes().chain(line).chain(after.as_bytes()),
    )
}

/// Most memory that the process ever had, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes << 10
}

#[cfg(not(target_os = "linux"))]
fn peak_memory() -> u64 {
    0
}

#[test]
fn long_lines_and_many_refusals_take_little_memory() {
    let options = || ReadOptions {
        file: "RECEIPTC.UKE".into(),
        encoding: Encoding::Cp932,
    };
    let source = between(
        "IR,1,13,1,1234567,,,202405,00,\r\nRE,1,1112,202404,,1,19691028\r\nCO,",
        "\r\nHO,06130512,12,345,2,500\r\nGO,1,500,99\r\n",
    );
    let mut reader = ClaimReader::new(source, options());
    assert_eq!(reader.next_claim().unwrap().unwrap().claim.points, 500);
    assert!(reader.next_claim().unwrap().is_none());
    let first = reader.rejects().first();
    assert_eq!(
        (first.len(), first[0].rule, first[0].place.line),
        (1, Rule::LineTooLong, Some(3))
    );

    // What follows a line that was too long is a line of its own, and its rest is none.
    let mut masters = Masters::default();
    let source = between(
        "0,\"B\",1,\"",
        ",0,\"B\",2,,,,,,,,,,,\"E11\"\r\n0,\"B\",3,,,,,,,,,,,\"I10\"\r\n",
    );
    masters.read_diseases(source, "b").unwrap();
    let version = &masters.versions()[0];
    assert_eq!((version.n_rows, version.n_foreign), (1, 1));
    assert_eq!(masters.icd10(2), None);
    let nothing = masters.read_drugs(between("0,\"Y\",", ""), "y");
    assert!(matches!(nothing, Err(MasterError::NoRows { .. })));

    let wrong = "XX,1\r\n".repeat(2_000_000);
    let mut reader = ClaimReader::new(wrong.as_bytes(), options());
    assert!(reader.next_claim().unwrap().is_none());
    let rejects = reader.rejects();
    assert_eq!(
        (rejects.total(), rejects.first().len()),
        (2_000_000, 10_000)
    );
    assert!(peak_memory() < 100 << 20, "{} MiB", peak_memory() >> 20);
}

/// An archive in which many names stand for the same bytes.
fn overlapping(n_names: usize, document: &str) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()), "root", "1319900001", "06130512");
    writer.add('h', document).unwrap();
    let zip = writer.finish(1).unwrap().into_inner();
    let directory = zip
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .unwrap();
    let next = zip[directory + 4..]
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .unwrap();
    let entry = &zip[directory..directory + 4 + next];
    let digits = entry
        .windows(8)
        .position(|bytes| bytes == b"00000001")
        .unwrap();
    let mut bytes = zip[..directory].to_vec();
    for number in 0..n_names {
        let mut entry = entry.to_vec();
        entry[digits..digits + 8].copy_from_slice(format!("{number:08}").as_bytes());
        bytes.extend(entry);
    }
    let size = u32::try_from(bytes.len() - directory).unwrap();
    let n_names = u16::try_from(n_names).unwrap().to_le_bytes();
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(n_names);
    bytes.extend(n_names);
    bytes.extend(size.to_le_bytes());
    bytes.extend(u32::try_from(directory).unwrap().to_le_bytes());
    bytes.extend(b"\0\0");
    bytes
}

#[test]
fn files_that_lie_on_each_other_end_an_archive() {
    let tables = Tables::built_in().unwrap();
    let document = format!(
        "<ClinicalDocument>{}</ClinicalDocument>",
        "<a></a>".repeat(500_000)
    );
    let zip = overlapping(300, &document);
    let size = zip.len();
    let mut reader = ArchiveReader::open_zip(Cursor::new(zip), "archive", &tables).unwrap();
    assert!(reader.next_found().is_none());
    let n_documents = reader.summary().n_documents;
    let unpacked = n_documents * document.len() as u64;
    assert!(
        n_documents > 1 && unpacked < 200 * size as u64 + (8 << 20),
        "{n_documents}"
    );
    assert_eq!(reader.rejects().counts().get(&Rule::ArchiveBomb), Some(&1));
}
