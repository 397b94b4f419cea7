//! Conditions of a SEARCH. What is not known of an entry makes a comparison neither true nor false (RFC 5323, section 5.5).

use croft_api::preview::Taken;
use croft_model::Problem;

use crate::{
    space::Seen,
    xml::{Element, malformed},
};

/// Comparisons in one search.
const MAX_COMPARISONS: usize = 64;
/// Characters of a pattern.
const MAX_PATTERN: usize = 1024;

/// What is known of an entry without looking at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Type,
    /// Seconds since 1970.
    Modified,
    /// The same: when a picture or film was taken, else when its file was changed.
    Taken,
    Size,
    Id,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    IsFolder,
    Text(Field, Comparison, String),
    Number(Field, Comparison, i64),
    /// `%` stands for any text and `_` for any character; capitals do not count.
    Like(Field, Vec<char>),
    /// About something that is not known.
    Unknown,
}

impl Field {
    /// The field of the property that `element` names in its `prop`; `None` for one that is not known.
    pub(super) fn named_in(element: &Element) -> Result<Option<Self>, Problem> {
        let property = element.child("prop").and_then(|prop| prop.elements().next()).ok_or_else(malformed)?;
        Ok(Some(match property.name.as_str() {
            "displayname" => Self::Name,
            "getcontenttype" => Self::Type,
            "getlastmodified" | "creationdate" | "creation_time" | "upload_time" => Self::Modified,
            "metadata-photos-original_date_time" => Self::Taken,
            "getcontentlength" | "size" => Self::Size,
            "fileid" => Self::Id,
            _ => return Ok(None),
        }))
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Name | Self::Type)
    }

    fn text(self, seen: &Seen<'_>) -> Option<String> {
        match self {
            Self::Name => Some(seen.name.to_owned()),
            Self::Type => seen.content_type().map(Into::into),
            Self::Modified | Self::Taken | Self::Size | Self::Id => None,
        }
    }

    fn number(self, seen: &Seen<'_>) -> Option<i64> {
        match self {
            Self::Modified => seen.modified,
            Self::Taken => seen.taken.map(Taken::unix).or(seen.modified),
            Self::Size => seen.size.and_then(|size| i64::try_from(size).ok()),
            Self::Id => i64::try_from(seen.id).ok(),
            Self::Name | Self::Type => None,
        }
    }

    /// Bytes by which entries are sorted; `None` where nothing is known.
    pub(super) fn key(self, seen: &Seen<'_>) -> Option<Vec<u8>> {
        if self.is_text() {
            return self.text(seen).map(|text| [text.to_lowercase().as_bytes(), b"\0"].concat());
        }
        // The order of bytes is that of numbers once the sign is turned over.
        self.number(seen).map(|number| (number.cast_unsigned() ^ (1 << 63)).to_be_bytes().to_vec())
    }
}

impl Condition {
    /// Reads what stands in a `where`.
    pub(super) fn of_where(element: &Element) -> Result<Self, Problem> {
        let mut left = MAX_COMPARISONS;
        let all = element.elements().map(|element| Self::of(element, &mut left)).collect::<Result<_, _>>()?;
        Ok(Self::All(all))
    }

    fn of(element: &Element, left: &mut usize) -> Result<Self, Problem> {
        *left = left
            .checked_sub(1)
            .ok_or_else(|| Problem::new(400, "search-too-long", format!("A search may have at most {MAX_COMPARISONS} conditions.")))?;
        let comparison = match element.name.as_str() {
            "and" => return Ok(Self::All(Self::each(element, left)?)),
            "or" => return Ok(Self::Any(Self::each(element, left)?)),
            "not" => return Ok(Self::Not(Box::new(Self::All(Self::each(element, left)?)))),
            "is-collection" => return Ok(Self::IsFolder),
            "like" => return Self::like(element),
            "eq" => Comparison::Equal,
            "lt" => Comparison::Less,
            "lte" => Comparison::LessOrEqual,
            "gt" => Comparison::Greater,
            "gte" => Comparison::GreaterOrEqual,
            _ => return Ok(Self::Unknown),
        };
        let Some(field) = Field::named_in(element)? else { return Ok(Self::Unknown) };
        let literal = literal(element)?;
        if field.is_text() {
            return Ok(Self::Text(field, comparison, literal));
        }
        let number = if matches!(field, Field::Modified | Field::Taken) { seconds(&literal) } else { literal.trim().parse().ok() };
        number.map(|number| Self::Number(field, comparison, number)).ok_or_else(malformed)
    }

    fn each(element: &Element, left: &mut usize) -> Result<Vec<Self>, Problem> {
        element.elements().map(|element| Self::of(element, left)).collect()
    }

    fn like(element: &Element) -> Result<Self, Problem> {
        let Some(field) = Field::named_in(element)?.filter(|field| field.is_text()) else { return Ok(Self::Unknown) };
        let pattern: Vec<char> = literal(element)?.to_lowercase().chars().collect();
        if pattern.len() > MAX_PATTERN {
            return Err(malformed());
        }
        Ok(Self::Like(field, pattern))
    }

    /// Whether it asks for `field`.
    pub(super) fn asks_for(&self, field: Field) -> bool {
        match self {
            Self::All(all) | Self::Any(all) => all.iter().any(|one| one.asks_for(field)),
            Self::Not(one) => one.asks_for(field),
            Self::Text(asked, ..) | Self::Number(asked, ..) | Self::Like(asked, _) => *asked == field,
            Self::IsFolder | Self::Unknown => false,
        }
    }

    /// Whether it holds for `seen`; `None` where that is not known.
    pub(super) fn holds(&self, seen: &Seen<'_>) -> Option<bool> {
        match self {
            Self::All(all) => fold(all.iter().map(|one| one.holds(seen)), false),
            Self::Any(any) => fold(any.iter().map(|one| one.holds(seen)), true),
            Self::Not(one) => one.holds(seen).map(|holds| !holds),
            Self::IsFolder => Some(seen.folder),
            Self::Text(field, comparison, text) => field.text(seen).map(|value| comparison.holds(value.as_str(), text.as_str())),
            Self::Number(field, comparison, number) => field.number(seen).map(|value| comparison.holds(value, *number)),
            Self::Like(field, pattern) => field.text(seen).map(|value| is_like(&value.to_lowercase(), pattern)),
            Self::Unknown => None,
        }
    }
}

/// `decisive` as soon as one is; else not known where one is not; else the other.
fn fold(all: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut known = true;
    for holds in all {
        if holds == Some(decisive) {
            return holds;
        }
        known &= holds.is_some();
    }
    known.then_some(!decisive)
}

impl Comparison {
    fn holds<T: PartialOrd>(self, value: T, than: T) -> bool {
        match self {
            Self::Equal => value == than,
            Self::Less => value < than,
            Self::LessOrEqual => value <= than,
            Self::Greater => value > than,
            Self::GreaterOrEqual => value >= than,
        }
    }
}

fn literal(element: &Element) -> Result<String, Problem> {
    element.child("literal").map(Element::text).ok_or_else(malformed)
}

/// A time as clients write it: seconds since 1970, ISO 8601, or as HTTP has it.
fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let http = || httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs().try_into().ok();
    let iso = || text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    text.parse().ok().or_else(iso).or_else(http)
}

/// Whether the whole of `text` fits `pattern`; in a time that is the product of both lengths at most.
fn is_like(text: &str, pattern: &[char]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut fits, mut retry) = (0, 0, None);
    while at < text.len() {
        match pattern.get(fits) {
            Some('%') => {
                retry = Some((at, fits));
                fits += 1;
            }
            Some(letter) if *letter == '_' || *letter == text[at] => {
                at += 1;
                fits += 1;
            }
            _ => {
                // The last `%` takes one letter more.
                let Some((from, percent)) = retry else { return false };
                retry = Some((from + 1, percent));
                at = from + 1;
                fits = percent + 1;
            }
        }
    }
    pattern[fits..].iter().all(|letter| *letter == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str) -> Seen<'_> {
        Seen { id: 7, name, folder: false, size: Some(10), modified: Some(1_700_000_000), taken: None }
    }

    fn holds(condition: &str, seen: &Seen<'_>) -> Option<bool> {
        let body = format!("<d:where xmlns:d='DAV:' xmlns:oc='http://owncloud.org/ns'>{condition}</d:where>");
        Condition::of_where(&Element::parse(body.as_bytes()).unwrap()).unwrap().holds(seen)
    }

    #[test]
    fn conditions_hold_or_not_or_nobody_knows() {
        let compare =
            |how: &str, property: &str, than: &str| format!("<d:{how}><d:prop>{property}</d:prop><d:literal>{than}</d:literal></d:{how}>");
        let name = |than: &str| compare("like", "<d:displayname/>", than);
        let time = |how: &str, than: &str| compare(how, "<d:getlastmodified/>", than);
        let photo = seen("Summer 2023.JPG");
        for (condition, expected) in [
            (String::new(), Some(true)),
            (name("%summer%"), Some(true)),
            (name("summer"), Some(false)),
            (name("s_mmer%.jpg"), Some(true)),
            (name("%%%a%"), Some(false)),
            (compare("like", "<d:getcontenttype/>", "image/%"), Some(true)),
            (compare("eq", "<d:getcontenttype/>", "image/png"), Some(false)),
            (time("lt", "2023-11-15T00:00:00Z"), Some(true)),
            (time("gt", "Wed, 15 Nov 2023 00:00:00 GMT"), Some(false)),
            (time("gte", "1700000000"), Some(true)),
            (compare("gt", "<oc:size/>", "9"), Some(true)),
            (compare("eq", "<oc:fileid/>", "7"), Some(true)),
            ("<d:is-collection/>".into(), Some(false)),
            (compare("eq", "<oc:tags/>", "x"), None),
            (format!("<d:not>{}</d:not>", compare("eq", "<oc:tags/>", "x")), None),
            (format!("<d:or>{}{}</d:or>", compare("eq", "<oc:tags/>", "x"), name("%")), Some(true)),
            (format!("<d:and>{}{}</d:and>", compare("eq", "<oc:tags/>", "x"), name("z")), Some(false)),
            (format!("<d:not>{}</d:not>", name("z")), Some(true)),
        ] {
            assert_eq!(holds(&condition, &photo), expected, "{condition}");
        }
        let folder = Seen { folder: true, size: None, modified: None, ..seen("Photos") };
        assert_eq!(holds("<d:is-collection/>", &folder), Some(true));
        assert_eq!(holds(&compare("like", "<d:getcontenttype/>", "%"), &folder), None);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let refused = |condition: &str| {
            let body = format!("<d:where xmlns:d='DAV:'>{condition}</d:where>");
            Condition::of_where(&Element::parse(body.as_bytes()).unwrap()).is_err()
        };
        assert!(refused("<d:eq/>"));
        assert!(refused("<d:eq><d:prop/></d:eq>"));
        assert!(refused("<d:lt><d:prop><d:getlastmodified/></d:prop><d:literal>soon</d:literal></d:lt>"));
        assert!(refused(&"<d:is-collection/>".repeat(MAX_COMPARISONS + 1)));
    }

    #[test]
    fn a_photo_is_found_by_when_it_was_taken() {
        let property = "<d:prop><nc:metadata-photos-original_date_time xmlns:nc='http://nextcloud.org/ns'/></d:prop>";
        let condition = format!("<d:lt>{property}<d:literal>1600000000</d:literal></d:lt>");
        let taken = |taken| Seen { taken, ..seen("a.jpg") };
        assert_eq!(holds(&condition, &taken(None)), Some(false), "else by its file's time");
        assert_eq!(holds(&condition, &taken(Some(Taken::Moment(1_500_000_000)))), Some(true));
        let ahead = Taken::Wall { seconds: 1_600_003_000, ahead_minutes: Some(60) };
        assert_eq!(holds(&condition, &taken(Some(ahead))), Some(true));
    }

    #[test]
    fn keys_sort_as_values_do() {
        let at = |modified| Field::Modified.key(&Seen { modified: Some(modified), ..seen("a") }).unwrap();
        assert!(at(-5) < at(0) && at(0) < at(1) && at(255) < at(256));
        let named = |name| Field::Name.key(&seen(name)).unwrap();
        assert!(named("A") < named("ab") && named("ab") < named("B"));
    }

    proptest::proptest! {
        #[test]
        fn a_pattern_without_wildcards_is_the_text(text in "[a-c]{0,8}", other in "[a-c]{0,8}") {
            proptest::prop_assert_eq!(is_like(&text, &other.chars().collect::<Vec<_>>()), text == other);
            let within: Vec<char> = format!("%{other}%").chars().collect();
            proptest::prop_assert_eq!(is_like(&text, &within), text.contains(&other));
        }
    }
}
