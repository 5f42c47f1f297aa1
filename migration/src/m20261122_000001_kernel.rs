//! What every domain stands on: events, the ledger of figures, leases, idempotency keys.

crate::scripts!(
    "
-- One row says which tree is in force and which key the next federation gets. Writers of the tree queue up on it.
CREATE TABLE tree_state (
    id INT CONSTRAINT tree_state_pk PRIMARY KEY CONSTRAINT tree_state_one CHECK (id = 1),
    version BIGINT NOT NULL,
    next_key BIGINT NOT NULL
);
INSERT INTO tree_state (id, version, next_key) VALUES (1, 0, 0);

-- What happened. Writers leave seq and hash empty; the sequencer fills them once and nothing else ever changes.
-- No foreign key, trigger or sequence: the table can be distributed by county.
CREATE TABLE event (
    county_id UUID NOT NULL,
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor_id UUID,
    kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    path TEXT {C} NOT NULL,
    body TEXT NOT NULL,
    seq BIGINT,
    hash TEXT,
    CONSTRAINT event_pk PRIMARY KEY (county_id, id)
);
CREATE INDEX event_unnumbered ON event (id) WHERE seq IS NULL;
CREATE INDEX event_seq ON event (seq);
CREATE INDEX event_subject ON event (subject_id, seq);
CREATE INDEX event_kind ON event (kind, seq);

-- The end of the chain of numbered events.
CREATE TABLE sequencer_state (
    id INT CONSTRAINT sequencer_state_pk PRIMARY KEY CONSTRAINT sequencer_state_one CHECK (id = 1),
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO sequencer_state (id, seq, hash) VALUES (1, 0, '');

-- Dated facts of statistics: +n of a metric at a place on a day because of a record.
-- dimension is '' for the whole and 'AXIS:VALUE' for a part of it; qualifier is '=' exact, '>' at least, '~' about;
-- path is where the place stood on that day, and never changes.
CREATE TABLE figure_entry (
    county_id UUID NOT NULL,
    event_id UUID NOT NULL,
    ordinal INT NOT NULL,
    metric TEXT {C} NOT NULL,
    dimension TEXT {C} NOT NULL,
    qualifier TEXT {C} NOT NULL CONSTRAINT figure_entry_qualifier CHECK (qualifier IN ('=', '>', '~')),
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    path TEXT {C} NOT NULL,
    source_id UUID NOT NULL,
    seq BIGINT,
    CONSTRAINT figure_entry_pk PRIMARY KEY (county_id, event_id, ordinal)
);
CREATE INDEX figure_entry_tail ON figure_entry (event_id) WHERE seq IS NULL;
-- For the records behind a figure, in the order of the tree.
CREATE INDEX figure_entry_source ON figure_entry (metric, dimension, path, source_id, day);

-- Sums of the numbered entries for a federation and all below it; grain is D, M or Y, day the first of it.
CREATE TABLE figure_rollup (
    federation_id UUID NOT NULL,
    metric TEXT {C} NOT NULL,
    dimension TEXT {C} NOT NULL,
    grain TEXT {C} NOT NULL CONSTRAINT figure_rollup_grain CHECK (grain IN ('D', 'M', 'Y')),
    day DATE NOT NULL,
    qualifier TEXT {C} NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT figure_rollup_pk PRIMARY KEY (federation_id, metric, dimension, grain, day, qualifier)
);

-- Where a federation, or a record that counts, stood until a day (without it). A federation names itself.
CREATE TABLE former_place (
    subject_id UUID NOT NULL,
    until DATE NOT NULL,
    federation_id UUID NOT NULL,
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT former_place_pk PRIMARY KEY (subject_id, until)
);
CREATE INDEX former_place_path ON former_place (path, until);

-- Who does what alone, until when.
CREATE TABLE lease (
    name TEXT CONSTRAINT lease_pk PRIMARY KEY,
    holder UUID NOT NULL,
    until TIMESTAMPTZ NOT NULL
);

-- What a key did the first time. It holds no result: results hold personal data.
CREATE TABLE idempotency (
    account_id UUID NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    subject_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT idempotency_pk PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);
",
    "
DROP TABLE idempotency;
DROP TABLE lease;
DROP TABLE former_place;
DROP TABLE figure_rollup;
DROP TABLE figure_entry;
DROP TABLE sequencer_state;
DROP TABLE event;
DROP TABLE tree_state;
"
);
