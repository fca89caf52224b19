//! Which cells of tables of counts are withheld.
//!
#![doc = include_str!("../README.md")]

mod equations;
mod exchange;
mod free;
mod items;
mod linear;
mod lists;
mod local;
mod model;
mod moves;
mod problem;
mod program;
mod proof;
mod protect;
mod ranges;
mod region;
mod relaxed;
mod span;
mod state;
mod whole;
mod widening;

pub use problem::{
    Cell, CellStatus, Decision, Interval, Origin, Problem, ProblemError, ProtectedCount,
    ProtectionRules, Reason, Suppression,
};
pub use protect::protect;
