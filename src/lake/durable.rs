//! The local disk as Delta's store, with commits that survive a power cut: what a commit names is on the disk before the
//! commit is, and a commit is there whole or not at all.

use std::io::{ErrorKind, Write as _};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};

use async_trait::async_trait;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};
use deltalake_core::Path;
use futures::stream::BoxStream;
use prost::bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::checksum::{WrittenHashes, sealed};

/// The local disk. The content of files that are created once, as commits are, reaches the disk before their name does.
#[derive(Debug, Default)]
pub(super) struct DurableStore {
    disk: LocalFileSystem,
    /// Hashes of the other files, for the commit that will name them.
    pub(super) written: WrittenHashes,
}

/// A file that is written in parts, hashed on the way.
#[derive(Debug)]
struct HashedUpload {
    parts: Box<dyn MultipartUpload>,
    hasher: Sha256,
    path: PathBuf,
    written: WrittenHashes,
}

#[async_trait]
impl MultipartUpload for HashedUpload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        for bytes in &payload {
            self.hasher.update(bytes);
        }
        self.parts.put_part(payload)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let done = self.parts.complete().await?;
        let sha256 = hex::encode(self.hasher.finalize_reset());
        self.written.add(self.path.clone(), sha256);
        Ok(done)
    }

    async fn abort(&mut self) -> Result<()> {
        self.parts.abort().await
    }
}

impl std::fmt::Display for DurableStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "durable {}", self.disk)
    }
}

/// Waits until the content of `file`, a file or folder, is on the disk.
pub(super) fn sync(file: &FilePath) -> std::io::Result<()> {
    fs_err::File::open(file)?.sync_all()
}

/// Writes a new file: under a temporary name first, and under its own when the content is on the disk.
fn create(path: &FilePath, content: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    if !folder.is_dir() {
        fs_err::create_dir_all(folder)?;
        // The name of the new folder is on the disk with the one above it.
        sync(folder.parent().unwrap_or(folder))?;
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!("#{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let written = (|| {
        // What a killed process with the same process id left is overwritten.
        let mut file = fs_err::File::create(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        // A link fails where the name exists, so that of two writers of one version the later is refused; renaming
        // would not.
        fs_err::hard_link(&unfinished, path)
    })();
    // By now it is only a second name of the file, or of no use.
    let removed = fs_err::remove_file(&unfinished);
    written?;
    removed?;
    // The new name is on the disk with its folder.
    sync(folder)
}

fn failed(path: &FilePath, source: std::io::Error) -> Error {
    let path = path.display().to_string();
    match source.kind() {
        ErrorKind::AlreadyExists => Error::AlreadyExists {
            path,
            source: source.into(),
        },
        _ => Error::Generic {
            store: "disk",
            source: source.into(),
        },
    }
}

#[async_trait]
impl ObjectStore for DurableStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let path = self.disk.path_to_filesystem(location)?;
        // What may be overwritten, data files among it, waits for the disk before a commit names it (`settle`).
        if options.mode != PutMode::Create {
            let mut hasher = Sha256::new();
            payload.iter().for_each(|bytes| hasher.update(bytes));
            let put = self.disk.put_opts(location, payload, options).await?;
            // Of these only data files are named in commits, with their hash.
            if path.extension().is_some_and(|ending| ending == "parquet") {
                self.written.add(path, hex::encode(hasher.finalize()));
            }
            return Ok(put);
        }
        let created = tokio::task::spawn_blocking(move || {
            let content = sealed(payload.iter().flatten().copied().collect());
            create(&path, &content).map_err(|source| failed(&path, source))
        });
        created.await??;
        Ok(PutResult {
            e_tag: None,
            version: None,
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(HashedUpload {
            path: self.disk.path_to_filesystem(location)?,
            parts: self.disk.put_multipart_opts(location, options).await?,
            hasher: Sha256::new(),
            written: self.written.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.disk.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.disk.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.disk.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.disk.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.disk.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.disk.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.disk.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use datafusion::object_store::ObjectStoreExt as _;

    use super::*;

    #[tokio::test]
    async fn a_commit_is_made_once_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log/0.json");
        let place = Path::from_filesystem_path(folder.path()).unwrap();
        let place = place.join("log").join("0.json");
        let store = DurableStore::default();
        let put = |text: &'static str| {
            let options = PutOptions::from(PutMode::Create);
            store.put_opts(&place, PutPayload::from_static(text.as_bytes()), options)
        };
        put("first").await.unwrap();
        let again = put("second").await.unwrap_err();
        assert!(matches!(again, Error::AlreadyExists { .. }), "{again}");
        assert_eq!(fs_err::read_to_string(&file).unwrap(), "first");
        let beside = fs_err::read_dir(file.parent().unwrap()).unwrap();
        assert_eq!(beside.count(), 1);
        assert_eq!(
            store.get(&place).await.unwrap().bytes().await.unwrap(),
            "first"
        );
    }
}
