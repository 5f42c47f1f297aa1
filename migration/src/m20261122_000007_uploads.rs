//! Files that come in piece by piece, and what they are by their bytes.

crate::scripts!(
    "
-- A file comes in as a chain of pieces, each an object in the file store. A sender who begins anew begins another
-- chain; the upload names the one that became whole.
CREATE TABLE upload_piece (
    object_id UUID CONSTRAINT upload_piece_pk PRIMARY KEY,
    chain_id UUID NOT NULL,
    account_id UUID NOT NULL CONSTRAINT upload_piece_account_fk REFERENCES account (id),
    upload_id UUID NOT NULL,
    start_byte BIGINT NOT NULL,
    -- None while its object is being written, and again when it is let go.
    size_bytes BIGINT,
    -- When it was begun; none once the upload is whole. What stays loose is removed, object and row.
    loose_since TIMESTAMPTZ
);
-- Of two requests that go on at the same byte, one does.
CREATE UNIQUE INDEX upload_piece_start ON upload_piece (chain_id, start_byte) WHERE size_bytes IS NOT NULL;
CREATE INDEX upload_piece_upload ON upload_piece (account_id, upload_id);
CREATE INDEX upload_piece_loose ON upload_piece (loose_since) WHERE loose_since IS NOT NULL;

ALTER TABLE upload ADD COLUMN content_type TEXT NOT NULL DEFAULT 'application/octet-stream';
ALTER TABLE upload ADD COLUMN chain_id UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
-- When it came in; none once something uses it. What nobody uses is removed.
ALTER TABLE upload ADD COLUMN unused_since TIMESTAMPTZ;
UPDATE upload SET chain_id = id;
CREATE INDEX upload_chain ON upload (chain_id);
CREATE INDEX upload_unused ON upload (unused_since) WHERE unused_since IS NOT NULL;
INSERT INTO upload_piece (object_id, chain_id, account_id, upload_id, start_byte, size_bytes)
    SELECT id, id, account_id, id, 0, size_bytes FROM upload;
",
    "
DROP INDEX upload_unused;
DROP INDEX upload_chain;
ALTER TABLE upload DROP COLUMN unused_since;
ALTER TABLE upload DROP COLUMN chain_id;
ALTER TABLE upload DROP COLUMN content_type;
DROP TABLE upload_piece;
"
);
