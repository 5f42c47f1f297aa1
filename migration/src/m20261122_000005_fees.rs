//! Lines of the tax bureau's deliveries.

crate::scripts!(
    "
-- Append-only, without foreign keys, keyed by county: it can be distributed. The first line of a natural key wins.
CREATE TABLE collection (
    county_id UUID NOT NULL,
    id UUID NOT NULL,
    enterprise_id UUID NOT NULL,
    voucher_id TEXT {C} NOT NULL,
    line_no INT NOT NULL,
    tax_registration_no TEXT NOT NULL,
    item TEXT NOT NULL,
    period_from DATE NOT NULL,
    period_to DATE NOT NULL,
    wages_fen BIGINT NOT NULL,
    rate_ppm INT NOT NULL,
    payable_fen BIGINT NOT NULL,
    relief_fen BIGINT NOT NULL,
    paid_fen BIGINT NOT NULL,
    due_fen BIGINT NOT NULL,
    entered_on DATE NOT NULL,
    treasury_code TEXT NOT NULL,
    tax_office TEXT NOT NULL,
    reverses_voucher_id TEXT,
    warnings TEXT NOT NULL,
    digest TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    federation_id UUID NOT NULL,
    moved_on DATE,
    path TEXT {C} NOT NULL,
    CONSTRAINT collection_pk PRIMARY KEY (id, county_id),
    -- The voucher first: a delivery is compared with what there is by its vouchers, whatever counties it reaches.
    CONSTRAINT collection_natural_key UNIQUE (voucher_id, line_no, county_id)
);
CREATE INDEX collection_county_entered ON collection (county_id, entered_on, id);
CREATE INDEX collection_federation_entered ON collection (federation_id, entered_on, id);
CREATE INDEX collection_entered ON collection (entered_on, id);
CREATE INDEX collection_enterprise ON collection (enterprise_id, entered_on, id);

-- Lines that somebody has to look at. A line waits once for a reason, however often it is sent.
CREATE TABLE waiting_collection (
    county_id UUID NOT NULL,
    id UUID NOT NULL,
    reason TEXT NOT NULL,
    voucher_id TEXT {C} NOT NULL,
    line_no INT NOT NULL,
    uscc TEXT NOT NULL,
    payer_name TEXT NOT NULL,
    due_fen BIGINT NOT NULL,
    entered_on DATE NOT NULL,
    line TEXT NOT NULL,
    digest TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    federation_id UUID NOT NULL,
    path TEXT {C} NOT NULL,
    CONSTRAINT waiting_collection_pk PRIMARY KEY (id, county_id),
    CONSTRAINT waiting_collection_key UNIQUE (voucher_id, line_no, digest, county_id)
);
CREATE INDEX waiting_collection_county ON waiting_collection (county_id, received_at, id);
CREATE INDEX waiting_collection_path ON waiting_collection (path);
",
    "
DROP TABLE waiting_collection;
DROP TABLE collection;
"
);
