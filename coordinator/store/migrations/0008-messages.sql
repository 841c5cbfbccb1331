-- A signed message stays SIGNED for ever, and nobody drives it: it must not stand in the way of what
-- is driven, oldest first.
alter table request add column rests boolean not null default false;
