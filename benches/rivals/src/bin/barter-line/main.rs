//! barter-data from the socket to its normalised event, all with its own types: subscriptions, their
//! validation, its stream of events, its pings. It stamps each event that the stream hands over.
//!
//! Only the address is ours. Its `MarketStream::init` asks the exchange's type for the address; what
//! `init` does behind that is done here with the same public parts, in the same order. Under TLS the
//! line is opened here too, because `barter_integration`'s `connect` trusts the authorities that are
//! compiled into it and no other.

use barter_data::exchange::binance::spot::BinanceSpot;
use barter_data::exchange::bybit::futures::BybitPerpetualsUsd;
use barter_data::exchange::{Connector, StreamSelector};
use barter_data::instrument::MarketInstrumentData;
use barter_data::subscriber::mapper::{SubscriptionMapper, WebSocketSubMapper};
use barter_data::subscriber::validator::SubscriptionValidator;
use barter_data::subscription::book::{OrderBooksL1, OrderBooksL2};
use barter_data::subscription::trade::PublicTrades;
use barter_data::subscription::{Subscription, SubscriptionKind, SubscriptionMeta};
use barter_data::transformer::ExchangeTransformer;
use barter_data::{
    ExchangeWsStream, Identifier, distribute_messages_to_exchange, process_buffered_events,
    schedule_pings_to_exchange,
};
use barter_instrument::instrument::market_data::kind::MarketDataInstrumentKind;
use barter_instrument::instrument::name::InstrumentNameExchange;
use barter_integration::protocol::StreamParser;
use barter_integration::protocol::websocket::{
    WebSocket, WebSocketSerdeParser, WsError, WsMessage, connect,
};
use barter_tungstenite::{Connector as TlsConnector, connect_async_tls_with_config};
use futures_util::{SinkExt, StreamExt};
use harness::{Failure, Stamps, need, option, trusting};
use tokio::sync::mpsc;

type Instrument = MarketInstrumentData<usize>;
type Line<T> = ExchangeWsStream<WebSocketSerdeParser, T>;

fn main() -> Result<(), Failure> {
    harness::run(receive)
}

async fn receive() -> Result<Stamps, Failure> {
    let (venue, channels) = (need("--venue")?, need("--channels")?);
    match (venue.as_str(), channels.as_str()) {
        ("binance", "trade") => events(BinanceSpot::default(), PublicTrades).await,
        ("binance", "book") => events(BinanceSpot::default(), OrderBooksL1).await,
        ("bybit", "trade") => events(BybitPerpetualsUsd::default(), PublicTrades).await,
        ("bybit", "book") => events(BybitPerpetualsUsd::default(), OrderBooksL2).await,
        _ => Err("barter-data has no such line".into()),
    }
}

/// Stamps events until they end. What it cannot take is no event, such as the answer to its own ping on
/// Bybit; a measured message that it cannot take is missing in the count.
async fn events<E, K, T>(exchange: E, kind: K) -> Result<Stamps, Failure>
where
    E: StreamSelector<Instrument, K, Stream = Line<T>> + Copy + Send + Sync,
    K: SubscriptionKind + Copy + Send + Sync,
    T: ExchangeTransformer<E, usize, K>,
    WebSocketSerdeParser: StreamParser<T::Input, Message = WsMessage, Error = WsError>,
    Subscription<E, Instrument, K>: Identifier<E::Channel> + Identifier<E::Market>,
{
    let mut stamps = Stamps::new()?;
    let mut line: Line<T> = open(&subscriptions(exchange, kind)?).await?;
    loop {
        match tokio::time::timeout(stamps.patience(), line.next()).await {
            Ok(Some(Ok(event))) => {
                std::hint::black_box(event);
                stamps.take();
            }
            Ok(Some(Err(_))) => {}
            Ok(None) | Err(_) => return Ok(stamps),
        }
    }
}

fn subscriptions<E, K>(exchange: E, kind: K) -> Result<Vec<Subscription<E, Instrument, K>>, Failure>
where
    E: Copy,
    K: Copy,
{
    let names = need("--symbols")?;
    let subscription = |(key, name): (usize, &str)| {
        let instrument = MarketInstrumentData {
            key,
            name_exchange: InstrumentNameExchange::new(name),
            kind: MarketDataInstrumentKind::Spot,
        };
        Subscription::new(exchange, instrument, kind)
    };
    Ok(names.split(',').enumerate().map(subscription).collect())
}

/// What `MarketStream::init` does once it has a socket.
async fn open<E, K, T>(wanted: &[Subscription<E, Instrument, K>]) -> Result<Line<T>, Failure>
where
    E: Connector + Send + Sync,
    K: SubscriptionKind + Send + Sync,
    T: ExchangeTransformer<E, usize, K>,
    WebSocketSerdeParser: StreamParser<T::Input, Message = WsMessage, Error = WsError>,
    Subscription<E, Instrument, K>: Identifier<E::Channel> + Identifier<E::Market>,
{
    let mut socket = socket().await?;
    let SubscriptionMeta {
        instrument_map,
        ws_subscriptions,
    } = WebSocketSubMapper::map(wanted);
    for request in ws_subscriptions {
        socket.send(request).await?;
    }
    let (map, early) =
        E::SubValidator::validate::<E, usize, K>(instrument_map, &mut socket).await?;
    let (sink, stream) = socket.split();
    let (requests, to_send) = mpsc::unbounded_channel();
    tokio::spawn(distribute_messages_to_exchange(E::ID, sink, to_send));
    if let Some(ping) = E::ping_interval() {
        tokio::spawn(schedule_pings_to_exchange(E::ID, requests.clone(), ping));
    }
    let mut transformer = T::init(map, &[], requests).await?;
    let early = process_buffered_events::<WebSocketSerdeParser, T>(&mut transformer, early);
    Ok(Line::new(stream, transformer, early))
}

async fn socket() -> Result<WebSocket, Failure> {
    let url = need("--url")?;
    let Some(authority) = option("--ca") else {
        return Ok(connect(url).await?);
    };
    let connector = TlsConnector::Rustls(trusting(&authority)?);
    let (line, _) = connect_async_tls_with_config(url, None, false, Some(connector)).await?;
    Ok(line)
}
