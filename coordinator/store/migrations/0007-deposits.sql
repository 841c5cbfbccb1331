-- Deposit addresses: which index of a vault belongs to which customer, by the service's own name of
-- that customer. The log knows how many indices are open and none of the names; the path of an index
-- is m/1/INDEX. Never deleted: an address takes money for ever.
create table deposit_address (
  origin text not null,
  vault text not null,
  reference text not null,
  index bigint not null,
  created timestamptz not null default now(),
  primary key (origin, vault, reference),
  unique (origin, vault, index)
);
