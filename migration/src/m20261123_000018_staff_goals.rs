//! Goals of a federation's own office.

crate::scripts!(
    "
CREATE TABLE staff_goal (
    id UUID CONSTRAINT staff_goal_pk PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT staff_goal_account_fk REFERENCES account (id),
    year INT NOT NULL,
    task TEXT NOT NULL,
    due_on DATE NOT NULL,
    version INT NOT NULL,
    set_by UUID NOT NULL CONSTRAINT staff_goal_setter_fk REFERENCES account (id),
    signed_on DATE,
    signers TEXT,
    review TEXT,
    result TEXT,
    remark TEXT,
    consequence TEXT,
    reviewed_by UUID CONSTRAINT staff_goal_reviewer_fk REFERENCES account (id),
    reviewed_on DATE,
    federation_id UUID NOT NULL CONSTRAINT staff_goal_federation_fk REFERENCES federation (id),
    path TEXT {C} NOT NULL,
    county_id UUID NOT NULL,
    CONSTRAINT staff_goal_letter CHECK ((signed_on IS NULL) = (signers IS NULL)),
    CONSTRAINT staff_goal_order CHECK (reviewed_on IS NULL OR signed_on IS NOT NULL),
    -- A review is there as a whole, or not at all.
    CONSTRAINT staff_goal_review CHECK (
        (reviewed_on IS NULL) = (review IS NULL)
        AND (reviewed_on IS NULL) = (result IS NULL)
        AND (reviewed_on IS NULL) = (reviewed_by IS NULL)
        AND (reviewed_on IS NOT NULL OR (remark IS NULL AND consequence IS NULL))
    ),
    -- Nobody reviews themself.
    CONSTRAINT staff_goal_reviewer CHECK (reviewed_by IS NULL OR reviewed_by <> account_id)
);
CREATE INDEX staff_goal_federation ON staff_goal (federation_id, due_on, id);
CREATE INDEX staff_goal_account ON staff_goal (account_id, due_on, id);
CREATE INDEX staff_goal_path ON staff_goal (path);
",
    "
DROP TABLE staff_goal;
"
);
