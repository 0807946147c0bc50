//! Model and size to areas and page sizes.
