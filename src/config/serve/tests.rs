//! What `[serve]` may hold.

use std::path::Path;
use std::time::Duration;

use crate::config::ProjectConfig;

fn parse(section: &str) -> Result<ProjectConfig, String> {
    ProjectConfig::parse(Path::new("/project"), section).map_err(|error| {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        text
    })
}

#[test]
fn an_empty_section_listens_on_loopback_with_limits() {
    let serve = parse("[serve]\n").unwrap().serve.unwrap();
    assert!(serve.listen.ip().is_loopback());
    assert_eq!(serve.tokens, Path::new("/project/tokens.toml"));
    assert_eq!(serve.tls, None);
    assert_eq!(serve.limits.statements, 4);
    assert_eq!(parse("").unwrap().serve, None);
}

#[test]
fn every_key_is_read() {
    let serve = parse(
        "[serve]\nlisten = \"[::1]:0\"\ntokens = \"/etc/t.toml\"\ncertificate = \"a.crt\"\nkey = \"a.key\"\n\
         max_statements = 2\nmax_seconds = 1.5\nmax_memory_share = 0.25\nmax_rows = 10\n",
    );
    let serve = serve.unwrap().serve.unwrap();
    assert_eq!(serve.listen, "[::1]:0".parse().unwrap());
    assert_eq!(serve.tokens, Path::new("/etc/t.toml"));
    let tls = serve.tls.unwrap();
    assert_eq!(tls.certificate, Path::new("/project/a.crt"));
    assert_eq!(tls.key, Path::new("/project/a.key"));
    let limits = serve.limits;
    assert_eq!(
        (limits.statements, limits.time, limits.rows),
        (2, Duration::from_millis(1_500), Some(10))
    );
    assert!((limits.memory - 0.25).abs() < 1e-12);
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    for (section, expected) in [
        ("listen = \"localhost\"", "an address and a port"),
        ("certificate = \"a.crt\"", "key"),
        ("key = \"a.key\"", "certificate"),
        ("max_statements = 0", "above 0"),
        ("max_seconds = -1", "seconds above 0"),
        ("max_memory_share = 1.5", "a share above 0"),
        ("max_rows = 0", "above 0"),
        ("port = 1", "port"),
    ] {
        let error = parse(&format!("[serve]\n{section}\n")).unwrap_err();
        assert!(
            error.contains(expected) && error.contains("korabo.toml:"),
            "{section}: {error}"
        );
    }
}
