//! The index of passages on Milvus, for installations with very many of them.

mod address;
mod collection;
mod index;
mod rebuild;
mod server;

pub use address::{Address, AddressError};
pub use index::MilvusIndex;
