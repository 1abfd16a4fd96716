//! The good messages, one a line: product, way, symbols, name, text.

use feedd_codecs::VenueId;
use feedd_codecs::venue::Channel;

/// How a message comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `frame`: a text frame of a stream.
    Frame,
    /// `hex`: a binary frame, written in hexadecimal digits.
    Binary,
    /// `reference`: a REST body of instruments.
    Reference,
    /// `volumes`: a REST body of turnovers; those of one product belong together, in order.
    Volumes,
    /// `snapshot`: a REST body of the first symbol's book.
    Snapshot,
    /// `trades` and `agg-trades`: a REST body of the first symbol's trades on a channel.
    Trades(Channel),
}

/// One good message.
#[derive(Clone, Debug)]
pub(crate) struct Golden {
    pub(crate) venue: VenueId,
    pub(crate) way: Way,
    /// The symbols that the feed knows before.
    pub(crate) symbols: Vec<String>,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The messages of a file of an exchange.
pub(crate) fn read(exchange: &str, file: &str) -> Vec<Golden> {
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| golden(exchange, line)).collect()
}

fn golden(exchange: &str, line: &str) -> Golden {
    let parts: Vec<&str> = line.splitn(5, ' ').collect();
    let [product, way, symbols, name, text] = parts[..] else {
        panic!("{line}");
    };
    let symbols = symbols.split(',').filter(|symbol| *symbol != "-");
    let way = way_of(way);
    Golden {
        venue: VenueId::from_names(exchange, product).unwrap(),
        way,
        symbols: symbols.map(str::to_owned).collect(),
        name: name.to_owned(),
        bytes: match way {
            Way::Binary => bytes(text),
            _ => text.as_bytes().to_vec(),
        },
    }
}

fn way_of(word: &str) -> Way {
    match word {
        "frame" => Way::Frame,
        "hex" => Way::Binary,
        "reference" => Way::Reference,
        "volumes" => Way::Volumes,
        "snapshot" => Way::Snapshot,
        "trades" => Way::Trades(Channel::TRADE),
        "agg-trades" => Way::Trades(Channel::AGG_TRADE),
        other => panic!("{other}"),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).unwrap();
    digits.chunks(2).map(byte).collect()
}
