//! Properties that clients set and the box only keeps (RFC 4918, section 4.1: dead properties).

use croft_api::xml::escaped;
use serde::{Deserialize, Serialize};

use crate::xml::Element;

/// One of an entry's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadProperty {
    namespace: String,
    name: String,
    /// The element with its value, which needs no declaration from outside.
    pub(crate) xml: String,
}

impl DeadProperty {
    /// A property without a value.
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        let mut this = Self { namespace: namespace.to_owned(), name: name.to_owned(), xml: String::new() };
        this.xml = this.name_alone();
        this
    }

    /// What a client sent.
    pub(crate) fn of(element: &Element) -> Self {
        Self { namespace: element.namespace.clone(), name: element.name.clone(), xml: element.to_xml() }
    }

    /// Whether it is the one of this name.
    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// Its element without a value.
    pub(crate) fn name_alone(&self) -> String {
        if self.namespace.is_empty() {
            format!("<{} xmlns=\"\"/>", self.name)
        } else {
            format!("<x:{} xmlns:x=\"{}\"/>", self.name, escaped(&self.namespace))
        }
    }
}
