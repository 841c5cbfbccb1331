-- Dealings of imports that were asked for: sealed shares, for the nodes alone. Not among the
-- documents that an Export hands out, and gone when the key was refreshed or the request has ended.
create table dealing (
  -- The request that it came with.
  change text primary key,
  content bytea not null
);
