//! The memory-mapped journal: append, tail, recover, seek.
