//! Files that belong to records.

crate::scripts!(
    "
CREATE TABLE attachment (
    id UUID CONSTRAINT attachment_pk PRIMARY KEY,
    holder TEXT NOT NULL,
    holder_id UUID NOT NULL,
    -- The bytes of one file are attached once: whoever removes it takes nothing away from anybody else.
    upload_id UUID NOT NULL CONSTRAINT attachment_upload_key UNIQUE CONSTRAINT attachment_upload_fk REFERENCES upload (id),
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    attached_by UUID NOT NULL CONSTRAINT attachment_account_fk REFERENCES account (id),
    attached_at TIMESTAMPTZ NOT NULL,
    federation_id UUID NOT NULL CONSTRAINT attachment_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL
);
CREATE INDEX attachment_holder ON attachment (holder_id, id);
CREATE INDEX attachment_path ON attachment (path);
",
    "
DROP TABLE attachment;
"
);
