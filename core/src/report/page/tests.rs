use super::*;
use crate::report::table::tests::rows;
use crate::run::evaluation::Kind;

const EVIL: &str = "</pre></style><script>alert('1')</script>\"&";

fn evil_page() -> Page {
    let picture = Picture::filled(2, 2, [1, 2, 3, 255]);
    let mut rows = rows();
    rows[0].subject = EVIL.into();
    rows[0].metric = EVIL.into();
    rows[0].unit = EVIL.into();
    rows[2].interval_method = Some(EVIL.into());
    rows[0].data.name = EVIL.into();
    let [title, lead, config] = [(); 3].map(|()| EVIL.to_owned());
    let [value, label, beside] = [(); 3].map(|()| EVIL.to_owned());
    let [name, about, licence, attribution] = [(); 4].map(|()| EVIL.to_owned());
    Page {
        title,
        lead,
        config,
        headlines: vec![Headline { value, label, beside }],
        evaluation: Some(Evaluation { command: EVIL.into(), rows, ..Evaluation::default() }),
        figures: vec![Figure { image: Image::Pixels(picture), caption: EVIL.into() }],
        figures_title: EVIL.into(),
        charts_title: EVIL.into(),
        charts: vec![Chart { title: EVIL.into(), x_label: EVIL.into(), series: vec![] }],
        commands: vec![EVIL.into()],
        sources: vec![Source {
            name,
            about,
            licence,
            attribution,
            origin: format!("https://{EVIL}"),
            sha256: EVIL.into(),
        }],
    }
}

#[test]
fn no_text_of_the_page_can_become_markup() -> Result<()> {
    let html = evil_page().html()?;
    assert!(!html.contains("<script") && !html.contains("alert('1')"));
    for tag in ["table", "section", "figure", "pre", "style", "svg", "main", "details"] {
        let opened =
            html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    Ok(())
}

#[test]
fn the_page_names_no_resource_outside_itself() -> Result<()> {
    let html = evil_page().html()?;
    for pointer in ["src=\"", "url(", "@import", "<link", "<iframe", "<object", "srcset"] {
        for found in html.split(pointer).skip(1) {
            assert!(found.starts_with("data:image/png;base64,"), "{pointer}");
        }
    }
    Ok(())
}

#[test]
fn an_address_that_is_not_of_the_web_is_no_link() {
    assert!(!link("javascript:alert(1)").contains("<a"));
    assert!(link("https://example.org/a?b&c").contains("href=\"https://example.org/a?b&amp;c\""));
}

#[test]
fn a_drawing_stands_in_the_page_and_its_caption_is_escaped() -> Result<()> {
    let svg = "<svg width=\"400mm\"><path d=\"M0 0h9\"/></svg>";
    let figure = |svg: &str| Figure { image: Image::Drawing(svg.into()), caption: "<b>".into() };
    let html = Page { figures: vec![figure(svg)], ..Page::default() }.html()?;
    assert!(html.contains(&format!("tabindex=\"0\">{svg}</div>")), "{html}");
    assert!(html.contains("<figcaption>&lt;b&gt;</figcaption>"), "{html}");
    let other = Page { figures: vec![figure("<?xml version=\"1.0\"?>")], ..Page::default() };
    let message = other.html().err().map_or(String::new(), |error| format!("{error:#}"));
    assert!(message.contains("figure 1") && message.contains("`<svg>`"), "{message}");
    Ok(())
}

#[test]
fn a_headline_says_a_long_unit_small_and_whose_it_is() {
    let row = |subject: &str, unit: &str| Row {
        subject: subject.into(),
        kind: Kind::Model,
        metric: "reach".into(),
        unit: unit.into(),
        value: 0.5,
        ..rows().remove(0)
    };
    let rows = vec![row("model", "share"), row("model", "of all days"), row("network", "")];
    let said = headlines(&Evaluation { rows, ..Evaluation::default() }, 3);
    let said: Vec<_> = said.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect();
    let expected =
        [("0.500 share", "reach"), ("0.500", "reach, of all days"), ("0.500", "network: reach")];
    assert_eq!(said, expected);
}

#[test]
fn an_empty_page_has_no_sections() -> Result<()> {
    assert!(!Page::default().html()?.contains("<section"));
    Ok(())
}
