//! A certificate for the loopback address, made for each run.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::Error;

/// Both sides' configurations.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The exchange's.
    pub server: Arc<ServerConfig>,
    /// That of clients in this process.
    pub client: Arc<ClientConfig>,
    /// The authority, for clients elsewhere.
    pub ca_pem: String,
}

/// Makes an authority and a leaf for `127.0.0.1`.
///
/// # Errors
///
/// [`Error::Other`] if the certificate cannot be made.
pub fn make() -> Result<Tls, Error> {
    let ca_key = KeyPair::generate().map_err(Error::other)?;
    let mut ca = CertificateParams::new(Vec::new()).map_err(Error::other)?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // OpenSSL takes a leaf whose issuer has the leaf's name for one that signed itself.
    ca.distinguished_name
        .push(DnType::CommonName, "latency harness");
    let authority = ca.self_signed(&ca_key).map_err(Error::other)?;
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().map_err(Error::other)?;
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut leaf = CertificateParams::new(names).map_err(Error::other)?;
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, &issuer).map_err(Error::other)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .map_err(Error::other)?;
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).map_err(Error::other)?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Tls {
        server: Arc::new(server),
        client: Arc::new(client),
        ca_pem: authority.pem(),
    })
}
