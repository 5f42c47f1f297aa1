//! Targets, their amendments, and pace rules.

crate::scripts!(
    "
CREATE TABLE target (
    id UUID CONSTRAINT target_pk PRIMARY KEY,
    issuer_id UUID NOT NULL CONSTRAINT target_issuer_fk REFERENCES federation (id),
    metric TEXT {C} NOT NULL,
    -- Empty for the whole, as in the ledger.
    dimension TEXT {C} NOT NULL,
    year INT NOT NULL,
    amount BIGINT NOT NULL CONSTRAINT target_amount CHECK (amount >= 0),
    signed_on DATE,
    signers TEXT,
    closed_on DATE,
    version INT NOT NULL,
    issued_by UUID NOT NULL CONSTRAINT target_account_fk REFERENCES account (id),
    issued_at TIMESTAMPTZ NOT NULL,
    federation_id UUID NOT NULL CONSTRAINT target_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT target_letter CHECK ((signed_on IS NULL) = (signers IS NULL))
);
-- One of a kind that is not closed.
CREATE UNIQUE INDEX target_key ON target (federation_id, year, metric, dimension) WHERE closed_on IS NULL;
CREATE INDEX target_federation ON target (federation_id, metric, id);
-- All who have a target for the same thing, below a federation.
CREATE INDEX target_contest ON target (year, metric, dimension, path);

CREATE TABLE target_amendment (
    id UUID CONSTRAINT target_amendment_pk PRIMARY KEY,
    target_id UUID NOT NULL CONSTRAINT target_amendment_target_fk REFERENCES target (id),
    position INT NOT NULL,
    amount BIGINT NOT NULL CONSTRAINT target_amendment_amount CHECK (amount >= 0),
    effective_on DATE NOT NULL,
    reason TEXT NOT NULL,
    amended_by UUID NOT NULL CONSTRAINT target_amendment_account_fk REFERENCES account (id),
    amended_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT target_amendment_key UNIQUE (target_id, position)
);

CREATE TABLE pace_rule (
    id UUID CONSTRAINT pace_rule_pk PRIMARY KEY,
    year INT NOT NULL,
    -- Empty for all metrics.
    metric TEXT {C} NOT NULL,
    points TEXT NOT NULL,
    version INT NOT NULL,
    set_by UUID NOT NULL CONSTRAINT pace_rule_account_fk REFERENCES account (id),
    set_at TIMESTAMPTZ NOT NULL,
    federation_id UUID NOT NULL CONSTRAINT pace_rule_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT pace_rule_key UNIQUE (federation_id, year, metric)
);
",
    "
DROP TABLE pace_rule;
DROP TABLE target_amendment;
DROP TABLE target;
"
);
