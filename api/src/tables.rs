//! Every table whose rows have a place in the tree: `federation_id`, `path` and `county_id`.

/// Their names. A federation that moves takes the rows of all of them along, but for `event`.
pub const PLACED: [&str; 26] = [
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
    "membership",
    "member_transfer",
    "transfer_deadline",
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

/// A table whose rows stand where their grassroots union stands: a union that moves takes them along.
pub struct Follower {
    /// Its name.
    pub table: &'static str,
    /// The column of the union.
    pub column: &'static str,
    /// Whether its rows are counted: they then tell in `moved_on` when their union came, and their figures are carried.
    pub is_counted: bool,
}

/// All of them.
pub const FOLLOWERS: [Follower; 2] = [
    Follower {
        table: "membership",
        column: "trade_union_id",
        is_counted: true,
    },
    Follower {
        table: "member_transfer",
        column: "trade_union_id",
        is_counted: false,
    },
];
