//! What federations report for periods, and figures as they stood.

crate::scripts!(
    "
CREATE TABLE statistical_return (
    id UUID CONSTRAINT statistical_return_pk PRIMARY KEY,
    title TEXT NOT NULL,
    opens_on DATE NOT NULL,
    closes_on DATE NOT NULL,
    state TEXT NOT NULL,
    -- Why the superior gave it back.
    reason TEXT,
    drafted_at TIMESTAMPTZ NOT NULL,
    submitted_by UUID CONSTRAINT statistical_return_submitter_fk REFERENCES account (id),
    submitted_at TIMESTAMPTZ,
    accepted_by UUID CONSTRAINT statistical_return_accepter_fk REFERENCES account (id),
    accepted_at TIMESTAMPTZ,
    version INT NOT NULL,
    federation_id UUID NOT NULL CONSTRAINT statistical_return_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT statistical_return_period CHECK (opens_on <= closes_on),
    CONSTRAINT statistical_return_key UNIQUE (federation_id, opens_on, closes_on)
);
CREATE INDEX statistical_return_federation ON statistical_return (federation_id, closes_on, id);
CREATE INDEX statistical_return_county ON statistical_return (county_id, closes_on, id);
CREATE INDEX statistical_return_province_closes ON statistical_return (substr(path, 1, 4), closes_on, id);
CREATE INDEX statistical_return_city_closes ON statistical_return (substr(path, 1, 8), closes_on, id);

-- Nothing that was accepted is ever changed: what takes its place stands beside it.
CREATE TABLE return_line (
    id UUID CONSTRAINT return_line_pk PRIMARY KEY,
    return_id UUID NOT NULL CONSTRAINT return_line_return_fk REFERENCES statistical_return (id),
    metric TEXT {C} NOT NULL,
    -- As in figure_entry.
    dimension TEXT {C} NOT NULL,
    -- In the unit of the metric, money in fen; none takes back what was reported.
    value BIGINT,
    -- As in figure_entry.
    qualifier TEXT {C} NOT NULL CONSTRAINT return_line_qualifier CHECK (qualifier IN ('=', '>', '~')),
    note TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Why it takes the place of another one.
    reason TEXT,
    entered_by UUID NOT NULL CONSTRAINT return_line_enterer_fk REFERENCES account (id),
    entered_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX return_line_return ON return_line (return_id, metric, dimension);
CREATE UNIQUE INDEX return_line_pending_key ON return_line (return_id, metric, dimension) WHERE state = 'PENDING';
CREATE UNIQUE INDEX return_line_in_force_key ON return_line (return_id, metric, dimension) WHERE state = 'IN_FORCE';

CREATE TABLE figure_snapshot (
    id UUID CONSTRAINT figure_snapshot_pk PRIMARY KEY,
    title TEXT NOT NULL,
    -- First day of flows.
    opens_on DATE NOT NULL,
    closes_on DATE NOT NULL,
    frozen_by UUID NOT NULL CONSTRAINT figure_snapshot_freezer_fk REFERENCES account (id),
    frozen_at TIMESTAMPTZ NOT NULL,
    federation_id UUID NOT NULL CONSTRAINT figure_snapshot_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL
);
CREATE INDEX figure_snapshot_federation ON figure_snapshot (federation_id, frozen_at, id);
CREATE INDEX figure_snapshot_county ON figure_snapshot (county_id, frozen_at, id);
CREATE INDEX figure_snapshot_province_frozen ON figure_snapshot (substr(path, 1, 4), frozen_at, id);
CREATE INDEX figure_snapshot_city_frozen ON figure_snapshot (substr(path, 1, 8), frozen_at, id);

CREATE TABLE snapshot_line (
    id UUID CONSTRAINT snapshot_line_pk PRIMARY KEY,
    snapshot_id UUID NOT NULL CONSTRAINT snapshot_line_snapshot_fk REFERENCES figure_snapshot (id),
    position INT NOT NULL,
    -- Whose figure.
    of_id UUID NOT NULL CONSTRAINT snapshot_line_federation_fk REFERENCES federation (id),
    metric TEXT {C} NOT NULL,
    value BIGINT NOT NULL,
    qualifier TEXT {C} NOT NULL CONSTRAINT snapshot_line_qualifier CHECK (qualifier IN ('=', '>', '~')),
    CONSTRAINT snapshot_line_order_key UNIQUE (snapshot_id, position)
);
",
    "
DROP TABLE snapshot_line;
DROP TABLE figure_snapshot;
DROP TABLE return_line;
DROP TABLE statistical_return;
"
);
