//! Figures of a period as they stood (数字快照): kept once, never changed. Beside each stands the live figure of the same days,
//! and by how much it has moved since (late records, corrections).

pub mod types;
pub mod graphql;
pub mod service;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::returns::figure_snapshot::Model;
use serde_json::json;

/// Figures were kept as they stand.
pub struct Frozen {
    /// Which snapshot.
    pub snapshot: Model,
    /// How many figures.
    pub lines: usize,
}

impl Said for Frozen {
    fn sentence(self) -> Sentence {
        let Frozen { snapshot, lines } = self;
        let body = json!({"from": snapshot.opens_on, "to": snapshot.closes_on, "lines": lines});
        Sentence::new("FIGURES_FROZEN", snapshot.id.0, snapshot.place(), body)
    }
}
