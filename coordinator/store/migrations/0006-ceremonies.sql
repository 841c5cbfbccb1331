-- Files of Bundles: of those in, as they were made, so that the same plan gives the same Bundle; of
-- those out while they are put, until an import keeps them beside the log.
create table bundle_part (
  origin text not null,
  plan text not null,
  bundle text not null,
  name text not null,
  at bigint not null,
  content bytea not null,
  primary key (origin, bundle, name, at)
);
create index bundle_part_plan on bundle_part (origin, plan);
