use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::read::real_data;
use crate::{Manifest, verify};

/// A set of one game, `Own`, with the given files.
fn own_game(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("dir");
    fs::create_dir_all(root.path().join("Own/Processed")).expect("dir");
    let legend = r#"{"tiles": {"X": ["solid"], "-": ["passable"]}}"#;
    fs::write(root.path().join("Own/own.json"), legend).expect("write");
    for (name, bytes) in files {
        fs::write(root.path().join("Own/Processed").join(name), bytes).expect("write");
    }
    root
}

fn message(files: &[(&str, &[u8])]) -> String {
    let root = own_game(files);
    platform_levels(root.path(), "Own").expect_err("bad input").to_string()
}

#[test]
fn levels_come_in_natural_order_without_duplicates() {
    let files: [(&str, &[u8]); 4] =
        [("l-10.txt", b"X\n"), ("l-2.txt", b"-\nX\n"), ("l-1.txt", b"X"), ("notes.md", b"?")];
    let root = own_game(&files);
    let corpus = platform_levels(root.path(), "Own").expect("good input");
    let names: Vec<_> = corpus.levels.iter().map(|level| level.name.as_str()).collect();
    assert_eq!(names, ["l-1", "l-2"]);
    assert_eq!(corpus.duplicates_removed, 1);
    assert_eq!(corpus.alphabet(), b"-X");
    assert_eq!(corpus.files.len(), 4); // the legend and three levels
}

#[test]
fn bad_levels_are_refused_with_their_place() {
    let good: (&str, &[u8]) = ("a.txt", b"--\nXX\n");
    assert!(message(&[good, ("b.txt", b"--\nX#\n")]).contains("b.txt line 2, column 2: unknown"));
    assert!(message(&[good, ("b.txt", b"--\nX")]).contains("b.txt line 2: the file ends here"));
    assert!(message(&[good, ("b.txt", b"--\nXXX\n")]).contains("b.txt line 2: expected 2 columns"));
    assert!(message(&[good, ("b.txt", b"-\xc3\n")]).contains("byte 0xc3"));
    assert!(message(&[good, ("b.txt", b"")]).contains("b.txt: empty"));
    assert!(message(&[]).contains("Processed: empty, expected levels"));
}

#[test]
fn a_folder_in_place_of_a_level_is_refused() {
    let root = own_game(&[]);
    fs::create_dir(root.path().join("Own/Processed/a.txt")).expect("dir");
    let message = platform_levels(root.path(), "Own").expect_err("a folder").to_string();
    assert!(message.ends_with("a.txt: expected a file, found a folder"), "{message}");
}

#[test]
fn a_missing_set_game_legend_or_level_folder_is_named() {
    let root = own_game(&[]);
    let message = |root: &Path, game| platform_levels(root, game).expect_err("missing").to_string();
    assert!(message(&root.path().join("none"), "Own").contains("missing; `just data fetch vglc`"));
    assert!(message(root.path(), "Tetris").contains("no part `Tetris`; the parts here are `Super"));
    let smb = message(root.path(), "Super Mario Bros");
    assert!(smb.contains("smb.json: missing; `just data fetch vglc`"), "{smb}");
    fs::remove_file(root.path().join("Own/own.json")).expect("it is there");
    assert!(message(root.path(), "Own").contains("Own: expected one legend"));
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_super_mario_bros_has_the_published_counts() {
    let root = real_data("vglc");
    let corpus = platform_levels(&root, "Super Mario Bros").expect("published data");
    assert_eq!((corpus.levels.len(), corpus.duplicates_removed), (15, 0));
    assert!(corpus.levels.iter().all(|level| level.rows.len() == 14));
    let columns: usize = corpus.levels.iter().map(|level| level.rows[0].len()).sum();
    assert_eq!(columns, 2923);
    let used: BTreeSet<u8> =
        corpus.levels.iter().flat_map(|level| level.rows.iter().flatten().copied()).collect();
    assert_eq!(used.into_iter().collect::<Vec<_>>(), corpus.alphabet());
    assert_eq!(corpus.legend.len(), 13);
    assert_eq!(corpus.levels[0].name, "mario-1-1");
    assert_eq!(corpus.levels[14].name, "mario-8-1");
    let (training, held_out) = corpus.split();
    assert_eq!((training.len(), held_out.len()), (11, 4));
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_every_game_reads_but_the_ragged_one() {
    let root = real_data("vglc");
    let levels = |game: &str| platform_levels(&root, game).map(|corpus| corpus.levels.len());
    let expected = [15, 16, 16, 22, 9, 3, 6, 150, 10, 0, 36, 32];
    for (game, expected) in games().iter().zip(expected) {
        match levels(game) {
            Ok(count) => assert_eq!(count, expected, "{game}"),
            Err(error) => assert!(
                error.to_string().contains("Level 24.txt line ")
                    && error.to_string().contains("expected 32 columns as in line 1, found 33"),
                "{game}: {error}"
            ),
        }
    }
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_zelda_has_459_rooms_267_of_them_distinct() {
    let root = real_data("vglc");
    let dungeons = zelda_dungeons(&root).expect("published data");
    assert_eq!(dungeons.len(), 18);
    assert_eq!(dungeons.iter().flat_map(|d| d.rooms.iter().flatten().flatten()).count(), 459);
    let rooms = zelda_rooms(&root).expect("published data");
    assert_eq!((rooms.training.len(), rooms.held_out.len()), (230, 37));
    assert_eq!(rooms.duplicates_removed, 459 - 267);
    let held_out = held_out("The Legend of Zelda");
    assert!(rooms.held_out.iter().all(|room| held_out.contains(&room.dungeon)));
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_a_dungeon_cut_between_two_rows_is_refused() {
    let root = real_data("vglc");
    let copy = tempfile::tempdir().expect("dir");
    let folder = "The Legend of Zelda/Processed";
    fs::create_dir_all(copy.path().join(folder)).expect("dir");
    let whole = fs::read(root.join(folder).join("tloz1_1.txt")).expect("published data");
    let path = copy.path().join(folder).join("tloz1_1.txt");
    fs::write(&path, &whole[..67 * 20]).expect("write");
    let message = zelda_dungeons(copy.path()).expect_err("cut").to_string();
    assert!(message.contains("line 20: the file ends here with 20 rows"), "{message}");
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_the_published_files_verify_and_have_a_fingerprint() {
    let root = real_data("vglc");
    let set = Manifest::named("vglc").expect("in the catalogue");
    let reports = verify::verify(set, &root);
    assert!(reports.iter().all(|file| file.state == verify::State::Good));
    let corpus = platform_levels(&root, "Super Mario Bros").expect("published data");
    let print = verify::fingerprint(&root, &corpus.files).expect("readable");
    assert_eq!(print, FINGERPRINT);
}

/// `LC_ALL=C sha256sum 'Super Mario Bros/Processed'/*.txt 'Super Mario Bros/smb.json' | sha256sum`
const FINGERPRINT: &str = "9e91a4aa648324392f190873061b88571953b8f02a01f4a344563ba522e9b5ca";
