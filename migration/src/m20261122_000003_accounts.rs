//! Accounts, their grants and sessions.

crate::scripts!(
    "
CREATE TABLE account (
    id UUID CONSTRAINT account_pk PRIMARY KEY,
    username TEXT {C} NOT NULL CONSTRAINT account_username_key UNIQUE,
    display_name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    is_machine BOOLEAN NOT NULL,
    disabled_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE role_grant (
    id UUID CONSTRAINT role_grant_pk PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT role_grant_account_fk REFERENCES account (id),
    role TEXT NOT NULL,
    federation_id UUID NOT NULL CONSTRAINT role_grant_federation_fk REFERENCES federation (id),
    valid_from DATE NOT NULL,
    valid_to DATE,
    -- A grant that is taken back on its first day was never in force.
    CONSTRAINT role_grant_period CHECK (valid_to >= valid_from)
);
CREATE INDEX role_grant_account ON role_grant (account_id);

CREATE TABLE session (
    id UUID CONSTRAINT session_pk PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT session_account_fk REFERENCES account (id),
    -- Empty for machines, which sign in again.
    refresh_hash TEXT {C} NOT NULL,
    previous_hash TEXT {C} NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_age ON session (expires_at);
CREATE UNIQUE INDEX session_refresh ON session (refresh_hash) WHERE ended_at IS NULL AND refresh_hash <> '';
CREATE INDEX session_previous ON session (previous_hash) WHERE ended_at IS NULL AND previous_hash <> '';
",
    "
DROP TABLE session;
DROP TABLE role_grant;
DROP TABLE account;
"
);
