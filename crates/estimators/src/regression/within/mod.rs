//! Fixed effects and means taken out of the columns of a regression, without writing indicators out.

pub(super) mod demean;

pub(super) mod columns;

mod meat;

pub(super) mod rows;

pub(super) mod absorb;
