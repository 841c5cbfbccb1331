// The coordinator, put together: store, sequencer, links, signing, driver and the faces of the
// border, over injected ports. Nothing here is a socket or a clock, so a whole walk runs in one
// process with frames in memory as well as over gRPC.
// INVARIANT: after each commit the order is: lines are remembered for pages, Prepare is queued
// behind its attempt line, then everything is pushed, then drivers are woken.
import type { Entry } from '../policy/audit/entry.ts'
import { createFold } from '../policy/audit/fold.ts'
import { parseRoot, type Root, witnessesOf } from '../policy/documents.ts'
import type { Trust } from '../policy/trust.ts'
import { toHex } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { isRefusal, refuse } from '../proto/refusal.ts'
import { Backups } from './backups.ts'
import { Bans } from './bans.ts'
import { Anchors } from './ceremony/anchors.ts'
import { Ceremonies } from './ceremony/ceremonies.ts'
import { Certificates } from './certificates.ts'
import { Changes } from './changes.ts'
import { CosignedHeads } from './cosigned.ts'
import { Decisions } from './decisions.ts'
import { Deposits } from './deposits.ts'
import type { Governed } from './desk/bootstrap.ts'
import { handlersOf } from './desk/desk.ts'
import { RulesMemory } from './desk/rules.ts'
import type { Chains, DriverPorts, Notes } from './driver.ts'
import { Exports } from './exports.ts'
import { Imports } from './imports.ts'
import { Invitations } from './invitations.ts'
import { Jobs } from './jobs.ts'
import { KeyChanges } from './key-changes.ts'
import { KeySessions } from './key-sessions.ts'
import { Keys } from './keys.ts'
import type { Send } from './link.ts'
import { type Attached, Links } from './links.ts'
import { Nonces } from './nonces.ts'
import { committed } from './page.ts'
import { Pages } from './pages.ts'
import { otherPast, type Past } from './past-nonces.ts'
import type { Clock, LogSigner, Random, Report } from './ports.ts'
import { Proofs } from './proofs.ts'
import { Proving } from './proving.ts'
import { Receipts } from './receipts.ts'
import { Requests } from './requests.ts'
import { Roots } from './roots.ts'
import { Sequencer } from './sequencer.ts'
import { Signing } from './signing.ts'
import { readDealing } from './store/dealings.ts'
import { intentOf } from './store/lines.ts'
import { RowCache } from './store/row-cache.ts'
import type { Store } from './store/store.ts'
import { Tree } from './tree.ts'
import { cannotSign } from './waiting.ts'

export interface CoordinatorPorts {
  /** Last part of its identity. */
  readonly name: string
  /** Migrated. */
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly report: Report
  readonly log: LogSigner
  readonly governed: Governed
  /** Digest of the first root document, on which everything hangs. */
  readonly root: string
  /** By CAIP-2. */
  readonly chains: Chains
  /** Networks where a transaction signed elsewhere is an alarm and stops nothing. */
  readonly alarmOnly?: ReadonlySet<string>
  /** How long a log that was witnessed before waits for a witness before it grows. */
  readonly witnessGraceMs: number
  /** Of a main log: what is pinned of the log of cold vaults beside it. */
  readonly coldTrust?: Trust
}

export interface Coordinator {
  readonly roots: Roots
  readonly requests: Requests
  readonly decisions: Decisions
  readonly keys: Keys
  readonly invitations: Invitations
  /** Approved changes, carried out by `KeyChanges`; another driver hooks in by `drivenBy`. */
  readonly changes: Changes
  /** Of a cold log; empty in every other. */
  readonly ceremonies: Ceremonies
  /** Of a main log with a cold one beside it. */
  readonly anchors: Anchors
  readonly proofs: Proofs
  readonly exports: Exports
  readonly deposits: Deposits
  readonly certificates: Certificates
  readonly links: Links
  readonly sequencer: Sequencer
  readonly jobs: Jobs
  readonly signing: Signing
  readonly heads: CosignedHeads
  readonly tree: Tree
  readonly driver: DriverPorts
  /** Aborted when it stops: streams end by it. */
  readonly stopping: AbortSignal
  /** Reads what was committed; from then on nodes may attach. */
  open(): Promise<void>
  /** Begins an empty log and lets work begin. */
  start(): Promise<void>
  /** Time passed: call it about once a second. */
  tick(): Promise<void>
  attach(node: string, send: Send): Attached
  /** Nodes that may hold a stream now, by the keys of their TLS certificates. */
  admitted(): ReadonlyMap<Digest, NodeId>
  /** Running attempts end, nothing new begins. */
  stop(): Promise<void>
}

export function createCoordinator(ports: CoordinatorPorts): Coordinator {
  const { name, store, clock, random, report, log, governed, chains } = ports
  const first = parseRoot(governed.root)
  if (first.digest !== ports.root) {
    refuse('CONFIG', `expected the root ${ports.root}, got ${first.digest}`)
  }
  const origin = first.log.origin
  const roots = new Roots(first)
  const [tree, memory, copy] = [new Tree(), new RulesMemory(), committed(store, origin)]
  const notes: Notes = new Map()
  const heads = new CosignedHeads({ store, tree, log, roots })
  const pages = new Pages({ store, origin, heads })
  const alarmOnly = ports.alarmOnly ?? new Set<string>()
  const handlers = handlersOf({
    memory,
    tree,
    log,
    governed,
    cannotSign: (vault, { nonce, isCold }) =>
      nonces.holdOf(vault.vault) ??
      (nonce && nonces.usedOf(nonce)) ??
      (isCold ? undefined : cannotSign({ links, tree }, vault)),
  })
  const fold = createFold({ rootDigest: first.digest, origin })
  const cache = new RowCache()
  const outside = { store, origin, clock, random, report }
  const sequencer = new Sequencer({ ...outside, tree, cache, fold, handlers })
  const seeing = { copy, memory, clock, report, chains, sequencer }
  const nonces: Nonces = new Nonces({ ...seeing, alarmOnly })
  const admitted = (): ReadonlyMap<Digest, NodeId> => roots.admitted(heads.sizeOf)
  const isAdmitted = (node: string): boolean => [...admitted().values()].some((id) => id === node)
  // Whoever asks for the root gets the one in force.
  const withRoot = <T extends object>(rest: T): T & { readonly root: Root } =>
    Object.defineProperty({ ...rest, root: first }, 'root', { get: () => roots.now })
  const carrying = { clock, report, sequencer }
  const links: Links = new Links(withRoot({ ...carrying, name, tree, heads, pages, isAdmitted }))
  const sessions = { ...carrying, random, links }
  const signing = new Signing(withRoot(sessions))
  const aboutKeys = new KeySessions(withRoot({ ...sessions, tree }))
  const keys = new Keys(withRoot({ ...sessions, copy, memory }), aboutKeys)
  const dealing = (change: Digest) => readDealing(store, change)
  const proving = new Proving(withRoot({ ...sessions, tree }), signing)
  const past: Past = (change) => otherPast({ copy, memory, chains }, change)
  const withDealings = { ...sessions, tree, dealing, otherPast: past }
  const keyChanges = new KeyChanges(withRoot(withDealings), aboutKeys, proving)
  const invitations = new Invitations(withRoot(sessions))
  const telling = { roots, report, links, sequencer, copy }
  new Receipts(telling)
  new Backups(telling)
  new Bans(telling)
  const exports = new Exports({ roots, report, links, copy, heads, clock, random })
  const sentAt = new Map()
  const shared = { copy, memory, clock, report, sequencer, notes }
  const driver: DriverPorts = { ...shared, tree, links, signing, chains, sentAt, nonces }
  const owner = `${name}/${toHex(random(8))}`
  const changing = { ...shared, tree, random, store, owner }
  // A cold key is in no node that this process reaches: its change waits for its ceremony.
  const changes: Changes = new Changes(changing, (ripe) =>
    ripe.admitted.root.cold ? ceremonies.drive(ripe) : keyChanges.drive(ripe),
  )
  const trust = trustOf(first)
  const about = { pages, heads, store, origin, changes, trust }
  const ceremonies = new Ceremonies({ ...driver, ...about })
  const jobs = new Jobs({ ...driver, store, origin, owner, changes })
  const imports = new Imports({ copy, clock, store, origin, changes })
  const anchors = new Anchors({ copy, sequencer, cold: ports.coldTrust })
  const proofs = new Proofs({ store, origin, tree, heads, clock })
  const deposits = new Deposits({ copy, sequencer, heads, clock })
  const certificates = new Certificates(withRoot({ ...sessions, roots, copy, proofs }))
  const stopping = new AbortController()
  const requests = new Requests({ ...shared, store, origin, nonces, otherPast: past })
  const decisions = new Decisions({ ...shared, store, origin, proofs })

  sequencer.onLines((entries) => {
    pages.remember(entries)
    signing.noticeLines(entries)
    links.push()
    for (const entry of entries) {
      const intent = intentOf(entry)
      if (intent !== '') jobs.wake(intent)
      if (entry.type === 'key.imported') void refreshImported()
    }
    // Without lines of its own: another coordinator's.
    if (entries.length === 0 || entries.some(isRoot)) void followRoot()
  })
  const refreshImported = async (): Promise<void> => {
    try {
      await imports.look()
    } catch (error) {
      const because = error instanceof Error ? error.message : 'unknown'
      report({ level: 'alarm', name: 'import.failed', because })
    }
  }
  const followRoot = async (): Promise<void> => {
    try {
      if (await roots.refresh(copy)) links.dropStrangers()
    } catch (error) {
      const because = error instanceof Error ? error.message : 'unknown'
      report({ level: 'alarm', name: 'root.failed', because })
    }
  }

  return {
    ...{
      roots,
      requests,
      decisions,
      keys,
      invitations,
      changes,
      ceremonies,
      anchors,
      proofs,
      exports,
      deposits,
      certificates,
      links,
      sequencer,
      jobs,
      signing,
      heads,
      tree,
      driver,
    },
    open: async () => {
      await heads.load()
      await sequencer.refresh()
      await roots.refresh(copy)
    },
    start: async () => {
      if (heads.largest > 0) await links.untilWitnessed(ports.witnessGraceMs)
      const begun = await sequencer.propose({ kind: 'bootstrap', content: {} })
      if (isRefusal(begun)) refuse(begun.code, begun.because, begun.rule)
      await jobs.tick()
    },
    tick: async () => {
      links.tick()
      await sequencer.tick()
      await jobs.tick()
      nonces.sweep()
      await imports.look()
      await exports.tick()
      await ceremonies.tick()
    },
    attach: (node, send) => links.attach(node, send),
    admitted,
    stopping: stopping.signal,
    stop: async () => {
      imports.stop()
      await jobs.stop()
      await changes.stop()
      stopping.abort()
    },
  }
}

function trustOf(root: Root): Trust {
  const { digest, log, witness } = root
  return { root: digest, log, witnesses: witnessesOf(root), q: witness.q }
}

function isRoot({ type }: Entry): boolean {
  return type === 'root.activated'
}
