//! Any bytes as masters of codes, tables of items or thresholds.
#![no_main]

use korabo_formats::checkup::ItemTable;
use korabo_formats::uke::Masters;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut masters = Masters::default();
    let n_lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    let n_read = u64::from(masters.read_diseases(bytes, "b").is_ok())
        + u64::from(masters.read_drugs(bytes, "y").is_ok());
    assert_eq!(masters.versions().len() as u64, n_read);
    for version in masters.versions() {
        assert!(version.n_rows > 0);
        let n = version.n_rows + version.n_unusable + version.n_foreign;
        assert!(n <= n_lines + bytes.len() as u64 / 65_536);
    }
    for code in [0, 999, 2_500_013, u32::MAX] {
        masters.icd10(code);
        masters.drug_class(code);
    }
    let text = String::from_utf8_lossy(bytes);
    match ItemTable::parse(&text, "items.csv") {
        Ok(table) => {
            let n_columns = table.columns().len();
            assert!(
                table
                    .items()
                    .all(|(_, item)| item.column.is_none_or(|column| column < n_columns))
            );
        }
        Err(error) => assert!(error.line <= text.lines().count()),
    }
});
