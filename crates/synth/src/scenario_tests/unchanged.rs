//! The worlds that documented numbers come from keep their bytes. A new version of the Parquet writer
//! changes the digests; a change here must not.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::super::tests::{Folder, SEED, files};
use super::super::{Scenario, SynthOptions, synth};

/// SHA-256 over the names and bytes of all files of a folder but those named.
fn digest(folder: &Path, but: &[&str]) -> String {
    let mut hash = Sha256::new();
    for (path, bytes) in files(folder) {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
        if but.contains(&name) {
            continue;
        }
        hash.update(name.as_bytes());
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[track_caller]
fn check(scenario: Scenario, persons: u64, but: &[&str], expected: &str) {
    let folder = Folder::new(&format!("unchanged-{}-{persons}", scenario.name()));
    let options = SynthOptions {
        out: folder.0.clone(),
        persons,
        years: 2017..=2024,
        seed: SEED,
        scenario,
        threads: 2,
    };
    synth(&options, &|_| {}).unwrap();
    assert_eq!(digest(&folder.0, but), expected);
}

#[test]
fn sample_data_is_the_default_world() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample_data");
    let folder = Folder::new("sample");
    let options = SynthOptions {
        out: folder.0.clone(),
        persons: 9_000,
        years: 2016..=2024,
        seed: SEED,
        scenario: Scenario::Default,
        threads: 2,
    };
    synth(&options, &|_| {}).unwrap();
    assert_eq!(digest(&folder.0, &[]), digest(&kept, &["README.md"]));
}

#[test]
fn large_default_world_keeps_its_bytes() {
    // From 15,000 persons on, files are written in another way.
    check(
        Scenario::Default,
        15_000,
        &[],
        "64af0c07e06d07dd6a35163c0c26715204c0cae6116718708759b8ea5c1f40c7",
    );
}

#[test]
fn null_world_keeps_its_extracts() {
    check(
        Scenario::Null,
        2_000,
        &["truth.json"],
        "2c47638af0d1c7c2c21cb472d1d0c5bbdae92b17fdfd2680036a3c4d2265f963",
    );
}
