//! Lines of snapshots keep the names of their federations; a correction that was sent back is over.

crate::scripts!(
    "
-- As it was then: the line stays readable wherever the federation has gone.
ALTER TABLE snapshot_line ADD COLUMN of_name TEXT NOT NULL DEFAULT '';
UPDATE snapshot_line SET of_name = (SELECT CASE WHEN kind = 'TERRITORIAL' THEN name || '总工会' ELSE name END FROM federation WHERE federation.id = of_id);
DELETE FROM return_line WHERE state = 'PENDING' AND return_id IN (SELECT id FROM statistical_return WHERE state = 'SENT_BACK' AND accepted_at IS NOT NULL);
UPDATE statistical_return SET state = 'ACCEPTED' WHERE state = 'SENT_BACK' AND accepted_at IS NOT NULL;
",
    "
ALTER TABLE snapshot_line DROP COLUMN of_name;
"
);
