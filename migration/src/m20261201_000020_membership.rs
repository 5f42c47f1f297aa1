//! Members of grassroots unions, their way from union to union, and their cards.

crate::scripts!(
    "
-- Of those who are registered already nobody has said it; what the number tells is read from the number.
ALTER TABLE person ADD COLUMN birth_date TEXT;
ALTER TABLE person ADD COLUMN sex TEXT;
ALTER TABLE person ADD COLUMN is_migrant_worker BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE person ADD COLUMN employment_group TEXT NOT NULL DEFAULT 'NONE';

CREATE TABLE membership (
    id UUID CONSTRAINT membership_pk PRIMARY KEY,
    person_id UUID NOT NULL CONSTRAINT membership_person_fk REFERENCES person (id),
    trade_union_id UUID NOT NULL CONSTRAINT membership_trade_union_fk REFERENCES trade_union (id),
    employer_id UUID CONSTRAINT membership_employer_fk REFERENCES enterprise (id),
    state TEXT {C} NOT NULL,
    came_by TEXT NOT NULL,
    began_on DATE NOT NULL,
    left_on DATE,
    changed_on DATE NOT NULL,
    sex TEXT NOT NULL,
    is_migrant_worker BOOLEAN NOT NULL,
    employment_group TEXT NOT NULL,
    version INT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    moved_on DATE,
    federation_id UUID NOT NULL CONSTRAINT membership_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT membership_left CHECK ((left_on IS NOT NULL) =
        (state IN ('TRANSFERRED', 'WITHDRAWN', 'STRUCK_OFF', 'EXPELLED', 'DECEASED'))),
    CONSTRAINT membership_period CHECK (left_on >= began_on)
);
-- Somebody is a member of one union at a time.
CREATE UNIQUE INDEX membership_open_key ON membership (person_id) WHERE state IN ('ACTIVE', 'TRANSFERRING', 'RETAINED');
CREATE UNIQUE INDEX membership_applied_key ON membership (person_id, trade_union_id) WHERE state = 'APPLIED';
CREATE INDEX membership_person ON membership (person_id, began_on, id);
CREATE INDEX membership_trade_union ON membership (trade_union_id, state, began_on, id);
CREATE INDEX membership_federation ON membership (federation_id, state, began_on, id);
CREATE INDEX membership_county ON membership (county_id, state, began_on, id);
CREATE INDEX membership_city ON membership (substr(path, 1, 8), state, began_on, id);
CREATE INDEX membership_province ON membership (substr(path, 1, 4), state, began_on, id);
CREATE INDEX membership_employer ON membership (employer_id);

CREATE TABLE membership_change (
    id UUID CONSTRAINT membership_change_pk PRIMARY KEY,
    membership_id UUID NOT NULL CONSTRAINT membership_change_membership_fk REFERENCES membership (id),
    version INT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT,
    effective_on DATE NOT NULL,
    document TEXT,
    operator_id UUID CONSTRAINT membership_change_operator_fk REFERENCES account (id),
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT membership_change_key UNIQUE (membership_id, version)
);

CREATE TABLE member_transfer (
    id UUID CONSTRAINT member_transfer_pk PRIMARY KEY,
    membership_id UUID NOT NULL CONSTRAINT member_transfer_membership_fk REFERENCES membership (id),
    trade_union_id UUID NOT NULL CONSTRAINT member_transfer_trade_union_fk REFERENCES trade_union (id),
    state TEXT {C} NOT NULL,
    effective_on DATE NOT NULL,
    submitted_on DATE NOT NULL,
    escalates_on DATE NOT NULL,
    submitted_by UUID CONSTRAINT member_transfer_submitter_fk REFERENCES account (id),
    refusal TEXT,
    decided_on DATE,
    new_membership_id UUID CONSTRAINT member_transfer_new_fk REFERENCES membership (id),
    version INT NOT NULL,
    federation_id UUID NOT NULL CONSTRAINT member_transfer_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT member_transfer_decided CHECK ((state = 'WAITING') = (decided_on IS NULL)),
    CONSTRAINT member_transfer_accepted CHECK ((state = 'ACCEPTED') = (new_membership_id IS NOT NULL))
);
CREATE UNIQUE INDEX member_transfer_waiting_key ON member_transfer (membership_id) WHERE state = 'WAITING';
CREATE INDEX member_transfer_trade_union ON member_transfer (trade_union_id);
CREATE INDEX member_transfer_federation ON member_transfer (federation_id, state, escalates_on, id);
CREATE INDEX member_transfer_county ON member_transfer (county_id, state, escalates_on, id);
CREATE INDEX member_transfer_city ON member_transfer (substr(path, 1, 8), state, escalates_on, id);
CREATE INDEX member_transfer_province ON member_transfer (substr(path, 1, 4), state, escalates_on, id);

CREATE TABLE member_card (
    id UUID CONSTRAINT member_card_pk PRIMARY KEY,
    membership_id UUID NOT NULL CONSTRAINT member_card_membership_fk REFERENCES membership (id),
    number TEXT {C} NOT NULL CONSTRAINT member_card_number_key UNIQUE,
    state TEXT {C} NOT NULL,
    issued_on DATE NOT NULL,
    ended_on DATE,
    CONSTRAINT member_card_ended CHECK ((state = 'VALID') = (ended_on IS NULL)),
    CONSTRAINT member_card_period CHECK (ended_on >= issued_on)
);
CREATE UNIQUE INDEX member_card_valid_key ON member_card (membership_id) WHERE state = 'VALID';
CREATE INDEX member_card_membership ON member_card (membership_id, id);

CREATE TABLE transfer_deadline (
    id UUID CONSTRAINT transfer_deadline_pk PRIMARY KEY,
    days INT NOT NULL CONSTRAINT transfer_deadline_days CHECK (days BETWEEN 1 AND 365),
    valid_from DATE NOT NULL,
    federation_id UUID NOT NULL CONSTRAINT transfer_deadline_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT transfer_deadline_key UNIQUE (federation_id, valid_from)
);
",
    "
DROP TABLE transfer_deadline;
DROP TABLE member_card;
DROP TABLE member_transfer;
DROP TABLE membership_change;
DROP TABLE membership;
ALTER TABLE person DROP COLUMN employment_group;
ALTER TABLE person DROP COLUMN is_migrant_worker;
ALTER TABLE person DROP COLUMN sex;
ALTER TABLE person DROP COLUMN birth_date;
"
);
