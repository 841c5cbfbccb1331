-- Whose a Bundle out is: what one operator puts stands in no other's way. Rows of before have nobody:
-- Bundles in stay as they are, Bundles out are put again. `nth` says which was put last.
alter table bundle_part add column put_by text not null default '';
alter table bundle_part add column nth bigint generated always as identity;
alter table bundle_part drop constraint bundle_part_pkey;
alter table bundle_part add primary key (origin, bundle, put_by, name, at);
