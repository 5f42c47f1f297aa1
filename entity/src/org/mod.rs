//! The tree of federations, the enterprises and the grassroots unions that hang from it.
pub mod federation;
pub mod federation_link;
pub mod enterprise;
pub mod trade_union;
pub mod coverage;
