//! Whole paths of errors. Where a failed field nulls an item of a list, the engine keeps only the path to the item; the
//! position in the document, which it also keeps, says which field of it failed.

use super::contract::{Contract, Size};
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{PathSegment, Pos, ServerError};

/// Errors of one answer that are looked at: each costs a walk through the document.
const LOOKED_AT: usize = 50;

/// Lengthens the paths of errors that end at an item of a list, where there is one way only that they can go on.
pub(super) fn complete(
    errors: &mut [ServerError],
    document: &ExecutableDocument,
    (set, root): (&SelectionSet, &str),
    contract: &Contract,
) {
    let at_item = |error: &&mut ServerError| matches!(error.path.last(), Some(PathSegment::Index(_)));
    for error in errors.iter_mut().filter(at_item).take(LOOKED_AT) {
        let Some(position) = error.locations.first().copied() else {
            continue;
        };
        let names: Vec<&str> = error.path.iter().filter_map(name).collect();
        let search = Search {
            document,
            contract,
            position,
        };
        let rest = search.below(set, root, &names);
        error
            .path
            .extend(rest.into_iter().flatten().map(PathSegment::Field));
    }
}

fn name(segment: &PathSegment) -> Option<&str> {
    match segment {
        PathSegment::Field(name) => Some(name),
        PathSegment::Index(_) => None,
    }
}

struct Search<'a> {
    document: &'a ExecutableDocument,
    contract: &'a Contract,
    position: Pos,
}

impl Search<'_> {
    /// The names that lead to the field, after those that are known; none if another list stands between.
    fn below(&self, set: &SelectionSet, on: &str, known: &[&str]) -> Option<Vec<String>> {
        set.items.iter().find_map(|selection| match &selection.node {
            Selection::Field(field) => {
                let key = field.node.response_key().node.as_str();
                let (is_known, known) = match known {
                    [first, rest @ ..] if *first == key => (true, rest),
                    [] => (false, known),
                    _ => return None,
                };
                if known.is_empty() && !is_known && field.pos == self.position {
                    return Some(vec![key.to_owned()]);
                }
                let shape = self.contract.field(on, field.node.name.node.as_str())?;
                if !is_known && !matches!(shape.size, Size::One | Size::Page) {
                    return None;
                }
                let mut rest = self.below(&field.node.selection_set.node, &shape.gives, known)?;
                if !is_known {
                    rest.insert(0, key.to_owned());
                }
                Some(rest)
            }
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref();
                let on = condition.map_or(on, |condition| condition.node.on.node.as_str());
                self.below(&inline.node.selection_set.node, on, known)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.node.fragment_name.node)?;
                let on = fragment.node.type_condition.node.on.node.as_str();
                self.below(&fragment.node.selection_set.node, on, known)
            }
        })
    }
}
