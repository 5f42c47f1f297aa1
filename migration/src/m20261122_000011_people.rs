//! People, sealed; why their data may be kept; how often an account looked at what is sealed.

crate::scripts!(
    "
CREATE TABLE person (
    id UUID CONSTRAINT person_pk PRIMARY KEY,
    id_type TEXT NOT NULL,
    -- Sealed values; none once the person is erased.
    name TEXT,
    id_number TEXT,
    phone TEXT,
    -- Keyed hashes of the normal forms: they find what is equal and tell nothing else.
    number_index TEXT CONSTRAINT person_number_key UNIQUE,
    phone_index TEXT,
    keep_until DATE,
    version INT NOT NULL,
    registered_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    erased_at TIMESTAMPTZ,
    federation_id UUID NOT NULL CONSTRAINT person_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    -- A tombstone holds nothing of the person, and a person holds a name and a number.
    CONSTRAINT person_whole CHECK (
        erased_at IS NULL AND name IS NOT NULL AND id_number IS NOT NULL AND number_index IS NOT NULL
            AND (phone IS NULL) = (phone_index IS NULL)
        OR erased_at IS NOT NULL AND name IS NULL AND id_number IS NULL AND phone IS NULL
            AND number_index IS NULL AND phone_index IS NULL
    )
);
CREATE INDEX person_phone ON person (phone_index);
CREATE INDEX person_federation ON person (federation_id, registered_at, id);
CREATE INDEX person_county ON person (county_id, registered_at, id);
CREATE INDEX person_registered ON person (registered_at, id);
CREATE INDEX person_path ON person (path);
CREATE INDEX person_keep ON person (keep_until, id) WHERE erased_at IS NULL;

CREATE TABLE processing_basis (
    id UUID CONSTRAINT processing_basis_pk PRIMARY KEY,
    person_id UUID NOT NULL CONSTRAINT processing_basis_person_fk REFERENCES person (id),
    purpose TEXT NOT NULL,
    basis TEXT NOT NULL,
    notice_version TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT processing_basis_period CHECK (valid_to >= valid_from)
);
CREATE INDEX processing_basis_person ON processing_basis (person_id, recorded_at, id);

-- How often an account did on a day what is counted: one row for all processes.
CREATE TABLE personal_access (
    account_id UUID NOT NULL CONSTRAINT personal_access_account_fk REFERENCES account (id),
    day DATE NOT NULL,
    kind TEXT NOT NULL,
    count INT NOT NULL,
    CONSTRAINT personal_access_pk PRIMARY KEY (account_id, day, kind)
);
",
    "
DROP TABLE personal_access;
DROP TABLE processing_basis;
DROP TABLE person;
"
);
