//! What was told before: sets of persons, so that two statements that differ by few persons do not both get an answer.

use std::fmt;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::DataFusionError;
use datafusion::execution::SessionState;
use futures::TryStreamExt as _;
use futures::future::BoxFuture;
use roaring::RoaringBitmap;
use sha2::{Digest as _, Sha256};

use super::answers::Groups;
use super::error::{MemoryError, ReleaseError};
use super::measures::Measures;

/// Remembers for whom numbers were told, and decides with that for whom more may be.
pub trait ReleaseMemory: fmt::Debug + Send + Sync {
    /// Of each group, the sets of persons that its numbers are about; the first is the group. Returns which groups may be told, and
    /// has remembered them.
    ///
    /// # Errors
    /// When what was told cannot be read or written: then nothing may be told.
    fn admit(
        &self,
        groups: Vec<Vec<RoaringBitmap>>,
    ) -> BoxFuture<'_, Result<Vec<bool>, MemoryError>>;
}

/// Of each of `n_groups` groups, its persons and those of each flag.
///
/// # Errors
/// When computing them fails.
pub(super) async fn members(
    state: &SessionState,
    groups: &Groups,
    n_groups: usize,
    measures: &Measures,
) -> Result<Vec<Vec<RoaringBitmap>>, ReleaseError> {
    let n_keys = groups.n_keys();
    let mut members = vec![vec![RoaringBitmap::new(); 1 + measures.n_flags]; n_groups];
    let frame = datafusion::prelude::DataFrame::new(state.clone(), measures.of_members()?);
    let failed = |_| ReleaseError::NotComputed;
    let mut stream = frame.execute_stream().await.map_err(failed)?;
    while let Some(batch) = stream.try_next().await.map_err(failed)? {
        let persons = person_numbers(batch.column(n_keys))?;
        let flags = (0..measures.n_flags).map(|flag| {
            let array = cast(batch.column(n_keys + 1 + flag), &DataType::Int64)?;
            Ok(array.as_primitive::<Int64Type>().clone())
        });
        let flags = flags.collect::<Result<Vec<_>, DataFusionError>>()?;
        for (row, group) in groups.find(&batch)? {
            let sets = &mut members[group];
            sets[0].insert(persons[row]);
            for (flag, set) in flags.iter().zip(&mut sets[1..]) {
                if flag.is_valid(row) && flag.value(row) == 1 {
                    set.insert(persons[row]);
                }
            }
        }
    }
    Ok(members)
}

/// korabo's numbers of persons; of pseudonyms, 32 bits of their hash.
fn person_numbers(persons: &ArrayRef) -> Result<Vec<u32>, DataFusionError> {
    if persons.data_type().is_integer() {
        let numbers = cast(persons, &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>().iter();
        let number = |id: Option<i64>| id.and_then(|id| u32::try_from(id).ok());
        return Ok(numbers.map(|id| number(id).unwrap_or(u32::MAX)).collect());
    }
    let texts = cast(persons, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>().iter();
    let hash = |text: Option<&str>| {
        let digest = Sha256::digest(text.unwrap_or_default());
        u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]])
    };
    Ok(texts.map(hash).collect())
}
