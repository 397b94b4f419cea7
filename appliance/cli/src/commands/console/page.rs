//! The page of the screen: what stands where.

use super::{
    canvas::{COLUMNS, Canvas, Look, ROWS, cut, width, wrap},
    keys::Keys,
    letters, qr,
    scene::Scene,
    sight::Sight,
};

/// First column of the text.
const LEFT: usize = 1;
/// Row below the title, and row above the foot.
const RULES: [usize; 2] = [1, ROWS - 3];
/// First row between the rules.
const TOP: usize = RULES[0] + 1;
/// Rows between the rules.
const BODY: usize = RULES[1] - TOP;
/// Pairs of the fingerprint in a line; in groups of four as on the page of the plain port.
const PAIRS: usize = 8;

/// Draws the page: `at` says when the box was last seen.
pub(crate) fn page(scene: &Scene, keys: &Keys, at: Option<&str>) -> Canvas {
    let mut canvas = Canvas::new();
    for row in RULES {
        canvas.put(0, row, &"─".repeat(COLUMNS), Look::Plain);
    }
    match scene {
        Scene::Here(sight) => draw(&mut canvas, sight),
        other => {
            if let Some((headline, rest)) = other.words() {
                canvas.put(LEFT, 0, "Croft", Look::Strong);
                say(&mut canvas, headline, rest);
            }
        }
    }
    let seen = at.map_or_else(|| "not seen yet".to_owned(), |at| format!("seen at {at}"));
    canvas.put(COLUMNS - 1 - width(&seen), 0, &seen, Look::Plain);
    foot(&mut canvas, scene, keys);
    canvas
}

/// A sentence in the middle of the page.
fn say(canvas: &mut Canvas, headline: &str, rest: &str) {
    /// Columns of a line that is read at a glance.
    const LINE: usize = 56;
    let lines = wrap(rest, LINE);
    let first = TOP + (BODY - lines.len() - 2) / 2;
    let column = (COLUMNS - LINE) / 2;
    canvas.put(column, first, headline, Look::Strong);
    for (number, line) in lines.iter().enumerate() {
        canvas.put(column, first + 2 + number, line, Look::Plain);
    }
}

fn foot(canvas: &mut Canvas, scene: &Scene, keys: &Keys) {
    let [about, choice] = keys.words(scene.acts());
    let about = wrap(&about, COLUMNS - 2 * LEFT);
    // A question of two lines begins on the rule: the last row is for what can be pressed.
    let first = ROWS - 1 - about.len();
    for (number, line) in about.iter().enumerate() {
        canvas.put(0, first + number, &" ".repeat(COLUMNS), Look::Plain);
        canvas.put(LEFT, first + number, line, Look::Strong);
    }
    canvas.put(LEFT, ROWS - 1, &choice, Look::Strong);
}

fn draw(canvas: &mut Canvas, sight: &Sight) {
    let picture = qr::rows(&sight.link()).filter(|rows| rows.len() <= BODY + 2).unwrap_or_default();
    let picture_columns = picture.first().map_or(0, |row| width(row));
    // A larger picture covers the rules on its side.
    let first = if picture.len() > BODY { TOP - 1 } else { TOP + (BODY - picture.len()) / 2 };
    for (number, row) in picture.iter().enumerate() {
        canvas.put(COLUMNS - picture_columns, first + number, row, Look::Strong);
    }
    let columns = COLUMNS - picture_columns - 1 - LEFT;
    canvas.put(LEFT, 0, &cut(&sight.name, COLUMNS / 2), Look::Strong);
    for (row, (look, text)) in (TOP..).zip(column(sight, columns)) {
        canvas.put(LEFT, row, &cut(&text, columns), look);
    }
}

/// The text beside the picture, a line at a time; it fills [`BODY`] at most.
fn column(sight: &Sight, columns: usize) -> Vec<(Look, String)> {
    let plain = |text: &str| (Look::Plain, text.to_owned());
    let lead = match sight.claimed {
        true => "Scan the picture with a phone that is in this network, or open in a browser:",
        false => "Nobody owns this box yet. Scan the picture with a phone in this network, or open:",
    };
    let mut lines: Vec<_> = wrap(lead, columns).iter().map(|line| plain(line)).collect();
    let mut rest = vec![plain("")];
    if let Some(code) = &sight.pairing_code {
        rest.push(plain(&format!("Pairing code   {code}")));
        if let Some(rows) = letters::rows(code).filter(|rows| rows.iter().all(|row| width(row) <= columns)) {
            rest.extend(rows.map(|row| (Look::Strong, row)));
        }
        rest.push(plain(""));
    } else if !sight.claimed {
        rest.extend([plain("Its pairing code appears here in a moment."), plain("")]);
    }
    rest.push(plain("Fingerprint of its certificate"));
    rest.extend(fingerprint(&sight.fingerprint).into_iter().map(|line| (Look::Plain, format!("  {line}"))));
    rest.push(plain(""));
    let well = health(&sight.warnings, columns);
    // At least one line says how the box is, and as many addresses are shown as there is room for.
    let room = BODY.saturating_sub(lines.len() + rest.len() + well.len().min(2)).max(2);
    lines.extend(sight.origins().into_iter().take(room).map(|origin| (Look::Strong, format!("  {origin}"))));
    lines.extend(rest);
    let room = BODY.saturating_sub(lines.len());
    let look = if sight.warnings.is_empty() { Look::Plain } else { Look::Strong };
    let is_cut = well.len() > room;
    lines.extend(well.into_iter().take(room).map(|line| (look, line)));
    if let Some((_, last)) = lines.last_mut().filter(|_| is_cut) {
        // The rest stands on the page Repairs, and in `croft health`.
        *last = cut(&format!("{last} ..."), columns);
    }
    lines
}

/// How the box is, in a sentence and what it is about; a single thing begins with the sentence, to be short.
fn health(warnings: &[String], columns: usize) -> Vec<String> {
    if let [only] = warnings {
        return wrap(&format!("Needs a look: {only}"), columns);
    }
    let mut lines = wrap(&sentence(warnings), columns);
    lines.extend(warnings.iter().flat_map(|warning| wrap(&format!("- {warning}"), columns)));
    lines
}

/// How the box is.
pub(crate) fn sentence(warnings: &[String]) -> String {
    match warnings.len() {
        0 => "All is well.".into(),
        1 => "One thing needs a look:".into(),
        count => format!("{count} things need a look:"),
    }
}

fn fingerprint(text: &str) -> Vec<String> {
    let pairs: Vec<&str> = text.split(':').collect();
    pairs.chunks(PAIRS).map(|line| line.chunks(PAIRS / 2).map(|group| group.join(":")).collect::<Vec<_>>().join("  ")).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Instant;

    use croft_model::Power;

    use super::*;
    use crate::commands::console::{
        canvas::tests::text,
        keys::Ask,
        qr::tests::decoded,
        sight::tests::{fresh, owned},
    };

    fn shown(scene: &Scene, keys: &Keys) -> String {
        text(&page(scene, keys, Some("14:03:22 UTC")))
    }

    fn warned(sight: Sight, count: usize) -> Sight {
        let warnings =
            ["The disk is nearly full.", "The part of the box called gateway keeps ending: it ended with code 3.", "A third thing."];
        Sight { warnings: warnings.into_iter().cycle().take(count).map(str::to_owned).collect(), ..sight }
    }

    #[test]
    fn the_page_of_a_box_that_is_nobodys() {
        insta::assert_snapshot!(shown(&Scene::Here(fresh()), &Keys::Resting));
    }

    #[test]
    fn the_page_of_a_box_with_an_owner_and_warnings() {
        insta::assert_snapshot!(shown(&Scene::Here(warned(owned(), 2)), &Keys::Resting));
    }

    #[test]
    fn questions_and_sentences() {
        let asking = Keys::Asking(Ask::Power(Power::ShutDown), Instant::now());
        insta::assert_snapshot!("asking", shown(&Scene::Here(owned()), &asking));
        insta::assert_snapshot!("silent", shown(&Scene::Silent, &Keys::Resting));
        insta::assert_snapshot!("going", shown(&Scene::Going(Power::ShutDown), &Keys::Busy(Ask::Power(Power::ShutDown))));
    }

    /// The picture on the page can be read by a decoder, whatever stands beside and below it.
    #[test]
    fn the_picture_is_whole_beside_everything_else() {
        let six: Vec<std::net::IpAddr> = vec!["2001:db8:1234:5678:9abc:def0:1234:5678".parse().expect("an address")];
        let long = Sight { name: "Ü".repeat(64), addresses: six, ..warned(fresh(), 9) };
        for sight in [fresh(), owned(), warned(fresh(), 3), long] {
            for keys in [Keys::Resting, Keys::Told("Done.".into(), Instant::now())] {
                let canvas = page(&Scene::Here(sight.clone()), &keys, Some("14:03:22 UTC"));
                // Only what is lit brightly, and only on the side of the picture, as a phone is held.
                let side = |pieces: Vec<(Look, String)>| {
                    let row: String = pieces.into_iter().map(|(_, text)| text).collect();
                    row.chars().skip(38).map(|c| if "█▀▄".contains(c) { c } else { ' ' }).collect::<String>()
                };
                let rows: Vec<String> = canvas.rows().map(side).collect();
                assert_eq!(decoded(&rows), sight.link());
            }
        }
    }

    #[test]
    fn everything_that_one_needs_stays_on_the_page() {
        let many: Vec<std::net::IpAddr> = (1..40_u8).map(|n| [10, 0, 0, n].into()).collect();
        for count in [0, 1, 9] {
            let sight = Sight { addresses: many.clone(), ..warned(fresh(), count) };
            let page = shown(&Scene::Here(sight), &Keys::Resting);
            for needed in [
                "https://croft.local",
                "http://10.0.0.1",
                "7K3M-9XQT",
                "00:25:4A:6F  94:B9:DE:03",
                ["All is well.", "Needs a look: The disk", "9 things need a look:"][count.min(2)],
            ] {
                assert!(page.contains(needed), "{needed}:\n{page}");
            }
        }
    }
}
