//! A visit that never was, or was recorded twice, is voided and stays.

crate::scripts!(
    "
ALTER TABLE visit ADD COLUMN voided_at TIMESTAMPTZ;
ALTER TABLE visit ADD COLUMN void_reason TEXT CONSTRAINT visit_void CHECK (void_reason IS NULL OR voided_at IS NOT NULL);
",
    "
ALTER TABLE visit DROP COLUMN void_reason;
ALTER TABLE visit DROP COLUMN voided_at;
"
);
