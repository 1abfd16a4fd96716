//! What a user would write first: tokio-tungstenite with its defaults, serde_json into typed
//! structures, `rust_decimal` for numbers. The latency harness calls it
//! (`benches/src/latency/rival.rs` tells how); it stamps each text message once it is decoded.

mod decode;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

/// Silence that ends the run once everything came, and before.
const DONE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(6);

type Failure = Box<dyn Error + Send + Sync>;

/// The value of `--name` of the command line.
fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

fn need(name: &str) -> Result<String, Failure> {
    option(name).ok_or_else(|| format!("{name} is missing").into())
}

fn main() -> Result<(), Failure> {
    let core = need("--core")?.parse()?;
    core_affinity::set_for_current(core_affinity::CoreId { id: core });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let stamps = runtime.block_on(receive())?;
    let bytes: Vec<u8> = stamps
        .iter()
        .flat_map(|stamp| stamp.to_le_bytes())
        .collect();
    Ok(std::fs::write(need("--out")?, bytes)?)
}

async fn receive() -> Result<Vec<i64>, Failure> {
    let messages: usize = need("--messages")?.parse()?;
    let decode = decode::of_venue(&need("--venue")?).ok_or("the venue is not known")?;
    let connector = option("--ca").map(|path| trusting(&path)).transpose()?;
    let url = need("--url")?;
    let (mut line, _) = connect_async_tls_with_config(&url, None, true, connector).await?;
    line.send(Message::text(need("--subscribe")?)).await?;
    let mut stamps = Vec::with_capacity(messages + 64);
    loop {
        let patience = if stamps.len() > messages {
            DONE
        } else {
            PATIENCE
        };
        match tokio::time::timeout(patience, line.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => {
                std::hint::black_box(decode(&text));
                stamps.push(now());
            }
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => return Err(error.into()),
            Ok(None) | Err(_) => return Ok(stamps),
        }
    }
}

fn trusting(path: &str) -> Result<Connector, Failure> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Connector::Rustls(Arc::new(config)))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}
