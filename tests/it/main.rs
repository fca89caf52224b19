//! Black-box tests: they start the built program on projects in temporary folders and look at exit codes,
//! output and the lake. Statistics are tested beside the estimators, SQL functions in `tests/slt`.
#![expect(clippy::unwrap_used, reason = "tests")]

mod dice;
mod hostile_constants;
mod hostile_statements;
mod hostile_syntax;
mod serving;
mod small_project;
mod support;

mod checks;
mod circles;
mod data_tests;
mod freshness;
mod ingest;
mod ingest_again;
mod init;
mod insurer_only;
mod json_schema;
mod run;
mod sample;
mod scheduled;
mod shell_statements;
mod shell_terminal;
mod sql;

mod as_of;
mod backup;
mod crash;
mod damage;
mod doctor;
mod encodings;
mod maintain;
mod release;
mod release_attacks;
mod report;
mod schedule;
mod serve;
mod serve_hostile;
mod serve_limits;
mod serve_python;
mod threads;

mod canary;
mod diff;
mod docs;
mod documents;
mod evaluation;
mod examples;
mod exposures;
mod history;
mod illinois;
mod indicators;
mod lineage;
mod long_statements;
mod meanings;
mod not_files;
mod observability;
mod open_lineage;
mod parts;
mod readme;
mod reference;
mod relation_arguments;
mod relations;
mod scheduling;
mod start_order;
mod summaries;
mod thin_inputs;
mod tidy;
mod vocabulary;
