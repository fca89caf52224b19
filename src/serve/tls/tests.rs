//! Certificates made for the purpose: when they end, and which files are refused.

use std::path::Path;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::*;

fn write(folder: &Path, year: i32) -> TlsFiles {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, 2, 3);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let files = TlsFiles {
        certificate: folder.join("server.crt"),
        key: folder.join("server.key"),
    };
    fs_err::write(&files.certificate, certificate.pem()).unwrap();
    fs_err::write(&files.key, key.serialize_pem()).unwrap();
    set_mode(&files.key, 0o640);
    files
}

fn set_mode(file: &Path, mode: u32) {
    fs_err::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_end_is_read_in_both_forms() {
    let folder = tempfile::tempdir().unwrap();
    for (year, expected) in [(2031, "2031-02-03"), (2099, "2099-02-03")] {
        let files = write(folder.path(), year);
        let end = certificate_ends(&files).unwrap().unwrap();
        assert_eq!(end.format("%Y-%m-%d").to_string(), expected);
    }
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), 2031);
    set_mode(&files.key, 0o644);
    assert!(matches!(read(&files), Err(ServeError::NotPrivate { .. })));
    set_mode(&files.key, 0o600);
    assert!(read(&files).is_ok());

    let other = KeyPair::generate().unwrap();
    fs_err::write(&files.key, other.serialize_pem()).unwrap();
    assert!(matches!(read(&files), Err(ServeError::Certificate { .. })));
    for content in ["", "not a certificate"] {
        let files = write(folder.path(), 2031);
        fs_err::write(&files.certificate, content).unwrap();
        assert!(matches!(read(&files), Err(ServeError::Certificate { .. })));
    }
    fs_err::remove_file(&files.certificate).unwrap();
    let error = read(&files).unwrap_err();
    assert!(error.to_string().contains("server.crt"), "{error}");
}

#[test]
fn pieces_of_a_certificate_are_no_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), 2031);
    let der = CertificateDer::from_pem_file(&files.certificate).unwrap();
    for length in 0..der.len() {
        assert_eq!(not_after(&der[..length]), None);
    }
    assert!(not_after(&der).is_some());
}
