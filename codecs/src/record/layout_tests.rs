//! Offsets against the SBE schema.
