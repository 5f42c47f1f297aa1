//! Who may do what where: role × operation × place, made from the schema as it runs, as a table that a client can read.
//!
//! Every caller holds one role at 湘乡市 and tries everything on one of everything in five places. `UPDATE=1` writes the
//! table anew; it cannot make anybody reach outside their own branch, which only `OUTSIDE` lets them.

use crate::support::matrix::{Area, Row, rows};
use crate::support::register::YUESHAN;
use crate::support::shape::{Shape, list, says};
use crate::support::table::{Line, PLACES, Role, merged, roles, table};
use crate::support::things::{Place, things};
use crate::support::tree::*;
use crate::support::verdict::{Mark, Target};
use crate::support::{App, Caller};
use api::config::Transport;
use api::kernel::gid::Gid;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// What reaches outside the caller's branch, with the place and the reason. The number only goes down.
const OUTSIDE: [(&str, &str, &str); 4] = [
    (
        "Federation",
        "parent 上级",
        "superiors are known to those below them, by name and rank only",
    ),
    (
        "Federation.parent",
        "parent 上级",
        "the same: the name of the superior",
    ),
    (
        "Federation.ancestors",
        "parent 上级",
        "the same: the names of all superiors",
    ),
    (
        "elevate",
        "parent 上级",
        "it takes one's own role there: with a reason, for three hours, seen by security administrators",
    ),
];

/// Operations that are about the caller and name nothing that has a place, with who may do them. The number only goes
/// down.
const PLACELESS: [(&str, &str); 14] = [
    ("login", "whoever knows the password"),
    ("refreshSession", "whoever holds the refresh token"),
    ("logout", "whoever is signed in, for this session"),
    ("acceptInvitation", "whoever holds the code"),
    ("changePassword", "whoever knows the present password"),
    ("enrollOtp", "whoever is signed in, for their own account"),
    ("confirmOtp", "whoever is signed in, for their own account"),
    ("beginProviderLogin", "anybody"),
    ("loginWithProvider", "whoever the provider knows"),
    ("linkProvider", "whoever is signed in, for their own account"),
    ("viewer", "anybody, about themselves"),
    ("viewer.viewerCan", "anybody, about what they may see"),
    ("metrics", "anybody: what is counted, without a figure"),
    ("ratios", "anybody: what is put in relation, without a figure"),
];

/// Lines that `viewerCan` does not answer with one action, with the reason. The number only goes down.
const UNLIKE: [(&str, &str); 16] = [
    ("`Federation`", "READ_TREE, and the superiors"),
    (
        "`Job` (enterprises)",
        "READ_JOBS and READ_ENTERPRISES: the answers to rows say what is on the register",
    ),
    ("`jobChanged` (enterprises)", "the same"),
    (
        "`grantRole` of an administrator",
        "GRANT_ROLES above the place: an administrator's role comes only from above",
    ),
    (
        "`acceptReturn`",
        "ACCEPT_RETURNS above the place: nobody accepts what they report",
    ),
    ("`sendBackReturn`", "the same"),
    ("`lockReturn`", "the same"),
    ("`unlockReturn`", "the same"),
    (
        "`scoreAssessment`",
        "ISSUE_ASSESSMENTS above the place: nobody scores themselves",
    ),
    ("`returnAssessment`", "the same"),
    (
        "`amendTarget`",
        "ISSUE_TARGETS above the place: nobody changes their own target",
    ),
    ("`closeTarget`", "the same"),
    ("`signTarget`", "the same"),
    ("`withdrawTarget`", "the same"),
    (
        "`elevate`",
        "the same role below the place: no action, a right that leaders and cadres have",
    ),
    (
        "`moveFederation`",
        "SHAPE_TREE at both superiors: nobody leaves by themselves",
    ),
];

/// Enters one of everything at a place.
async fn target(app: &App, place: Place) -> Target {
    let things = things(app, place).await;
    let tree = app.process.tree();
    let node = tree.get(app.federation(place.at)).unwrap();
    // Above the caller's branch, what is in it proves nothing.
    let own = tree.get(app.federation(XIANGXIANG)).unwrap();
    let below = tree.below(node).iter();
    let below = below.filter(|below| own.holds(&node.path) || !own.holds(&below.path));
    Target {
        place,
        things,
        above: node.parent_id.unwrap().gid().to_string(),
        below: below.map(|below| below.id.gid().to_string()).collect(),
    }
}

/// Enters one of everything everywhere; in the order of `PLACES`.
async fn targets(app: &App) -> Vec<Target> {
    let mut targets = Vec::new();
    // The parent's first: the first visit that somebody hears of is the first one that they may see. A line of the tax
    // bureau stands in a township: the parent's in one that is not the caller's.
    for (number, (at, above, township, word)) in (1..).zip([
        (XIANGTAN, HUNAN, SHAOSHAN_TOWNSHIP, "湘潭"),
        (XIANGXIANG, HUNAN, WANGCHUNMEN, "湘乡"),
        (YUESHAN, HUNAN, YUESHAN, "月山"),
        (SHAOSHAN, HUNAN, QINGXI, "韶山"),
        (DONGCHENG, BEIJING, DONGHUAMEN, "东城"),
    ]) {
        let place = Place {
            at,
            above,
            township,
            word,
            number,
        };
        targets.push(target(app, place).await);
    }
    app.settle().await;
    targets[..3].rotate_left(1);
    targets
}

async fn caller(app: &App, role: &Role) -> Caller {
    match &*role.name {
        "" => app.anonymous(),
        name => app.person(name, XIANGXIANG).await,
    }
}

/// Asks everything of everything as everybody.
async fn ask(app: &App, shape: &Shape, (rows, roles): (Vec<Row>, &[Role]), targets: &[Target]) -> Vec<Line> {
    let mut lines: Vec<Line> = rows
        .into_iter()
        .map(|row| Line {
            row,
            cells: Vec::new(),
        })
        .collect();
    for role in roles {
        let caller = caller(app, role).await;
        for line in &mut lines {
            line.cells.push([Mark::Absent; 5]);
        }
        for (place, target) in targets.iter().enumerate() {
            // A fresh budget: this is more than one may ask for.
            let caller = caller.at(&app.reached(Transport::default()));
            for line in &mut lines {
                let mark = line.row.mark(shape, target, (&caller, &role.name)).await;
                line.cells.last_mut().unwrap()[place] = mark;
            }
        }
    }
    lines
}

/// Who reaches outside their branch without a reason, and which operations nobody may do anywhere.
fn leaks(lines: &[Line], roles: &[Role]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for line in lines {
        let title = &*line.row.title;
        for (cell, role) in line.cells.iter().zip(roles) {
            for (mark, (place, _, is_inside)) in cell.iter().zip(PLACES) {
                let is_known = OUTSIDE
                    .iter()
                    .any(|(known, at, _)| *known == title && *at == place);
                if *mark == Mark::Allowed && (role.name.is_empty() || !is_inside && !is_known) {
                    faults.push(format!("{} may {} at {place}: a leak", role.zh, line.title()));
                } else if *mark == Mark::Allowed && is_known {
                    used.insert((title.to_owned(), place));
                }
            }
        }
        if !line.cells.iter().flatten().any(|mark| *mark == Mark::Allowed) {
            faults.push(format!(
                "nobody may {}: does matrix.rs ask for it rightly?",
                line.title()
            ));
        }
    }
    let unused = OUTSIDE
        .iter()
        .filter(|(title, place, _)| !used.contains(&((*title).to_owned(), *place)));
    faults.extend(
        unused.map(|(title, place, _)| {
            format!("nobody may {title} at {place} any more: take it out of OUTSIDE")
        }),
    );
    faults
}

/// For each action, what `viewerCan` says to each role at each place.
async fn permissions(app: &App, shape: &Shape, roles: &[Role], targets: &[Target]) -> Vec<Vec<bool>> {
    let query = "query($id: ID!, $actions: [Action!]!) { viewer { viewerCan(id: $id, actions: $actions) { isAllowed } } }";
    let actions: Vec<_> = list(&shape.kind("Action")["enumValues"])
        .iter()
        .map(|action| &action["name"])
        .collect();
    let mut grids = vec![Vec::new(); actions.len()];
    for role in roles {
        let caller = caller(app, role).await;
        for target in targets {
            let id = &target.things.ids["Federation"];
            let answer = caller.gql(query, json!({"id": id, "actions": actions})).await;
            let permissions = &answer["data"]["viewer"]["viewerCan"];
            for (action, grid) in grids.iter_mut().enumerate() {
                // Of what is not there for the caller, nothing is allowed.
                grid.push(permissions[action]["isAllowed"] == true);
            }
        }
    }
    grids
}

/// Lines that are not what `viewerCan` says of any one action. What leads from one thing to another has to be allowed
/// exactly where both may be seen; to anything else, where the first may be seen and an action is allowed, or none needed.
fn disagreeing(lines: &[Line], permissions: &[Vec<bool>]) -> Vec<String> {
    let seen = |of: &str| {
        let lines = lines
            .iter()
            .filter(|line| line.row.area == Area::Seeing && line.row.title == of);
        let grids = lines.map(|line| line.grid().map(Option::unwrap_or_default).collect());
        grids.reduce(either)
    };
    let agrees = |line: &Line| {
        let is_like = |grid: &[bool]| {
            line.grid()
                .zip(grid)
                .all(|(said, may)| said.is_none_or(|said| said == *may))
        };
        let is_like_one = |before: &[bool]| permissions.iter().any(|grid| is_like(&both_of(before, grid)));
        let (from, to) = &line.row.between;
        match (line.row.area, seen(from), seen(to)) {
            (Area::Following, Some(from), Some(to)) if from != to => is_like(&both_of(&from, &to)),
            (Area::Following, Some(from), _) => is_like(&from) || is_like_one(&from),
            _ => is_like_one(&vec![true; line.cells.len() * PLACES.len()]),
        }
    };
    let mut faults = Vec::new();
    for line in lines {
        let title = line.title();
        match (agrees(line), UNLIKE.iter().any(|(known, _)| *known == title)) {
            (false, false) => faults.push(format!("{title} is not what viewerCan says of any action")),
            (true, true) => faults.push(format!("{title} is what viewerCan says: take it out of UNLIKE")),
            _ => {}
        }
    }
    let is_gone = |title: &str| lines.iter().all(|line| line.title() != title);
    let gone = UNLIKE.iter().filter(|(title, _)| is_gone(title));
    faults.extend(gone.map(|(title, _)| format!("there is no {title}: take it out of UNLIKE")));
    faults
}

fn either(a: Vec<bool>, b: Vec<bool>) -> Vec<bool> {
    a.iter().zip(&b).map(|(a, b)| *a || *b).collect()
}

fn both_of(a: &[bool], b: &[bool]) -> Vec<bool> {
    a.iter().zip(b).map(|(a, b)| *a && *b).collect()
}

/// Operations that name nothing that has a place and are not known for it, and the other way round.
fn misplaced(placeless: &[String]) -> Vec<String> {
    let known = PLACELESS.map(|(name, _)| name);
    let unknown = placeless.iter().filter(|name| !known.contains(&name.as_str()));
    let unknown = unknown.map(|name| {
        format!("{name} names nothing that has a place: say in INPUTS of matrix.rs how it does, or in PLACELESS why not")
    });
    let gone = known
        .iter()
        .filter(|name| !placeless.contains(&(**name).to_owned()));
    let gone = gone.map(|name| format!("{name} is gone, or has a place: take it out of PLACELESS"));
    unknown.chain(gone).collect()
}

/// The exceptions, under headings.
fn sections(shape: &Shape) -> [(&'static str, Vec<String>); 3] {
    let outside = OUTSIDE
        .iter()
        .map(|(title, place, why)| format!("`{title}`, {place}: {why}"));
    let unlike = UNLIKE.iter().map(|(title, why)| format!("{title}: {why}"));
    let placeless = PLACELESS.iter().map(|(path, who)| {
        let names: Vec<&str> = path.split('.').collect();
        let (name, above) = names.split_last().unwrap();
        let root = ["Query", "Mutation"]
            .into_iter()
            .find(|root| shape.has(root, names[0]));
        let of = shape.given(root.unwrap(), above);
        format!("`{path}`, {who}: {}", says(shape.field(of, name)))
    });
    [
        ("Outside one's own branch 越级", outside.collect()),
        (
            "More or less than what `viewerCan` answers for one action 特殊条件",
            unlike.collect(),
        ),
        (
            "About the caller, without a place 与地点无关",
            placeless.collect(),
        ),
    ]
}

/// Only exceptions stand behind a dash.
fn exceptions(table: &str) -> usize {
    table.lines().filter(|line| line.starts_with("- ")).count()
}

both! {
    async fn the_matrix_is_what_it_was(app: App) {
        let shape = Shape::of(&app).await.poor();
        let roles = roles(&shape);
        let targets = targets(&app).await;
        let (rows, placeless) = rows(&shape, &targets[0]);
        let faults = misplaced(&placeless);
        assert!(faults.is_empty(), "{}", faults.join("\n"));

        let lines = merged(ask(&app, &shape, (rows, &roles), &targets).await);
        let permissions = permissions(&app, &shape, &roles, &targets).await;

        let faults = [leaks(&lines, &roles), disagreeing(&lines, &permissions)].concat();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        let found = table(&roles, &lines, &sections(&shape));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/snapshots/access_matrix.md");
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        let (before, now) = (exceptions(&kept), exceptions(&found));
        assert!(kept.is_empty() || now <= before, "exceptions only shrink: there were {before}, now {now}; who has to have one writes it into the table by hand");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &found).unwrap();
        } else {
            assert!(found == kept, "who may do what has changed: `UPDATE=1 cargo test -p tests -- access`, then read the diff of {}", file.display());
        }
    }
}
