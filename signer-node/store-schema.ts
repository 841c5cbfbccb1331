// The tables of a node's database, as numbered migrations: a database is brought forward step by
// step and never back. Lines, tiles, the journal and accepted attempts may only grow; triggers say
// so, as a second fence behind the code.
// Holds no secret: Keyshares and keys are Seal files beside the database.

const appendOnly = (table: string): string => `
  create trigger ${table}_no_update before update on ${table}
    begin select raise(abort, '${table} only grows'); end;
  create trigger ${table}_no_delete before delete on ${table}
    begin select raise(abort, '${table} only grows'); end;`

const first = `
  create table meta (key text primary key, value text not null) strict, without rowid;

  create table line (seq integer primary key, bytes blob not null, leaf blob not null) strict;
  create table tile (level integer, idx integer, hash blob not null, primary key (level, idx))
    strict, without rowid;
  create table log_head (one integer primary key check (one = 1), size integer not null,
    prev text not null, t integer not null, roots blob not null) strict;
  create table checkpoint (size integer primary key, root blob not null, note text not null) strict;
  create table cosigned (witness text primary key, size integer not null, root blob not null,
    note text not null) strict, without rowid;
  create table fork (held text not null, offered text not null, at integer not null) strict;

  create table history (tbl text, key text, value text not null, primary key (tbl, key))
    strict, without rowid;

  create table accepted (intent text, attempt integer, warrant text not null,
    document text not null, signature blob not null, warrant_text blob not null,
    primary key (intent, attempt)) strict, without rowid;
  create table journal (counter integer primary key, previous text not null,
    digest text not null unique, sid text not null unique, document text not null,
    signature blob not null) strict;

  create table ban (peer text primary key, reason text not null, at integer not null)
    strict, without rowid;
  create table tombstone (pairing text primary key, peer text not null, reason text not null,
    at integer not null) strict, without rowid;
  create table probation (peer text, at integer, primary key (peer, at)) strict, without rowid;
  create table local_freeze (scope text primary key, at integer not null) strict, without rowid;
  create table prepared (vault text, epoch integer, sid text not null, document text not null,
    signature blob not null, primary key (vault, epoch)) strict, without rowid;
  create table key_line (vault text, epoch integer, seq integer not null,
    primary key (vault, epoch)) strict, without rowid;

  insert into log_head (one, size, prev, t, roots) values (1, 0, '', 0, x'');
  ${['line', 'tile', 'accepted', 'journal', 'tombstone', 'prepared'].map(appendOnly).join('')}`

const backups = `
  create table tested (vault text, epoch integer, recovery text not null, proof text not null,
    proof_signature blob not null, document text not null, signature blob not null,
    primary key (vault, epoch)) strict, without rowid;
  ${appendOnly('tested')}`

/** Bans are numbered and end by re-admission; faults are counted and some of them proved. */
const quarantine = `
  alter table ban rename to old_ban;
  create table ban (peer text not null, number integer not null default 1, reason text not null,
    at integer not null, primary key (peer, number)) strict, without rowid;
  insert into ban (peer, reason, at) select peer, reason, at from old_ban;
  drop table old_ban;
  create table readmission (change text primary key, peer text not null, number integer not null,
    at integer not null, unique (peer, number)) strict, without rowid;
  create table quarantine (peer text, vault text, epoch integer not null,
    primary key (peer, vault)) strict, without rowid;
  create table strike (peer text, sid text, reason text not null, at integer not null,
    primary key (peer, sid)) strict, without rowid;
  create table evidence (digest text primary key, peer text not null, at integer not null,
    document text not null) strict, without rowid;
  ${['ban', 'readmission', 'strike', 'evidence'].map(appendOnly).join('')}`

/** Receipts that a rolled back disk has lost: the next one follows the last that is known. */
const rejoining = `
  create table resumed (counter integer primary key, digest text not null) strict;
  ${appendOnly('resumed')}`

/** Where an import of a vault was asked for: what ends an invitation. */
const imports = `
  create table import_asked (vault text, seq integer, change text not null,
    primary key (vault, seq)) strict, without rowid;
  ${appendOnly('import_asked')}`

/** The newest part of each export, as it left: the same bytes are given again. */
const exported = `
  create table export_part (change text primary key, vault text not null, document text not null,
    signature blob not null, sealed blob not null) strict, without rowid;`

/** Migration n brings `user_version` from n to n + 1. */
export const migrations: readonly string[] = [
  first,
  backups,
  quarantine,
  imports,
  exported,
  rejoining,
]
