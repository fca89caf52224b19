//! korabo measures what health-management programs change: from extracts of insurers and employers
//! through a versioned lake and linked persons to a person-year panel, causal effects and a report.
//!
//! The modules in the order of the data's journey; ARCHITECTURE.md has the map.

pub mod clock;
pub mod content_hash;
pub mod diagnostic;
pub mod event;
pub mod output_file;
pub mod regular_file;
pub mod schedule;
pub mod toml_reader;
pub mod transcoder;
pub mod words;

pub mod evaluation;
pub mod vocabulary;

pub mod project_file;

pub mod config;
pub mod contract;
pub mod disclosure;
pub mod link;
pub mod tabular;

pub mod law;
pub mod mapping;

pub mod functions;
pub mod lake;

pub mod withdrawals;

pub mod backup;
pub mod ingest;
pub mod pseudonymize;
pub mod reference;
pub mod release_ledger;
pub mod session;

pub mod checks;

pub mod pipeline;

pub mod forget;
pub mod observe;
pub mod release;
pub mod report;
pub mod serve;

pub mod job;
pub mod site;

pub mod cli;
