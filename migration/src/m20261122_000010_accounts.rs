//! Accounts have a home; what they sign in with stands apart; sessions say whence and how; grants say by whom and why.
//!
//! Everybody signs in again: a refresh token of before has no generation.

crate::scripts!(
    "
CREATE TABLE credential (
    account_id UUID CONSTRAINT credential_pk PRIMARY KEY CONSTRAINT credential_account_fk REFERENCES account (id),
    -- Empty while there is none.
    secret_hash TEXT NOT NULL,
    invitation_hash TEXT {C},
    invitation_until TIMESTAMPTZ,
    otp_secret TEXT,
    otp_pending TEXT,
    otp_step BIGINT NOT NULL
);
CREATE UNIQUE INDEX credential_invitation ON credential (invitation_hash) WHERE invitation_hash IS NOT NULL;
INSERT INTO credential (account_id, secret_hash, otp_step) SELECT id, secret_hash, 0 FROM account;

-- The last passwords of an account: none of them may come again at once.
CREATE TABLE former_password (
    id UUID CONSTRAINT former_password_pk PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT former_password_account_fk REFERENCES account (id),
    secret_hash TEXT NOT NULL
);
CREATE INDEX former_password_account ON former_password (account_id, id);
INSERT INTO former_password (id, account_id, secret_hash) SELECT id, id, secret_hash FROM account;

-- Each is good once, instead of a code of the second factor; a row goes when it is used.
CREATE TABLE recovery_code (
    account_id UUID NOT NULL CONSTRAINT recovery_code_account_fk REFERENCES account (id),
    code_hash TEXT {C} NOT NULL,
    CONSTRAINT recovery_code_pk PRIMARY KEY (account_id, code_hash)
);

ALTER TABLE account DROP COLUMN secret_hash;
ALTER TABLE account ADD COLUMN password_set_at TIMESTAMPTZ;
ALTER TABLE account ADD COLUMN otp_set_at TIMESTAMPTZ;
ALTER TABLE account ADD COLUMN federation_id UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE account ADD COLUMN path TEXT {C} NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN county_id UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
UPDATE account SET password_set_at = created_at, federation_id = COALESCE(
    (SELECT federation_id FROM role_grant WHERE role_grant.account_id = account.id ORDER BY id LIMIT 1),
    (SELECT id FROM federation WHERE parent_id IS NULL ORDER BY path LIMIT 1)
);
UPDATE account SET
    path = (SELECT federation.path FROM federation WHERE federation.id = account.federation_id),
    county_id = (SELECT federation.county_id FROM federation WHERE federation.id = account.federation_id);
CREATE INDEX account_federation ON account (federation_id, username, id);
CREATE INDEX account_county ON account (county_id, username, id);
CREATE INDEX account_path ON account (path);

ALTER TABLE role_grant ADD COLUMN until TIMESTAMPTZ;
ALTER TABLE role_grant ADD COLUMN given_by UUID;
ALTER TABLE role_grant ADD COLUMN reason TEXT NOT NULL DEFAULT '';

DROP TABLE session;
CREATE TABLE session (
    id UUID CONSTRAINT session_pk PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT session_account_fk REFERENCES account (id),
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    is_strong BOOLEAN NOT NULL,
    generation INT NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
CREATE INDEX session_account ON session (account_id, seen_at);
CREATE INDEX session_age ON session (expires_at);
",
    "
DROP TABLE session;
CREATE TABLE session (
    id UUID CONSTRAINT session_pk PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT session_account_fk REFERENCES account (id),
    refresh_hash TEXT {C} NOT NULL,
    previous_hash TEXT {C} NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_age ON session (expires_at);
CREATE UNIQUE INDEX session_refresh ON session (refresh_hash) WHERE ended_at IS NULL AND refresh_hash <> '';
CREATE INDEX session_previous ON session (previous_hash) WHERE ended_at IS NULL AND previous_hash <> '';

ALTER TABLE role_grant DROP COLUMN reason;
ALTER TABLE role_grant DROP COLUMN given_by;
-- An elevation would stand for ever.
DELETE FROM role_grant WHERE until IS NOT NULL;
ALTER TABLE role_grant DROP COLUMN until;

DROP INDEX account_path;
DROP INDEX account_county;
DROP INDEX account_federation;
ALTER TABLE account DROP COLUMN county_id;
ALTER TABLE account DROP COLUMN path;
ALTER TABLE account DROP COLUMN federation_id;
ALTER TABLE account DROP COLUMN otp_set_at;
ALTER TABLE account DROP COLUMN password_set_at;
ALTER TABLE account ADD COLUMN secret_hash TEXT NOT NULL DEFAULT '';
UPDATE account SET secret_hash = COALESCE(
    (SELECT credential.secret_hash FROM credential WHERE credential.account_id = account.id), ''
);
DROP TABLE recovery_code;
DROP TABLE former_password;
DROP TABLE credential;
"
);
