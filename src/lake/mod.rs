//! Tables on disk: Delta tables under one folder, with atomic commits, pinned versions and the provenance of each version.
//! Reading them with SQL is the work of `session`; `ingest` and `pipeline` decide what goes in.

mod checksum;
mod copy;
mod durable;
mod error;
mod folder;
mod integrity;
mod leftovers;
mod lock;
mod log;
mod maintain;
mod provenance;
mod publish;
mod purge;
mod read;
mod schema;
mod snapshot;
mod stamp;
mod table;
mod write;

pub use copy::CopyTotals;
pub use error::{LakeError, failure_kind};
pub use folder::Lake;
pub use integrity::Contents;
pub use lock::LakeLock;
pub use maintain::Upkeep;
pub use provenance::Provenance;
pub use publish::PublishMode;
pub use read::TableReader;
pub use schema::storable_schema;
pub use table::{LakeFile, LakeTable};
pub use write::{StagedFiles, TableWriter};
