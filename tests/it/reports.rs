//! Four reports of county unions, replayed: every figure that they give reads back equal at the county, and summed at the
//! city and the province.

use crate::privacy_rights::first_break;
use crate::support::members::join;
use crate::support::register::{FOUND, trade_union};
use crate::support::returns::{Line, draft, exact_figures, mutation, step};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::config::Transport;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Every figure of the reports: what was said, as what it is replayed, or why it is none.
const ROWS: &str = include_str!("data/reports.tsv");

/// A report: its name in the rows, where it is replayed, the days it is of.
struct Report {
    name: &'static str,
    places: [&'static str; 3],
    from: &'static str,
    to: &'static str,
    day_before: &'static str,
    /// The numbers of its people begin behind it: a document is registered once in the country.
    first_person: u32,
}

const REPORTS: [Report; 4] = [
    Report {
        name: "xiangxiang",
        places: [XIANGXIANG, XIANGTAN, HUNAN],
        from: "2006-01-01",
        to: "2006-06-20",
        day_before: "2006-06-19",
        first_person: 0,
    },
    Report {
        name: "panshan",
        places: [SHAOSHAN, XIANGTAN, HUNAN],
        from: "2004-01-01",
        to: "2004-12-31",
        day_before: "2004-12-30",
        first_person: 4_000,
    },
    Report {
        name: "cili",
        places: [FURONG, CHANGSHA, HUNAN],
        from: "2010-01-01",
        to: "2010-06-20",
        day_before: "2010-06-19",
        first_person: 5_000,
    },
    Report {
        name: "xinjiang",
        places: [DONGCHENG, BEIJING_DISTRICTS, BEIJING],
        from: "2008-01-01",
        to: "2008-12-31",
        day_before: "2008-12-30",
        first_person: 7_000,
    },
];

/// All that was reported: years are apart, so a flow is summed over all of them.
const ALL: (&str, &str) = ("2004-01-01", "2010-12-31");

/// A line of the table.
struct Row {
    report: &'static str,
    replayed_as: &'static str,
    metric: &'static str,
    dimension: &'static str,
    value: &'static str,
    qualifier: &'static str,
    kind: &'static str,
    base: &'static str,
    left_out_as: &'static str,
}

fn rows() -> Vec<Row> {
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [
            report,
            _said,
            _period,
            replayed_as,
            metric,
            dimension,
            value,
            qualifier,
            kind,
            base,
            left_out_as,
        ] = cells[..]
        else {
            panic!("not eleven cells: {line}");
        };
        Row {
            report,
            replayed_as,
            metric,
            dimension,
            value,
            qualifier,
            kind,
            base,
            left_out_as,
        }
    };
    ROWS.lines().skip(1).map(row).collect()
}

/// Metric and part, with the value and how exact it is.
type Figures = BTreeMap<(String, String), (i64, String)>;

/// Fen, or whole numbers.
fn whole(value: &str) -> i64 {
    value.replace('.', "").parse().unwrap()
}

fn is_counted(row: &&Row) -> bool {
    ["return", "record"].contains(&row.replayed_as)
}

/// What the rows come to at a place: sums, as exact as the least exact in them.
fn expected(rows: &[Row], code: &str) -> Figures {
    let mut figures = Figures::new();
    let mut add = |row: &Row, metric: &str, dimension: &str| {
        let key = (metric.to_owned(), dimension.to_owned());
        let (sum, qualifier) = figures.entry(key).or_insert((0, "EXACT".to_owned()));
        *sum += whole(row.value);
        let mut known = ["ABOUT", "AT_LEAST", "EXACT"].into_iter();
        let least_exact = known.find(|known| qualifier == known || row.qualifier == *known);
        *qualifier = least_exact.unwrap().to_owned();
    };
    for report in REPORTS.iter().filter(|report| report.places.contains(&code)) {
        let own = || {
            rows.iter()
                .filter(|row| row.report == report.name)
                .filter(is_counted)
        };
        for row in own() {
            let has_whole = own().any(|other| other.metric == row.metric && other.dimension.is_empty());
            // Whoever joins is a recruit and adds to the growth, whichever of the two the report tells.
            let metrics = MEMBERS.contains(&row.metric).then_some(MEMBERS);
            for metric in metrics
                .unwrap_or([row.metric, ""])
                .into_iter()
                .filter(|metric| !metric.is_empty())
            {
                add(row, metric, row.dimension);
                // Records have a whole, whether the report gives it or not.
                if row.replayed_as == "record" && !has_whole {
                    add(row, metric, "");
                }
            }
        }
    }
    figures
}

/// The same figures as they are read at a place: those of one axis in one question.
async fn read(reader: &Caller, code: &str, wanted: &Figures, days: (&str, &str)) -> Figures {
    let mut axes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (metric, dimension) in wanted.keys() {
        let axis = dimension.split_once(':').map_or("", |(axis, _)| axis);
        axes.entry(axis).or_default().insert(metric);
    }
    let mut found = BTreeMap::new();
    for (axis, metrics) in axes {
        let metrics: Vec<&str> = metrics.into_iter().collect();
        for metrics in metrics.chunks(50) {
            let by = (!axis.is_empty()).then_some(axis);
            for (metric, part, value, qualifier) in exact_figures(reader, (code, metrics, by), days).await {
                let dimension = if axis.is_empty() {
                    String::new()
                } else {
                    format!("{axis}:{part}")
                };
                found.insert((metric, dimension), (whole(&value), qualifier));
            }
        }
    }
    found.retain(|key, _| wanted.contains_key(key));
    found
}

/// The two ways of telling how many members there are more.
const MEMBERS: [&str; 2] = ["members_net_added", "members_recruited"];

/// How many records of some metrics a report tells of: so many of each kind, and the rest of none.
fn kinds(report: &Report, rows: &[Row], metrics: &[&str]) -> Vec<(&'static str, i64)> {
    let of = rows.iter().filter(|row| {
        row.report == report.name && row.replayed_as == "record" && metrics.contains(&row.metric)
    });
    let (whole, parts): (Vec<&Row>, Vec<&Row>) = of.partition(|row| row.dimension.is_empty());
    let told: i64 = parts.iter().map(|row| row.value.parse::<i64>().unwrap()).sum();
    let rest = whole
        .first()
        .map_or(0, |row| row.value.parse::<i64>().unwrap() - told);
    let kinds = parts
        .iter()
        .map(|row| (row.dimension, row.value.parse().unwrap()));
    kinds.chain([("", rest)]).collect()
}

/// Founds the unions that a report tells of, and lets the members join that it tells of: all of a kind one union.
async fn enter_records(cadre: &Caller, report: &Report, rows: &[Row]) {
    let mut unions = BTreeMap::new();
    let mut number = 0;
    for (kind, count) in kinds(report, rows, &["trade_unions_founded"]) {
        for _ in 0..count {
            number += 1;
            let mut union = trade_union(cadre, report.places[0], "SINGLE", number);
            (union["hostKind"], union["foundedOn"]) = (json!("MIXED"), json!(report.to));
            match kind.split_once(':') {
                Some(("HOST", value)) => union["hostKind"] = json!(value),
                Some(("FORM", value)) => union["form"] = json!(value),
                Some(("WORKER_GROUP", value)) => union["workerGroup"] = json!(value),
                _ => assert_eq!(kind, ""),
            }
            let founded = cadre.done(FOUND, union).await;
            unions.insert(kind, founded["tradeUnion"]["id"].as_str().unwrap().to_owned());
        }
    }
    let (mut cadre, mut number) = (cadre.clone(), report.first_person);
    for (kind, count) in kinds(report, rows, &MEMBERS) {
        for _ in 0..count {
            number += 1;
            // A fresh budget: this is more than one may enter at once.
            if number % 500 == 0 {
                cadre = cadre.at(&cadre.app.reached(Transport::default()));
            }
            join(&cadre, (report.places[0], &unions[kind]), (number, report.to)).await;
        }
    }
}

/// Replays a report; the codes and metrics of the warnings that do more than miss a whole.
async fn replay(app: &App, report: &Report, rows: &[Row]) -> Vec<(String, String)> {
    let [county, city, _] = report.places;
    let (cadre, superior) = (app.person("CADRE", county).await, app.person("CADRE", city).await);
    enter_records(&cadre, report, rows).await;
    let of = || rows.iter().filter(|row| row.report == report.name);
    let mut lines: Vec<Line<'_>> = of()
        .filter(|row| row.replayed_as == "return")
        .map(|row| (row.metric, row.dimension, row.value, row.qualifier))
        .collect();
    // What a share was taken of stands in no report; it is what alone fits.
    lines.extend(of().filter(|row| row.replayed_as == "ratio").map(|row| {
        let base = if row.metric == "transparency_rate" {
            "units_for_transparency"
        } else {
            "units_for_congress"
        };
        (base, row.dimension, row.base, "EXACT")
    }));
    let id = draft(&cadre, (county, report.from, report.to), &lines).await;
    let submitted = step(&cadre, "submitReturn", (&id, 1), json!({})).await;
    superior
        .done(&mutation("acceptReturn"), json!({"id": id, "expectedVersion": 2}))
        .await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let warnings = submitted["warnings"].as_array().unwrap().iter();
    let warnings = warnings.map(|warning| (text(&warning["code"]), text(&warning["metric"]["code"])));
    warnings.filter(|(code, _)| code != "WHOLE_MISSING").collect()
}

/// A share in hundredths of a per cent.
async fn share(
    reader: &Caller,
    (code, ratio, by): (&str, &str, Option<&str>),
    to: &str,
) -> BTreeMap<String, String> {
    let query = "query($code: DivisionCode, $ratio: RatioCode!, $to: Date, $by: DimensionCode) { federation(code: $code) { ratios(ratios: [$ratio], to: $to, by: $by) { dimension percent } } }";
    let data = reader
        .data(query, json!({"code": code, "ratio": ratio, "to": to, "by": by}))
        .await;
    let shares = data["federation"]["ratios"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    shares
        .map(|share| (text(&share["dimension"]), text(&share["percent"])))
        .collect()
}

#[test]
fn every_figure_of_the_reports_is_replayed_or_has_a_reason() {
    let rows = rows();
    assert_eq!(rows.len(), 251);
    let mut known = BTreeSet::new();
    for row in &rows {
        let is_replayed = is_counted(&row) || row.replayed_as == "ratio";
        assert_ne!(
            is_replayed,
            !row.left_out_as.is_empty(),
            "{} {}",
            row.metric,
            row.value
        );
        if is_counted(&row) {
            assert!(
                known.insert((row.report, row.metric, row.dimension)),
                "{} {} stands twice",
                row.metric,
                row.dimension
            );
            let entry = api::metrics::MetricId::coded(row.metric).unwrap().entry();
            assert_eq!(
                format!("{:?}", entry.nature).to_lowercase(),
                row.kind,
                "{}",
                row.metric
            );
            assert_eq!(
                format!("{:?}", entry.origin).to_lowercase(),
                format!("{}s", row.replayed_as),
                "{}",
                row.metric
            );
        }
    }
    assert_eq!(rows.iter().filter(|row| !row.replayed_as.is_empty()).count(), 160);
}

both! {
    async fn the_four_reports_read_back_as_they_were_given(app: App) {
        let rows = rows();
        let mut warnings = Vec::new();
        for report in &REPORTS {
            warnings.extend(replay(&app, report, &rows).await);
        }
        assert_eq!(warnings, [("MORE_THAN_POSSIBLE".to_owned(), "paired_aid_paid".to_owned())], "1000 yuan were given where the rule says 500");
        app.settle().await;
        let (hunan, beijing) = (app.person("LEADER", HUNAN).await, app.person("LEADER", BEIJING).await);
        let reader_of = |report: &Report| if report.places[2] == HUNAN { &hunan } else { &beijing };

        for report in &REPORTS {
            let [county, city, province] = report.places;
            let reader = reader_of(report);
            let wanted = expected(&rows, county);
            assert_eq!(read(reader, county, &wanted, (report.from, report.to)).await, wanted, "{}", report.name);
            let early = read(reader, county, &wanted, (report.from, report.day_before)).await;
            assert!(early.values().all(|(value, _)| *value == 0), "{}: {early:?}", report.name);
            for place in [city, province] {
                let wanted = expected(&rows, place);
                assert_eq!(read(reader, place, &wanted, ALL).await, wanted, "{place}");
            }
            for row in rows.iter().filter(|row| row.report == report.name && row.replayed_as == "ratio") {
                let (axis, part) = row.dimension.split_once(':').unwrap();
                let shares = share(reader, (county, row.metric, Some(axis)), report.to).await;
                let rounded = (whole(&shares[part]) + 50) / 100;
                assert_eq!(rounded, whole(row.value), "{} {}: {shares:?}", row.metric, row.dimension);
            }
        }
        assert_eq!(share(&hunan, (SHAOSHAN, "placement_rate", None), "2004-12-31").await[""], "75.00", "600 of 800 were placed");
        assert_eq!(first_break(&app).await, None);
    }
}
