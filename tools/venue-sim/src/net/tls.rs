//! A certificate authority of its own for every simulation.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::Certificate;
use crate::error::SimError;

/// Names the leaf is valid for.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// A name that no client connects to (RFC 2606).
const OTHER_NAME: &str = "other.invalid";

/// Distance of a bad certificate's dates from now.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What TLS needs: the acceptor for the listeners and the authority for the clients.
#[derive(Clone)]
pub(crate) struct Authority {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) ca_pem: String,
}

/// Makes an authority and a leaf signed by it.
pub(crate) fn authority(kind: Certificate) -> Result<Authority, SimError> {
    let (ca_pem, chain, key) =
        certificates(kind).map_err(|error| SimError::Tls(error.to_string()))?;
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

fn certificates(kind: Certificate) -> Result<(String, Leaf, PrivateKeyDer<'static>), rcgen::Error> {
    let (trusted, issuer) = issuer("venue-sim test authority")?;
    let issuer = match kind {
        Certificate::UnknownAuthority => self::issuer("nobody's authority")?.1,
        _ => issuer,
    };
    let key = KeyPair::generate()?;
    let leaf = leaf(kind)?.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok((trusted, leaf.der().clone(), key))
}

/// A new authority: its certificate in PEM and what signs with it.
fn issuer(name: &str) -> Result<(String, Issuer<'static, KeyPair>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut ca = CertificateParams::new(Vec::<String>::new())?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name.push(DnType::CommonName, name);
    let pem = ca.self_signed(&key)?.pem();
    Ok((pem, Issuer::new(ca, key)))
}

fn leaf(kind: Certificate) -> Result<CertificateParams, rcgen::Error> {
    let names = match kind {
        Certificate::WrongName => vec![OTHER_NAME.to_owned()],
        _ => NAMES.map(String::from).to_vec(),
    };
    let mut leaf = CertificateParams::new(names)?;
    leaf.use_authority_key_identifier_extension = true;
    leaf.distinguished_name
        .push(DnType::CommonName, "venue-sim");
    let now = SystemTime::now();
    match kind {
        Certificate::Expired => leaf.not_after = (now - DAY).into(),
        Certificate::NotYetValid => leaf.not_before = (now + DAY).into(),
        Certificate::ExpiresIn(left) => leaf.not_after = (now + left.min(DAY * 365)).into(),
        _ => {}
    }
    Ok(leaf)
}
