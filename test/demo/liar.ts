// A coordinator that lies: the real parts, the real log and the real log key, except that it judges
// nothing before it writes an attempt line, and that the bytes in its warrants are not those that
// people approved. It stands where the honest one stood, on the same store and the same address.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCoordinatorConfig } from '../../coordinator/config.ts'
import { CosignedHeads } from '../../coordinator/cosigned.ts'
import { gather } from '../../coordinator/desk/case.ts'
import { handlersOf } from '../../coordinator/desk/desk.ts'
import { RulesMemory } from '../../coordinator/desk/rules.ts'
import { writeLines } from '../../coordinator/driver.ts'
import { Links } from '../../coordinator/links.ts'
import { committed } from '../../coordinator/page.ts'
import { Pages } from '../../coordinator/pages.ts'
import type { Clock } from '../../coordinator/ports.ts'
import { resultLines } from '../../coordinator/results.ts'
import { Roots } from '../../coordinator/roots.ts'
import { Sequencer } from '../../coordinator/sequencer.ts'
import { Signing } from '../../coordinator/signing.ts'
import { openPglite } from '../../coordinator/store/pglite.ts'
import { RowCache } from '../../coordinator/store/row-cache.ts'
import { Tree } from '../../coordinator/tree.ts'
import { issueWarrant } from '../../coordinator/warrants.ts'
import { createFold } from '../../policy/audit/fold.ts'
import { requestView } from '../../policy/audit/history.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { derive } from '../../policy/chain/derive.ts'
import { parseRoot } from '../../policy/documents.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { digestOf, ed25519Signer, toUtf8 } from '../../proto/crypto.ts'
import { readSigned } from '../../proto/frames.ts'
import { type Digest, parseNodeId } from '../../proto/ids.ts'
import { serve } from '../../proto/io/channel-server.ts'
import { parseText } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { logKeyThing } from '../../proto/log-key.ts'
import { kinds, type RefusalDocument } from '../../proto/node-documents.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { openWithPassphrase } from '../../proto/seal.ts'
import { tags } from '../../proto/tags.ts'
import { lyingAttempt, type Swapped, swappedBytes, withPath } from '../kit/lies.ts'
import { nodes } from './stage.ts'

export interface Lie {
  readonly swapped: Swapped
  /** What every node that was asked answered. */
  readonly refusals: readonly RefusalDocument[]
  /** Shares that left a node: there must be none. */
  readonly shares: number
}

/** One lie for each of these requests, which are reserved and may lawfully be signed. */
export async function tellLies(
  directory: string,
  requests: ReadonlyMap<Swapped, Digest>,
): Promise<readonly Lie[]> {
  const liar = await standUp(directory)
  try {
    const lies: Lie[] = []
    for (const [swapped, id] of requests) lies.push(await lie(liar, swapped, id))
    return lies
  } finally {
    await liar.close()
  }
}

type Liar = Awaited<ReturnType<typeof standUp>>

async function standUp(directory: string) {
  const place = join(directory, 'coordinator')
  const text = (path: string): string => readFileSync(path, 'utf8')
  const config = parseCoordinatorConfig(text(join(place, 'config.json')), place)
  const root = parseRoot(text(config.documents.root))
  const { origin } = root.log
  const store = await openPglite('dev', join(place, 'data'))
  const log = { vkey: root.log.vkey, sign: ed25519Signer(logSeed(config)) }
  const tree = new Tree()
  const memory = new RulesMemory()
  const copy = committed(store, origin)
  const heads = new CosignedHeads({ store, tree, log, roots: new Roots(root) })
  const pages = new Pages({ store, origin, heads })
  const governed = { root: '', policy: '', directory: '', books: new Map() }
  const cannotSign = () => undefined
  const honest = handlersOf({ memory, tree, log, governed, cannotSign })
  const handlers = new Map([...honest, ['attempt', lyingAttempt] as const])
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  const report = () => {}
  const fold = createFold({ rootDigest: root.digest, origin })
  const cache = new RowCache()
  const ports = { store, origin, clock, random, report, tree, cache, fold, handlers }
  const sequencer = new Sequencer(ports)
  const { name } = config
  const isAdmitted = () => true
  const outside = { name, root, clock, report, isAdmitted }
  const links: Links = new Links({ ...outside, tree, heads, pages, sequencer })
  const signing = new Signing({ root, clock, random, report, links, sequencer })
  sequencer.onLines((entries) => {
    pages.remember(entries)
    signing.noticeLines(entries)
    links.push()
  })
  await heads.load()
  await sequencer.refresh()
  const Attach = (stream: Parameters<typeof carry>[2], { id }: { readonly id: string }): void => {
    void carry(links, id, stream)
  }
  const { ca, cert, key } = config.tls
  const server = await serve({ NodeLinkService: { Attach } }, config.listen, {
    identity: { ca: text(ca), cert: text(cert), key: text(key) },
    org: config.org,
    clients: new Map(config.clients.map(({ pin, role, id }) => [pin, { role, id }])),
    nowMs: Date.now,
    stallMs: limits.streamStallMs,
    correlationId: () => 'liar',
    onBug: () => {},
    onTurnedAway: () => {},
  })
  let listener = (_node: string, _document: RefusalDocument): void => {}
  links.onAnswer((node, answer) => {
    if (answer.frame !== 'refused') return
    const { document } = readSigned(answer.refused.refusal)
    listener(node, kinds.refusal.shape(parseText(document), ''))
  })
  const beat = setInterval(() => links.tick(), 200)
  const rulebook = parseRulebook(text(config.documents.policy))
  await untilAttached(links, tree)
  return {
    ...{ copy, memory, sequencer, signing, rulebook },
    /** Every refusal from now on, also those that come after an attempt has ended. */
    hear: (next: typeof listener) => {
      listener = next
    },
    close: async () => {
      clearInterval(beat)
      await server.close(1_000)
      await store.close()
    },
  }
}

async function lie(liar: Liar, swapped: Swapped, id: Digest): Promise<Lie> {
  const { copy, memory, signing, rulebook } = liar
  const the = await gather(copy, memory, id)
  const view = await copy.read(requestView(id))
  const vault = view.vaults.find((row) => row.vault === the.intent.vault)
  const rule = rulebook.rules.find(({ id: name }) => name === view.reservation?.rule)
  if (vault === undefined || rule === undefined || view.reservation === undefined) {
    throw new Error(`request ${id} is not reserved`)
  }
  const bytes = swappedBytes(swapped, the.intent, view.reservation.slot)
  const honest = issueWarrant(the, { rule, bytes, replaces: '', t: Date.now() })
  const warrant = swapped === 'path' ? withPath(honest, 'm/7') : honest
  const said = new Map<string, RefusalDocument>()
  let shares = 0
  liar.hear((node, document) => said.set(node, document))
  const sets = [nodes.slice(0, 2), nodes.slice(1)].map((set) => set.map(parseNodeId))
  for (const [index, participants] of sets.entries()) {
    const attempted = await signing.attempt({
      intent: id,
      attempt: index + 1,
      epoch: vault.epoch,
      participants,
      warrant,
      fresh: false,
      digest: chainOf(the.intent.network).digest(bytes),
      publicKey: derive(vault, the.intent.path).publicKey,
    })
    if (isRefusal(attempted)) throw new Error(`not even a line: ${attempted.because}`)
    shares += attempted.receipts.length
    for (let tries = 0; tries < 100 && !participants.every((node) => said.has(node)); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const tried = {
      intent: id,
      attempt: index + 1,
      warrant: digestOf(tags.warrant, warrant),
      bytes,
    }
    await writeLines(liar, resultLines({ ...tried, network: the.intent.network }, attempted))
  }
  return { swapped, refusals: [...said.values()], shares }
}

function logSeed({
  org,
  env,
  name,
  logKey,
  credential,
}: ReturnType<typeof parseCoordinatorConfig>) {
  const passphrase = toUtf8(readFileSync(credential, 'utf8').trim())
  return openWithPassphrase(
    readFileSync(logKey),
    logKeyThing({ org, env, owner: name }),
    passphrase,
  )
}

async function carry(
  links: Links,
  node: string,
  stream: Parameters<NonNullable<Parameters<typeof serve>[0]['NodeLinkService']>['Attach']>[0],
): Promise<void> {
  const attached = links.attach(node, (frame) => stream.send(frame))
  try {
    for await (const frame of stream.received) attached.receive(frame)
  } catch {
    // The other end went away: the liar goes on with the rest.
  } finally {
    attached.close()
    stream.close()
  }
}

async function untilAttached(links: Links, tree: Tree): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const ready = links.attached.filter(({ state }) => state?.state === 'ready')
    const paired = ready.filter((link) => (link.state?.pairings.length ?? 0) === nodes.length - 1)
    if (paired.length === nodes.length && tree.size > 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the nodes do not attach to the lying coordinator')
}

const clock: Clock = {
  now: Date.now,
  sleep: (ms, stop) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      stop?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    }),
}
