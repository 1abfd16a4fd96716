//! What the programs that the latency harness calls have in common: its command line, its clock and
//! the file of stamps (`benches/src/latency/rival.rs` tells what is in it).

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Silence that ends the run once everything came, and before.
const DONE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(6);

pub type Failure = Box<dyn Error + Send + Sync>;

/// The value of `--name` of the command line.
pub fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

/// As [`option`], for what must be there.
pub fn need(name: &str) -> Result<String, Failure> {
    option(name).ok_or_else(|| format!("{name} is missing").into())
}

/// Runs `receive` on the core of the command line and writes the stamps that it returns.
pub fn run<F>(receive: impl FnOnce() -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<Stamps, Failure>>,
{
    let core = need("--core")?.parse()?;
    core_affinity::set_for_current(core_affinity::CoreId { id: core });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let stamps = runtime.block_on(receive())?;
    let bytes: Vec<u8> = stamps
        .taken
        .iter()
        .flat_map(|stamp| stamp.to_le_bytes())
        .collect();
    Ok(std::fs::write(need("--out")?, bytes)?)
}

/// When each message was done with, nanoseconds since the epoch.
pub struct Stamps {
    taken: Vec<i64>,
    messages: usize,
}

impl Stamps {
    /// Room for all messages of the run.
    pub fn new() -> Result<Self, Failure> {
        let messages: usize = need("--messages")?.parse()?;
        Ok(Self {
            taken: Vec::with_capacity(messages + 64),
            messages,
        })
    }

    /// Now.
    pub fn take(&mut self) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        self.taken.push(since.map_or(0, |since| {
            i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
        }));
    }

    /// Silence after which nothing more comes.
    pub fn patience(&self) -> Duration {
        if self.taken.len() >= self.messages {
            DONE
        } else {
            PATIENCE
        }
    }
}

/// The client's side of TLS, which trusts what is in a file.
pub fn trusting(path: &str) -> Result<Arc<rustls::ClientConfig>, Failure> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
