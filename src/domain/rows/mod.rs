//! Rows of results: kept as text in arenas, shown safely.

pub mod array;
pub mod batch;
pub mod cell;
pub mod condition;
pub mod detail;
pub mod glance;
pub mod kind;
pub mod moment;
pub mod order;
pub mod pattern;
pub mod scan;
pub mod store;
pub mod stray;
pub mod view;
pub mod width;

pub use batch::{Cell, RowBatch, RowBatchBuilder};
pub use store::{Part, ResultId, ResultSet, SharedShelf, Shelf, Snapshot, Stretch};
