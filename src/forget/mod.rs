//! Withdrawing persons from the lake: their rows, and every version that had them.
//!
//! ```text
//! asked keys ──► search ──► what is found, by table ──► carry_out ──► receipt
//!                scope      (nothing is changed)         keys into `withdrawn_keys`, then the lake is made to fit them
//! ```
//!
//! What is withdrawn is decided once and written down as hashes before anything is removed. The rest only makes the lake fit these
//! hashes, and can be killed and repeated at any point: tables that are made of persons are emptied, until a run builds them again; raw
//! tables, rejected rows and tables of numbers are rewritten without the persons; each loses its earlier versions.
//!
//! What remembers releases stays as it is. It knows persons by numbers, which name no person once their keys are gone, and are never
//! given again. Without them the difference between what left before and what leaves afterwards would tell about the person who is
//! missing.

mod asked;
mod carry_out;
mod error;
mod receipt;
mod scope;
mod search;

pub use asked::AskedKeys;
pub use carry_out::carry_out;
pub use error::ForgetError;
pub use receipt::{ForgetReceipt, receipt};
pub use search::{Search, search};
