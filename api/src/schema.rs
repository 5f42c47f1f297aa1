//! The one schema: every domain's operations, merged by tier.

use crate::accounts::graphql::{AccountMutation, AccountQuery};
use crate::kernel::page::Connection;
use crate::node::NodeQuery;
use crate::org::federation::graphql::{FederationMutation, FederationQuery};
use crate::org::federation::types::Federation;
use async_graphql::{EmptySubscription, MergedObject, SDLExportOptions};

/// Reading operations.
#[derive(Default, MergedObject)]
pub struct Query(NodeQuery, AccountQuery, FederationQuery);

/// Writing operations: verbs of the business, one `input`, one payload.
#[derive(Default, MergedObject)]
pub struct Mutation(AccountMutation, FederationMutation);

/// The schema.
pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// Builds it. No extension: a single one, even idle, doubles the cost of execution.
pub fn build() -> Schema {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
        // The engine gives its connection types no description.
        .override_output_type_description::<Connection<Federation>>("A page of federations (工会).")
        .finish()
}

/// The contract as text, sorted, for `schema.graphql`.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    let text = build().sdl_with_options(options);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim())
}
