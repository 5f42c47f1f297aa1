//! Where in the tree a row lives.

use crate::id::FederationId;
use sea_orm::EntityTrait;
use uuid::Uuid;

/// A place in the tree.
#[derive(Clone, Debug)]
pub struct Place {
    /// The federation.
    pub federation_id: FederationId,
    /// Its path.
    pub path: String,
    /// Its county.
    pub county_id: FederationId,
}

impl Place {
    /// The tree as a whole.
    pub fn everywhere() -> Place {
        let nobody = FederationId(Uuid::nil());
        Place {
            federation_id: nobody,
            path: String::new(),
            county_id: nobody,
        }
    }

    /// Where a row hangs; the tree as a whole if it hangs from no federation.
    pub fn of(federation_id: impl Into<Option<FederationId>>, path: &str, county_id: FederationId) -> Place {
        federation_id
            .into()
            .map_or_else(Place::everywhere, |federation_id| Place {
                federation_id,
                path: path.to_owned(),
                county_id,
            })
    }
}

/// A row that hangs from a federation, and so belongs to somebody's scope.
///
/// `path` is the chain of fixed-width keys of the federation and its ancestors: a subtree is one range of it.
/// `county_id` is the county's federation, or above the county the federation itself: the first column of every index.
pub trait Placed: EntityTrait {
    /// The column of the federation that the row hangs from.
    const FEDERATION: Self::Column;
    /// The column of that federation's path.
    const PATH: Self::Column;
    /// The column of its county.
    const COUNTY: Self::Column;
    /// The primary key, the last sort key of every list.
    const ID: Self::Column;
    /// The path of one row.
    fn path(row: &Self::Model) -> &str;
}

/// Says where the columns of a placed table are; their names are the same everywhere.
#[macro_export]
macro_rules! placed {
    () => {
        impl $crate::placed::Placed for Entity {
            const FEDERATION: Column = Column::FederationId;
            const PATH: Column = Column::Path;
            const COUNTY: Column = Column::CountyId;
            const ID: Column = Column::Id;
            fn path(row: &Model) -> &str {
                &row.path
            }
        }

        impl Model {
            /// Where it hangs in the tree.
            pub fn place(&self) -> $crate::placed::Place {
                $crate::placed::Place::of(self.federation_id, &self.path, self.county_id)
            }
        }
    };
}
