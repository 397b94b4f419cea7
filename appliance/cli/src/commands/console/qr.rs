//! QR codes out of half blocks: two squares a character, one above the other.

use qrcode::{Color, EcLevel, QrCode};

/// Empty squares around the code, as the standard wants them (ISO/IEC 18004).
const QUIET: usize = 4;
/// Squares a side above which a code is made with less redundancy, so that it fits beside the text.
const WIDE: usize = 29;

/// Rows of characters that show `text`; a character that is lit is a light square, so the colours have to be light on dark. None when the text is
/// too long for any code.
pub(crate) fn rows(text: &str) -> Option<Vec<String>> {
    let code = match QrCode::with_error_correction_level(text, EcLevel::M) {
        Ok(code) if code.width() <= WIDE => code,
        _ => QrCode::with_error_correction_level(text, EcLevel::L).ok()?,
    };
    let (width, colors) = (code.width(), code.to_colors());
    let side = width + 2 * QUIET;
    let is_light = |x: usize, y: usize| match (x.checked_sub(QUIET), y.checked_sub(QUIET)) {
        _ if y >= side => false,
        (Some(x), Some(y)) if x < width && y < width => colors[y * width + x] == Color::Light,
        _ => true,
    };
    let half = |x: usize, y: usize| match (is_light(x, y), is_light(x, y + 1)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    Some((0..side).step_by(2).map(|y| (0..side).map(|x| half(x, y)).collect()).collect())
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads the code that stands in `rows`, seen as a camera sees it: light squares on a dark screen.
    pub(crate) fn decoded(rows: &[String]) -> String {
        const SIDE: usize = 6;
        let cells: Vec<Vec<char>> = rows.iter().map(|row| row.chars().collect()).collect();
        let is_light = |x: usize, y: usize| {
            let cell = cells.get(y / 2).and_then(|row| row.get(x)).copied().unwrap_or(' ');
            cell == '█' || cell == if y.is_multiple_of(2) { '▀' } else { '▄' }
        };
        let widest = cells.iter().map(Vec::len).max().unwrap_or(0);
        let mut seen = rqrr::PreparedImage::prepare_from_greyscale(widest * SIDE, cells.len() * 2 * SIDE, |x, y| {
            if is_light(x / SIDE, y / SIDE) { 255 } else { 0 }
        });
        let grids = seen.detect_grids();
        assert_eq!(grids.len(), 1, "one code:\n{}", rows.join("\n"));
        grids[0].decode().expect("readable").1
    }

    #[test]
    fn a_decoder_reads_what_was_written_and_it_fits_beside_the_text() {
        let check = |text: &str, columns: usize| {
            let rows = rows(text).expect("a code");
            assert_eq!((decoded(&rows).as_str(), rows[0].chars().count()), (text, columns));
        };
        check("http://192.168.178.123/#claim=7K3M-9XQT", 37);
        check("http://10.0.2.15/", 33);
        check("http://[2001:db8:1234:5678:9abc:def0:1234:5678]/#claim=7K3M-9XQT", 41);
    }

    #[test]
    fn what_is_too_long_has_no_picture() {
        assert_eq!(rows(&"x".repeat(5000)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn any_address_can_be_read(address: std::net::Ipv4Addr, code in "[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}") {
            let link = format!("http://{address}/#claim={code}");
            prop_assert_eq!(decoded(&rows(&link).expect("a code")), link);
        }
    }
}
