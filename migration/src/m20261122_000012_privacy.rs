//! Long work without a file; files that it writes, exports of personal data, and what people ask for about their own.

crate::scripts!(
    "
-- Neither database lets go of NOT NULL in one way that both read: the tables are made anew.
CREATE TABLE kept_job AS SELECT * FROM job;
CREATE TABLE kept_refusal AS SELECT * FROM job_refusal;
DROP TABLE job_refusal;
DROP TABLE job;

-- A file that goes out: sealed pieces, for the account that asked, until it expires.
CREATE TABLE sealed_file (
    id UUID CONSTRAINT sealed_file_pk PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT sealed_file_account_fk REFERENCES account (id),
    -- What it holds says who may fetch it.
    holds TEXT NOT NULL,
    name TEXT NOT NULL,
    downloads INT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    federation_id UUID NOT NULL CONSTRAINT sealed_file_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL
);

CREATE TABLE sealed_file_piece (
    id UUID CONSTRAINT sealed_file_piece_pk PRIMARY KEY,
    file_id UUID NOT NULL CONSTRAINT sealed_file_piece_file_fk REFERENCES sealed_file (id),
    position INT NOT NULL,
    content TEXT NOT NULL,
    CONSTRAINT sealed_file_piece_key UNIQUE (file_id, position)
);

CREATE TABLE job (
    id UUID CONSTRAINT job_pk PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    -- None for the service's own work.
    account_id UUID CONSTRAINT job_account_fk REFERENCES account (id),
    -- None for work without a file.
    upload_id UUID CONSTRAINT job_upload_fk REFERENCES upload (id),
    -- What work without a file is about, if it is about one thing.
    subject_id UUID,
    -- What work without a file was asked to do, as JSON, where that is more than its kind and place.
    input TEXT,
    -- Where work without a file goes on.
    cursor TEXT NOT NULL DEFAULT '',
    rows_total BIGINT,
    rows_done BIGINT NOT NULL,
    rows_accepted BIGINT NOT NULL,
    rows_unchanged BIGINT NOT NULL,
    rows_refused BIGINT NOT NULL,
    running_sum BIGINT NOT NULL,
    failure TEXT,
    -- The file that the work wrote.
    file_id UUID CONSTRAINT job_file_fk REFERENCES sealed_file (id),
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    -- None for work that has no place.
    federation_id UUID CONSTRAINT job_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    -- Asking twice for the same work on the same file is one job.
    CONSTRAINT job_upload_key UNIQUE (upload_id, kind, federation_id),
    CONSTRAINT job_subject_key UNIQUE (subject_id, kind)
);
INSERT INTO job (id, kind, state, account_id, upload_id, rows_total, rows_done, rows_accepted, rows_unchanged,
    rows_refused, running_sum, failure, created_at, started_at, finished_at, federation_id, path, county_id)
SELECT id, kind, state, account_id, upload_id, rows_total, rows_done, rows_accepted, rows_unchanged, rows_refused,
    running_sum, failure, created_at, started_at, finished_at, federation_id, path, county_id FROM kept_job;
CREATE INDEX job_open ON job (id) WHERE state IN ('QUEUED', 'RUNNING');
-- What was done for an account lately.
CREATE INDEX job_account ON job (account_id, created_at) WHERE subject_id IS NOT NULL;
-- The service's own work of a kind is done once at a time.
CREATE UNIQUE INDEX job_own_key ON job (kind) WHERE account_id IS NULL AND state IN ('QUEUED', 'RUNNING');

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
INSERT INTO job_refusal SELECT * FROM kept_refusal;
DROP TABLE kept_refusal;
DROP TABLE kept_job;

CREATE TABLE export (
    id UUID CONSTRAINT export_pk PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    purpose TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_by UUID NOT NULL CONSTRAINT export_requester_fk REFERENCES account (id),
    requested_at TIMESTAMPTZ NOT NULL,
    decided_by UUID CONSTRAINT export_decider_fk REFERENCES account (id),
    decided_at TIMESTAMPTZ,
    refusal TEXT,
    failure TEXT,
    file_id UUID CONSTRAINT export_file_fk REFERENCES sealed_file (id),
    federation_id UUID NOT NULL CONSTRAINT export_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    -- Nobody allows what they asked for.
    CONSTRAINT export_two_people CHECK (decided_by IS NULL OR decided_by <> requested_by)
);
CREATE INDEX export_federation ON export (federation_id, requested_at, id);
CREATE INDEX export_county ON export (county_id, requested_at, id);
CREATE INDEX export_path ON export (path);

CREATE TABLE subject_request (
    id UUID CONSTRAINT subject_request_pk PRIMARY KEY,
    person_id UUID NOT NULL CONSTRAINT subject_request_person_fk REFERENCES person (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    received_on DATE NOT NULL,
    due_on DATE NOT NULL,
    filed_by UUID NOT NULL CONSTRAINT subject_request_filer_fk REFERENCES account (id),
    filed_at TIMESTAMPTZ NOT NULL,
    answered_by UUID CONSTRAINT subject_request_answerer_fk REFERENCES account (id),
    answered_at TIMESTAMPTZ,
    refusal TEXT,
    file_id UUID CONSTRAINT subject_request_file_fk REFERENCES sealed_file (id),
    federation_id UUID NOT NULL CONSTRAINT subject_request_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    -- Nobody answers what they entered.
    CONSTRAINT subject_request_two_people CHECK (answered_by IS NULL OR answered_by <> filed_by)
);
CREATE INDEX subject_request_person ON subject_request (person_id);
CREATE INDEX subject_request_federation ON subject_request (federation_id, due_on, id);
CREATE INDEX subject_request_county ON subject_request (county_id, due_on, id);
CREATE INDEX subject_request_path ON subject_request (path);
",
    "
DROP TABLE subject_request;
DROP TABLE export;

CREATE TABLE kept_job AS SELECT * FROM job WHERE upload_id IS NOT NULL;
CREATE TABLE kept_refusal AS SELECT * FROM job_refusal;
DROP TABLE job_refusal;
DROP TABLE job;
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
    CONSTRAINT job_upload_key UNIQUE (upload_id, kind, federation_id)
);
INSERT INTO job SELECT id, kind, state, account_id, upload_id, rows_total, rows_done, rows_accepted, rows_unchanged,
    rows_refused, running_sum, failure, created_at, started_at, finished_at, federation_id, path, county_id FROM kept_job;
CREATE INDEX job_open ON job (id) WHERE state IN ('QUEUED', 'RUNNING');
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
INSERT INTO job_refusal SELECT * FROM kept_refusal;
DROP TABLE kept_refusal;
DROP TABLE kept_job;
DROP TABLE sealed_file_piece;
DROP TABLE sealed_file;
"
);
