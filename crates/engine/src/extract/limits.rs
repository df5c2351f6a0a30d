//! How much one file may cost.

use serde::{Deserialize, Serialize};

/// How much one file may cost before reading it is given up as too large or too slow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The file itself, in bytes. Default 256 MiB.
    pub max_file_bytes: usize,
    /// The text it yields, in bytes of UTF-8. Default 64 MiB.
    pub max_text_bytes: usize,
    /// All parts of a zip-based format together once unpacked, in bytes. Default 512 MiB.
    pub max_unpacked_bytes: usize,
    /// Pages, slides, sheets or chapters. Default 20,000.
    pub max_pages: usize,
    /// Columns of a table. Default 4,096.
    pub max_table_columns: usize,
    /// Elements open inside each other in XML and HTML. Default 256; far below what the stack holds.
    pub max_depth: usize,
    /// Memory of the child process, in bytes of address space. Default 1 GiB.
    pub max_memory_bytes: u64,
    /// Processor time of the child process, in seconds. Default 60.
    pub max_cpu_seconds: u64,
    /// Time from start to end of the child process, in seconds. Default 120.
    pub max_wall_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            max_file_bytes: 256 * MIB,
            max_text_bytes: 64 * MIB,
            max_unpacked_bytes: 512 * MIB,
            max_pages: 20_000,
            max_table_columns: 4_096,
            max_depth: 256,
            max_memory_bytes: 1024 * MIB as u64,
            max_cpu_seconds: 60,
            max_wall_seconds: 120,
        }
    }
}
