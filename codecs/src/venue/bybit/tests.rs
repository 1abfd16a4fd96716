//! Decoding of this venue, message by message.
