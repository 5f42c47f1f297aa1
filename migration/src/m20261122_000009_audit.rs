//! Who, from where and by which operation beside each event; signed anchors of the chain; keys that seal columns.

crate::scripts!(
    "
-- The mutation that did it, and the address it came from: none for the service's own work.
ALTER TABLE event ADD COLUMN operation TEXT;
ALTER TABLE event ADD COLUMN origin TEXT;
-- Where it was; nil for the tree as a whole.
ALTER TABLE event ADD COLUMN federation_id UUID;
UPDATE event SET federation_id = (SELECT id FROM federation WHERE federation.path = event.path);

-- Only numbered events are read: so a writer keeps two indexes, and the sequencer the others.
DROP INDEX event_seq;
DROP INDEX event_subject;
DROP INDEX event_kind;
CREATE UNIQUE INDEX event_seq ON event (seq) WHERE seq IS NOT NULL;
CREATE INDEX event_subject ON event (subject_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX event_kind ON event (kind, seq) WHERE seq IS NOT NULL;
CREATE INDEX event_actor ON event (actor_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX event_county ON event (county_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX event_federation ON event (federation_id, seq) WHERE seq IS NOT NULL;

-- What the chain was at a number, signed by the server's key: who cuts off the tail of the chain cannot sign a shorter one.
CREATE TABLE audit_anchor (
    seq BIGINT CONSTRAINT audit_anchor_pk PRIMARY KEY,
    hash TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL
);

-- Keys that seal columns or make blind indexes, wrapped by a master key of the key file.
CREATE TABLE data_key (
    id INT CONSTRAINT data_key_pk PRIMARY KEY,
    purpose TEXT NOT NULL CONSTRAINT data_key_purpose CHECK (purpose IN ('COLUMN', 'INDEX')),
    suite TEXT NOT NULL,
    wrapped TEXT NOT NULL,
    master_id TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
",
    "
DROP TABLE data_key;
DROP TABLE audit_anchor;
DROP INDEX event_federation;
DROP INDEX event_county;
DROP INDEX event_actor;
DROP INDEX event_kind;
DROP INDEX event_subject;
DROP INDEX event_seq;
CREATE INDEX event_seq ON event (seq);
CREATE INDEX event_subject ON event (subject_id, seq);
CREATE INDEX event_kind ON event (kind, seq);
ALTER TABLE event DROP COLUMN federation_id;
ALTER TABLE event DROP COLUMN origin;
ALTER TABLE event DROP COLUMN operation;
"
);
