//! Rows of results: kept as text in arenas, shown safely.

pub mod array;
pub mod batch;
pub mod cell;
pub mod detail;
pub mod store;
pub mod width;

pub use batch::{Cell, RowBatch, RowBatchBuilder};
pub use store::{ResultId, ResultSet, SharedShelf, Shelf, Snapshot, Stretch};
