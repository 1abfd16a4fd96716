//! Whom TLS trusts, and what a refusal means.

use std::error::Error;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use rustls::{CertificateError, ClientConfig, Error as TlsError, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use ureq::tls::{Certificate, PemItem, RootCerts};

use crate::config::TlsConfig;
use crate::exit::{Code, Failure};

/// Why TLS refused a peer. None of these heals in seconds: they are tried again slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not begun.
    NotYetValid,
    /// The certificate is another host's.
    WrongName,
    /// Nobody whom we trust has signed it.
    UnknownAuthority,
    /// Something else is wrong with the certificate.
    Certificate,
    /// No version, cipher or extension that both sides accept, or the peer broke the protocol.
    Protocol,
}

impl Distrust {
    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Expired => "the certificate has expired",
            Self::NotYetValid => "the certificate is not yet valid",
            Self::WrongName => "the certificate is for another name",
            Self::UnknownAuthority => "the certificate is signed by an unknown authority",
            Self::Certificate => "the certificate is not valid",
            Self::Protocol => "no agreement on TLS",
        }
    }

    /// The TLS refusal behind an error, however it is wrapped.
    #[must_use]
    pub fn find(error: &(dyn Error + 'static)) -> Option<Self> {
        // Wrappers are few; a circle of causes must not hold us.
        const DEPTH_MAX: usize = 8;
        let mut next = Some(error);
        for _ in 0..DEPTH_MAX {
            let current = next?;
            if let Some(error) = current.downcast_ref::<TlsError>() {
                return Some(Self::of(error));
            }
            next = inner(current).or_else(|| current.source());
        }
        None
    }

    fn of(error: &TlsError) -> Self {
        match error {
            TlsError::InvalidCertificate(error) => match error {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    Self::Expired
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    Self::NotYetValid
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => Self::WrongName,
                CertificateError::UnknownIssuer => Self::UnknownAuthority,
                _ => Self::Certificate,
            },
            _ => Self::Protocol,
        }
    }
}

/// `io::Error` tells its payload's cause as its source, not the payload.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        return error.get_ref().map(|error| error as &(dyn Error + 'static));
    }
    match error.downcast_ref::<ureq::Error>()? {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => Some(error),
        _ => None,
    }
}

/// Whom clients of HTTP trust: the authorities in the file that `key` of the configuration names, or else
/// those that browsers trust.
///
/// # Errors
///
/// A [`Failure`] that names key and file, if there is no certificate to be read.
pub(crate) fn authorities(ca_file: Option<&Path>, key: &str) -> Result<RootCerts, Failure> {
    let Some(path) = ca_file else {
        return Ok(RootCerts::WebPki);
    };
    let pem = std::fs::read(path).map_err(|error| unreadable(key, path, &error))?;
    let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(unreadable(key, path, &"no certificate"));
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

fn unreadable(key: &str, path: &Path, error: &dyn Display) -> Failure {
    let path = path.display();
    let problem = format!("{key} {path}: {error}; expected PEM certificates");
    Failure::new(Code::NoInput, problem)
}

/// Certificate and name checks are always on; only the authorities can be chosen.
pub(super) fn client_config(tls: &TlsConfig) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    match &tls.ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let unreadable = |error: &dyn Display| unreadable("tls.ca_file", path, error);
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Failure::new(Code::Software, format!("TLS: {error}")))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
