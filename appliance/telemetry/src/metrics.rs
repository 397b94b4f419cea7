//! Counters and gauges, and their text for Prometheus.
//!
//! Format: Prometheus text exposition format 0.0.4.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

/// Series in one registry: more means that a label carries something unbounded, such as a path.
const MAX_SERIES: usize = 1000;

/// A number that only grows. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Counts `amount` more.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Counts one more.
    pub fn increment(&self) {
        self.add(1);
    }
}

/// A number that goes up and down. Clones are the same gauge.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    /// Sets the gauge.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Moves the gauge by `amount`, which may be negative.
    pub fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
}

#[derive(Debug)]
enum Series {
    Counter(Counter),
    Gauge(Gauge),
}

impl Series {
    fn kind(&self) -> &'static str {
        match self {
            Self::Counter(_) => "counter",
            Self::Gauge(_) => "gauge",
        }
    }

    fn value(&self) -> String {
        match self {
            Self::Counter(counter) => counter.0.load(Ordering::Relaxed).to_string(),
            Self::Gauge(gauge) => gauge.0.load(Ordering::Relaxed).to_string(),
        }
    }
}

/// All metrics of a process. Clones are the same registry.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    families: Arc<Mutex<BTreeMap<&'static str, Family>>>,
}

#[derive(Debug)]
struct Family {
    help: &'static str,
    series: BTreeMap<String, Series>,
}

impl Metrics {
    /// No metrics yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The counter of this name and these labels. Past the limit on series it counts, but is not shown.
    #[must_use]
    pub fn counter(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Counter {
        let fresh = Counter::default();
        match self.series(name, help, labels, || Series::Counter(fresh.clone())) {
            Some(counter) => counter,
            None => fresh,
        }
    }

    /// The gauge of this name and these labels. Past the limit on series it moves, but is not shown.
    #[must_use]
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Gauge {
        let fresh = Gauge::default();
        match self.series(name, help, labels, || Series::Gauge(fresh.clone())) {
            Some(gauge) => gauge,
            None => fresh,
        }
    }

    /// Everything in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (name, family) in self.lock().iter() {
            let kind = family.series.values().next().map_or("untyped", Series::kind);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {kind}", family.help);
            for (labels, series) in &family.series {
                let _ = writeln!(text, "{name}{labels} {}", series.value());
            }
        }
        text
    }

    fn series<T>(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)], fresh: impl FnOnce() -> Series) -> Option<T>
    where
        Series: AsPart<T>,
    {
        let mut families = self.lock();
        let count: usize = families.values().map(|family| family.series.len()).sum();
        let labels = label_text(labels);
        let family = families.entry(name).or_insert_with(|| Family { help, series: BTreeMap::new() });
        if count >= MAX_SERIES && !family.series.contains_key(&labels) {
            return None;
        }
        family.series.entry(labels).or_insert_with(fresh).part()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The counter or gauge inside a series, when it is one.
trait AsPart<T> {
    fn part(&self) -> Option<T>;
}

impl AsPart<Counter> for Series {
    fn part(&self) -> Option<Counter> {
        if let Self::Counter(counter) = self { Some(counter.clone()) } else { None }
    }
}

impl AsPart<Gauge> for Series {
    fn part(&self) -> Option<Gauge> {
        if let Self::Gauge(gauge) = self { Some(gauge.clone()) } else { None }
    }
}

fn label_text(labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics::new();
        metrics.counter("croft_requests_total", "Requests answered.", &[("code", "200")]).add(2);
        metrics.counter("croft_requests_total", "Requests answered.", &[("code", "200")]).increment();
        metrics.counter("croft_requests_total", "Requests answered.", &[("code", "a\"b\\\n")]).increment();
        metrics.gauge("croft_connections", "Open connections.", &[]).set(4);
        metrics.gauge("croft_connections", "Open connections.", &[]).add(-6);
        let expected = "# HELP croft_connections Open connections.\n# TYPE croft_connections gauge\ncroft_connections -2\n\
            # HELP croft_requests_total Requests answered.\n# TYPE croft_requests_total counter\n\
            croft_requests_total{code=\"200\"} 3\ncroft_requests_total{code=\"a\\\"b\\\\\\n\"} 1\n";
        assert_eq!(metrics.render(), expected);
    }

    #[test]
    fn an_unbounded_label_stops_at_the_limit() {
        let metrics = Metrics::new();
        for path in 0..MAX_SERIES + 50 {
            metrics.counter("croft_paths_total", "Paths.", &[("path", &path.to_string())]).increment();
        }
        assert_eq!(metrics.render().lines().filter(|line| !line.starts_with('#')).count(), MAX_SERIES);
    }
}
