//! CSV files in CP932 that statements name, as the engine reads them: in UTF-8. They are a store of their own, with a scheme of its own, so
//! that files in UTF-8 are read as always, by several threads per file. A decoded file is one stream from its beginning: a position in its text says
//! nothing about one in the file.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::execution::SessionState;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use prost::bytes::Bytes;

use super::file_error::FileError;
use super::local_files::{LocalFiles, aside};
use crate::regular_file;
use crate::transcoder::{TextEncoding, Transcoder};

/// The scheme of decoded files.
pub(super) const STORE: &str = "cp932://";

/// The machine's text files in CP932, decoded.
#[derive(Debug, Default)]
pub(super) struct DecodedFiles {
    files: LocalFiles,
}

impl fmt::Display for DecodedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("decoded files")
    }
}

/// The file in CP932 at `path`, as a table.
pub(super) async fn table(
    path: &ListingTableUrl,
    state: &SessionState,
) -> datafusion::common::Result<Arc<dyn TableProvider>> {
    let url = ListingTableUrl::parse(format!("{STORE}{}", path.get_url().path()))?;
    // Files whose rows may hold line breaks are not read in pieces.
    let format = CsvFormat::default().with_newlines_in_values(true);
    let options = ListingOptions::new(Arc::new(format)).with_file_extension("");
    let config = ListingTableConfig::new(url).with_listing_options(options);
    let table = ListingTable::try_new(config.infer_schema(state).await?)?;
    Ok(Arc::new(table))
}

/// The decoded text of the file at `path`, a chunk at a time.
fn text_of(path: PathBuf, input: std::fs::File) -> BoxStream<'static, Result<Bytes>> {
    let text = Transcoder::new(input, TextEncoding::Cp932);
    let chunks = futures::stream::try_unfold((text, path), |(mut text, path)| async move {
        aside(move || {
            text.fill().map_err(|error| Error::Generic {
                store: "file",
                source: Box::new(FileError::new(
                    &path.display().to_string(),
                    error.to_string(),
                )),
            })?;
            let chunk = Bytes::copy_from_slice(text.pending());
            Ok((!chunk.is_empty()).then_some((chunk, (text, path))))
        })
        .await
    });
    chunks.boxed()
}

fn refused<T>(operation: &str) -> Result<T> {
    Err(Error::NotImplemented {
        operation: operation.to_owned(),
        implementer: "decoded files".to_owned(),
    })
}

#[async_trait]
impl ObjectStore for DecodedFiles {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.range.is_some() {
            return refused("reading a piece");
        }
        let is_head = options.head;
        let mut found = self.files.get_opts(location, options).await?;
        if let GetResultPayload::File(file, path) = found.payload {
            found.payload = match is_head {
                true => GetResultPayload::File(file, path),
                false => GetResultPayload::Stream(text_of(path, file)),
            };
        }
        Ok(found)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        refused("writing")
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        refused("writing")
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        futures::stream::once(async { refused("deleting") }).boxed()
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        refused("copying")
    }
}

/// The encodings of files, kept for as long as a file is the same: a large one is not read at every statement that names it.
#[derive(Debug, Default)]
pub(super) struct Encodings(std::sync::Mutex<std::collections::HashMap<PathBuf, KnownEncoding>>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct KnownEncoding {
    modified: Option<std::time::SystemTime>,
    n_bytes: u64,
    is_cp932: bool,
}

impl Encodings {
    /// Whether `path` is a CSV file in CP932. What cannot be read is not: the engine says why.
    pub(super) async fn is_cp932(&self, path: &ListingTableUrl) -> bool {
        let Some(file) = csv_file(path) else {
            return false;
        };
        let known = self
            .0
            .lock()
            .ok()
            .and_then(|known| known.get(&file).copied());
        let name = file.clone();
        let found = aside(move || Ok(encoding_of(&name, known))).await;
        let Ok(Some(found)) = found else {
            return false;
        };
        if let Ok(mut known) = self.0.lock() {
            known.insert(file, found);
        }
        found.is_cp932
    }
}

/// The one CSV file of this machine that a path names, unless it is compressed.
fn csv_file(path: &ListingTableUrl) -> Option<PathBuf> {
    let is_one_file = path.scheme() == "file" && path.get_glob().is_none() && !path.is_collection();
    let file = path.get_url().to_file_path().ok().filter(|_| is_one_file)?;
    let extension = file.extension()?;
    extension.eq_ignore_ascii_case("csv").then_some(file)
}

fn encoding_of(path: &std::path::Path, known: Option<KnownEncoding>) -> Option<KnownEncoding> {
    let file = regular_file::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let (modified, n_bytes) = (metadata.modified().ok(), metadata.len());
    let is_same = |known: &KnownEncoding| known.modified == modified && known.n_bytes == n_bytes;
    known.filter(is_same).or_else(|| {
        let encoding = TextEncoding::of(file).ok()?;
        Some(KnownEncoding {
            modified,
            n_bytes,
            is_cp932: encoding == TextEncoding::Cp932,
        })
    })
}
