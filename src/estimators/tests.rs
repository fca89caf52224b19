//! Estimators against golden numbers (`tests/golden/sim`, see `HOW.md` there) and against properties they must have.

mod golden;

mod group_time;

mod regression;

mod balance;

mod bacon;

mod pairs;
mod properties;

mod public;
