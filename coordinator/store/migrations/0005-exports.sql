-- Sealed parts of exported keys, the newest of each exporter. Not among the blobs: those go to every
-- auditor, and a part is for its recipient alone.
create table export_part (
  change text not null,
  node text not null,
  document text not null,
  signature bytea not null,
  sealed bytea not null,
  digest text not null,
  primary key (change, node)
);
