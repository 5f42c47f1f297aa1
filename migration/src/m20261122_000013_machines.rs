//! Machine clients sign in with credentials of their own, each with an end; a session knows which one opened it. People
//! may sign in by an identity provider.
//!
//! Sessions of machines end: they last a quarter of an hour anyhow, and nobody knows what opened them.

crate::scripts!(
    "
CREATE TABLE client_credential (
    id UUID CONSTRAINT client_credential_pk PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT client_credential_account_fk REFERENCES account (id),
    kind TEXT NOT NULL,
    secret_hash TEXT,
    public_key TEXT,
    key_id TEXT {C},
    created_at TIMESTAMPTZ NOT NULL,
    expires_on DATE,
    revoked_at TIMESTAMPTZ,
    CONSTRAINT client_credential_kind CHECK (
        CASE kind WHEN 'SECRET' THEN secret_hash IS NOT NULL AND public_key IS NULL AND key_id IS NULL
        WHEN 'PUBLIC_KEY' THEN secret_hash IS NULL AND public_key IS NOT NULL AND key_id IS NOT NULL ELSE 1 = 0 END
    )
);
CREATE INDEX client_credential_account ON client_credential (account_id, created_at);
INSERT INTO client_credential (id, account_id, kind, secret_hash, created_at)
    SELECT account.id, account.id, 'SECRET', credential.secret_hash, account.created_at
    FROM account JOIN credential ON credential.account_id = account.id
    WHERE account.is_machine AND credential.secret_hash <> '';
UPDATE credential SET secret_hash = ''
    WHERE account_id IN (SELECT id FROM account WHERE account.is_machine);
DELETE FROM former_password WHERE account_id IN (SELECT id FROM account WHERE account.is_machine);

DELETE FROM session WHERE kind = 'MACHINE';
ALTER TABLE session ADD COLUMN credential_id UUID;
ALTER TABLE session ADD COLUMN scope TEXT;

-- Each signed assertion of a client is good once; a row goes when the assertion is too old anyhow.
CREATE TABLE used_assertion (
    account_id UUID NOT NULL CONSTRAINT used_assertion_account_fk REFERENCES account (id),
    hash TEXT {C} NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    CONSTRAINT used_assertion_pk PRIMARY KEY (account_id, hash)
);
CREATE INDEX used_assertion_until ON used_assertion (until);

-- Who an account is at an identity provider.
CREATE TABLE provider_link (
    account_id UUID CONSTRAINT provider_link_pk PRIMARY KEY
        CONSTRAINT provider_link_account_fk REFERENCES account (id),
    issuer TEXT {C} NOT NULL,
    subject TEXT {C} NOT NULL,
    linked_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT provider_link_subject_key UNIQUE (issuer, subject)
);

-- Logins that were begun there; a row goes when it is used.
CREATE TABLE provider_login (
    state_hash TEXT {C} CONSTRAINT provider_login_pk PRIMARY KEY,
    -- Who began it to link the account; none to sign in.
    account_id UUID CONSTRAINT provider_login_account_fk REFERENCES account (id),
    kind TEXT NOT NULL,
    until TIMESTAMPTZ NOT NULL
);
CREATE INDEX provider_login_until ON provider_login (until);
",
    "
DROP TABLE provider_login;
DROP TABLE provider_link;
DROP TABLE used_assertion;
DELETE FROM session WHERE kind = 'MACHINE';
ALTER TABLE session DROP COLUMN scope;
ALTER TABLE session DROP COLUMN credential_id;
-- The newest secret that stands stays; public keys, and the days on which secrets end, are not known any more.
UPDATE credential SET secret_hash = COALESCE(
    (SELECT client_credential.secret_hash FROM client_credential
    WHERE client_credential.account_id = credential.account_id AND kind = 'SECRET' AND revoked_at IS NULL AND (expires_on IS NULL OR expires_on > CURRENT_DATE)
    ORDER BY created_at DESC LIMIT 1), secret_hash
);
DROP TABLE client_credential;
"
);
