//! Lists of a province and of a city come out of an index in their order, as those of a county and of a township do.

crate::scripts!(
    "
-- A range of paths would have to be sorted, and a list without a place is asked for by nobody.
DROP INDEX enterprise_name;
DROP INDEX enterprise_employees_sort;
DROP INDEX enterprise_path;
DROP INDEX trade_union_name;
DROP INDEX trade_union_founded;
DROP INDEX trade_union_path;
DROP INDEX visit_started;
DROP INDEX visit_path;
DROP INDEX person_registered;
DROP INDEX person_path;
DROP INDEX collection_entered;
DROP INDEX waiting_collection_path;
DROP INDEX export_path;
DROP INDEX subject_request_path;

-- The first keys of a path: the province, and the city.
CREATE INDEX enterprise_province_name ON enterprise (substr(path, 1, 4), name, id);
CREATE INDEX enterprise_city_name ON enterprise (substr(path, 1, 8), name, id);
CREATE INDEX enterprise_province_employees ON enterprise (substr(path, 1, 4), employees, id);
CREATE INDEX enterprise_city_employees ON enterprise (substr(path, 1, 8), employees, id);
CREATE INDEX trade_union_province_name ON trade_union (substr(path, 1, 4), name, id);
CREATE INDEX trade_union_city_name ON trade_union (substr(path, 1, 8), name, id);
CREATE INDEX trade_union_province_founded ON trade_union (substr(path, 1, 4), founded_on, id);
CREATE INDEX trade_union_city_founded ON trade_union (substr(path, 1, 8), founded_on, id);
CREATE INDEX visit_province_started ON visit (substr(path, 1, 4), started_at, id);
CREATE INDEX visit_city_started ON visit (substr(path, 1, 8), started_at, id);
CREATE INDEX person_province_registered ON person (substr(path, 1, 4), registered_at, id);
CREATE INDEX person_city_registered ON person (substr(path, 1, 8), registered_at, id);
CREATE INDEX collection_province_entered ON collection (substr(path, 1, 4), entered_on, id);
CREATE INDEX collection_city_entered ON collection (substr(path, 1, 8), entered_on, id);
CREATE INDEX waiting_collection_province_received ON waiting_collection (substr(path, 1, 4), received_at, id);
CREATE INDEX waiting_collection_city_received ON waiting_collection (substr(path, 1, 8), received_at, id);
CREATE INDEX export_province_requested ON export (substr(path, 1, 4), requested_at, id);
CREATE INDEX export_city_requested ON export (substr(path, 1, 8), requested_at, id);
CREATE INDEX subject_request_province_due ON subject_request (substr(path, 1, 4), due_on, id);
CREATE INDEX subject_request_city_due ON subject_request (substr(path, 1, 8), due_on, id);
-- Townships had none of these.
CREATE INDEX waiting_collection_federation ON waiting_collection (federation_id, received_at, id);
",
    "
DROP INDEX waiting_collection_federation;
DROP INDEX enterprise_city_name;
DROP INDEX enterprise_province_name;
DROP INDEX enterprise_city_employees;
DROP INDEX enterprise_province_employees;
DROP INDEX trade_union_city_name;
DROP INDEX trade_union_province_name;
DROP INDEX trade_union_city_founded;
DROP INDEX trade_union_province_founded;
DROP INDEX visit_city_started;
DROP INDEX visit_province_started;
DROP INDEX person_city_registered;
DROP INDEX person_province_registered;
DROP INDEX collection_city_entered;
DROP INDEX collection_province_entered;
DROP INDEX waiting_collection_city_received;
DROP INDEX waiting_collection_province_received;
DROP INDEX export_city_requested;
DROP INDEX export_province_requested;
DROP INDEX subject_request_city_due;
DROP INDEX subject_request_province_due;
CREATE INDEX enterprise_name ON enterprise (name, id);
CREATE INDEX enterprise_employees_sort ON enterprise (employees, id);
CREATE INDEX enterprise_path ON enterprise (path);
CREATE INDEX trade_union_name ON trade_union (name, id);
CREATE INDEX trade_union_founded ON trade_union (founded_on, id);
CREATE INDEX trade_union_path ON trade_union (path);
CREATE INDEX visit_started ON visit (started_at, id);
CREATE INDEX visit_path ON visit (path);
CREATE INDEX person_registered ON person (registered_at, id);
CREATE INDEX person_path ON person (path);
CREATE INDEX collection_entered ON collection (entered_on, id);
CREATE INDEX waiting_collection_path ON waiting_collection (path);
CREATE INDEX export_path ON export (path);
CREATE INDEX subject_request_path ON subject_request (path);
"
);
