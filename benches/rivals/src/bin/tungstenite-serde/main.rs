//! What a user would write first: tokio-tungstenite with its defaults, serde_json into typed
//! structures, `rust_decimal` for numbers. It stamps each text message once it is decoded.

mod decode;

use futures_util::{SinkExt, StreamExt};
use harness::{Failure, Stamps, need, option, trusting};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

fn main() -> Result<(), Failure> {
    harness::run(receive)
}

async fn receive() -> Result<Stamps, Failure> {
    let mut stamps = Stamps::new()?;
    let decode = decode::of_venue(&need("--venue")?).ok_or("the venue is not known")?;
    let tls = option("--ca").map(|path| trusting(&path)).transpose()?;
    let url = need("--url")?;
    let connector = tls.map(Connector::Rustls);
    let (mut line, _) = connect_async_tls_with_config(&url, None, true, connector).await?;
    line.send(Message::text(need("--subscribe")?)).await?;
    loop {
        match tokio::time::timeout(stamps.patience(), line.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => {
                std::hint::black_box(decode(&text));
                stamps.take();
            }
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => return Err(error.into()),
            Ok(None) | Err(_) => return Ok(stamps),
        }
    }
}
