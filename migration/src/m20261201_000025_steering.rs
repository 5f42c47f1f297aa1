//! Figures of an assessment are of a day of its own, a self-assessment can be given back, and lists of staff and of what
//! somebody visited come out of an index.

crate::scripts!(
    "
ALTER TABLE assessment_scheme ADD COLUMN figures_as_of DATE NOT NULL DEFAULT '2000-01-01';
UPDATE assessment_scheme SET figures_as_of = closes_on;
-- Why the issuer gave the self-assessment back; none once it is handed in again.
ALTER TABLE assessment ADD COLUMN returned_for TEXT;
-- With the figure of a score, as it stood at publication: how exact it is, and the target that it was of.
ALTER TABLE assessment_score ADD COLUMN qualifier TEXT;
ALTER TABLE assessment_score ADD COLUMN target BIGINT;
CREATE INDEX account_staff ON account (federation_id, created_at, id);
CREATE INDEX visit_visitor ON visit (visitor_id, started_at, id);
",
    "
DROP INDEX visit_visitor;
DROP INDEX account_staff;
ALTER TABLE assessment_score DROP COLUMN target;
ALTER TABLE assessment_score DROP COLUMN qualifier;
ALTER TABLE assessment DROP COLUMN returned_for;
ALTER TABLE assessment_scheme DROP COLUMN figures_as_of;
"
);
