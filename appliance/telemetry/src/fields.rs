//! The layer between `tracing` and the journal: fields of the event and of the spans around it become key-values of one record.

use std::fmt;

use log::{Log, Record, kv};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::LookupSpan,
};

/// Journal fields have at most this many bytes in their names (systemd, `journal_field_valid`).
const NAME_BYTES: usize = 64;
/// Names that the journal or its logger already use for something else.
const RESERVED: [&str; 9] =
    ["MESSAGE", "PRIORITY", "TARGET", "CODE_FILE", "CODE_LINE", "CODE_MODULE", "SYSLOG_PID", "SYSLOG_IDENTIFIER", "ROLE"];

/// Hands every event to a [`Log`] sink as one record with structured key-values.
#[derive(Debug)]
pub struct Fields<L> {
    sink: L,
}

impl<L: Log> Fields<L> {
    /// A layer in front of `sink`.
    pub fn new(sink: L) -> Self {
        Self { sink }
    }
}

/// A field's name as the journal takes it: capitals, digits and underscores, a letter first, at most 64 bytes, and none of
/// the names with a meaning of their own there.
#[must_use]
pub fn field_name(name: &str) -> String {
    let valid = |byte: u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_uppercase() as char } else { '_' };
    let plain: String = name.bytes().map(valid).collect();
    let starts_well = plain.starts_with(|first: char| first.is_ascii_uppercase());
    let mut result = if starts_well && !RESERVED.contains(&plain.as_str()) { plain } else { format!("FIELD_{plain}") };
    result.truncate(NAME_BYTES);
    result
}

/// What a span or an event carries, in order; a later field of the same name takes the place of the earlier.
#[derive(Clone, Default)]
struct Carried(Vec<(String, Value)>);

#[derive(Clone)]
enum Value {
    Text(String),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Truth(bool),
}

impl Carried {
    fn set(&mut self, name: String, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    fn merge(&mut self, inner: &Self) {
        for (name, value) in &inner.0 {
            self.set(name.clone(), value.clone());
        }
    }
}

impl kv::Source for Carried {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn kv::VisitSource<'kvs>) -> Result<(), kv::Error> {
        for (name, value) in &self.0 {
            let value = match value {
                Value::Text(text) => kv::Value::from(text.as_str()),
                Value::Signed(number) => kv::Value::from(*number),
                Value::Unsigned(number) => kv::Value::from(*number),
                Value::Float(number) => kv::Value::from(*number),
                Value::Truth(truth) => kv::Value::from(*truth),
            };
            visitor.visit_pair(kv::Key::from_str(name), value)?;
        }
        Ok(())
    }
}

/// Collects the fields of one event or span; the event's message is kept apart.
#[derive(Default)]
struct Collector {
    message: String,
    carried: Carried,
}

impl Visit for Collector {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.text(field, crate::error_chain(value));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.carried.set(field_name(field.name()), Value::Signed(value));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.carried.set(field_name(field.name()), Value::Unsigned(value));
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.carried.set(field_name(field.name()), Value::Float(value));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.carried.set(field_name(field.name()), Value::Truth(value));
    }
}

impl Collector {
    fn text(&mut self, field: &Field, text: String) {
        if field.name() == "message" {
            self.message = text;
        } else {
            self.carried.set(field_name(field.name()), Value::Text(text));
        }
    }
}

impl<S, L> Layer<S> for Fields<L>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    L: Log + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut collector = Collector::default();
        attributes.record(&mut collector);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(collector.carried);
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        let mut collector = Collector::default();
        values.record(&mut collector);
        if let Some(span) = context.span(id)
            && let Some(carried) = span.extensions_mut().get_mut::<Carried>()
        {
            carried.merge(&collector.carried);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut collector = Collector::default();
        event.record(&mut collector);
        let mut carried = Carried::default();
        for span in context.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            if let Some(outer) = span.extensions().get::<Carried>() {
                carried.merge(outer);
            }
        }
        carried.merge(&collector.carried);
        let metadata = event.metadata();
        self.sink.log(
            &Record::builder()
                .args(format_args!("{}", collector.message))
                .level(level(*metadata.level()))
                .target(metadata.target())
                .module_path(metadata.module_path())
                .file(metadata.file())
                .line(metadata.line())
                .key_values(&carried)
                .build(),
        );
    }
}

fn level(level: Level) -> log::Level {
    match level {
        Level::ERROR => log::Level::Error,
        Level::WARN => log::Level::Warn,
        Level::INFO => log::Level::Info,
        Level::DEBUG => log::Level::Debug,
        Level::TRACE => log::Level::Trace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt;

    /// A sink that keeps `level message NAME=value …` of each record.
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<String>>>);

    impl Log for Memory {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            struct Line(String);
            impl<'kvs> kv::VisitSource<'kvs> for Line {
                fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
                    self.0.push_str(&format!(" {key}={value}"));
                    Ok(())
                }
            }
            let mut line = Line(format!("{} {}", record.level(), record.args()));
            record.key_values().visit(&mut line).unwrap();
            self.0.lock().unwrap().push(line.0);
        }
        fn flush(&self) {}
    }

    fn check(speak: impl FnOnce(), expected: &[&str]) {
        let memory = Memory::default();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(Fields::new(memory.clone())), speak);
        assert_eq!(*memory.0.lock().unwrap(), expected);
    }

    #[test]
    fn fields_of_event_and_spans_arrive_as_key_values() {
        check(
            || {
                let request = tracing::info_span!("request", id = "r1", person = tracing::field::Empty);
                let _in_request = request.enter();
                request.record("person", "p1");
                let _in_space = tracing::info_span!("space", space = "s2", open = true).entered();
                tracing::warn!(bytes = 12_u64, left = -3_i64, "the quota is {}", "near");
            },
            &["WARN the quota is near ID=r1 PERSON=p1 SPACE=s2 OPEN=true BYTES=12 LEFT=-3"],
        );
    }

    #[test]
    fn the_inner_field_of_a_name_wins_and_errors_come_as_chains() {
        check(
            || {
                let _outer = tracing::info_span!("outer", space = "s1").entered();
                let _inner = tracing::info_span!("inner", space = "s2").entered();
                let error = std::io::Error::other("no room");
                tracing::error!(error = &error as &(dyn std::error::Error + 'static), space = "s3", "lost");
                tracing::info!("after");
            },
            &["ERROR lost SPACE=s3 ERROR=no room", "INFO after SPACE=s2"],
        );
    }

    #[test]
    fn names_are_valid_in_the_journal() {
        let check = |name: &str, expected: &str| assert_eq!(field_name(name), expected);
        check("space", "SPACE");
        check("http.status-code", "HTTP_STATUS_CODE");
        check("größe", "GR____E");
        check("_private", "FIELD__PRIVATE");
        check("2fast", "FIELD_2FAST");
        check("priority", "FIELD_PRIORITY");
        check("message", "FIELD_MESSAGE");
        check("", "FIELD_");
        assert_eq!(field_name(&"a".repeat(100)).len(), 64);
        assert_eq!(field_name(&"9".repeat(100)).len(), 64);
    }
}
