//! Whose certificates are trusted: those that browsers trust, or the authorities in a file.

use std::path::Path;
use std::sync::Arc;

use ureq::tls::{PemItem, RootCerts, parse_pem};

use super::CountError;

/// The authorities in a PEM file; without one the public ones.
pub(super) fn roots(ca_file: Option<&Path>) -> Result<RootCerts, CountError> {
    let Some(path) = ca_file else {
        return Ok(RootCerts::WebPki);
    };
    let unusable = |problem: String| CountError::Authorities {
        path: path.to_owned(),
        problem,
    };
    let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) =
            item.map_err(|error| unusable(error.to_string()))?
        {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(unusable("no certificate".to_owned()));
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}
