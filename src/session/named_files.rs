//! Files that statements name in place of tables. The engine opens them; its errors do not say which file they are about, and its
//! decoder of Parquet footers panics over some damaged ones.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::{DynamicFileCatalog, TableProvider, UrlTableFactory};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::dynamic_file::DynamicListTableFactory;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionContext;

use super::decoded_files::{self, Encodings};
use super::file_error::FileError;
use crate::diagnostic::contained;

/// A context in which the path of a file, in quotes, is a table; and what opens the files, as long as there is the context.
pub(super) fn with_named_files(
    state: SessionStateBuilder,
) -> (SessionContext, Arc<dyn UrlTableFactory>) {
    let files = Arc::new(Files::default());
    let mut state = state.build();
    let factory = Arc::clone(&files) as Arc<dyn UrlTableFactory>;
    let tables = DynamicFileCatalog::new(Arc::clone(state.catalog_list()), Arc::clone(&factory));
    state.register_catalog_list(Arc::new(tables));
    let ctx = SessionContext::from(state);
    let session = files.engine.session_store();
    session.with_state(ctx.state_weak_ref());
    (ctx, factory)
}

#[derive(Debug, Default)]
struct Files {
    engine: DynamicListTableFactory,
    encodings: Encodings,
}

impl Files {
    /// A CSV file in CP932 as it is decoded, everything else as the engine opens it.
    async fn open(&self, path: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Ok(url) = ListingTableUrl::parse(path)
            && self.encodings.is_cp932(&url).await
            && let Some(state) = self.state()
        {
            return decoded_files::table(&url, &state).await.map(Some);
        }
        self.engine.try_new(path).await
    }

    fn state(&self) -> Option<SessionState> {
        let session = self.engine.session_store().get_session().upgrade()?;
        let state = session.read();
        state.as_any().downcast_ref::<SessionState>().cloned()
    }
}

#[async_trait]
impl UrlTableFactory for Files {
    async fn try_new(&self, path: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let mut opening = pin!(self.open(path));
        let opened = poll_fn(|context| {
            let polled = contained(|| opening.as_mut().poll(context));
            polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
        });
        let refused = |reason| DataFusionError::External(Box::new(FileError::new(path, reason)));
        match opened.await {
            None => Err(refused(NOT_PARQUET.to_owned())),
            Some(Err(error)) => Err(reason(&error).map_or(error, refused)),
            Some(opened) => opened,
        }
    }
}

const NOT_PARQUET: &str = "it is no Parquet file, or its footer is damaged";

/// Why a file is no table, when that is the file's fault.
fn reason(error: &DataFusionError) -> Option<String> {
    if let Some(error) = FileError::among(error) {
        return Some(error.reason.clone());
    }
    match error.find_root() {
        DataFusionError::ParquetError(_) => Some(NOT_PARQUET.to_owned()),
        DataFusionError::ArrowError(error, _) => Some(match error.as_ref() {
            ArrowError::CsvError(text) => {
                unequal_lengths(text).unwrap_or_else(|| "it is no CSV file in UTF-8".to_owned())
            }
            ArrowError::JsonError(_) => "it does not hold one JSON object per line".to_owned(),
            _ => "its content cannot be decoded".to_owned(),
        }),
        _ => None,
    }
}

/// The engine's "Expected 2 records, found 3 records at line 5", where records are fields.
fn unequal_lengths(text: &str) -> Option<String> {
    let (_, numbers) = text.split_once("unequal lengths")?;
    let words = numbers.split_whitespace();
    let numbers: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
    let [expected, found, line] = numbers.as_slice() else {
        return None;
    };
    Some(format!(
        "line {line} does not have {expected} fields like the first line, but {found}"
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use std::sync::Arc;

    use datafusion::arrow::array::{
        ArrayRef, AsArray as _, Float64Array, RecordBatch, StringArray,
    };
    use datafusion::arrow::datatypes::Int64Type;
    use datafusion::parquet::arrow::ArrowWriter;
    use fs_err as fs;

    use crate::session::{ErrorClass, Session, SessionError, SessionOptions};

    async fn opened(session: &Session, path: &Path) -> Result<(), SessionError> {
        let sql = format!("SELECT * FROM '{}'", path.display());
        session.plan(&sql, &[]).await.map(drop)
    }

    #[tokio::test]
    async fn a_footer_with_any_byte_of_its_schema_changed_is_read_or_refused_by_name() {
        let batch = RecordBatch::try_from_iter([
            (
                "name",
                Arc::new(StringArray::from(vec!["佐藤"])) as ArrayRef,
            ),
            ("cost", Arc::new(Float64Array::from(vec![1.5]))),
        ]);
        let batch = batch.unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        let whole = writer.into_inner().unwrap();
        // The schema is a message in base 64 under this key.
        let key = b"ARROW:schema";
        let key = whole.windows(key.len()).position(|bytes| bytes == key);
        let start = key.unwrap() + 16;
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        let length = whole[start..]
            .iter()
            .take_while(|byte| is_base64(byte))
            .count();
        assert!(length > 200, "{length}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("visits 2023.parquet");
        let session = Session::new(&SessionOptions::default()).unwrap();
        let mut n_refused = 0;
        for (at, byte) in (start..start + length).flat_map(|at| [(at, b'A'), (at, b'9')]) {
            let mut damaged = whole.clone();
            damaged[at] = byte;
            fs::write(&path, damaged).unwrap();
            if let Err(error) = opened(&session, &path).await {
                assert_eq!(error.class(), ErrorClass::Data);
                let expected = format!("cannot read `{}`: ", path.display());
                assert!(
                    error.describe().starts_with(&expected),
                    "{}",
                    error.describe()
                );
                n_refused += 1;
            }
        }
        assert!(n_refused > length / 2, "{n_refused} of {length}");
    }

    #[tokio::test]
    async fn files_in_cp932_are_decoded_and_wrong_ones_named_while_they_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let session = Session::new(&SessionOptions::default()).unwrap();
        let path = folder.path().join("健診 2023.csv");
        let mut bytes = b"a,b\n".to_vec();
        bytes.extend(b"1,\x8c\x92\n".repeat(300_000));
        fs::write(&path, &bytes).unwrap();
        let sql = format!(
            "SELECT count(*) FROM '{}' WHERE b = '健' AND a = 1",
            path.display()
        );
        let count = async || {
            let frame = session.plan(&sql, &[]).await?;
            let batches = frame.collect().await.map_err(SessionError::from)?;
            Ok::<i64, SessionError>(batches[0].column(0).as_primitive::<Int64Type>().value(0))
        };
        assert_eq!(count().await.unwrap(), 300_000);
        bytes.extend(b"2,\xff\n");
        fs::write(&path, &bytes).unwrap();
        let error = count().await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Data);
        let expected = format!(
            "cannot read `{}`: it is neither UTF-8 nor CP932: byte 1,500,007 in line 300,002 fits neither",
            path.display()
        );
        assert_eq!(error.describe(), expected);
    }

    #[tokio::test]
    async fn files_that_are_none_of_their_kind_are_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let session = Session::new(&SessionOptions::default()).unwrap();
        for (name, content, expected) in [
            (
                "a.parquet",
                "佐藤".as_bytes(),
                "it is no Parquet file, or its footer is damaged",
            ),
            (
                "b.csv",
                "a,b\n1,2\n佐藤\n".as_bytes(),
                "line 3 does not have 2 fields like the first line, but 1",
            ),
            (
                "c.csv",
                b"a,b\n\xff\xff,2\n",
                "it is neither UTF-8 nor CP932: byte 5 in line 2 fits neither",
            ),
            (
                "d.json",
                "佐藤".as_bytes(),
                "it does not hold one JSON object per line",
            ),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            let error = opened(&session, &path).await.unwrap_err();
            assert_eq!(
                error.describe(),
                format!("cannot read `{}`: {expected}", path.display())
            );
        }
    }
}
