// This node's own copy of the log: lines, the roots of full tiles, the head, and the checkpoints
// and cosigned heads that agree with it. Lines are never pruned.
// INVARIANT: head, lines and tiles move together, inside a step of the store; a root of any older
// size can be computed at any time. Judges no line: `witness.ts` decides what is appended.

import type { Head } from '../policy/audit/chain.ts'
import type { Entry } from '../policy/audit/entry.ts'
import { type Frontier, grow, type Hashes, rootAt, rootOf } from '../policy/audit/merkle.ts'
import { toHex } from '../proto/crypto.ts'
import { type Digest, parseDigest } from '../proto/ids.ts'
import { bytesOf, numberOf, type Sql, textOf } from './store.ts'

const hashBytes = 32

/** A head that was signed: by the log, or with cosignatures. */
export interface StoredHead {
  readonly size: number
  readonly root: Uint8Array
  /** The note's text. */
  readonly note: string
}

export interface Fork {
  readonly held: string
  readonly offered: string
  readonly atMs: number
}

export class LogCopy implements Hashes {
  readonly #sql: Sql
  /** A fork that found no room yet. */
  #unwritten: Fork | undefined

  constructor(sql: Sql) {
    this.#sql = sql
  }

  head(): Head {
    const row = this.#sql.first('select size, prev, t, roots from log_head')
    const size = numberOf(row, 'size')
    const prev = textOf(row, 'prev')
    const roots = chunksOf(bytesOf(row, 'roots'))
    return {
      size,
      prev: prev === '' ? '' : parseDigest(prev, 'prev'),
      t: numberOf(row, 't'),
      frontier: { size, roots },
    }
  }

  size(): number {
    return numberOf(this.#sql.first('select size from log_head'), 'size')
  }

  /** Inside a step: `entries` continue the head and end in `end`. */
  append(entries: readonly Entry[], end: Head): void {
    for (const { seq, bytes, leaf } of entries) {
      this.#sql.run('insert into line (seq, bytes, leaf) values (?, ?, ?)', seq, bytes, leaf)
      for (const { level, index, hash } of grow(this, seq, leaf)) {
        if (level === 0) continue
        this.#sql.run('insert into tile (level, idx, hash) values (?, ?, ?)', level, index, hash)
      }
    }
    this.#sql.run(
      'update log_head set size = ?, prev = ?, t = ?, roots = ?',
      end.size,
      end.prev,
      end.t,
      joined(end.frontier),
    )
  }

  hash(level: number, index: number): Uint8Array {
    const row =
      level === 0
        ? this.#sql.first('select leaf as hash from line where seq = ?', index)
        : this.#sql.first('select hash from tile where level = ? and idx = ?', level, index)
    return bytesOf(row, 'hash')
  }

  /** Undefined beyond the own copy. */
  rootAt(size: number): Uint8Array | undefined {
    const head = this.head()
    if (size > head.size) return undefined
    return size === head.size ? rootOf(head.frontier) : rootAt(this, size)
  }

  line(seq: number): Uint8Array | undefined {
    const row = this.#sql.first('select bytes from line where seq = ?', seq)
    return row === undefined ? undefined : bytesOf(row, 'bytes')
  }

  /** Ascending, at most `max`. */
  lines(from: number, max: number): readonly Uint8Array[] {
    const rows = this.#sql.all(
      'select bytes from line where seq >= ? order by seq limit ?',
      from,
      max,
    )
    return rows.map((row) => bytesOf(row, 'bytes'))
  }

  keepCheckpoint({ size, root, note }: StoredHead): void {
    this.#sql.run(
      'insert into checkpoint (size, root, note) values (?, ?, ?) on conflict do nothing',
      size,
      root,
      note,
    )
  }

  /** The largest log-signed checkpoint of at most `size`. */
  checkpoint(size: number): StoredHead | undefined {
    const row = this.#sql.first(
      'select size, root, note from checkpoint where size <= ? order by size desc limit 1',
      size,
    )
    return row === undefined ? undefined : headOf(row)
  }

  /** The largest head of each witness is enough: later ones contain the earlier. */
  keepCosigned(witness: string, { size, root, note }: StoredHead): void {
    this.#sql.run(
      `insert into cosigned (witness, size, root, note) values (?, ?, ?, ?)
       on conflict (witness) do update set size = excluded.size, root = excluded.root,
         note = excluded.note where excluded.size > cosigned.size`,
      witness,
      size,
      root,
      note,
    )
  }

  cosigned(witness: string): StoredHead | undefined {
    const row = this.#sql.first('select size, root, note from cosigned where witness = ?', witness)
    return row === undefined ? undefined : headOf(row)
  }

  /** Where the log gave a vault its key. */
  keepKeyLine(vault: string, epoch: number, seq: number): void {
    this.#sql.run(
      'insert into key_line (vault, epoch, seq) values (?, ?, ?) on conflict do nothing',
      vault,
      epoch,
      seq,
    )
  }

  keyLine(vault: string, epoch: number): number | undefined {
    const row = this.#sql.first(
      'select seq from key_line where vault = ? and epoch = ?',
      vault,
      epoch,
    )
    return row === undefined ? undefined : numberOf(row, 'seq')
  }

  /** Where somebody asked for an import into this vault. */
  keepImport(vault: string, seq: number, change: Digest): void {
    this.#sql.run(
      'insert into import_asked (vault, seq, change) values (?, ?, ?) on conflict do nothing',
      vault,
      seq,
      change,
    )
  }

  /** Imports that were asked for at or after this line. */
  importsFrom(vault: string, seq: number): readonly Digest[] {
    return this.#sql
      .all('select change from import_asked where vault = ? and seq >= ? order by seq', vault, seq)
      .map((row) => parseDigest(textOf(row, 'change')))
  }

  /** Of a log that showed two faces: in force at once, written when there is room. */
  keepFork(fork: Fork): void {
    this.#unwritten ??= fork
    this.writeFork()
  }

  /** What found no room is tried again by whoever looks. */
  writeFork(): void {
    const fork = this.#unwritten
    if (fork === undefined) return
    const { held, offered, atMs } = fork
    this.#sql.run('insert into fork (held, offered, at) values (?, ?, ?)', held, offered, atMs)
    this.#unwritten = undefined
  }

  fork(): Omit<Fork, 'atMs'> | undefined {
    const row = this.#sql.first('select held, offered from fork order by at limit 1')
    return row === undefined
      ? this.#unwritten
      : { held: textOf(row, 'held'), offered: textOf(row, 'offered') }
  }
}

/** The (size, root) of the own head, as text for documents. */
export function ownHead(copy: LogCopy): { readonly size: number; readonly root: Digest } {
  const { size, frontier } = copy.head()
  return { size, root: parseDigest(toHex(rootOf(frontier)), 'root') }
}

function headOf(row: Parameters<typeof bytesOf>[0]): StoredHead {
  return { size: numberOf(row, 'size'), root: bytesOf(row, 'root'), note: textOf(row, 'note') }
}

function joined({ roots }: Frontier): Uint8Array {
  const bytes = new Uint8Array(roots.length * hashBytes)
  for (const [index, root] of roots.entries()) bytes.set(root, index * hashBytes)
  return bytes
}

function chunksOf(bytes: Uint8Array): readonly Uint8Array[] {
  const count = bytes.length / hashBytes
  return Array.from({ length: count }, (_, at) => bytes.slice(at * hashBytes, (at + 1) * hashBytes))
}
