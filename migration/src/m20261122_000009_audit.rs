//! Who, from where and by which operation beside each event; signed anchors of the chain; keys that seal columns.

crate::scripts!(
    "
-- The mutation that did it, and the address it came from: none for the service's own work.
ALTER TABLE event ADD COLUMN operation TEXT;
ALTER TABLE event ADD COLUMN origin TEXT;
CREATE INDEX event_actor ON event (actor_id, seq);

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
DROP INDEX event_actor;
ALTER TABLE event DROP COLUMN origin;
ALTER TABLE event DROP COLUMN operation;
"
);
