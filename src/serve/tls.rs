//! Certificate and key: read, checked, and until when the certificate holds.

use std::os::unix::fs::PermissionsExt as _;

use chrono::{DateTime, NaiveDateTime, Utc};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tonic::transport::{Identity, Server, ServerTlsConfig};

use super::error::ServeError;
use crate::config::TlsFiles;

/// How messages call the two files.
const CERTIFICATE: &str = "the certificate";
const KEY: &str = "the certificate's key";
/// How long the other side may take to agree on an encrypted connection.
const HANDSHAKE: std::time::Duration = std::time::Duration::from_secs(10);

/// Reads certificate and key and tries them.
pub(super) fn read(files: &TlsFiles) -> Result<ServerTlsConfig, ServeError> {
    let of = |what, file| move |source| ServeError::file(what, file, source);
    let found = fs_err::metadata(&files.key).map_err(of(KEY, &files.key))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(ServeError::NotPrivate {
            what: KEY,
            file: files.key.clone(),
            mode,
            wanted: "640",
        });
    }
    let certificate = crate::regular_file::read(&files.certificate)
        .map_err(of(CERTIFICATE, &files.certificate))?;
    let key = crate::regular_file::read(&files.key).map_err(of(KEY, &files.key))?;
    // Several providers of cryptography may be compiled in: the one to use is named. It may be installed already.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let identity = Identity::from_pem(certificate, key);
    let config = ServerTlsConfig::new().identity(identity).timeout(HANDSHAKE);
    let tried = Server::builder().tls_config(config.clone());
    tried.map_err(|error| unusable(files, error.into()))?;
    Ok(config)
}

fn unusable(files: &TlsFiles, source: Box<dyn std::error::Error + Send + Sync>) -> ServeError {
    ServeError::Certificate {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        source,
    }
}

/// When the certificate ends, where it says so in a way that is understood.
///
/// # Errors
/// When certificate or key cannot be read or do not belong together.
pub fn certificate_ends(files: &TlsFiles) -> Result<Option<DateTime<Utc>>, ServeError> {
    read(files)?;
    let certificate = CertificateDer::from_pem_file(&files.certificate);
    let certificate = certificate.map_err(|error| unusable(files, error.into()))?;
    Ok(not_after(&certificate))
}

/// The end of validity in a certificate (RFC 5280, 4.1): the second time of the fifth part of its body,
/// behind version, serial number, algorithm and issuer.
fn not_after(certificate: &[u8]) -> Option<DateTime<Utc>> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let whole = Part::first(certificate).filter(|part| part.tag == SEQUENCE)?;
    let body = Part::first(whole.content).filter(|part| part.tag == SEQUENCE)?;
    let mut part = Part::first(body.content)?;
    if part.tag == VERSION {
        part = part.next()?;
    }
    let validity = part.next()?.next()?.next()?;
    let end = Part::first(validity.content)?.next()?;
    time_of(&end)
}

fn time_of(part: &Part<'_>) -> Option<DateTime<Utc>> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let text = std::str::from_utf8(part.content).ok()?.strip_suffix('Z')?;
    let full = match part.tag {
        GENERALIZED_TIME => text.to_owned(),
        // Two digits of the year, from 1950 to 2049.
        UTC_TIME => {
            let century = if text.get(..2)? < "50" { "20" } else { "19" };
            format!("{century}{text}")
        }
        _ => return None,
    };
    let time = NaiveDateTime::parse_from_str(&full, "%Y%m%d%H%M%S").ok()?;
    Some(time.and_utc())
}

/// One value of DER: a tag, its content, and what follows.
struct Part<'d> {
    tag: u8,
    content: &'d [u8],
    rest: &'d [u8],
}

impl<'d> Part<'d> {
    fn first(der: &'d [u8]) -> Option<Self> {
        let (&tag, der) = der.split_first()?;
        let (&first, der) = der.split_first()?;
        let (length, der) = match first {
            0..=0x7f => (usize::from(first), der),
            0x81..=0x84 => {
                let (digits, der) = der.split_at_checked(usize::from(first - 0x80))?;
                let length = digits
                    .iter()
                    .fold(0, |n, digit| n << 8 | usize::from(*digit));
                (length, der)
            }
            _ => return None,
        };
        let (content, rest) = der.split_at_checked(length)?;
        Some(Self { tag, content, rest })
    }

    fn next(&self) -> Option<Self> {
        Self::first(self.rest)
    }
}

#[cfg(test)]
mod tests;
