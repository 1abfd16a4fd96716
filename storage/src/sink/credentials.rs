//! Secrets of sinks: from a file, never from the configuration, the command line or the environment.
//!
//! A file has one `name = value` a line: `username` and `password`, or `token`. A relative path is
//! looked for in the directory of systemd's credentials (`$CREDENTIALS_DIRECTORY`) where there is
//! one. The file is read anew at each connection, so that a secret can be changed without a restart.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Longest file; tokens have some hundred bytes.
const BYTES_MAX: u64 = 16 << 10;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for the one who sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How a sink shows who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// HTTP basic authentication.
    Basic {
        /// Name.
        username: Secret,
        /// Password.
        password: Secret,
    },
    /// A bearer token.
    Token(Secret),
}

/// Why a file of credentials cannot be used. No secret is in it.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// It cannot be read.
    #[error("credentials {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("credentials {path}, line {line}: {problem}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// Line from 1; 0 for the whole file.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
}

impl Credentials {
    /// Reads a file of credentials.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`].
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let path = match std::env::var_os("CREDENTIALS_DIRECTORY") {
            Some(directory) => Path::new(&directory).join(path),
            None => path.to_owned(),
        };
        let mut text = String::new();
        File::open(&path)
            .and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text))
            .map_err(|source| CredentialsError::Read {
                path: path.clone(),
                source,
            })?;
        Self::parse(&text).map_err(|(line, problem)| CredentialsError::Content {
            path,
            line,
            problem,
        })
    }

    /// The value of the HTTP header `Authorization`.
    #[must_use]
    pub fn authorization(&self) -> Secret {
        Secret(match self {
            Self::Token(Secret(token)) => format!("Bearer {token}"),
            Self::Basic {
                username: Secret(username),
                password: Secret(password),
            } => format!(
                "Basic {}",
                STANDARD.encode(format!("{username}:{password}"))
            ),
        })
    }

    fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let (mut username, mut password, mut token) = (None, None, None);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let expected = "expected `username = …`, `password = …` or `token = …`";
            let (name, value) = line.split_once('=').ok_or((index + 1, expected))?;
            let place = match name.trim() {
                "username" => &mut username,
                "password" => &mut password,
                "token" => &mut token,
                _ => return Err((index + 1, expected)),
            };
            *place = Some(Secret(value.trim().to_owned()));
        }
        match (username, password, token) {
            (Some(username), Some(password), None) => Ok(Self::Basic { username, password }),
            (None, None, Some(token)) => Ok(Self::Token(token)),
            _ => Err((0, "expected a username and a password, or a token")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_read_and_neither_is_printed() {
        let basic = Credentials::parse("# ours\nusername = feed\npassword = can=ary\n").unwrap();
        let Credentials::Basic { username, password } = &basic else {
            panic!("{basic:?}");
        };
        assert_eq!((username.reveal(), password.reveal()), ("feed", "can=ary"));
        assert_eq!(basic.authorization().reveal(), "Basic ZmVlZDpjYW49YXJ5");
        let token = Credentials::parse("token=canary").unwrap();
        assert_eq!(token.authorization().reveal(), "Bearer canary");
        let header = token.authorization();
        for shown in [format!("{basic:?}"), format!("{token:#?} {header:?}")] {
            assert!(!shown.contains("can") && !shown.contains("feed"), "{shown}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_and_without_the_secret() {
        for (text, line) in [
            ("", 0),
            ("username = a", 0),
            ("token = a\nusername = b\npassword = c", 0),
            ("token canary", 1),
            ("username = a\npasswort = canary", 2),
        ] {
            let (at, problem) = Credentials::parse(text).unwrap_err();
            assert_eq!(at, line, "{text}");
            assert!(!problem.contains("canary"));
        }
    }
}
