//! Reading documents in the background.
