//! The numbers, in the names of OpenTelemetry as Prometheus spells them; ours begin with `gonghui_`.

use super::meter::{METER, Meter};
use prometheus_client::encoding::text;
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};
use sea_orm::DbBackend;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Label sets of one metric; what is new beyond them is counted as `other`.
pub const SERIES_MAX: usize = 2_000;

/// Seconds, as OpenTelemetry has them for HTTP.
const HTTP_SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// Seconds, as OpenTelemetry has them for databases.
const DB_SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// One label set: names of ours, with values.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// Numbers of one process.
pub struct Metrics {
    registry: Registry,
    requests: Series<3, Histogram>,
    active_requests: Gauge,
    operations: Series<3, Counter>,
    operation_seconds: Series<2, Histogram>,
    errors: Series<1, Counter>,
    cost_asked: Histogram,
    cost_actual: Histogram,
    operation_statements: Histogram,
    batches: Series<1, Histogram>,
    open: Series<1, Gauge>,
    closes: Series<2, Counter>,
    /// Log-ins that were refused, for whatever reason.
    pub logins_refused: Counter,
    /// Spans that nobody took in time.
    pub spans_dropped: Counter,
    connections: Series<1, Gauge>,
    jobs: Series<2, Gauge>,
    oldest_job: Series<2, Gauge>,
    /// Number of the newest event.
    pub feed_position: Gauge,
    /// Events that were committed and have no number yet.
    pub feed_waiting: Gauge,
}

/// What came of an operation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ended<'a> {
    /// `query`, `mutation`, `subscription`; `none` where it could not be known.
    pub kind: &'static str,
    /// The id of a registered document, and of no other.
    pub document_id: Option<&'a str>,
    /// The operation's name in its document.
    pub name: Option<&'a str>,
    /// `OK`, or the code of the first error.
    pub code: &'a str,
    /// What it cost; none if no field was run.
    pub cost: Option<Cost>,
}

/// What an operation cost, in points.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// What it could have cost at most.
    pub asked: u64,
    /// What it cost.
    pub actual: u64,
}

/// Jobs of one kind and state.
#[derive(Clone, Debug)]
pub struct JobsWaiting {
    /// Which kind.
    pub kind: String,
    /// Which state.
    pub state: String,
    /// How many.
    pub count: i64,
    /// Since when the oldest waits, in seconds.
    pub oldest_seconds: i64,
}

/// Counts what is open while it lives.
pub struct Open(Gauge);

impl Open {
    fn counted_by(gauge: Gauge) -> Open {
        gauge.inc();
        Open(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn http_seconds() -> Histogram {
    Histogram::new(HTTP_SECONDS)
}

fn db_seconds() -> Histogram {
    Histogram::new(DB_SECONDS)
}

fn sizes() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 4.0, 8))
}

fn few() -> Histogram {
    Histogram::new([0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 100.0])
}

fn points() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 10.0, 7))
}

fn number(value: u64) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}

/// The first word of a statement, if it is one that we use.
pub(super) fn verb(sql: &str) -> &'static str {
    const VERBS: [&str; 6] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "PRAGMA"];
    let first = sql.split_whitespace().next().unwrap_or_default();
    let verb = VERBS.into_iter().find(|verb| verb.eq_ignore_ascii_case(first));
    verb.unwrap_or("OTHER")
}

/// A metric by label sets, of which there are never too many.
struct Series<const N: usize, M> {
    family: Family<Labels<N>, M, fn() -> M>,
    count: AtomicUsize,
}

impl<const N: usize, M: Clone> Series<N, M> {
    /// The metric of a label set; once there are too many, the one of `other`.
    fn of(&self, labels: Labels<N>) -> M {
        if let Some(metric) = self.family.get(&labels) {
            return metric.clone();
        }
        if self.count.fetch_add(1, Ordering::Relaxed) < SERIES_MAX {
            return self.family.get_or_create_owned(&labels);
        }
        self.family
            .get_or_create_owned(&labels.map(|(name, _)| (name, "other".into())))
    }

    fn clear(&self) {
        self.family.clear();
        self.count.store(0, Ordering::Relaxed);
    }
}

/// Statements of one database: how many, and how long they took.
#[derive(Clone, Debug)]
pub struct Statements {
    count: Arc<AtomicU64>,
    seconds: Family<Labels<1>, Histogram, fn() -> Histogram>,
}

impl Default for Statements {
    fn default() -> Statements {
        Statements {
            count: Arc::default(),
            seconds: Family::new_with_constructor(db_seconds),
        }
    }
}

impl Statements {
    /// How many have ended so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Notes a statement that is over, also for the operation that runs here.
    pub fn ended(&self, backend: DbBackend, sql: &str, (took, failed): (Duration, bool)) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let labels = [("db_operation_name", verb(sql).into())];
        self.seconds.get_or_create(&labels).observe(took.as_secs_f64());
        let _ = METER.try_with(|meter| meter.statement(backend, sql, (took, failed)));
    }
}

/// Registers metrics as it hands them out.
struct Catalogue(Registry);

impl Catalogue {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn counter(&mut self, name: &str, help: &str) -> Counter {
        self.add(name, help, Counter::default())
    }

    fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        self.add(name, help, Gauge::default())
    }

    fn counters<const N: usize>(&mut self, name: &str, help: &str) -> Series<N, Counter> {
        self.series(name, help, Counter::default)
    }

    fn gauges<const N: usize>(&mut self, name: &str, help: &str) -> Series<N, Gauge> {
        self.series(name, help, Gauge::default)
    }

    fn series<const N: usize, M>(&mut self, name: &str, help: &str, constructor: fn() -> M) -> Series<N, M>
    where
        M: Metric + TypedMetric,
    {
        let family = Family::new_with_constructor(constructor);
        self.0.register(name, help, family.clone());
        Series {
            family,
            count: AtomicUsize::new(0),
        }
    }
}

impl Metrics {
    pub(super) fn new(statements: &Statements) -> Metrics {
        let mut all = Catalogue(Registry::default());
        let seconds = statements.seconds.clone();
        all.add("db_client_operation_duration_seconds", "SQL statements", seconds);
        Metrics {
            requests: all.series(
                "http_server_request_duration_seconds",
                "HTTP requests",
                http_seconds,
            ),
            active_requests: all.gauge("http_server_active_requests", "HTTP requests being answered"),
            operations: all.counters("gonghui_operations", "GraphQL operations, by registered document"),
            operation_seconds: all.series("gonghui_operation_duration_seconds", "Their time", http_seconds),
            errors: all.counters(
                "gonghui_errors",
                "Operations with an error, by the code of the first",
            ),
            cost_asked: all.add("gonghui_operation_cost_asked", "Points at most", points()),
            cost_actual: all.add("gonghui_operation_cost_actual", "Points spent", points()),
            operation_statements: all.add("gonghui_operation_statements", "SQL statements", few()),
            batches: all.series("gonghui_loader_batch_size", "Keys of a loader's batch", sizes),
            open: all.gauges("gonghui_streams_open", "Open sockets and streams"),
            closes: all.counters("gonghui_stream_closes", "Closed sockets and streams, by code"),
            logins_refused: all.counter("gonghui_logins_refused", "Log-ins that were refused"),
            spans_dropped: all.counter("gonghui_spans_dropped", "Spans not exported in time"),
            connections: all.gauges("db_client_connection_count", "Connections to the database"),
            jobs: all.gauges("gonghui_jobs", "Jobs that are not over"),
            oldest_job: all.gauges("gonghui_oldest_job_age_seconds", "Age of the oldest such job"),
            feed_position: all.gauge("gonghui_feed_position", "Number of the newest event"),
            feed_waiting: all.gauge("gonghui_feed_waiting", "Committed events without a number"),
            registry: all.0,
        }
    }

    /// Counts a request as being answered for as long as the answer lives.
    pub fn active(&self) -> Open {
        Open::counted_by(self.active_requests.clone())
    }

    /// Notes an HTTP request that was answered. `route` is the pattern of the route, not the path.
    pub fn request_ended(&self, method: &'static str, route: String, (status, took): (u16, Duration)) {
        let class = match status {
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        let labels = [
            ("http_request_method", method.into()),
            ("http_route", route.into()),
            ("http_response_status_class", class.into()),
        ];
        self.requests.of(labels).observe(took.as_secs_f64());
    }

    pub(super) fn operation_ended(&self, meter: &Meter, ended: &Ended<'_>) {
        let document = || Cow::from(ended.document_id.unwrap_or("adhoc").to_owned());
        let code = || Cow::from(ended.code.to_owned());
        let labels = [
            ("document", document()),
            ("kind", ended.kind.into()),
            ("code", code()),
        ];
        self.operations.of(labels).inc();
        let labels = [("document", document()), ("kind", ended.kind.into())];
        self.operation_seconds
            .of(labels)
            .observe(meter.elapsed().as_secs_f64());
        if ended.code != "OK" {
            self.errors.of([("code", code())]).inc();
        }
        if let Some(cost) = ended.cost {
            self.cost_asked.observe(number(cost.asked));
            self.cost_actual.observe(number(cost.actual));
        }
        self.operation_statements.observe(number(meter.statements()));
    }

    pub(super) fn batch(&self, loader: &'static str, keys: usize) {
        let keys = u64::try_from(keys).unwrap_or(u64::MAX);
        self.batches.of([("loader", loader.into())]).observe(number(keys));
    }

    /// Counts something as open for as long as the answer lives: `websocket`, `sse`.
    pub fn opened(&self, what: &'static str) -> Open {
        Open::counted_by(self.open.of([("kind", what.into())]))
    }

    /// Notes that a socket or stream was closed, with the code that the other end was told.
    pub fn closed(&self, what: &'static str, code: u16) {
        let labels = [("kind", what.into()), ("code", code.to_string().into())];
        self.closes.of(labels).inc();
    }

    /// Says how many connections to the database there are, and how many of them are in use.
    pub fn set_connections(&self, (all, used): (usize, usize)) {
        for (state, count) in [("used", used), ("idle", all.saturating_sub(used))] {
            let gauge = self
                .connections
                .of([("db_client_connection_state", state.into())]);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Says which jobs are not over.
    pub fn set_jobs(&self, jobs: Vec<JobsWaiting>) {
        self.jobs.clear();
        self.oldest_job.clear();
        for job in jobs {
            let labels = || {
                [
                    ("kind", job.kind.clone().into()),
                    ("state", job.state.clone().into()),
                ]
            };
            self.jobs.of(labels()).set(job.count);
            self.oldest_job.of(labels()).set(job.oldest_seconds);
        }
    }

    /// All of it, as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_without_end_are_counted_together() {
        let metrics = Metrics::new(&Statements::default());
        for number in 0..3_000 {
            let route = format!("/{number}");
            metrics.request_ended("GET", route, (200, Duration::ZERO));
        }
        let text = metrics.text();
        assert!(text.contains("http_server_request_duration_seconds_count{http_request_method=\"other\",http_route=\"other\",http_response_status_class=\"other\"} 1000"));
        assert!(!text.contains("/2000\""));
    }

    #[test]
    fn a_statement_is_known_by_its_first_word() {
        for (sql, expected) in [
            ("SELECT 1", "SELECT"),
            ("  select 1", "SELECT"),
            ("SET LOCAL statement_timeout = 1", "OTHER"),
            ("", "OTHER"),
        ] {
            assert_eq!(verb(sql), expected, "{sql}");
        }
    }
}
