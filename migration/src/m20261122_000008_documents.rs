//! Registered documents.

crate::scripts!(
    "
CREATE TABLE registered_document (
    id TEXT {C} NOT NULL,
    client TEXT {C} NOT NULL,
    text TEXT NOT NULL,
    registered_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT registered_document_pk PRIMARY KEY (id, client)
);
",
    "
DROP TABLE registered_document;
"
);
