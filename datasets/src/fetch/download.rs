//! One file over HTTP: resumed, tried again, verified, renamed.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;

use super::{Options, sync_folder, unwritable};
use crate::verify::sha256_of;
use crate::{Error, File, Result};

/// Why an attempt failed.
enum Failure {
    /// Another one may succeed.
    Passing(String),
    /// It would fail again.
    Final(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// Silence for longer than this is a dead connection.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(30));

pub(super) fn agent(options: &Options) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(PATIENCE)
        .timeout_recv_response(PATIENCE)
        .timeout_per_read(PATIENCE)
        .user_agent(concat!("generativa/", env!("CARGO_PKG_VERSION")));
    // A mirror on this machine is on this side of any proxy.
    let local =
        options.mirror.as_ref().is_some_and(|mirror| mirror.starts_with("http://127.0.0.1"));
    let config = if local { config.proxy(None) } else { config };
    config.build().new_agent()
}

/// Brings `file` from `url` to `path`, whose folder exists. What came of a broken attempt lies in
/// `.NAME.part` beside it and is continued; under `path` itself only verified bytes appear.
pub(super) fn file(
    agent: &Agent,
    url: &str,
    file: &File,
    path: &Path,
    options: &Options,
) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let part = path.with_file_name(format!(".{name}.part"));
    let mut pause = options.pause;
    let mut attempts = 1;
    loop {
        match attempt(agent, url, file, path, &part) {
            Ok(()) => break,
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Passing(reason)) if attempts >= options.attempts => {
                return Err(Error::Download { url: url.to_owned(), reason, attempts });
            }
            Err(Failure::Passing(_)) => {
                thread::sleep(pause);
                pause *= 2;
                attempts += 1;
            }
        }
    }
    fs::rename(&part, path).map_err(unwritable(path))?;
    sync_folder(path.parent().unwrap_or(path))
}

/// Completes `part` and verifies it.
fn attempt(
    agent: &Agent,
    url: &str,
    file: &File,
    path: &Path,
    part: &Path,
) -> std::result::Result<(), Failure> {
    let open = || fs::File::options().append(true).create(true).open(part);
    let mut output = open().map_err(unwritable(part))?;
    let had = output.metadata().map_err(unwritable(part))?.len();
    if had < file.bytes {
        let mut response = request(agent, url, had).map_err(Failure::Passing)?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if continues(&response, had) => {}
            // The whole file, asked for or not.
            StatusCode::OK => output.set_len(0).map_err(unwritable(part))?,
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                output.set_len(0).map_err(unwritable(part))?;
                return Err(Failure::Passing("the server does not continue the part".into()));
            }
            status => return Err(refusal(url, status)),
        }
        // One byte more than there should be is enough to know.
        let mut body = response.body_mut().as_reader().take(file.bytes + 1);
        copy(&mut body, &mut output, part)?;
    }
    let found = output.metadata().map_err(unwritable(part))?.len();
    if found < file.bytes {
        let reason = format!("the connection ended after {found} of {} bytes", file.bytes);
        return Err(Failure::Passing(reason));
    }
    output.sync_all().map_err(unwritable(part))?;
    let hash = sha256_of(part).map_err(unwritable(part))?;
    if found == file.bytes && hash == file.sha256 {
        return Ok(());
    }
    fs::remove_file(part).map_err(unwritable(part))?;
    // A part of an earlier day may not fit to the rest: once more from the beginning.
    if had > 0 {
        return Err(Failure::Passing("the continued file has a wrong sha256".into()));
    }
    let expected = file.sha256.clone();
    Err(Failure::Final(Error::WrongHash { path: path.to_owned(), expected, found: hash }))
}

fn request(
    agent: &Agent,
    url: &str,
    from: u64,
) -> std::result::Result<ureq::http::Response<ureq::Body>, String> {
    // No compression: ranges and sizes count the bytes of the file.
    let mut request = agent.get(url).header("accept-encoding", "identity");
    if from > 0 {
        request = request.header("range", format!("bytes={from}-"));
    }
    request.call().map_err(|error| error.to_string())
}

/// Whether an answer to a range begins where the part ends.
fn continues(response: &ureq::http::Response<ureq::Body>, from: u64) -> bool {
    let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}

fn refusal(url: &str, status: StatusCode) -> Failure {
    let reason = format!("the server answers {status}");
    let busy = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    if status.is_server_error() || busy.contains(&status) {
        return Failure::Passing(reason);
    }
    Failure::Final(Error::Download { url: url.to_owned(), reason, attempts: 1 })
}

/// Copies to the end. What cannot be read may come next time, what cannot be written will not.
fn copy(
    body: &mut impl Read,
    output: &mut fs::File,
    part: &Path,
) -> std::result::Result<(), Failure> {
    let mut piece = vec![0; 1 << 16];
    loop {
        let count = match body.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Passing(error.to_string())),
        };
        output.write_all(&piece[..count]).map_err(unwritable(part))?;
    }
}
