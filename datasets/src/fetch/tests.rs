use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use super::*;
use crate::verify::sha256_of;

const CONTENT: &[u8] = b"the rows of a level, the top row first";

/// How the server treats one connection.
#[derive(Clone, Copy)]
enum Answer {
    /// As asked, ranges included.
    Whole,
    /// Promises everything and closes after so many bytes.
    Cut(usize),
    /// The whole file, whatever range was asked.
    Rangeless,
    /// A file of the right size with other bytes.
    Wrong,
    /// A status without a body.
    Status(&'static str),
}

/// A mirror on this machine: one connection for each answer, then nobody listens. Heads of the
/// requests come through the channel.
fn mirror(answers: Vec<Answer>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let (heads, received) = mpsc::channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).expect("a request");
            }
            let from = head.lines().find_map(|line| {
                let line = line.to_lowercase();
                line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
            });
            heads.send(head).expect("the test listens");
            let _ = stream.write_all(&respond(answer, from));
        }
    });
    (address, received)
}

fn respond(answer: Answer, from: Option<usize>) -> Vec<u8> {
    let mut body = CONTENT.to_vec();
    if let Answer::Wrong = answer {
        body.reverse();
    }
    if let Answer::Status(status) = answer {
        return format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into_bytes();
    }
    let from = if let Answer::Rangeless = answer { None } else { from };
    let rest = &body[from.unwrap_or(0)..];
    let status = from.map_or("200 OK".into(), |from| {
        let last = body.len() - 1;
        format!("206 Partial Content\r\ncontent-range: bytes {from}-{last}/{}", body.len())
    });
    let length = rest.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let sent = if let Answer::Cut(count) = answer { &rest[..count.min(length)] } else { rest };
    [head.as_bytes(), sent].concat()
}

/// A set of two files with the same bytes, the second with a blank in its name.
fn set() -> Manifest {
    let scratch = tempfile::NamedTempFile::new().expect("file");
    fs::write(scratch.path(), CONTENT).expect("write");
    let sha256 = sha256_of(scratch.path()).expect("readable");
    let bytes = CONTENT.len() as u64;
    let file =
        |path: &str| File { path: path.into(), bytes, sha256: sha256.clone(), address: None };
    let about = Manifest::named("vglc").expect("in the catalogue").clone();
    Manifest { files: vec![file("a.txt"), file("b/c d.txt")], bytes: 2 * bytes, ..about }
}

/// Fetches into a fresh cache; the cache, the outcome and the requests.
fn try_fetch(answers: Vec<Answer>) -> (tempfile::TempDir, Result<PathBuf>, Vec<String>) {
    let cache = tempfile::tempdir().expect("dir");
    let (outcome, heads) = fetch_into(cache.path(), answers);
    (cache, outcome, heads)
}

fn fetch_into(cache: &Path, answers: Vec<Answer>) -> (Result<PathBuf>, Vec<String>) {
    let (address, heads) = mirror(answers);
    let pause = Duration::from_millis(1);
    let options = Options { mirror: Some(address), attempts: 3, pause, offline: false };
    let outcome = fetch(&set(), cache, &options, |_| {});
    (outcome, heads.try_iter().collect())
}

#[test]
fn a_set_is_fetched_whole_from_the_layout_of_the_mirror() {
    let (cache, outcome, heads) = try_fetch(vec![Answer::Whole, Answer::Whole]);
    let root = outcome.expect("fetched");
    assert_eq!(root, cache.path().join("game-maps/vglc"));
    assert_eq!(fs::read(root.join("a.txt")).expect("there"), CONTENT);
    assert_eq!(fs::read(root.join("b/c d.txt")).expect("there"), CONTENT);
    assert!(heads[1].starts_with("GET /game-maps/vglc/b/c%20d.txt HTTP/1.1"), "{}", heads[1]);
}

#[test]
fn a_cut_connection_is_continued_where_it_ended() {
    let (_cache, outcome, heads) =
        try_fetch(vec![Answer::Cut(7), Answer::Cut(5), Answer::Whole, Answer::Whole]);
    let root = outcome.expect("fetched in the end");
    assert_eq!(fs::read(root.join("a.txt")).expect("there"), CONTENT);
    assert!(!heads[0].to_lowercase().contains("range:"), "{}", heads[0]);
    assert!(heads[1].to_lowercase().contains("range: bytes=7-"), "{}", heads[1]);
    assert!(heads[2].to_lowercase().contains("range: bytes=12-"), "{}", heads[2]);
}

#[test]
fn a_server_without_ranges_is_served_from_the_beginning() {
    let (_cache, outcome, _) = try_fetch(vec![Answer::Cut(7), Answer::Rangeless, Answer::Whole]);
    let root = outcome.expect("fetched in the end");
    assert_eq!(fs::read(root.join("a.txt")).expect("there"), CONTENT);
}

#[test]
fn a_wrong_hash_is_refused_and_leaves_nothing_behind() {
    let (cache, outcome, _) = try_fetch(vec![Answer::Wrong]);
    let message = outcome.expect_err("other bytes").to_string();
    assert!(message.contains("the manifest says") && message.contains("a.txt"), "{message}");
    assert!(!cache.path().join("game-maps/vglc").exists());
    let staging = cache.path().join("game-maps/.vglc.part");
    assert_eq!(fs::read_dir(staging).expect("made").count(), 0);
}

#[test]
fn a_part_that_does_not_fit_is_replaced() {
    let cache = tempfile::tempdir().expect("dir");
    let staging = cache.path().join("game-maps/.vglc.part");
    fs::create_dir_all(&staging).expect("dir");
    fs::write(staging.join(".a.txt.part"), "THE ROWS").expect("write");
    let (outcome, heads) = fetch_into(cache.path(), vec![Answer::Whole; 3]);
    let root = outcome.expect("fetched in the end");
    assert_eq!(fs::read(root.join("a.txt")).expect("there"), CONTENT);
    assert!(heads[0].to_lowercase().contains("range: bytes=8-"), "{}", heads[0]);
}

#[test]
fn a_busy_server_is_asked_again_and_a_refusal_is_final() {
    let busy = Answer::Status("503 Service Unavailable");
    let (_cache, outcome, heads) = try_fetch(vec![busy, busy, Answer::Whole, Answer::Whole]);
    assert!(outcome.is_ok());
    assert_eq!(heads.len(), 4);

    let (_cache, outcome, heads) = try_fetch(vec![busy; 3]);
    let message = outcome.expect_err("busy for ever").to_string();
    assert!(message.contains("answers 503 Service Unavailable (attempts: 3)"), "{message}");
    assert_eq!(heads.len(), 3);

    let (_cache, outcome, heads) = try_fetch(vec![Answer::Status("404 Not Found")]);
    let message = outcome.expect_err("not there").to_string();
    assert!(message.contains("a.txt: the server answers 404 Not Found"), "{message}");
    assert_eq!(heads.len(), 1);
}

#[test]
fn an_unfinished_set_is_not_found_and_goes_on_with_what_it_lacks() {
    let gone = Answer::Status("410 Gone");
    let (cache, outcome, _) = try_fetch(vec![Answer::Whole, gone]);
    assert!(outcome.is_err());
    assert!(!cache.path().join("game-maps/vglc").exists());
    let (outcome, heads) = fetch_into(cache.path(), vec![Answer::Whole]);
    assert!(outcome.expect("the rest").join("a.txt").exists());
    assert!(heads[0].contains("c%20d.txt"), "{}", heads[0]);
}

#[test]
fn a_damaged_set_gets_only_its_damaged_files_again() {
    let (cache, outcome, _) = try_fetch(vec![Answer::Whole, Answer::Whole]);
    let root = outcome.expect("fetched");
    fs::write(root.join("a.txt"), "scribbled over").expect("write");
    let (outcome, heads) = fetch_into(cache.path(), vec![Answer::Whole]);
    assert_eq!(outcome.expect("repaired"), root);
    assert_eq!(fs::read(root.join("a.txt")).expect("there"), CONTENT);
    assert_eq!(heads.len(), 1);
}

#[test]
fn offline_refuses_to_download_and_is_content_with_a_whole_set() {
    let offline = Options { offline: true, ..Options::default() };
    let cache = tempfile::tempdir().expect("dir");
    let message = fetch(&set(), cache.path(), &offline, |_| {}).expect_err("offline").to_string();
    assert!(message.contains("lacks 2 of its files, and offline forbids"), "{message}");
    assert_eq!(fs::read_dir(cache.path()).expect("there").count(), 0);

    let (cache, outcome, _) = try_fetch(vec![Answer::Whole, Answer::Whole]);
    assert!(outcome.is_ok());
    assert!(fetch(&set(), cache.path(), &offline, |_| {}).is_ok());
}

#[test]
fn a_second_fetch_of_a_set_is_told_to_wait() {
    let cache = tempfile::tempdir().expect("dir");
    fs::create_dir(cache.path().join("game-maps")).expect("dir");
    let lock = fs::File::create(cache.path().join("game-maps/.vglc.lock")).expect("file");
    lock.lock().expect("nobody else has it");
    let message = fetch(&set(), cache.path(), &Options::default(), |_| {})
        .expect_err("somebody else fetches")
        .to_string();
    assert!(message.contains("`vglc` is being fetched by another process"), "{message}");
}

#[test]
fn a_file_in_place_of_the_cache_is_one_clear_error() {
    let cache = tempfile::NamedTempFile::new().expect("file");
    let message = fetch(&set(), cache.path(), &Options::default(), |_| {})
        .expect_err("no folder")
        .to_string();
    assert!(message.contains("game-maps: cannot be written"), "{message}");
}
