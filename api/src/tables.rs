//! Every table whose rows have a place in the tree: `federation_id`, `path` and `county_id`.

/// Their names. A federation that moves takes the rows of all of them along, but for `event`.
pub const PLACED: [&str; 23] = [
    "event",
    "account",
    "federation_link",
    "enterprise",
    "trade_union",
    "coverage",
    "visit",
    "collection",
    "waiting_collection",
    "job",
    "person",
    "sealed_file",
    "export",
    "subject_request",
    "assessment_scheme",
    "assessment",
    "patch",
    "staff_goal",
    "target",
    "pace_rule",
    "statistical_return",
    "figure_snapshot",
    "attachment",
];
