//! The handle: start, inject, halt, ask for the truth, stop.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::capture::{Recording, play};
use crate::config::{Product, SimConfig, Source};
use crate::error::SimError;
use crate::fault::Fault;
use crate::net::rules::Rules;
use crate::net::tls::{Authority, authority};
use crate::net::{Port, accept_loop};
use crate::scenario::{Scenario, play_scenario};
use crate::tape::Tape;
use crate::truth::Truth;
use crate::world::{Shared, World, lock};

/// Longest wait of [`Sim::halt`] for clients to read what is due.
const HALT_WAIT: Duration = Duration::from_secs(10);

/// Addresses of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `ws://127.0.0.1:PORT` or `wss://…`, without a path.
    pub ws_url: String,
    /// `http://127.0.0.1:PORT` or `https://…`, without a path.
    pub rest_url: String,
    /// The port of both.
    pub port: u16,
}

/// A running simulation. Dropping it stops it.
#[derive(Debug)]
pub struct Sim {
    shared: Shared,
    endpoints: BTreeMap<Product, Endpoint>,
    sbe_endpoint: Option<Endpoint>,
    ca_pem: Option<String>,
    runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sim {
    /// Starts a simulation on its own thread. All ports listen when this returns.
    ///
    /// # Errors
    /// [`SimError`]: a configuration that [`SimConfig::check`] refuses, a port that is taken, or a
    /// capture that cannot be read.
    pub fn start(config: SimConfig) -> Result<Sim, SimError> {
        config.check()?;
        let tls = if config.tls {
            Some(authority(config.certificate)?)
        } else {
            None
        };
        let recording = match &config.source {
            Source::Generated => None,
            Source::Capture { product, files, .. } => Some(Recording::scan(*product, files)?),
        };
        let tape = match &config.tape {
            Some(path) => Tape::start(path)?,
            None => Tape::default(),
        };
        let world = World::new(&config, recording, tape);
        let shared: Shared = Arc::new(Mutex::new(world));
        let mut endpoints = BTreeMap::new();
        let mut listeners = Vec::new();
        for product in &config.products {
            let (listener, port) =
                listen(*product, config.ports.get(product).copied().unwrap_or(0))?;
            endpoints.insert(*product, endpoint(port, config.tls));
            listeners.push((
                listener,
                make_port(&config, *product, &shared, tls.as_ref()),
            ));
        }
        let mut sbe_endpoint = None;
        if let Some(sbe) = &config.sbe {
            let product = Product::BinanceSpot;
            let (listener, port) = listen(product, sbe.port)?;
            sbe_endpoint = Some(endpoint(port, config.tls));
            let port = Port {
                sbe: true,
                ..make_port(&config, product, &shared, tls.as_ref())
            };
            listeners.push((listener, port));
        }
        let (stop, stopped) = oneshot::channel();
        let main = main_loop(Arc::clone(&shared), config, listeners, stopped);
        let (thread, runtime) = spawn(main).map_err(SimError::Thread)?;
        let ca_pem = tls.map(|tls| tls.ca_pem);
        Ok(Sim {
            shared,
            endpoints,
            sbe_endpoint,
            ca_pem,
            runtime,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Addresses of a product; `None` if the configuration does not name it.
    #[must_use]
    pub fn endpoint(&self, product: Product) -> Option<&Endpoint> {
        self.endpoints.get(&product)
    }

    /// Addresses of Binance Spot's binary streams; `None` if the configuration has no
    /// [`SbeListener`](crate::SbeListener).
    #[must_use]
    pub fn sbe_endpoint(&self) -> Option<&Endpoint> {
        self.sbe_endpoint.as_ref()
    }

    /// PEM text of the authority that signed the certificate; `None` without TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Orders a fault. Takes effect before this returns, as far as it is due at once.
    pub fn inject(&self, fault: Fault) {
        lock(&self.shared).inject(fault);
    }

    /// Plays a scenario from now on. Returns at once; several scenarios can play together.
    pub fn run(&self, scenario: &Scenario) {
        let _task = self
            .runtime
            .spawn(play_scenario(Arc::clone(&self.shared), scenario.clone()));
    }

    /// Stops the market. Connections stay up; what conflated streams hold back is sent. Returns
    /// whether every connection took all of it within ten seconds.
    pub fn halt(&self) -> bool {
        lock(&self.shared).halt();
        let deadline = Instant::now() + HALT_WAIT;
        while !lock(&self.shared).hub.drained() {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.flush_tape();
        true
    }

    /// Waits until the tape's file holds everything so far.
    fn flush_tape(&self) {
        let flushed = lock(&self.shared).hub.log.tape.flush();
        // A writer that ended early has logged why, and nothing more will come.
        let _written = flushed.map(|flushed| flushed.recv_timeout(HALT_WAIT));
    }

    /// Whether the capture of [`Source::Capture`](crate::Source) has been played to its end. False
    /// for generated markets.
    #[must_use]
    pub fn replayed(&self) -> bool {
        !lock(&self.shared).hub.replayed.is_empty()
    }

    /// What is true now; final after [`halt`](Self::halt).
    #[must_use]
    pub fn truth(&self) -> Truth {
        lock(&self.shared).truth()
    }

    /// Closes every connection and port and waits for the thread.
    pub fn stop(mut self) {
        self.shut();
    }

    fn shut(&mut self) {
        // The receiver may be gone if the thread ended by itself; there is nothing left to stop.
        let _gone = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
        let tape = lock(&self.shared).hub.log.tape.close();
        let _panicked = tape.map(JoinHandle::join);
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.shut();
    }
}

fn listen(product: Product, port: u16) -> Result<(TcpListener, u16), SimError> {
    let listen = || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    };
    listen().map_err(|source| SimError::Listen {
        product,
        port,
        source,
    })
}

fn endpoint(port: u16, tls: bool) -> Endpoint {
    let s = if tls { "s" } else { "" };
    Endpoint {
        ws_url: format!("ws{s}://127.0.0.1:{port}"),
        rest_url: format!("http{s}://127.0.0.1:{port}"),
        port,
    }
}

fn make_port(
    config: &SimConfig,
    product: Product,
    shared: &Shared,
    tls: Option<&Authority>,
) -> Port {
    Port {
        product,
        sbe: false,
        rules: Rules::new(product, &config.limits),
        shared: Arc::clone(shared),
        tls: tls.map(|tls| tls.acceptor.clone()),
    }
}

/// Runs `main` on a thread of its own. The runtime is built there, because dropping one is not
/// allowed where the caller may be: inside another runtime.
fn spawn(
    main: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<(JoinHandle<()>, Handle)> {
    let (built, report) = std::sync::mpsc::sync_channel(1);
    let run = move || match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            // The caller waits for this; if it is gone nobody needs to know.
            let _gone = built.send(Ok(runtime.handle().clone()));
            runtime.block_on(main);
            // Connections end with the runtime; none of them may hold up the caller of `stop`.
            runtime.shutdown_background();
        }
        Err(error) => {
            let _gone = built.send(Err(error));
        }
    };
    let thread = std::thread::Builder::new()
        .name("venue-sim".into())
        .spawn(run)?;
    match report.recv() {
        Ok(result) => result.map(|handle| (thread, handle)),
        Err(_) => Err(std::io::Error::other("the thread ended before it began")),
    }
}

/// Serves every port and moves the market until the handle says stop.
async fn main_loop(
    shared: Shared,
    config: SimConfig,
    listeners: Vec<(TcpListener, Port)>,
    stopped: oneshot::Receiver<()>,
) {
    for (listener, port) in listeners {
        match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => {
                tokio::spawn(accept_loop(listener, port));
            }
            Err(error) => tracing::error!(%error, "simulated venue: listener not usable"),
        }
    }
    tokio::spawn(run_market(Arc::clone(&shared), config.market.tick));
    if let Source::Capture {
        product,
        files,
        speed,
    } = config.source
    {
        tokio::spawn(play(shared, product, files, speed));
    }
    // An error means the handle was dropped, which is a stop as well.
    let _dropped = stopped.await;
}

async fn run_market(shared: Shared, tick: Duration) {
    let mut timer = tokio::time::interval(tick.max(Duration::from_millis(1)));
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        timer.tick().await;
        lock(&shared).tick();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handle_can_be_shared_between_threads() {
        fn shareable<T: Send + Sync>() {}
        shareable::<Sim>();
    }

    #[test]
    fn taken_port_is_refused_by_product_and_number() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let config = SimConfig {
            products: vec![Product::KrakenSpot],
            ports: BTreeMap::from([(Product::KrakenSpot, port)]),
            ..SimConfig::default()
        };
        let text = Sim::start(config).unwrap_err().to_string();
        assert!(
            text.contains("kraken-spot") && text.contains(&port.to_string()),
            "{text}"
        );
    }
}
