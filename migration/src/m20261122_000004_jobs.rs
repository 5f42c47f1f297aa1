//! Files that came in, and the long work on them.

crate::scripts!(
    "
CREATE TABLE upload (
    id UUID CONSTRAINT upload_pk PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT upload_account_fk REFERENCES account (id),
    size_bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE job (
    id UUID CONSTRAINT job_pk PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    account_id UUID NOT NULL CONSTRAINT job_account_fk REFERENCES account (id),
    upload_id UUID NOT NULL CONSTRAINT job_upload_fk REFERENCES upload (id),
    rows_total BIGINT,
    rows_done BIGINT NOT NULL,
    rows_accepted BIGINT NOT NULL,
    rows_unchanged BIGINT NOT NULL,
    rows_refused BIGINT NOT NULL,
    running_sum BIGINT NOT NULL,
    failure TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    federation_id UUID NOT NULL CONSTRAINT job_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    -- Asking twice for the same work on the same file is one job.
    CONSTRAINT job_upload_key UNIQUE (upload_id, kind, federation_id)
);
CREATE INDEX job_open ON job (id) WHERE state IN ('QUEUED', 'RUNNING');

-- Refused rows of a job, in the file's order: the error file is written from them.
CREATE TABLE job_refusal (
    job_id UUID NOT NULL CONSTRAINT job_refusal_job_fk REFERENCES job (id),
    row_no BIGINT NOT NULL,
    ordinal INT NOT NULL,
    column_name TEXT NOT NULL,
    value TEXT NOT NULL,
    code TEXT NOT NULL,
    reason_en TEXT NOT NULL,
    reason_zh TEXT NOT NULL,
    CONSTRAINT job_refusal_pk PRIMARY KEY (job_id, row_no, ordinal)
);
",
    "
DROP TABLE job_refusal;
DROP TABLE job;
DROP TABLE upload;
"
);
