//! What was typed, kept between runs: one file per project, outside its folder, because statements may
//! hold literals that should not travel with the project.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Hexadecimal digits of the folder's name.
const NAME_DIGITS: usize = 16;

/// The history of the project in `folder`; without a project there is one of its own. `None` when no
/// folder for it can be made.
pub(super) fn file_of(folder: Option<&Path>) -> Option<PathBuf> {
    let state = match std::env::var_os("XDG_STATE_HOME") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => PathBuf::from(std::env::var_os("HOME")?).join(".local/state"),
    };
    let file = below(&state, folder);
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(file.parent()?).ok()?;
    Some(file)
}

fn below(state: &Path, folder: Option<&Path>) -> PathBuf {
    let state = state.join("korabo");
    let folder = match folder {
        Some(folder) => {
            let whole = fs_err::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
            let digest = Sha256::digest(whole.as_os_str().as_encoded_bytes());
            state.join(hex::encode(&digest[..NAME_DIGITS / 2]))
        }
        None => state,
    };
    folder.join("sql_history")
}

#[cfg(test)]
mod tests;
