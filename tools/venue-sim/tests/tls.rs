//! `wss` and `https` with the simulation's own authority.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use support::{PATIENCE, config, port};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use venue_sim::{Certificate, Product, Sim, SimConfig};

const LINEAR: Product = Product::BybitLinear;

fn connector(ca_pem: Option<&str>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = ca_pem {
        roots
            .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn connect(
    sim: &Sim,
    connector: &TlsConnector,
    name: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(("127.0.0.1", port(sim, LINEAR))).await?;
    let name = ServerName::try_from(name).unwrap();
    timeout(PATIENCE, connector.connect(name, tcp))
        .await
        .unwrap()
}

fn secure() -> Sim {
    Sim::start(SimConfig {
        tls: true,
        ..config(LINEAR)
    })
    .unwrap()
}

#[tokio::test]
async fn wss_delivers_to_a_client_that_trusts_the_authority() {
    let sim = secure();
    let endpoint = sim.endpoint(LINEAR).unwrap();
    assert!(endpoint.ws_url.starts_with("wss://") && endpoint.rest_url.starts_with("https://"));
    for name in ["127.0.0.1", "localhost"] {
        let tls = connect(&sim, &connector(sim.ca_pem()), name).await.unwrap();
        let url = format!("{}/v5/public/linear", endpoint.ws_url);
        let (mut ws, _) = client_async(url, tls).await.unwrap();
        let request = r#"{"op":"subscribe","args":["orderbook.50.BTCUSDT"]}"#;
        ws.send(Message::Text(request.into())).await.unwrap();
        let mut texts = Vec::new();
        while texts.len() < 3 {
            let message = timeout(PATIENCE, ws.next())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            texts.push(message.into_text().unwrap().to_string());
        }
        assert!(
            texts[1].contains("snapshot") && texts[2].contains("delta"),
            "{texts:?}"
        );
    }
}

#[tokio::test]
async fn https_serves_rest_on_the_same_port() {
    let sim = secure();
    let mut tls = connect(&sim, &connector(sim.ca_pem()), "localhost")
        .await
        .unwrap();
    let request = "GET /v5/market/time HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    tls.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, tls.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("timeNano"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_without_the_authority_or_with_another_name_refuses() {
    let sim = secure();
    assert!(connect(&sim, &connector(None), "localhost").await.is_err());
    assert!(
        connect(&sim, &connector(sim.ca_pem()), "example.com")
            .await
            .is_err()
    );
    let other = secure();
    assert!(
        connect(&sim, &connector(other.ca_pem()), "localhost")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn bad_certificates_are_refused_for_the_reason_they_are_named_after() {
    for (certificate, reason) in [
        (Certificate::Expired, "expired"),
        (Certificate::NotYetValid, "not valid yet"),
        (Certificate::WrongName, "not valid for name"),
        (Certificate::UnknownAuthority, "UnknownIssuer"),
    ] {
        let sim = Sim::start(SimConfig {
            tls: true,
            certificate,
            ..config(LINEAR)
        })
        .unwrap();
        let refused = connect(&sim, &connector(sim.ca_pem()), "localhost").await;
        let error = refused
            .expect_err("a client has to refuse this")
            .to_string();
        assert!(error.contains(reason), "{certificate:?}: {error}");
    }
}

#[tokio::test]
async fn a_certificate_that_expires_soon_is_good_until_then() {
    let certificate = Certificate::ExpiresIn(std::time::Duration::from_secs(3_600));
    let sim = Sim::start(SimConfig {
        tls: true,
        certificate,
        ..config(LINEAR)
    })
    .unwrap();
    let tls = connect(&sim, &connector(sim.ca_pem()), "localhost").await;
    let (_, session) = tls.as_ref().unwrap().get_ref();
    assert_eq!(session.peer_certificates().map(<[_]>::len), Some(1));
}
