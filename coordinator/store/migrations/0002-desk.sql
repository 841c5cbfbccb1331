-- The desk: what waits for the sequencer, what it answered, who drives which request, and the
-- index by which requests are listed. Nothing here decides: the lines do.

create table inbox (
  -- Order of arrival. Rows are taken by deletion, never by a cursor.
  place bigint generated always as identity primary key,
  id text not null unique,
  kind text not null,
  content text not null
);

create table outcome (
  id text primary key,
  -- JSON of the answer.
  answer text not null,
  -- Head's size at that run: old answers are dropped by it.
  size bigint not null
);

create index outcome_size on outcome (size);

create table job (
  intent text primary key,
  owner text not null,
  lease_until bigint not null
);

create table request (
  origin text not null,
  intent text not null,
  initiator text not null,
  caller_id text not null,
  vault text not null,
  state text not null,
  not_after bigint not null,
  -- Lines: the first about it, and the newest.
  created_seq bigint not null,
  seq bigint not null,
  primary key (origin, intent)
);

create unique index request_caller on request (origin, initiator, caller_id);
create index request_created on request (origin, created_seq desc);
create index request_state on request (origin, state, created_seq);
create index request_seq on request (origin, seq);
