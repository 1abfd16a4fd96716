//! A blocking connection, plain or TLS.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustls::{ClientConnection, ServerConnection, StreamOwned};

use super::Error;
use super::certificate::Tls;

/// One end of a connection.
pub enum Transport {
    /// TCP.
    Plain(TcpStream),
    /// The exchange's end of TLS.
    Server(Box<StreamOwned<ServerConnection, TcpStream>>),
    /// The client's end of TLS.
    Client(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Transport").field(self.socket()).finish()
    }
}

impl Transport {
    /// The exchange's end of an accepted connection.
    ///
    /// # Errors
    ///
    /// [`Error`] if TLS refuses its configuration.
    pub fn accepted(socket: TcpStream, tls: Option<&Tls>) -> Result<Self, Error> {
        socket.set_nodelay(true).map_err(Error::io("no delay"))?;
        let Some(tls) = tls else {
            return Ok(Self::Plain(socket));
        };
        let connection = ServerConnection::new(tls.server.clone()).map_err(Error::other)?;
        Ok(Self::Server(Box::new(StreamOwned::new(connection, socket))))
    }

    /// A client's end.
    ///
    /// # Errors
    ///
    /// [`Error`] if TLS refuses its configuration.
    pub fn connected(socket: TcpStream, tls: Option<&Tls>) -> Result<Self, Error> {
        socket.set_nodelay(true).map_err(Error::io("no delay"))?;
        let Some(tls) = tls else {
            return Ok(Self::Plain(socket));
        };
        let name = "127.0.0.1".try_into().map_err(Error::other)?;
        let connection = ClientConnection::new(tls.client.clone(), name).map_err(Error::other)?;
        Ok(Self::Client(Box::new(StreamOwned::new(connection, socket))))
    }

    /// The socket below.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Server(stream) => &stream.sock,
            Self::Client(stream) => &stream.sock,
        }
    }
}

impl Read for Transport {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Server(stream) => stream.read(buffer),
            Self::Client(stream) => stream.read(buffer),
        }
    }
}

impl Write for Transport {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Server(stream) => stream.write(bytes),
            Self::Client(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Server(stream) => stream.flush(),
            Self::Client(stream) => stream.flush(),
        }
    }
}
