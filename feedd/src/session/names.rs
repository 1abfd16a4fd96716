//! Where hosts are: names to addresses, and what to do when DNS fails or lies.
//!
//! A lookup runs on a thread of its own and is given up after `limits.resolve`; no reader waits for
//! a resolver that hangs. Addresses that served us are remembered: they are used when DNS fails, and
//! tried after the ones that DNS names, so that a wrong answer costs attempts and not the line.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::config::Config as UreqConfig;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::clock::Clock;
use crate::host::Helpers;

/// Most addresses of one name that are looked at, as ureq's list holds.
const ADDRESSES_MAX: usize = 16;
/// Most names that are remembered: two hosts a venue.
const NAMES_MAX: usize = 256;
/// Most lookups under way: a resolver that hangs must not eat threads.
const LOOKUPS_MAX: usize = 32;

/// Asks for the addresses of a host; may block.
pub trait Resolve: Send + Sync + std::fmt::Debug {
    /// The addresses of `host`, with `port`.
    ///
    /// # Errors
    ///
    /// As the resolver tells.
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The host's own resolver.
#[derive(Clone, Copy, Debug)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        (host, port).to_socket_addrs().map(Iterator::collect)
    }
}

/// Names and their addresses, shared by all lines and workers.
#[derive(Clone, Debug)]
pub struct Names(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    resolver: Arc<dyn Resolve>,
    clock: Arc<dyn Clock>,
    limit: Duration,
    /// Turns the order of addresses: daemons of the world spread, lines of a daemon agree.
    turn: usize,
    lookups: AtomicUsize,
    helpers: Helpers,
    known: Mutex<HashMap<(String, u16), Known>>,
}

/// What is remembered of a name.
#[derive(Debug, Default)]
struct Known {
    /// The newest answer.
    answered: Vec<SocketAddr>,
    /// When it came, monotonic ns.
    at: i64,
    /// Addresses that served us, newest first.
    served: Vec<SocketAddr>,
}

/// The addresses to try, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// What DNS names, from `replica`'s place on.
    pub named: Vec<SocketAddr>,
    /// Addresses that served us and that DNS does not name now.
    pub served: Vec<SocketAddr>,
}

/// A lookup under way, counted until it is dropped: also where its thread could not start.
struct Lookup {
    names: Arc<Inner>,
    /// Lookups that were under way when it began.
    before: usize,
}

impl Lookup {
    fn begin(names: &Arc<Inner>) -> Self {
        Self {
            names: Arc::clone(names),
            before: names.lookups.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        self.names.lookups.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Names {
    /// Names by `resolver`, each lookup at most `limit` long, on a thread that `helpers` start.
    #[must_use]
    pub fn new(
        resolver: Arc<dyn Resolve>,
        limit: Duration,
        clock: Arc<dyn Clock>,
        helpers: Helpers,
    ) -> Self {
        let turn = usize::try_from(clock.wall().unsigned_abs() / 1_000).unwrap_or(0);
        Self(Arc::new(Inner {
            resolver,
            clock,
            limit,
            turn: turn % ADDRESSES_MAX,
            lookups: AtomicUsize::new(0),
            helpers,
            known: Mutex::new(HashMap::new()),
        }))
    }

    /// The addresses of `host`; redundant lines ask with different `replica` numbers and get
    /// different first addresses when there are several.
    ///
    /// # Errors
    ///
    /// The resolver's error if it fails and nothing is remembered.
    pub async fn addresses(&self, host: &str, port: u16, replica: usize) -> io::Result<Addresses> {
        if let Some(literal) = literal(host, port) {
            return Ok(literal);
        }
        let (sender, answer) = tokio::sync::oneshot::channel();
        self.lookup(host, port, move |found| {
            // The caller gave up: nobody needs it.
            let _ = sender.send(found);
        });
        let found = match tokio::time::timeout(self.0.limit, answer).await {
            Ok(Ok(found)) => found,
            _ => Err(self.too_slow()),
        };
        self.decide(host, port, replica, found)
    }

    /// As [`Names::addresses`], for a thread that may block.
    fn addresses_blocking(&self, host: &str, port: u16, limit: Duration) -> io::Result<Addresses> {
        if let Some(literal) = literal(host, port) {
            return Ok(literal);
        }
        let (sender, answer) = crossbeam_channel::bounded(1);
        self.lookup(host, port, move |found| {
            let _ = sender.send(found);
        });
        let found = answer
            .recv_timeout(limit.min(self.0.limit))
            .unwrap_or_else(|_| Err(self.too_slow()));
        self.decide(host, port, 0, found)
    }

    /// This address served us.
    pub fn served(&self, host: &str, address: SocketAddr) {
        let mut known = self.lock();
        if let Some(known) = known.get_mut(&(host.to_owned(), address.port())) {
            known.served.retain(|other| *other != address);
            known.served.insert(0, address);
            known.served.truncate(ADDRESSES_MAX);
        }
    }

    fn too_slow(&self) -> io::Error {
        let limit = self.0.limit;
        io::Error::new(
            io::ErrorKind::TimedOut,
            format!("no answer of the resolver within {limit:?}"),
        )
    }

    /// Asks the resolver on a thread of its own.
    fn lookup(
        &self,
        host: &str,
        port: u16,
        deliver: impl FnOnce(io::Result<Vec<SocketAddr>>) + Send + 'static,
    ) {
        let lookup = Lookup::begin(&self.0);
        if lookup.before >= LOOKUPS_MAX {
            deliver(Err(io::Error::other(format!(
                "{LOOKUPS_MAX} lookups hang already"
            ))));
            return;
        }
        let host = host.to_owned();
        self.0.helpers.spawn("resolve", move || {
            let found = lookup.names.resolver.resolve(&host, port);
            drop(lookup);
            deliver(found);
        });
    }

    /// What to try after the resolver said `found`.
    fn decide(
        &self,
        host: &str,
        port: u16,
        replica: usize,
        found: io::Result<Vec<SocketAddr>>,
    ) -> io::Result<Addresses> {
        let now = self.0.clock.mono();
        let mut all = self.lock();
        let key = (host.to_owned(), port);
        let full = all.len() >= NAMES_MAX && !all.contains_key(&key);
        if full {
            all.clear();
        }
        let known = all.entry(key).or_default();
        match found {
            Ok(found) if !found.is_empty() => {
                known.answered = found;
                known.answered.sort_unstable();
                known.answered.dedup();
                known.answered.truncate(ADDRESSES_MAX);
                known.at = now;
            }
            other => {
                let error = other
                    .err()
                    .unwrap_or_else(|| io::Error::other("no address"));
                if known.answered.is_empty() {
                    return Err(error);
                }
                let age = Duration::from_nanos((now - known.at).unsigned_abs());
                tracing::warn!(host, %error, age_s = age.as_secs(), "DNS failed: the last good addresses are used");
            }
        }
        Ok(known.order(self.0.turn.wrapping_add(replica)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, u16), Known>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn order(&self, turn: usize) -> Addresses {
        let mut named = self.answered.clone();
        let places = named.len().max(1);
        named.rotate_left(turn % places);
        let served = self.served.iter().copied();
        let served = served.filter(|address| !named.contains(address)).collect();
        Addresses { named, served }
    }
}

/// A host that is an address already.
fn literal(host: &str, port: u16) -> Option<Addresses> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address: IpAddr = bare.parse().ok()?;
    Some(Addresses {
        named: vec![SocketAddr::new(address, port)],
        served: Vec::new(),
    })
}

/// REST uses the same names.
impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &UreqConfig,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let found = self
            .addresses_blocking(host, port, *timeout.after)
            .map_err(|error| {
                ureq::Error::Io(io::Error::new(
                    error.kind(),
                    format!("cannot resolve {host}: {error}"),
                ))
            })?;
        let mut addresses = self.empty();
        for address in found
            .named
            .into_iter()
            .chain(found.served)
            .take(ADDRESSES_MAX)
        {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests;
