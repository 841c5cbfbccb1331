-- A reference is a name that one service gave: another service with the same name for a customer of
-- its own has another address. Rows without a service are of before, and are given to nobody again.
alter table deposit_address add column service text not null default '';
alter table deposit_address drop constraint deposit_address_pkey;
alter table deposit_address add primary key (origin, vault, service, reference);
