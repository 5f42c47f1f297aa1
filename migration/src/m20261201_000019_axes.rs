//! Sums of figures lie by their axis, and by ten days (旬) too.
//!
//! With only the dimension in the key, the values of an axis were one range before the days, so a split walked every day
//! that there ever was. And late in a month most sums of a figure were those of single days.

crate::scripts!(
    "
CREATE TABLE figure_rollup_by_axis (
    federation_id UUID NOT NULL,
    metric TEXT {C} NOT NULL,
    axis TEXT {C} NOT NULL,
    grain TEXT {C} NOT NULL CONSTRAINT figure_rollup_grain CHECK (grain IN ('D', 'T', 'M', 'Y')),
    day DATE NOT NULL,
    dimension TEXT {C} NOT NULL,
    qualifier TEXT {C} NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT figure_rollup_by_axis_pk PRIMARY KEY (federation_id, metric, axis, grain, day, dimension, qualifier),
    -- A sum under another axis than its own would never be read.
    CONSTRAINT figure_rollup_axis CHECK (CASE WHEN axis = '' THEN dimension = '' ELSE substr(dimension, 1, length(axis) + 1) = axis || ':' END)
){WITHOUT_ROWID};
INSERT INTO figure_rollup_by_axis (federation_id, metric, axis, grain, day, dimension, qualifier, amount)
SELECT federation_id, metric, substr(dimension, 1, length(dimension) - length(ltrim(dimension, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ_,'))),
    grain, day, dimension, qualifier, amount FROM figure_rollup;
INSERT INTO figure_rollup_by_axis (federation_id, metric, axis, grain, day, dimension, qualifier, amount)
SELECT federation_id, metric, axis, 'T', date(ten_days), dimension, qualifier, amount FROM (
    SELECT federation_id, metric, axis, substr(CAST(day AS TEXT), 1, 8) || CASE WHEN substr(CAST(day AS TEXT), 9) < '11' THEN '01'
        WHEN substr(CAST(day AS TEXT), 9) < '21' THEN '11' ELSE '21' END AS ten_days, dimension, qualifier, CAST(SUM(amount) AS BIGINT) AS amount
    FROM figure_rollup_by_axis WHERE grain = 'D' GROUP BY federation_id, metric, axis, ten_days, dimension, qualifier
) AS sums WHERE amount <> 0;
DROP TABLE figure_rollup;
ALTER TABLE figure_rollup_by_axis RENAME TO figure_rollup;
",
    "
CREATE TABLE figure_rollup_by_dimension (
    federation_id UUID NOT NULL,
    metric TEXT {C} NOT NULL,
    dimension TEXT {C} NOT NULL,
    grain TEXT {C} NOT NULL CONSTRAINT figure_rollup_grain CHECK (grain IN ('D', 'M', 'Y')),
    day DATE NOT NULL,
    qualifier TEXT {C} NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT figure_rollup_pk PRIMARY KEY (federation_id, metric, dimension, grain, day, qualifier)
);
INSERT INTO figure_rollup_by_dimension (federation_id, metric, dimension, grain, day, qualifier, amount)
SELECT federation_id, metric, dimension, grain, day, qualifier, amount FROM figure_rollup WHERE grain <> 'T';
DROP TABLE figure_rollup;
ALTER TABLE figure_rollup_by_dimension RENAME TO figure_rollup;
"
);
