//! Any bytes as a document of a checkup or of guidance: refused with a place in it, or rows whose values their items allow.
#![no_main]

use std::sync::LazyLock;

use korabo_formats::checkup::{Tables, checkup_of, guidance_of, merge_guidance, read_document};
use korabo_formats::{Place, Rejects, Token, Tokeniser, tables};
use libfuzzer_sys::fuzz_target;

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables::built_in().expect("they are tested"));
static TOKEN: LazyLock<Token> = LazyLock::new(|| {
    let tokeniser = Tokeniser::new(b"4f1c9a0be27d83563de8a1f0942b7c65").expect("long enough");
    tokeniser.token("fuzz", &[])
});

fuzz_target!(|bytes: &[u8]| {
    let read = match read_document(bytes) {
        Ok(read) => read,
        Err((_, byte)) => {
            assert!(byte <= bytes.len() as u64);
            return;
        }
    };
    let place = Place::default();
    let mut rejects = Rejects::default();
    let table = &TABLES.checkups;
    let taken = (&place, &mut rejects);
    if let Ok(checkup) = checkup_of(
        &read.document,
        &read.identity,
        table,
        &TABLES.thresholds,
        taken,
    ) {
        assert_eq!(checkup.values.len(), table.columns().len());
        assert!(
            checkup
                .values
                .iter()
                .flatten()
                .all(|value| value.is_finite())
        );
        let names: Vec<&str> = table
            .columns()
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        let batch = tables::checkups(&[(*TOKEN, checkup)], table, &names).expect("one row");
        assert_eq!(batch.num_rows(), 1);
    }
    let taken = (&place, &mut rejects);
    if let Ok(guidance) = guidance_of(&read.document, &read.identity, &TABLES.guidance, taken) {
        let rows = merge_guidance(vec![(*TOKEN, guidance.clone()), (*TOKEN, guidance)]);
        assert_eq!(rows.len(), 1);
        tables::guidance(&rows, &TABLES.guidance, &[]).expect("one row");
    }
    for reject in rejects.first() {
        assert!(
            reject
                .place
                .byte
                .is_none_or(|byte| byte <= bytes.len() as u64)
        );
    }
});
