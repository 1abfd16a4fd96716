//! Hosts as network namespaces: one for the relay, one for each source, a virtual cable to each.
//!
//! Everything made here has this process's id in its name, and is removed with it.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

static MADE: AtomicU32 = AtomicU32::new(0);

/// Where a packet filter reads a random number of the kernel's (`SKF_AD_OFF + SKF_AD_RANDOM`).
const RANDOM_WORD: u32 = 0xFFFF_F000 + 56;

pub(crate) struct Net {
    name: String,
    sources: usize,
}

fn run(command: &str) -> Result<(), String> {
    let mut words = command.split(' ');
    let mut process = Command::new(words.next().unwrap_or_default());
    let output = process.args(words).output();
    let output = output.map_err(|error| format!("{command}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command}: {}", told.trim()))
}

impl Net {
    pub(crate) fn new(sources: usize) -> Result<Self, String> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("feedd{}n{number}", std::process::id());
        let net = Self { name, sources };
        net.make()?;
        Ok(net)
    }

    fn make(&self) -> Result<(), String> {
        let relay = self.relay();
        run(&format!("ip netns add {relay}"))?;
        run(&format!("ip -n {relay} link set lo up"))?;
        for source in 0..self.sources {
            let host = self.source(source);
            let (near, far) = (self.source_addr(source), self.relay_addr(source));
            run(&format!("ip netns add {host}"))?;
            run(&format!("ip -n {host} link set lo up"))?;
            run(&format!(
                "ip -n {host} link add eth type veth peer name port{source} netns {relay}"
            ))?;
            run(&format!("ip -n {host} addr add {near}/30 dev eth"))?;
            run(&format!("ip -n {relay} addr add {far}/30 dev port{source}"))?;
            self.set_link(source, true)?;
        }
        Ok(())
    }

    pub(crate) fn relay(&self) -> String {
        format!("{}r", self.name)
    }

    pub(crate) fn source(&self, number: usize) -> String {
        format!("{}s{number}", self.name)
    }

    pub(crate) fn source_addr(&self, number: usize) -> String {
        format!("10.77.{number}.1")
    }

    pub(crate) fn relay_addr(&self, number: usize) -> String {
        format!("10.77.{number}.2")
    }

    /// Plugs or unplugs the cable of a source.
    pub(crate) fn link(&self, source: usize, up: bool) {
        self.set_link(source, up).unwrap();
    }

    fn set_link(&self, source: usize, up: bool) -> Result<(), String> {
        let state = if up { "up" } else { "down" };
        let (host, relay) = (self.source(source), self.relay());
        run(&format!("ip -n {host} link set dev eth {state}"))?;
        run(&format!("ip -n {relay} link set dev port{source} {state}"))
    }

    /// From now on so many percent of the packets are lost, in both directions: by `netem`, or
    /// where the kernel has none by a packet filter that draws a number.
    pub(crate) fn lose(&self, source: usize, percent: u32) -> Result<(), String> {
        let ends = [
            (self.source(source), "eth".to_owned()),
            (self.relay(), format!("port{source}")),
        ];
        for (host, device) in ends {
            let netem = run(&format!(
                "tc -n {host} qdisc add dev {device} root netem loss {percent}%"
            ));
            if netem.is_err() {
                run(&format!("tc -n {host} qdisc add dev {device} clsact"))?;
                // Load the random word; above the limit go on (-1), else drop (2).
                let limit = u32::MAX / 100 * percent;
                let program =
                    format!("4,32 0 0 {RANDOM_WORD},37 0 1 {limit},6 0 0 4294967295,6 0 0 2");
                let filter = format!("tc -n {host} filter add dev {device} egress bpf da bytecode");
                let mut words: Vec<&str> = filter.split(' ').collect();
                words.push(&program);
                let output = Command::new(words[0]).args(&words[1..]).output();
                let output = output.map_err(|error| error.to_string())?;
                if !output.status.success() {
                    return Err(String::from_utf8_lossy(&output.stderr).into_owned());
                }
            }
        }
        Ok(())
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for source in 0..self.sources {
            let _ = run(&format!("ip netns del {}", self.source(source)));
        }
        let _ = run(&format!("ip netns del {}", self.relay()));
    }
}
