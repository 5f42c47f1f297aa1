//! Field visits and their findings.

crate::scripts!(
    "
CREATE TABLE visit (
    id UUID CONSTRAINT visit_pk PRIMARY KEY,
    enterprise_id UUID NOT NULL CONSTRAINT visit_enterprise_fk REFERENCES enterprise (id),
    visitor_id UUID NOT NULL CONSTRAINT visit_visitor_fk REFERENCES account (id),
    purpose TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    latitude_e6 INT,
    longitude_e6 INT,
    notes TEXT NOT NULL,
    digest TEXT NOT NULL,
    version INT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    moved_on DATE,
    federation_id UUID NOT NULL CONSTRAINT visit_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT visit_period CHECK (ended_at >= started_at)
);
CREATE INDEX visit_enterprise ON visit (enterprise_id, started_at, id);
CREATE INDEX visit_federation ON visit (federation_id, started_at, id);
CREATE INDEX visit_county ON visit (county_id, started_at, id);
CREATE INDEX visit_started ON visit (started_at, id);
CREATE INDEX visit_path ON visit (path);

CREATE TABLE finding (
    id UUID CONSTRAINT finding_pk PRIMARY KEY,
    visit_id UUID NOT NULL CONSTRAINT finding_visit_fk REFERENCES visit (id),
    position INT NOT NULL,
    severity TEXT NOT NULL,
    description TEXT NOT NULL,
    due_on DATE,
    CONSTRAINT finding_order_key UNIQUE (visit_id, position)
);
",
    "
DROP TABLE finding;
DROP TABLE visit;
"
);
