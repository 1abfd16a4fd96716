//! What can go wrong before or while a simulation starts.

use std::path::PathBuf;

use thiserror::Error;

use crate::config::Product;

/// Why a simulation could not start. Nothing is left listening when this is returned.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimError {
    /// The configuration contradicts itself; the text names key, value and what is allowed.
    #[error("simulator configuration: {0}")]
    Config(String),
    /// A loopback port could not be taken.
    #[error("{} cannot listen on 127.0.0.1:{port}: choose another port or 0", product.name())]
    Listen {
        /// The product whose listener failed.
        product: Product,
        /// The port asked for; 0 stands for any free one.
        port: u16,
        /// What the operating system answered.
        source: std::io::Error,
    },
    /// The thread or its runtime could not be created.
    #[error("the simulator's thread could not start")]
    Thread(#[source] std::io::Error),
    /// The certificate authority or the leaf could not be made.
    #[error("the simulator's certificates could not be made: {0}")]
    Tls(String),
    /// The tape's file could not be created.
    #[error("tape {} cannot be written", path.display())]
    Tape {
        /// The file.
        path: PathBuf,
        /// What the operating system answered.
        source: std::io::Error,
    },
    /// A capture file could not be read.
    #[error("capture {} cannot be read", path.display())]
    CaptureRead {
        /// The file.
        path: PathBuf,
        /// What the operating system answered.
        source: std::io::Error,
    },
    /// A capture line is not `<ns> <frame>`.
    #[error("capture {} line {line}: expected `<ns since epoch> <frame>`: {found}", path.display())]
    CaptureLine {
        /// The file.
        path: PathBuf,
        /// Line number from 1.
        line: u64,
        /// What stands there instead.
        found: String,
    },
}
