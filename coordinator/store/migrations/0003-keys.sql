-- Everything about keys: made, refreshed, tested. Few lines among many, read at every look at a vault.
create index entry_keys on entry (origin, seq) where type like 'key.%';
drop index entry_key;
