//! A certificate authority of its own for every simulation.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::error::SimError;

/// Names the leaf is valid for.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// What TLS needs: the acceptor for the listeners and the authority for the clients.
#[derive(Clone)]
pub(crate) struct Authority {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) ca_pem: String,
}

/// Makes an authority and a leaf signed by it.
pub(crate) fn authority() -> Result<Authority, SimError> {
    let (ca_pem, chain, key) = certificates().map_err(|error| SimError::Tls(error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(vec![chain], key)
        })
        .map_err(|error| SimError::Tls(error.to_string()))?;
    Ok(Authority {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        ca_pem,
    })
}

type Leaf = rustls_pki_types::CertificateDer<'static>;

fn certificates() -> Result<(String, Leaf, PrivateKeyDer<'static>), rcgen::Error> {
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::new(Vec::<String>::new())?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name
        .push(DnType::CommonName, "venue-sim test authority");
    let ca_certificate = ca.self_signed(&ca_key)?;
    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(NAMES.map(String::from).to_vec())?;
    leaf.use_authority_key_identifier_extension = true;
    leaf.distinguished_name
        .push(DnType::CommonName, "venue-sim");
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key))?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok((ca_certificate.pem(), leaf.der().clone(), key))
}
