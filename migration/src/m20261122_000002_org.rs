//! The tree, the enterprises, the unions and who covers whom.

crate::scripts!(
    "
CREATE TABLE federation (
    id UUID CONSTRAINT federation_pk PRIMARY KEY,
    parent_id UUID CONSTRAINT federation_parent_fk REFERENCES federation (id),
    level TEXT NOT NULL,
    kind TEXT NOT NULL,
    code TEXT,
    name TEXT NOT NULL,
    is_stand_in BOOLEAN NOT NULL,
    retired_on DATE,
    path TEXT {C} NOT NULL CONSTRAINT federation_path_key UNIQUE,
    county_id UUID NOT NULL,
    CONSTRAINT federation_not_own_parent CHECK (parent_id <> id)
);
-- Four real codes stand at two levels, so the code alone names nothing.
CREATE UNIQUE INDEX federation_code_level_key ON federation (code, level);

CREATE TABLE federation_link (
    id UUID CONSTRAINT federation_link_pk PRIMARY KEY,
    federation_id UUID NOT NULL CONSTRAINT federation_link_federation_fk REFERENCES federation (id),
    superior_id UUID NOT NULL CONSTRAINT federation_link_superior_fk REFERENCES federation (id),
    kind TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT federation_link_not_self CHECK (federation_id <> superior_id),
    CONSTRAINT federation_link_period CHECK (valid_to > valid_from)
);
CREATE INDEX federation_link_federation ON federation_link (federation_id, valid_from);

CREATE TABLE enterprise (
    id UUID CONSTRAINT enterprise_pk PRIMARY KEY,
    federation_id UUID NOT NULL CONSTRAINT enterprise_federation_fk REFERENCES federation (id),
    uscc TEXT {C} NOT NULL CONSTRAINT enterprise_uscc_key UNIQUE,
    name TEXT {C} NOT NULL,
    ownership TEXT NOT NULL,
    industry TEXT NOT NULL,
    employees INT NOT NULL CONSTRAINT enterprise_employees CHECK (employees >= 0),
    status TEXT NOT NULL,
    latitude_e6 INT,
    longitude_e6 INT,
    registered_on DATE NOT NULL,
    changed_on DATE NOT NULL,
    version INT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    moved_on DATE,
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL
);
CREATE INDEX enterprise_federation_name ON enterprise (federation_id, name, id);
CREATE INDEX enterprise_county_name ON enterprise (county_id, name, id);
CREATE INDEX enterprise_name ON enterprise (name, id);
CREATE INDEX enterprise_federation_employees ON enterprise (federation_id, employees, id);
CREATE INDEX enterprise_county_employees ON enterprise (county_id, employees, id);
CREATE INDEX enterprise_employees_sort ON enterprise (employees, id);
CREATE INDEX enterprise_path ON enterprise (path);

CREATE TABLE trade_union (
    id UUID CONSTRAINT trade_union_pk PRIMARY KEY,
    federation_id UUID NOT NULL CONSTRAINT trade_union_federation_fk REFERENCES federation (id),
    name TEXT {C} NOT NULL,
    form TEXT NOT NULL,
    position TEXT NOT NULL,
    host_kind TEXT NOT NULL,
    worker_group TEXT NOT NULL,
    founded_on DATE NOT NULL,
    state TEXT NOT NULL,
    version INT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    moved_on DATE,
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL
);
CREATE INDEX trade_union_federation_name ON trade_union (federation_id, name, id);
CREATE INDEX trade_union_county_name ON trade_union (county_id, name, id);
CREATE INDEX trade_union_name ON trade_union (name, id);
CREATE INDEX trade_union_federation_founded ON trade_union (federation_id, founded_on, id);
CREATE INDEX trade_union_county_founded ON trade_union (county_id, founded_on, id);
CREATE INDEX trade_union_founded ON trade_union (founded_on, id);
CREATE INDEX trade_union_path ON trade_union (path);

CREATE TABLE coverage (
    id UUID CONSTRAINT coverage_pk PRIMARY KEY,
    trade_union_id UUID NOT NULL CONSTRAINT coverage_trade_union_fk REFERENCES trade_union (id),
    enterprise_id UUID NOT NULL CONSTRAINT coverage_enterprise_fk REFERENCES enterprise (id),
    valid_from DATE NOT NULL,
    valid_to DATE,
    federation_id UUID NOT NULL CONSTRAINT coverage_federation_fk REFERENCES federation (id),
    moved_on DATE,
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT coverage_period CHECK (valid_to > valid_from)
);
-- One union at a time covers an enterprise: two open periods of one enterprise cannot both be written.
CREATE UNIQUE INDEX coverage_open_key ON coverage (enterprise_id) WHERE valid_to IS NULL;
CREATE INDEX coverage_enterprise ON coverage (enterprise_id, valid_from, id);
CREATE INDEX coverage_federation ON coverage (federation_id);
CREATE INDEX coverage_trade_union ON coverage (trade_union_id, valid_from, id);
",
    "
DROP TABLE coverage;
DROP TABLE trade_union;
DROP TABLE enterprise;
DROP TABLE federation_link;
DROP TABLE federation;
"
);
