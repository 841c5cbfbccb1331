-- The log and everything that stands beside it. `origin` is a column from the first migration on.
-- History is the fold of the log; it is written in the transaction that appends the lines.

create table log_head (
  origin text primary key,
  size bigint not null check (size >= 0),
  -- Leaf of the last line: `prev` of the next one. Empty before the first line.
  leaf text not null,
  -- Time of the last line in milliseconds; never decreases.
  t bigint not null
);

create table entry (
  origin text not null references log_head (origin),
  seq bigint not null check (seq >= 0),
  prev text not null,
  leaf text not null,
  type text not null,
  -- The request the line is about; empty for the others.
  intent text not null,
  bytes bytea not null,
  primary key (origin, seq),
  unique (origin, prev),
  unique (origin, leaf)
);

create index entry_intent on entry (origin, intent, seq) where intent <> '';
create index entry_key on entry (origin, seq) where type = 'key.generated';

-- A second fence against bugs: lines are never changed, never removed.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'a line of the log is never changed' using errcode = 'restrict_violation';
end
$$;

create trigger entry_stays before update or delete on entry
  for each row execute function refuse_change();

create trigger entry_is_not_emptied before truncate on entry
  for each statement execute function refuse_change();

create table history (
  origin text not null,
  tbl text collate "C" not null,
  key text collate "C" not null,
  value text not null,
  primary key (origin, tbl, key)
);

create table blob (
  digest text primary key,
  kind text not null,
  content bytea not null
);

-- Cosignatures of witnesses, as notes, one for each head that they signed.
create table head (
  origin text not null,
  size bigint not null,
  witness text not null,
  note text not null,
  primary key (origin, size, witness)
);
