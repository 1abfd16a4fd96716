//! Aeron: the fast way from a publisher to relays. Only with the cargo feature `aeron`.
//!
//! The media driver runs in this process or, where a directory is named, in one of its own. Aeron
//! repairs loss by itself as long as a publication lives; what it gives up, what a dead link swallows
//! and what came before a relay is fetched from the replay service.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusteron_client::{
    Aeron, AeronCError, AeronContext, AeronExclusivePublication, AeronFragmentClosureAssembler,
    AeronOfferError, AeronSubscription, Handlers,
};
use rusteron_media_driver::{
    AeronCError as DriverError, AeronDriver, AeronDriverContext, EmbeddedMediaDriver,
};

use super::config::{AeronConfig, FanConfig};
use super::publish::{Outlet, Publisher, Sent};
use super::relaying::Lives;
use super::station::Live;
use crate::exit::{Code, Failure};
use crate::run::Signals;

/// Time for the media driver and for a publication or subscription to be there.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between two tries to reach a driver that is starting.
const RETRY: Duration = Duration::from_millis(20);
/// Pause of a publisher that found nothing new: bounds the latency after a quiet moment.
const IDLE: Duration = Duration::from_micros(50);
/// What a receiver lets a sender send ahead of it, and the socket buffers that hold it: at 1 Gbit/s
/// 16 ms. Larger than the kernel's `net.core.rmem_max` has no effect.
const WINDOW: usize = 2 << 20;
/// Where drivers keep their files: memory, if the host has it.
const SHM: &str = "/dev/shm";

fn failed<E: std::fmt::Display>(what: &str) -> impl FnOnce(E) -> Failure + use<E> {
    let what = what.to_owned();
    move |error: E| Failure::new(Code::TempFail, format!("{what}: {error}"))
}

fn text(text: &str) -> Result<CString, Failure> {
    CString::new(text).map_err(|_| Failure::new(Code::Config, format!("{text:?} has a zero byte")))
}

/// A client, and the driver that it talks to. Fields are dropped in this order.
struct Media {
    client: Aeron,
    _driver: Option<EmbeddedMediaDriver>,
}

impl Media {
    /// `role` and the journal name the embedded driver's directory, so that the leftovers of a
    /// killed process are found and removed by its successor.
    fn open(config: &AeronConfig, role: &str, journal: &Path) -> Result<Self, Failure> {
        let (dir, driver) = match &config.dir {
            Some(dir) => (dir.clone(), None),
            None => {
                let dir = driver_dir(role, journal);
                let driver = embed(config, &dir).map_err(failed("media driver"))?;
                (dir, Some(driver))
            }
        };
        let dir = text(&dir.to_string_lossy())?;
        let since = std::time::Instant::now();
        let client = loop {
            match connect(&dir) {
                Ok(client) => break client,
                Err(error) if since.elapsed() > PATIENCE => {
                    return Err(failed("no answer of the media driver")(error));
                }
                Err(_) => std::thread::sleep(RETRY),
            }
        };
        Ok(Self {
            client,
            _driver: driver,
        })
    }
}

fn driver_dir(role: &str, journal: &Path) -> PathBuf {
    let journal = std::path::absolute(journal).unwrap_or_else(|_| journal.to_owned());
    let name = crc32c::crc32c(journal.as_os_str().as_encoded_bytes());
    let base = match Path::new(SHM).is_dir() {
        true => PathBuf::from(SHM),
        false => std::env::temp_dir(),
    };
    base.join(format!("feedd-{role}-{name:08x}"))
}

fn embed(config: &AeronConfig, dir: &Path) -> Result<EmbeddedMediaDriver, DriverError> {
    let context = AeronDriverContext::new()?;
    let dir = CString::new(dir.as_os_str().as_encoded_bytes()).unwrap_or_default();
    context.set_dir(&dir)?;
    context.set_dir_delete_on_start(true)?;
    context.set_dir_delete_on_shutdown(true)?;
    let term = usize::try_from(config.term.0).unwrap_or(usize::MAX);
    context.set_term_buffer_length(term)?;
    context.set_ipc_term_buffer_length(term)?;
    context.set_mtu_length(usize::from(config.mtu))?;
    context.set_rcv_initial_window_length(WINDOW)?;
    context.set_socket_so_rcvbuf(WINDOW)?;
    context.set_socket_so_sndbuf(WINDOW)?;
    Ok(AeronDriver::launch_embedded_guard(context, false))
}

fn connect(dir: &CString) -> Result<Aeron, AeronCError> {
    let context = AeronContext::new()?;
    context.set_dir(dir)?;
    context.set_error_handler(Some(|code: i32, message: &str| {
        tracing::warn!(code, message, "aeron")
    }))?;
    let client = Aeron::new(&context)?;
    client.start()?;
    Ok(client)
}

/// A publication.
struct Publication {
    inner: AeronExclusivePublication,
    limit: usize,
    longest: usize,
}

impl Publication {
    fn open(client: &Aeron, channel: &str, stream: i32) -> Result<Self, Failure> {
        let name = text(channel)?;
        let add = || -> Result<Self, AeronCError> {
            let inner = client
                .async_add_exclusive_publication(&name, stream)?
                .poll_blocking(PATIENCE)?;
            let constants = inner.get_constants()?;
            Ok(Self {
                limit: constants.max_payload_length(),
                longest: constants.max_message_length(),
                inner,
            })
        };
        add().map_err(failed(channel))
    }
}

impl Outlet for Publication {
    fn limit(&self) -> usize {
        self.limit
    }

    fn send(&mut self, message: &[u8]) -> Sent {
        if message.len() > self.longest {
            return Sent::Nobody;
        }
        match self.inner.offer(message) {
            Ok(_) => Sent::Taken,
            Err(AeronOfferError::NotConnected) => Sent::Nobody,
            Err(error) if error.is_retryable() => Sent::Later,
            Err(_) => Sent::Closed,
        }
    }
}

/// A subscription.
struct Subscription {
    inner: AeronSubscription,
    assembler: AeronFragmentClosureAssembler,
    failed: bool,
}

/// Who takes messages, and how many there were.
type Taking<'a> = (&'a mut dyn FnMut(&[u8]), usize);

impl Live for Subscription {
    fn poll(&mut self, limit: usize, take: &mut dyn FnMut(&[u8])) -> usize {
        let mut taking: Taking<'_> = (take, 0);
        let polled = self.assembler.poll(
            &self.inner,
            &mut taking,
            |taking: &mut Taking<'_>, message, _| {
                (taking.0)(message);
                taking.1 += 1;
            },
            limit,
        );
        if let Err(error) = polled
            && !std::mem::replace(&mut self.failed, true)
        {
            tracing::error!(%error, "the subscription is gone; the replay service goes on alone");
        }
        taking.1
    }
}

/// The live streams of a relay.
pub(super) struct Streams(Option<Media>);

impl Streams {
    pub(super) fn open(config: &FanConfig) -> Result<Self, Failure> {
        let open = || Media::open(&config.aeron, "relay", &config.journal.dir);
        Ok(Self(config.relay.names_channels().then(open).transpose()?))
    }

    pub(super) fn of(&self, config: &FanConfig) -> Result<Lives, Failure> {
        let sources = config.relay.sources.iter();
        sources
            .map(|source| match (&source.channel, &self.0) {
                (Some(channel), Some(media)) => subscribe(&media.client, channel, source.stream),
                _ => Ok(None),
            })
            .collect()
    }
}

fn subscribe(client: &Aeron, channel: &str, stream: i32) -> Result<Option<Box<dyn Live>>, Failure> {
    let name = text(channel)?;
    let add = || -> Result<Subscription, AeronCError> {
        Ok(Subscription {
            inner: client
                .async_add_subscription(&name, stream, Handlers::NONE, Handlers::NONE)?
                .poll_blocking(PATIENCE)?,
            assembler: AeronFragmentClosureAssembler::new()?,
            failed: false,
        })
    };
    Ok(Some(Box::new(add().map_err(failed(channel))?)))
}

/// Publishes until a signal.
pub(super) fn publish(config: &FanConfig, signals: &Signals) -> Result<(), Failure> {
    let Some(channel) = &config.publish.channel else {
        return Ok(());
    };
    let media = Media::open(&config.aeron, "publish", &config.journal.dir)?;
    let publication = Publication::open(&media.client, channel, config.publish.stream)?;
    let read = |error: feedd_storage::ReadError| Failure::new(Code::Io, error.to_string());
    let mut publisher = Publisher::new(&config.journal.dir, publication).map_err(read)?;
    tracing::info!(channel, stream = config.publish.stream, "publishing");
    while signals.count() == 0 {
        if !publisher.turn().map_err(read)? {
            std::thread::sleep(IDLE);
        }
        if publisher.counts().closed > 0 {
            let problem = "the publication was closed: the media driver is gone";
            return Err(Failure::new(Code::TempFail, problem));
        }
    }
    tracing::info!(counts = ?publisher.counts(), "published");
    Ok(())
}
