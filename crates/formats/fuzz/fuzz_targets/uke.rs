//! Any bytes as a file of claims: what is read becomes rows, what is not is refused with a line of the file.
#![no_main]

use std::sync::LazyLock;

use korabo_formats::uke::{
    ClaimReader, Encoding, Masters, ReadOptions, RowMaker, UkeWriter, resolve_versions,
};
use korabo_formats::{Tokeniser, tables};
use libfuzzer_sys::fuzz_target;

static TOKENISER: LazyLock<Tokeniser> =
    LazyLock::new(|| Tokeniser::new(b"4f1c9a0be27d83563de8a1f0942b7c65").expect("long enough"));
static MASTERS: LazyLock<Masters> = LazyLock::new(|| {
    let mut masters = Masters::default();
    let diseases =
        "0,\"B\",2500013,,,,,,,,,,,\"E11\",,\"E119\"\r\n0,\"B\",4010002,,,,,,,,,,,,,\"I10\"\r\n";
    masters
        .read_diseases(diseases.as_bytes(), "b")
        .expect("a master");
    let drugs = format!("0,\"Y\",610000001{}\"2149001\"\r\n", ",".repeat(29));
    masters.read_drugs(drugs.as_bytes(), "y").expect("a master");
    masters
});

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let encoding = if first % 2 == 0 {
        Encoding::Cp932
    } else {
        Encoding::Utf8
    };
    let options = ReadOptions {
        file: "RECEIPTC.UKE".into(),
        encoding,
    };
    let mut reader = ClaimReader::new(rest, options);
    let mut maker = RowMaker::new(&TOKENISER, &MASTERS);
    let mut rows = Vec::new();
    let mut writer = UkeWriter::new(Vec::new());
    let (mut n, mut n_written) = (0, 0);
    while let Some(read) = reader.next_claim().expect("memory does not fail") {
        n += 1;
        let person = TOKENISER.person(&read.identity);
        let person = person
            .insured
            .or(person.household)
            .unwrap_or_else(|| TOKENISER.token("none", &[]));
        rows.push(maker.billed(&read.claim, person));
        n_written += u64::from(writer.write(&read.claim, &read.identity).is_ok());
    }
    let summary = reader.summary();
    assert_eq!(summary.n_claims, n);
    let n_lines = rest.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    assert!(summary.n_lines <= n_lines);
    for reject in reader.rejects().first() {
        let line = reject.place.line.expect("refusals have a line");
        assert!((1..=summary.n_lines).contains(&line));
    }
    let batch = tables::claims(&rows).expect("rows of one length");
    assert_eq!(batch.num_rows() as u64, n);
    tables::claim_diagnoses(&rows).expect("rows of one length");
    tables::claim_drugs(&rows).expect("rows of one length");
    let versions = resolve_versions(rows.into_iter().map(|row| row.claim).collect());
    assert!(versions.len() as u64 <= n);
    // What the writer takes of it can be read again.
    if n_written == n && n > 0 {
        let file = writer.finish().expect("memory does not fail");
        let options = ReadOptions {
            file: "again".into(),
            encoding: Encoding::Cp932,
        };
        let mut again = ClaimReader::new(file.as_slice(), options);
        while again.next_claim().expect("memory does not fail").is_some() {}
        assert_eq!(
            again.summary().n_claims,
            n,
            "{:?}",
            again.rejects().first().first()
        );
    }
});
