#!/usr/bin/env python3
"""A QuestDB server for tests and trials, on loopback, without root and without containers.

  questdb.py get   [--dir DIR] [--version V]        fetch the server's jar with mvn
  questdb.py start --root ROOT [...]                fetch if needed, start, wait until it answers
  questdb.py wait  --root ROOT                      wait until the server of ROOT answers
  questdb.py stop  --root ROOT [--kill]             end the server of ROOT: SIGTERM, or SIGKILL
  questdb.py run   [--root ROOT] -- COMMAND...      start, run COMMAND with FEEDD_QUESTDB set, stop

ROOT holds the tables, the log and `server.json` (process, ports). A server that is started again on the
same ROOT has the same tables and the same ports. Everything listens on 127.0.0.1 only.

Exit codes: 0 done; the command's own for `run`; 1 the server failed; 64 wrong usage; 69 no mvn, JDK or jar.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

# The newest server that is published under these coordinates.
VERSION = "9.3.4"
GROUP = "org.questdb:questdb"
PROJECT = pathlib.Path(__file__).resolve().parents[2]
# From this version on the server needs Java 25; before it, Java 17.
JAVA_25_SINCE = (9, 4)
FETCH_SECONDS = 600
START_SECONDS = 120
STOP_SECONDS = 60
POLL_SECONDS = 0.1
PORTS = ("http", "health", "pg")


class Failure(Exception):
    """What stops this script, with its exit code."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def say(text):
    print(text, file=sys.stderr, flush=True)


# -- the jar and the Java that runs it ---------------------------------------------------------------------------


def fetch(directory, version):
    """The jar of `version` in `directory`; fetched unless it lies there."""
    jar = directory / f"questdb-{version}.jar"
    if jar.is_file():
        return jar
    mvn = shutil.which("mvn")
    if mvn is None:
        raise Failure(69, f"no mvn on PATH, and no {jar}")
    directory.mkdir(parents=True, exist_ok=True)
    command = [mvn, "-q", "-B", "dependency:copy", f"-Dartifact={GROUP}:{version}", f"-DoutputDirectory={directory}"]
    # Not inside the project: mvn would look for its project file there.
    done = subprocess.run(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=FETCH_SECONDS, text=True, check=False,
    )
    if done.returncode != 0 or not jar.is_file():
        raise Failure(69, f"mvn found no {GROUP}:{version}\n{done.stdout[-2000:]}")
    return jar


def numbers(version):
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def java_major(home):
    """Major version of the JDK at `home`, from its `release` file; 0 if there is none."""
    try:
        lines = (home / "release").read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        name, _, value = line.partition("=")
        if name == "JAVA_VERSION":
            return int(value.strip('"').split(".")[0])
    return 0


def java_homes():
    """Where a JDK may be: as told, beside the `java` on PATH, in the system's folder."""
    for name in ("JAVA25_HOME", "JAVA_HOME"):
        if os.environ.get(name):
            yield pathlib.Path(os.environ[name])
    on_path = shutil.which("java")
    if on_path:
        yield pathlib.Path(on_path).resolve().parents[1]
    yield from sorted(pathlib.Path("/usr/lib/jvm").glob("*"))


def java_for(version):
    """The JDK nearest to what `version` was built for, and its major version."""
    needed = 25 if numbers(version) >= JAVA_25_SINCE else 17
    fitting = [(java_major(home), str(home)) for home in java_homes() if java_major(home) >= needed]
    if not fitting:
        raise Failure(69, f"QuestDB {version} needs Java {needed} or newer: set JAVA_HOME or JAVA25_HOME")
    return min(fitting)


def java_flags(version):
    if numbers(version) < JAVA_25_SINCE:
        return ["--add-exports", "java.base/jdk.internal.math=io.questdb"]
    opened = ("java.lang", "java.lang.reflect", "java.nio", "java.time.zone")
    return [
        "--sun-misc-unsafe-memory-access=allow",
        "--enable-native-access=io.questdb",
        *(f"--add-opens=java.base/{name}=io.questdb" for name in opened),
        "--add-exports=java.base/jdk.internal.vm=io.questdb",
    ]


# -- the server --------------------------------------------------------------------------------------------------


def free_ports(wanted):
    """A free port for each name, `wanted` where it is still free."""
    held, ports = [], {}
    for name in PORTS:
        for port in (wanted.get(name, 0), 0):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                listener.close()
                continue
            held.append(listener)
            ports[name] = listener.getsockname()[1]
            break
    for listener in held:
        listener.close()
    return ports


def settings(ports, options):
    """The server's settings, as its environment variables."""
    values = {
        "HTTP_BIND_TO": f"127.0.0.1:{ports['http']}",
        "HTTP_NET_BIND_TO": f"127.0.0.1:{ports['http']}",
        "HTTP_MIN_BIND_TO": f"127.0.0.1:{ports['health']}",
        "HTTP_MIN_NET_BIND_TO": f"127.0.0.1:{ports['health']}",
        "PG_NET_BIND_TO": f"127.0.0.1:{ports['pg']}",
        "LINE_TCP_ENABLED": "false",
        "TELEMETRY_ENABLED": "false",
        "CAIRO_COMMIT_MODE": options.commit_mode,
        # A column that nobody declared is a fault of the writer, not a wish.
        "LINE_AUTO_CREATE_NEW_TABLES": "false",
        "LINE_AUTO_CREATE_NEW_COLUMNS": "false",
        # Small machines: every column of every open partition maps one page of this size.
        "CAIRO_WRITER_DATA_APPEND_PAGE_SIZE": "1M",
        "CAIRO_O3_COLUMN_MEMORY_SIZE": "1M",
        "SHARED_WORKER_COUNT": str(options.workers),
    }
    for pair in options.set:
        name, _, value = pair.partition("=")
        values[name.upper().replace(".", "_")] = value
    return {f"QDB_{name}": value for name, value in values.items()}


def state_path(root):
    return root / "server.json"


def load_state(root):
    try:
        return json.loads(state_path(root).read_text())
    except (OSError, ValueError):
        return {}


def started_at(pid):
    """Start time of process `pid` in clock ticks since boot: with the pid it names one process for ever."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def is_running(state):
    return "pid" in state and started_at(state["pid"]) == state["started_at"]


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status < 300
    except urllib.error.HTTPError as error:
        # A server that asks for a password is there.
        return error.code in (401, 403)
    except OSError:
        return False


def wait(root):
    """Returns once the server of `root` answers queries."""
    deadline = time.monotonic() + START_SECONDS
    state = load_state(root)
    if not is_running(state):
        raise Failure(1, f"no server runs on {root}")
    while time.monotonic() < deadline:
        if not is_running(state):
            break
        ready = answers(f"http://127.0.0.1:{state['health']}/status")
        if ready and answers(f"http://127.0.0.1:{state['http']}/exec?query=select%201"):
            return state
        time.sleep(POLL_SECONDS)
    log = root / "server.log"
    tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
    raise Failure(1, f"the server of {root} does not answer\n{tail}")


def start(root, options):
    if is_running(load_state(root)):
        raise Failure(1, f"a server runs on {root} already")
    jar = fetch(options.dir, options.version)
    major, home = java_for(options.version)
    root.mkdir(parents=True, exist_ok=True)
    ports = free_ports(load_state(root))
    command = [
        f"{home}/bin/java", f"-Xmx{options.heap}", "-XX:+UseParallelGC", *java_flags(options.version),
        "-p", str(jar), "-m", "io.questdb/io.questdb.ServerMain", "-d", str(root), "-f",
    ]
    with open(root / "server.log", "ab") as log:
        process = subprocess.Popen(
            command, cwd=root, env={**os.environ, **settings(ports, options)},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )
    state = {"pid": process.pid, "started_at": started_at(process.pid), "version": options.version, "java": major}
    temporary = root / "server.json.tmp"
    temporary.write_text(json.dumps({**state, **ports}))
    temporary.rename(state_path(root))
    try:
        return wait(root)
    except (Failure, KeyboardInterrupt):
        stop(root, kill=True)
        raise


def stop(root, kill):
    """Ends the server of `root` by its own process id; nothing if it does not run."""
    state = load_state(root)
    if not is_running(state):
        return
    os.kill(state["pid"], signal.SIGKILL if kill else signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(state):
        if time.monotonic() > deadline:
            os.kill(state["pid"], signal.SIGKILL)
            deadline += STOP_SECONDS
        time.sleep(POLL_SECONDS)
        try:
            os.waitpid(state["pid"], os.WNOHANG)
        except ChildProcessError:
            pass


def show(state):
    for name in ("version", "pid", *PORTS):
        print(f"{name}={state[name]}", flush=True)


def run(options):
    """Starts a server, runs the command, stops the server; the command's exit code."""
    if not options.command:
        raise Failure(64, "run: no command after --")
    temporary = None if options.root else tempfile.TemporaryDirectory(prefix="questdb-")
    root = options.root or pathlib.Path(temporary.name)
    try:
        state = start(root, options)
        environment = {**os.environ, "FEEDD_QUESTDB": f"127.0.0.1:{state['http']}"}
        return subprocess.run(options.command, env=environment, check=False).returncode
    finally:
        stop(root, kill=False)
        if temporary:
            temporary.cleanup()


# -- the command line --------------------------------------------------------------------------------------------


def parser():
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="name", required=True)
    jar = argparse.ArgumentParser(add_help=False)
    jar.add_argument("--dir", type=pathlib.Path, default=PROJECT / "target" / "questdb", help="where the jar lies")
    jar.add_argument("--version", default=os.environ.get("QUESTDB_VERSION", VERSION))
    server = argparse.ArgumentParser(add_help=False)
    server.add_argument("--heap", default="1g", help="Java heap at most")
    server.add_argument("--workers", type=int, default=2, help="worker threads")
    server.add_argument("--commit-mode", default="nosync", choices=("nosync", "async", "sync"))
    server.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any setting of the server")
    commands.add_parser("get", parents=[jar])
    for name in ("start", "wait", "stop", "run"):
        parents = [jar, server] if name in ("start", "run") else []
        command = commands.add_parser(name, parents=parents)
        command.add_argument("--root", type=pathlib.Path, required=name != "run")
        if name == "stop":
            command.add_argument("--kill", action="store_true", help="SIGKILL, as a crash")
        if name == "run":
            command.add_argument("command", nargs=argparse.REMAINDER)
    return top


def main():
    options = parser().parse_args()
    if getattr(options, "dir", None):
        options.dir = options.dir.resolve()
    if getattr(options, "root", None):
        options.root = options.root.resolve()
    if options.name == "get":
        print(fetch(options.dir, options.version))
    elif options.name == "start":
        show(start(options.root, options))
    elif options.name == "wait":
        show(wait(options.root))
    elif options.name == "stop":
        stop(options.root, options.kill)
    else:
        if options.command[:1] == ["--"]:
            options.command = options.command[1:]
        return run(options)
    return 0


if __name__ == "__main__":
    # So that a signal ends a `run` through its `finally`, and no server is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except Failure as failure:
        say(f"questdb.py: {failure}")
        sys.exit(failure.code)
    except subprocess.TimeoutExpired as late:
        say(f"questdb.py: {late}")
        sys.exit(69)
