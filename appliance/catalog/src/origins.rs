//! Addresses that an app has of itself: elsewhere it is at `http://machine:port`, here at an origin of its own.

use crate::{AppSpec, Known, Part, Template, Variable};

/// What catalogues of CasaOS write where a person is to put the address of the machine.
const BLANKS: &[&str] = &["[CHANGE_TO_LAN_IP]", "[YOUR_CASAOS_LAN_IP]", "[YOUR_CASAOS_IP]", "[CASAOS_IP]", "[YOUR_IP]"];

/// Puts the app's origin wherever the environment of a service has its address, `page` being the port of its page elsewhere.
pub(crate) fn replace(spec: &mut AppSpec, page: Option<u16>) {
    for service in spec.services.values_mut() {
        for value in service.environment.values_mut() {
            let filled = std::mem::take(value).map_text(&blanks);
            *value = Template::from_parts(origins(filled.parts(), page));
        }
    }
}

fn blanks(text: &str) -> Option<Vec<Part>> {
    let blank = BLANKS.iter().find(|blank| text.contains(**blank))?;
    let mut parts = Vec::new();
    for (number, piece) in text.split(blank).enumerate() {
        if number > 0 {
            parts.push(Part::Value(Variable::Known(Known::BoxAddress)));
        }
        parts.push(Part::Text(piece.to_owned()));
    }
    Some(parts)
}

fn origins(parts: &[Part], page: Option<u16>) -> Vec<Part> {
    let mut made: Vec<Part> = Vec::new();
    let mut rest = parts.to_vec();
    rest.reverse();
    while let Some(part) = rest.pop() {
        let host = match part {
            Part::Value(Variable::Known(host @ (Known::AppHost | Known::BoxAddress | Known::BoxHost))) => host,
            part => {
                made.push(part);
                continue;
            }
        };
        match (before(&made), after(&rest, page)) {
            (Some(kept), Port::None) if host == Known::AppHost => {
                made = kept;
                made.push(Part::Value(Variable::Known(Known::AppOrigin)));
            }
            (Some(kept), Port::Page(left)) => {
                made = kept;
                made.push(Part::Value(Variable::Known(Known::AppOrigin)));
                rest = left;
            }
            _ => made.push(Part::Value(Variable::Known(host))),
        }
    }
    made
}

/// `made` without the scheme at its end; nothing when there is none.
fn before(made: &[Part]) -> Option<Vec<Part>> {
    let mut kept = made.to_vec();
    let Some(Part::Text(text)) = kept.pop() else { return None };
    if let Some(text) = text.strip_suffix("https://").or_else(|| text.strip_suffix("http://")) {
        kept.push(Part::Text(text.to_owned()));
        return Some(kept);
    }
    let is_scheme = |part: Option<Part>| {
        matches!(part, Some(Part::Value(Variable::Known(Known::AppScheme)) | Part::Else(Variable::Known(Known::AppScheme), _)))
    };
    (text == "://" && is_scheme(kept.pop())).then_some(kept)
}

/// What stands behind a host.
enum Port {
    /// No port.
    None,
    /// The port of the page, and what is left behind it, the next part last.
    Page(Vec<Part>),
    /// Another port, which leads somewhere else.
    Other,
}

fn after(rest: &[Part], page: Option<u16>) -> Port {
    let Some((Part::Text(text), further)) = rest.split_last() else { return Port::None };
    let Some(port) = text.strip_prefix(':') else { return Port::None };
    if port.is_empty() {
        return match further.split_last() {
            Some((Part::Value(Variable::Known(Known::AppPort)), left)) => Port::Page(left.to_vec()),
            _ => Port::Other,
        };
    }
    let left = page.and_then(|page| port.strip_prefix(&page.to_string())).filter(|left| !left.starts_with(|c: char| c.is_ascii_digit()));
    match left {
        Some(left) => Port::Page(further.iter().cloned().chain([Part::Text(left.to_owned())]).collect()),
        None => Port::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_app_itself_becomes_its_origin() {
        for (text, becomes) in [
            ("http://${app.host}:${app.port}/x", "${app.origin}/x"),
            ("http://${app.host}:3010", "${app.origin}"),
            ("a,https://${box.address}:3010,b", "a,${app.origin},b"),
            ("${app.scheme}://${app.host}", "${app.origin}"),
            ("http://${app.host}/a", "${app.origin}/a"),
            ("http://[CHANGE_TO_LAN_IP]:3010", "${app.origin}"),
            // Another port is another page, and a name without a scheme is a name.
            ("http://${app.host}:30101", "http://${app.host}:30101"),
            ("http://${app.host}:9", "http://${app.host}:9"),
            ("http://${app.host}:${A}", "http://${app.host}:${A}"),
            ("http://${box.address}", "http://${box.address}"),
            ("${app.host}:${app.port}", "${app.host}:${app.port}"),
            ("[YOUR_IP]", "${box.address}"),
        ] {
            let filled = text.parse::<Template>().unwrap().map_text(&blanks);
            assert_eq!(Template::from_parts(origins(filled.parts(), Some(3010))).to_string(), becomes, "{text}");
        }
    }
}
