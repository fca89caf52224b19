//! The section `[serve]`: where `korabo serve` listens, who may ask, and how much one user may take.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::toml_reader::{TomlError, TomlTable};

/// How the project's tables are served.
#[derive(Debug, Clone, PartialEq)]
pub struct ServeConfig {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The file of users and hashes of their tokens.
    pub tokens: PathBuf,
    /// Certificate and key; without them connections are not encrypted.
    pub tls: Option<TlsFiles>,
    /// What one user may take.
    pub limits: ServeLimits,
    /// Whether answers leave the secure area: then only what the rules of disclosure let out is sent.
    pub is_release: bool,
}

/// PEM files of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those of the authorities between it and the clients' root.
    pub certificate: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
}

/// What one user may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServeLimits {
    /// Statements that run at once.
    pub statements: usize,
    /// How long a statement may take, until its last row is sent.
    pub time: Duration,
    /// Share of the memory limit that all statements of a user may reserve, above 0 up to 1.
    pub memory: f64,
    /// Rows a result may have.
    pub rows: Option<u64>,
}

impl ServeConfig {
    /// What holds where the project file says nothing.
    #[must_use]
    pub fn default_of(folder: &Path) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 50051)),
            tokens: folder.join("tokens.toml"),
            tls: None,
            limits: ServeLimits {
                statements: 4,
                time: Duration::from_secs(600),
                memory: 0.5,
                rows: None,
            },
            is_release: false,
        }
    }
}

const KEYS: [&str; 9] = [
    "listen",
    "tokens",
    "certificate",
    "key",
    "release",
    "max_statements",
    "max_seconds",
    "max_memory_share",
    "max_rows",
];

/// Reads the section; `None` where there is none.
pub(super) fn read(root: &TomlTable<'_>, folder: &Path) -> Result<Option<ServeConfig>, TomlError> {
    let Some(table) = root.table("serve")? else {
        return Ok(None);
    };
    table.check_keys(&KEYS)?;
    let path = |key: &str| -> Result<Option<PathBuf>, TomlError> {
        let path = table.optional::<String>(key)?;
        Ok(path.map(|path| folder.join(path)))
    };
    let mut config = ServeConfig::default_of(folder);
    if let Some(text) = table.optional::<String>("listen")? {
        config.listen = text.parse().map_err(|_| {
            let expected = "an address and a port like \"127.0.0.1:50051\"";
            table
                .require("listen")
                .map_or_else(|error| error, |item| item.wrong(expected))
        })?;
    }
    if let Some(tokens) = path("tokens")? {
        config.tokens = tokens;
    }
    config.tls = match (path("certificate")?, path("key")?) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (Some(_), None) => return Err(missing(&table, "key")),
        (None, Some(_)) => return Err(missing(&table, "certificate")),
    };
    config.is_release = table.optional("release")?.unwrap_or(false);
    read_limits(&table, &mut config.limits)?;
    Ok(Some(config))
}

fn missing(table: &TomlTable<'_>, key: &str) -> TomlError {
    match table.require(key) {
        Err(error) => error,
        Ok(item) => item.wrong("a file"),
    }
}

fn read_limits(table: &TomlTable<'_>, limits: &mut ServeLimits) -> Result<(), TomlError> {
    let above_zero = |key: &str, is_right: bool, expected: &str| match is_right {
        true => Ok(()),
        false => Err(table.require(key)?.wrong(expected)),
    };
    if let Some(statements) = table.optional::<usize>("max_statements")? {
        above_zero("max_statements", statements > 0, "a whole number above 0")?;
        limits.statements = statements.min(1_000);
    }
    if let Some(seconds) = table.optional::<f64>("max_seconds")? {
        let is_right = seconds > 0.0 && seconds <= 1e9;
        above_zero("max_seconds", is_right, "seconds above 0")?;
        limits.time = Duration::from_secs_f64(seconds);
    }
    if let Some(share) = table.optional::<f64>("max_memory_share")? {
        let is_right = share > 0.0 && share <= 1.0;
        above_zero("max_memory_share", is_right, "a share above 0, up to 1")?;
        limits.memory = share;
    }
    if let Some(rows) = table.optional::<u64>("max_rows")? {
        above_zero("max_rows", rows > 0, "a whole number above 0")?;
        limits.rows = Some(rows);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
