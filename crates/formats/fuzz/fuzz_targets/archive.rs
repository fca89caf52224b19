//! Any bytes as an archive, and any bytes as the documents of a well-made one, in which no other document may be lost.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use korabo_formats::Rule;
use korabo_formats::checkup::{ArchiveReader, ArchiveWriter, Tables};
use libfuzzer_sys::fuzz_target;

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables::built_in().expect("they are tested"));

const GOOD: &str = "<ClinicalDocument><code code=\"10\"/><recordTarget><patientRole><id root=\"1.2.392.200119.6.101\" extension=\"06130512\"/></patientRole></recordTarget>\
<documentationOf><serviceEvent><effectiveTime value=\"20240611\"/></serviceEvent></documentationOf><component><structuredBody><component><section><code code=\"01010\"/>\
<entry><observation><code code=\"9N006000000000001\"/><value xsi:type=\"PQ\" value=\"60\" unit=\"kg\"/></observation></entry></section></component></structuredBody></component></ClinicalDocument>";

fn n_read(bytes: &[u8]) -> Option<(u64, u64, u64, bool)> {
    let mut reader = ArchiveReader::open_zip(Cursor::new(bytes), "archive", &TABLES).ok()?;
    let mut n = 0;
    while reader.next_found().is_some() {
        n += 1;
    }
    let is_bomb = reader.rejects().counts().contains_key(&Rule::ArchiveBomb);
    let summary = reader.summary();
    assert!(summary.n_documents <= n + summary.n_refused);
    Some((n, summary.n_documents, summary.n_refused, is_bomb))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    if first % 4 != 0 {
        n_read(rest);
        return;
    }
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()), "root", "1319900001", "06130512");
    let hostile = String::from_utf8_lossy(rest);
    for document in [GOOD, &hostile, GOOD] {
        writer.add('h', document).expect("memory does not fail");
    }
    let zip = writer.finish(1).expect("memory does not fail").into_inner();
    let (n, n_documents, n_refused, is_bomb) = n_read(&zip).expect("a zip");
    assert_eq!((n_documents, n + n_refused, is_bomb), (3, 3, false));
    assert!(n >= 2);
});
