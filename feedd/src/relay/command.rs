//! `feedd publish` and `feedd relay`.

use std::path::Path;
use std::time::Duration;

use super::config;
use super::relaying::Relay;
use super::serve::{ReplayServer, ServeOptions};
use crate::exit::{Code, Failure};
use crate::run::{Signals, start_log};

/// How often a publisher without a channel looks at signals.
const LOOK: Duration = Duration::from_millis(50);

/// Serves the journal of a capture to relays, until a signal.
///
/// # Errors
///
/// A [`Failure`] with its exit code.
pub fn publish(path: &Path) -> Result<Code, Failure> {
    let config = config::load(path)?;
    start_log();
    let signals = Signals::register()?;
    let dir = config.journal.dir.display();
    if !config.journal.dir.join("records").is_dir() {
        let problem = format!("{dir} is no journal (yet); name that of a capture in journal.dir");
        return Err(Failure::new(Code::NoInput, problem));
    }
    let options = ServeOptions {
        clients: config.publish.clients,
        rate: config.publish.rate.0,
    };
    let listen = config.publish.replay;
    let server = ReplayServer::start(&config.journal.dir, listen, options)
        .map_err(|error| Failure::new(Code::CantCreate, format!("{listen}: {error}")))?;
    tracing::info!(addr = %server.addr(), %dir, "replay service");
    match config.publish.channel {
        Some(_) => transport::publish(&config, &signals)?,
        None => {
            while signals.count() == 0 {
                std::thread::sleep(LOOK);
            }
        }
    }
    tracing::info!("stopped");
    Ok(Code::Ok)
}

/// Copies the sources' journals into one, until a signal.
///
/// # Errors
///
/// A [`Failure`] with its exit code.
pub fn relay(path: &Path) -> Result<Code, Failure> {
    let config = config::load(path)?;
    if config.relay.sources.is_empty() {
        let problem = "a relay needs at least one [[relay.source]]";
        return Err(Failure::new(Code::Config, problem));
    }
    start_log();
    let signals = Signals::register()?;
    // Outlives the relay, whose streams are its.
    let mut transport = None;
    let relay = Relay::open(&config, || {
        transport
            .insert(transport::Streams::open(&config)?)
            .of(&config)
    })?;
    tracing::info!(dir = %config.journal.dir.display(), sources = config.relay.sources.len(), "relaying");
    let report = relay.run(|| signals.count() > 0)?;
    tracing::info!(?report, "stopped");
    Ok(Code::Ok)
}

#[cfg(feature = "aeron")]
use super::aeron as transport;

/// What a build without Aeron does where a channel is named.
#[cfg(not(feature = "aeron"))]
mod transport {
    use super::super::config::FanConfig;
    use super::super::relaying::Lives;
    use super::{Code, Failure, Signals};

    fn refuse<T>() -> Result<T, Failure> {
        let problem = "a channel is named, and this build has no Aeron: \
            build it with `tools/aeron/build` (`cargo build --release -p feedd --features aeron`), \
            or leave the channel away: records then come over the replay service alone";
        Err(Failure::new(Code::Config, problem))
    }

    /// No streams: the replay services alone.
    pub(super) struct Streams;

    impl Streams {
        pub(super) fn open(config: &FanConfig) -> Result<Self, Failure> {
            if config.relay.names_channels() {
                refuse()
            } else {
                Ok(Self)
            }
        }

        pub(super) fn of(&self, config: &FanConfig) -> Result<Lives, Failure> {
            Ok(config.relay.sources.iter().map(|_| None).collect())
        }
    }

    pub(super) fn publish(_: &FanConfig, _: &Signals) -> Result<(), Failure> {
        refuse()
    }
}
