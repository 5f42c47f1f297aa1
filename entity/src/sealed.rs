//! A value that only the service can read.

use sea_orm::DeriveValueType;

/// A sealed value: the number of its data key, a dot, and bytes in base64. Only the vault of the service makes and opens
/// it; it shows nothing of what it holds, and so needs no care.
#[derive(Clone, Debug, PartialEq, Eq, DeriveValueType)]
pub struct Sealed(pub String);
