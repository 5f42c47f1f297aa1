//! Assessing federations below, and who is responsible for which.

crate::scripts!(
    "
CREATE TABLE assessment_scheme (
    id UUID CONSTRAINT assessment_scheme_pk PRIMARY KEY,
    year INT NOT NULL,
    title TEXT NOT NULL,
    level TEXT NOT NULL,
    closes_on DATE NOT NULL,
    -- Blocks and items, as JSON: read and written as one, and never changed once it is issued.
    blocks TEXT NOT NULL,
    assessed INT NOT NULL,
    version INT NOT NULL,
    drafted_by UUID NOT NULL CONSTRAINT assessment_scheme_drafter_fk REFERENCES account (id),
    issued_at TIMESTAMPTZ,
    published_at TIMESTAMPTZ,
    federation_id UUID NOT NULL CONSTRAINT assessment_scheme_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT assessment_scheme_key UNIQUE (federation_id, year, title),
    CONSTRAINT assessment_scheme_order CHECK (published_at IS NULL OR issued_at IS NOT NULL)
);
CREATE INDEX assessment_scheme_county ON assessment_scheme (county_id, year, id);
CREATE INDEX assessment_scheme_path ON assessment_scheme (path);

CREATE TABLE assessment (
    id UUID CONSTRAINT assessment_pk PRIMARY KEY,
    scheme_id UUID NOT NULL CONSTRAINT assessment_scheme_fk REFERENCES assessment_scheme (id),
    year INT NOT NULL,
    version INT NOT NULL,
    submitted_by UUID CONSTRAINT assessment_submitter_fk REFERENCES account (id),
    submitted_at TIMESTAMPTZ,
    total BIGINT,
    rank INT NOT NULL,
    federation_id UUID NOT NULL CONSTRAINT assessment_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    -- Nobody is assessed twice by a scheme.
    CONSTRAINT assessment_key UNIQUE (scheme_id, federation_id)
);
CREATE INDEX assessment_position ON assessment (scheme_id, rank, id);
CREATE INDEX assessment_federation ON assessment (federation_id, year, id);
CREATE INDEX assessment_county ON assessment (county_id, year, id);
-- The first keys of a path: the province, and the city.
CREATE INDEX assessment_province ON assessment (substr(path, 1, 4), year, id);
CREATE INDEX assessment_city ON assessment (substr(path, 1, 8), year, id);

CREATE TABLE assessment_score (
    id UUID CONSTRAINT assessment_score_pk PRIMARY KEY,
    assessment_id UUID NOT NULL CONSTRAINT assessment_score_assessment_fk REFERENCES assessment (id),
    item INT NOT NULL,
    side TEXT NOT NULL,
    points BIGINT NOT NULL CONSTRAINT assessment_score_points CHECK (points >= 0),
    remark TEXT,
    evidence TEXT NOT NULL,
    figure BIGINT,
    scored_by UUID NOT NULL CONSTRAINT assessment_score_account_fk REFERENCES account (id),
    CONSTRAINT assessment_score_key UNIQUE (assessment_id, side, item)
);

CREATE TABLE patch (
    id UUID CONSTRAINT patch_pk PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT patch_account_fk REFERENCES account (id),
    group_name TEXT,
    purpose TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    assigned_by UUID NOT NULL CONSTRAINT patch_assigner_fk REFERENCES account (id),
    federation_id UUID NOT NULL CONSTRAINT patch_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT patch_order CHECK (valid_to IS NULL OR valid_to > valid_from)
);
-- One open patch of an account at a federation.
CREATE UNIQUE INDEX patch_open ON patch (account_id, federation_id) WHERE valid_to IS NULL;
CREATE INDEX patch_account ON patch (account_id, valid_from, id);
CREATE INDEX patch_federation ON patch (federation_id, valid_from, id);
CREATE INDEX patch_county ON patch (county_id, valid_from, id);
CREATE INDEX patch_province ON patch (substr(path, 1, 4), valid_from, id);
CREATE INDEX patch_city ON patch (substr(path, 1, 8), valid_from, id);
",
    "
DROP TABLE patch;
DROP TABLE assessment_score;
DROP TABLE assessment;
DROP TABLE assessment_scheme;
"
);
