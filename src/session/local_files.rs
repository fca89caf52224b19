//! Files that statements name, read like extracts: only regular ones ([`regular_file`]). Everything else is the engine's own store.

use std::fmt;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use datafusion::object_store::local::LocalFileSystem;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use futures::stream::BoxStream;
use prost::bytes::Bytes;

use crate::regular_file;

/// The machine's files.
#[derive(Debug, Default)]
pub(super) struct LocalFiles {
    inner: LocalFileSystem,
}

impl fmt::Display for LocalFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

fn failed(path: &std::path::Path, error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::NotFound {
            path: path.display().to_string(),
            source: Box::new(error),
        },
        _ => unreadable(error),
    }
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Generic {
        store: "file",
        source: Box::new(error),
    }
}

fn open(path: PathBuf, location: Path, options: &GetOptions) -> Result<GetResult> {
    let file = regular_file::open(&path).map_err(|error| failed(&path, error))?;
    let metadata = file.metadata().map_err(unreadable)?;
    let meta = ObjectMeta {
        location,
        last_modified: metadata
            .modified()
            .map_or(DateTime::UNIX_EPOCH, DateTime::<Utc>::from),
        size: metadata.len(),
        e_tag: None,
        version: None,
    };
    options.check_preconditions(&meta)?;
    let range = match &options.range {
        Some(range) => range.as_range(meta.size).map_err(unreadable)?,
        None => 0..meta.size,
    };
    Ok(GetResult {
        payload: GetResultPayload::File(file.into_file(), path),
        attributes: Attributes::default(),
        range,
        meta,
    })
}

fn read(path: &std::path::Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
    let mut file = regular_file::open(path).map_err(|error| failed(path, error))?;
    let mut read_one = |range: &Range<u64>| {
        let n_bytes = range.end.saturating_sub(range.start);
        file.seek(SeekFrom::Start(range.start))?;
        let mut bytes = Vec::new();
        (&mut file).take(n_bytes).read_to_end(&mut bytes)?;
        match bytes.len() as u64 == n_bytes {
            true => Ok(Bytes::from(bytes)),
            false => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)),
        }
    };
    let read = ranges
        .iter()
        .map(|range| read_one(range).map_err(unreadable));
    read.collect()
}

/// Runs `work` where it may wait for the disk.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(unreadable(error)))
}

#[async_trait]
impl ObjectStore for LocalFiles {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let path = self.inner.path_to_filesystem(location)?;
        let location = location.clone();
        aside(move || open(path, location, &options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let path = self.inner.path_to_filesystem(location)?;
        let ranges = ranges.to_vec();
        aside(move || read(&path, &ranges)).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
