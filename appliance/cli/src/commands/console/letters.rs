//! Large letters out of half blocks, for the pairing code.

/// Columns of a letter, the gap behind it not counted.
const WIDTH: usize = 4;
/// Columns between two groups, in place of their dash.
const GAP: usize = 3;
/// The symbols of a pairing code, five rows of four squares each; the leftmost square is the highest bit.
const FONT: [(char, [u8; 5]); 32] = [
    ('0', [0x6, 0x9, 0x9, 0x9, 0x6]),
    ('1', [0x2, 0x6, 0x2, 0x2, 0x7]),
    ('2', [0xE, 0x1, 0x6, 0x8, 0xF]),
    ('3', [0xE, 0x1, 0x6, 0x1, 0xE]),
    ('4', [0x9, 0x9, 0xF, 0x1, 0x1]),
    ('5', [0xF, 0x8, 0xE, 0x1, 0xE]),
    ('6', [0x6, 0x8, 0xE, 0x9, 0x6]),
    ('7', [0xF, 0x1, 0x2, 0x4, 0x4]),
    ('8', [0x6, 0x9, 0x6, 0x9, 0x6]),
    ('9', [0x6, 0x9, 0x7, 0x1, 0x6]),
    ('A', [0x6, 0x9, 0xF, 0x9, 0x9]),
    ('B', [0xE, 0x9, 0xE, 0x9, 0xE]),
    ('C', [0x7, 0x8, 0x8, 0x8, 0x7]),
    ('D', [0xE, 0x9, 0x9, 0x9, 0xE]),
    ('E', [0xF, 0x8, 0xE, 0x8, 0xF]),
    ('F', [0xF, 0x8, 0xE, 0x8, 0x8]),
    ('G', [0x7, 0x8, 0xB, 0x9, 0x7]),
    ('H', [0x9, 0x9, 0xF, 0x9, 0x9]),
    ('J', [0x1, 0x1, 0x1, 0x9, 0x6]),
    ('K', [0x9, 0xA, 0xC, 0xA, 0x9]),
    ('M', [0x9, 0xF, 0xF, 0x9, 0x9]),
    ('N', [0x9, 0xD, 0xF, 0xB, 0x9]),
    ('P', [0xE, 0x9, 0xE, 0x8, 0x8]),
    ('Q', [0x6, 0x9, 0x9, 0xB, 0x7]),
    ('R', [0xE, 0x9, 0xE, 0xA, 0x9]),
    ('S', [0x7, 0x8, 0x6, 0x1, 0xE]),
    ('T', [0x7, 0x2, 0x2, 0x2, 0x2]),
    ('V', [0x9, 0x9, 0x9, 0x6, 0x6]),
    ('W', [0x9, 0x9, 0xF, 0xF, 0x9]),
    ('X', [0x9, 0x9, 0x6, 0x9, 0x9]),
    ('Y', [0x5, 0x5, 0x7, 0x2, 0x2]),
    ('Z', [0xF, 0x2, 0x4, 0x8, 0xF]),
];

/// The code in three rows of characters; none when it has a symbol that no code has.
pub(crate) fn rows(code: &str) -> Option<[String; 3]> {
    let mut rows = [const { String::new() }; 3];
    for symbol in code.chars() {
        if symbol == '-' {
            rows.iter_mut().for_each(|row| row.push_str(&" ".repeat(GAP - 1)));
            continue;
        }
        let (_, squares) = FONT.iter().find(|(known, _)| *known == symbol)?;
        for (number, row) in rows.iter_mut().enumerate() {
            let (above, below) = (squares[number * 2], squares.get(number * 2 + 1).copied().unwrap_or(0));
            row.extend((0..WIDTH).rev().map(|bit| match (above >> bit & 1, below >> bit & 1) {
                (1, 1) => '█',
                (1, _) => '▀',
                (_, 1) => '▄',
                _ => ' ',
            }));
            row.push(' ');
        }
    }
    Some(rows.map(|row| row.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_symbols_are_drawn_and_no_two_alike() {
        let all: String = FONT.iter().map(|(symbol, _)| *symbol).collect();
        assert_eq!(all, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", "the alphabet of the pairing code");
        let lines: Vec<String> = all.as_bytes().chunks(8).flat_map(|eight| rows(&String::from_utf8_lossy(eight)).expect("known")).collect();
        insta::assert_snapshot!(lines.join("\n"));
        for (number, (symbol, squares)) in FONT.iter().enumerate() {
            assert!(FONT[number + 1..].iter().all(|(_, other)| other != squares), "{symbol}");
        }
    }

    #[test]
    fn a_code_fits_beside_the_picture() {
        let rows = rows("MMMM-MMMM").expect("known");
        assert!(rows.iter().all(|row| row.chars().count() <= 41), "{rows:?}");
        assert_eq!(super::rows("7K3M-9XqT"), None);
    }
}
