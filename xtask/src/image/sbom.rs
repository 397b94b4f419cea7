//! The software bill of materials: everything in an image, in the terms of CycloneDX 1.6 (ECMA-424), for scanners of known faults.

use serde_json::{Value, json};

use super::contents::{Kind, Library, Package};

/// The document for an image. No date and no random number: the same contents give the same bytes.
pub(crate) fn document(name: &str, version: &str, packages: &[Package], libraries: &[Library]) -> Value {
    let debian = packages.iter().map(|package| {
        let address = format!("pkg:deb/debian/{}@{}?arch={}&distro=trixie", escaped(&package.name), escaped(&package.version), package.architecture);
        let hashes = json!([{ "alg": "SHA-256", "content": package.sha256 }]);
        json!({ "type": "library", "bom-ref": address, "purl": address, "name": package.name, "version": package.version, "hashes": hashes })
    });
    let ours = libraries.iter().map(component);
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": { "type": "operating-system", "bom-ref": name, "name": name, "version": version } },
        "components": debian.chain(ours).collect::<Vec<_>>(),
    })
}

fn component(library: &Library) -> Value {
    let kind = match library.kind {
        Kind::Cargo => "cargo",
        Kind::Npm => "npm",
    };
    let address = format!("pkg:{kind}/{}@{}", escaped(&library.name), escaped(&library.version));
    let mut component = json!({ "type": "library", "bom-ref": address, "purl": address, "name": library.name, "version": library.version });
    if let Some((algorithm, digits)) = &library.hash {
        component["hashes"] = json!([{ "alg": algorithm, "content": digits }]);
    }
    if let Some(license) = &library.license {
        component["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
    }
    component
}

/// A name or version as a package URL writes it: only the characters that need no escape stay, and the slash of a scope.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_names_everything_by_its_address() {
        let package = Package {
            name: "libstdc++6".into(),
            version: "1:14.2.0-19".into(),
            architecture: "amd64".into(),
            installed_bytes: 1,
            sha256: "0f".into(),
        };
        let library = Library {
            kind: Kind::Npm,
            name: "@base-ui/react".into(),
            version: "1.9.0".into(),
            license: Some("MIT".into()),
            hash: Some(("SHA-512", "1e".into())),
        };
        let document = document("croft-0.1.0-pc", "0.1.0", &[package], &[library]);
        let addresses: Vec<_> =
            document["components"].as_array().expect("a list").iter().map(|one| one["purl"].as_str().unwrap_or_default()).collect();
        assert_eq!(addresses, ["pkg:deb/debian/libstdc%2B%2B6@1%3A14.2.0-19?arch=amd64&distro=trixie", "pkg:npm/%40base-ui/react@1.9.0"]);
        assert_eq!(document["components"][1]["licenses"][0]["expression"], "MIT");
    }
}
