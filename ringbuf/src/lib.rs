//! Lock-free broadcast ring for variable-length records: one producer, many cursors.
