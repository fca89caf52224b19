//! What happens to the deliveries that are ingested.

/// What happens during ingest, for progress. No event carries a cell of data.
#[derive(Debug, Clone)]
pub enum DeliveryEvent {
    /// A delivery began.
    Started {
        /// Its file.
        file: String,
        /// Its table.
        table: String,
        /// Size of the file.
        n_bytes: u64,
    },
    /// About so much of the file is done.
    Progress {
        /// Its file.
        file: String,
        /// Bytes done.
        n_bytes: u64,
    },
    /// A delivery is in the lake.
    Finished {
        /// Its file.
        file: String,
        /// Its table.
        table: String,
        /// Rows accepted.
        n_accepted: u64,
        /// Rows rejected.
        n_rejected: u64,
        /// Version of the table that has the rows.
        version: u64,
    },
    /// A delivery was refused whole.
    Refused {
        /// Its file.
        file: String,
        /// The table it was meant for.
        table: String,
        /// Why, in lines without values.
        reason: String,
    },
}
