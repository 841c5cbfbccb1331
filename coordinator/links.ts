// The nodes' streams: who is attached, who is told of whom, what is relayed between them. A
// coordinator carries: envelopes and notes go to the node they are addressed to, unread and
// bounded; lines and cosigned heads go to everybody; answers go to whoever waits for them.
// INVARIANT: a frame is relayed only under the name of the node whose stream it came from.
import type { Root } from '../policy/documents.ts'
import type { CoordinatorFrame, NodeFrame, NodePart } from '../proto/frames.ts'
import { limits } from '../proto/limits.ts'
import { attempt, isRefusal, Refused, refuse } from '../proto/refusal.ts'
import { requireCommon, spoken } from '../proto/versions.ts'
import type { CosignedHeads } from './cosigned.ts'
import { Link, type PreparePart, type Send } from './link.ts'
import type { Pages } from './pages.ts'
import type { Clock, Report } from './ports.ts'
import type { Sequencer } from './sequencer.ts'
import type { Tree } from './tree.ts'

/** Frames that answer a ticket, a session or a key. */
export type Answer = Extract<
  NodeFrame,
  {
    readonly frame:
      | 'accepted'
      | 'refused'
      | 'share'
      | 'stopped'
      | 'keyConfirm'
      | 'receipts'
      | 'backupTested'
      | 'bans'
      | 'invited'
      | 'exportPart'
      | 'certified'
  }
>
export type AnswerListener = (node: string, answer: Answer) => void

export interface LinksPorts {
  readonly name: string
  /** The one in force, whenever it is read. */
  readonly root: Root
  readonly isAdmitted: (node: string) => boolean
  readonly clock: Clock
  readonly report: Report
  readonly tree: Tree
  readonly heads: CosignedHeads
  readonly pages: Pages
  readonly sequencer: Sequencer
}

/** The coordinator's end of one attached stream. */
export interface Attached {
  receive(frame: NodeFrame): void
  close(): void
}

/** Silence after which a stream counts as lost. */
const silenceMs = 3 * limits.streamHeartbeatMs
const lookMs = 100
const putLastMs = 60_000

export class Links {
  readonly #ports: LinksPorts
  readonly #links = new Map<string, Link>()
  readonly #listeners: AnswerListener[] = []
  /** Nodes that wait for cosignatures over a line of theirs. */
  readonly #following = new Map<string, ReadonlySet<string>>()
  /** Of how many past roots a link was told who saw the end. */
  readonly #told = new WeakMap<Link, number>()

  #beatAt = 0

  constructor(ports: LinksPorts) {
    this.#ports = ports
  }

  get attached(): readonly Link[] {
    return [...this.#links.values()]
  }

  /** Those that the root in force names. */
  get signers(): readonly Link[] {
    const named = new Set<string>(this.#ports.root.nodes.map(({ node }) => node))
    return this.attached.filter(({ node }) => named.has(node))
  }

  link(node: string): Link | undefined {
    return this.#links.get(node)
  }

  onAnswer(listener: AnswerListener): void {
    this.#listeners.push(listener)
  }

  /**
   * A second stream of a node replaces the first. `node` was proved by the channel; refused where
   * no root asks for it.
   */
  attach(node: string, send: Send): Attached {
    if (!this.#ports.isAdmitted(node)) {
      refuse('UNAUTHENTICATED', `the root in force does not name ${node}`)
    }
    const { pages, clock } = this.#ports
    const link = new Link(node, send, { pages, now: () => clock.now() })
    this.#links.get(node)?.close()
    this.#links.set(node, link)
    return {
      receive: (frame) => this.#receive(link, frame),
      close: () => {
        link.close()
        if (this.#links.get(node) !== link) return
        this.#links.delete(node)
        this.#ports.report({ level: 'warn', name: 'node.detached', node })
        this.#welcomeAll()
      },
    }
  }

  /** Until one node has said how much it holds, or patience ends: it may hold more than we do. */
  async untilWitnessed(patienceMs: number): Promise<void> {
    const { clock } = this.#ports
    const end = clock.now() + patienceMs
    while (clock.now() < end && !this.attached.some(({ state }) => state !== undefined)) {
      await clock.sleep(lookMs)
    }
  }

  /** New lines were committed, or a node has room again. */
  push(): void {
    for (const link of this.attached) this.#pump(link)
  }

  /** With the lines up to the attempt line or key document's head. */
  prepare(node: string, size: number, part: PreparePart): void {
    this.#links.get(node)?.prepare(size, part)
  }

  send(node: string, frame: CoordinatorFrame): void {
    this.#links.get(node)?.send(frame)
  }

  /** From now on these nodes hear of every new cosignature at once. */
  follow(key: string, nodes: readonly string[]): void {
    this.#following.set(key, new Set(nodes))
  }

  unfollow(key: string): void {
    this.#following.delete(key)
  }

  /** Whom an attempt waited for in vain: others are asked first for a while. */
  putLast(nodes: readonly string[]): void {
    const until = this.#ports.clock.now() + putLastMs
    for (const node of nodes) this.#links.get(node)?.putLast(until)
  }

  /** These finished together. */
  putBack(nodes: readonly string[]): void {
    for (const node of nodes) this.#links.get(node)?.putBack()
  }

  /** Whoever the root in force does not ask for any more is heard no more. */
  dropStrangers(): void {
    for (const link of this.attached) {
      if (this.#ports.isAdmitted(link.node)) continue
      this.#ports.report({ level: 'warn', name: 'node.removed', node: link.node })
      // By these it knows that its part is over, and deletes what it held.
      this.#sendEveryHead(link)
      link.close()
      this.#links.delete(link.node)
      this.#welcomeAll()
    }
  }

  /** Heartbeats, and streams that fell silent. */
  tick(): void {
    this.dropStrangers()
    const now = this.#ports.clock.now()
    const isBeat = now - this.#beatAt >= limits.streamHeartbeatMs
    if (isBeat) this.#beatAt = now
    for (const link of this.attached) {
      if (isBeat) link.send({ frame: 'heartbeat', heartbeat: {} })
      if (now - link.heardAt <= silenceMs) continue
      this.#ports.report({ level: 'warn', name: 'node.silent', node: link.node })
      link.close()
      this.#links.delete(link.node)
      this.#welcomeAll()
    }
  }

  #receive(link: Link, frame: NodeFrame): void {
    if (this.#links.get(link.node) !== link) return
    link.heardAt = this.#ports.clock.now()
    switch (frame.frame) {
      case 'hello':
        this.#greet(link, frame.hello)
        break
      case 'state':
        link.update(frame.state)
        void this.#afterSize(link, frame.state.size)
        break
      case 'cosigned':
        void this.#cosigned(link, frame.cosigned)
        break
      case 'behind':
        link.behind(frame.behind.size)
        this.#pump(link)
        break
      case 'ahead':
        void this.#afterSize(link, frame.ahead.size)
        break
      case 'fork':
        this.#alarm(link, 'node.fork', 'the node holds another log than this one')
        break
      case 'envelope':
        this.#relay(link, frame, frame.envelope)
        break
      case 'note':
        this.#relay(link, frame, frame.note)
        break
      case 'heartbeat':
      case 'paper':
        break
      case 'supplyLines':
        this.#alarm(link, 'node.supply', 'lines that nobody asked for')
        break
      default:
        for (const listener of this.#listeners) listener(link.node, frame)
    }
  }

  #greet(link: Link, hello: NodePart<'hello'>): void {
    if (hello.node !== link.node) {
      this.#alarm(link, 'node.name', `a hello of ${hello.node}`)
      link.close()
      this.#links.delete(link.node)
      return
    }
    const common = attempt(() => requireCommon(hello.versions, link.node))
    if (isRefusal(common)) {
      this.#alarm(link, 'node.version', common.because)
      this.#links.delete(link.node)
      // The stream ends with it, so the node hears why.
      throw new Refused(common)
    }
    link.greet(hello)
    this.#ports.report({ level: 'info', name: 'node.attached', node: link.node })
    this.#welcomeAll()
    void this.#afterSize(link, hello.state.size)
  }

  /** A witness that has more than the database proves that the database lost commits. */
  async #afterSize(link: Link, size: number): Promise<void> {
    const { tree, sequencer } = this.#ports
    try {
      // Another coordinator may have written what the node has.
      if (size > tree.size) await sequencer.refresh()
    } catch (error) {
      this.#alarm(link, 'log.failed', error instanceof Error ? error.message : 'unknown')
      return
    }
    if (size > tree.size) {
      sequencer.hold(`${link.node} holds ${size} lines, the database ${tree.size}`)
    } else {
      this.#pump(link)
    }
  }

  async #cosigned(link: Link, { note, size }: NodePart<'cosigned'>): Promise<void> {
    const { heads, tree } = this.#ports
    await this.#afterSize(link, size)
    const covered = heads.covers(tree.size - 1)
    try {
      await heads.receive(note)
    } catch (error) {
      const name = error instanceof Refused ? 'node.cosignature' : 'heads.failed'
      this.#alarm(link, name, error instanceof Error ? error.message : 'unknown')
      return
    }
    link.acknowledge(size)
    this.#forward(note, link.node)
    if (!covered && heads.covers(tree.size - 1)) this.#sendHeads(tree.size - 1)
    else this.#tellEnds(link)
    this.#pump(link)
  }

  /** At once to those who wait for it. */
  #forward(note: Uint8Array, from: string): void {
    const waiting = new Set([...this.#following.values()].flatMap((nodes) => [...nodes]))
    waiting.delete(from)
    const heads = { origin: this.#ports.root.log.origin, heads: [note] }
    for (const node of waiting) this.send(node, { frame: 'heads', heads })
  }

  /** To everybody, once the whole log is witnessed: keys come into force by it. */
  #sendHeads(seq: number): void {
    const { heads, root } = this.#ports
    const notes = heads.notesOver(seq).map((note) => new TextEncoder().encode(note))
    const part = { origin: root.log.origin, heads: notes }
    for (const link of this.attached) {
      link.send({ frame: 'heads', heads: part })
      this.#tellEnds(link)
    }
  }

  /**
   * A node that came later has not heard those who saw a past root end and are no more themselves:
   * nothing that came after would ever be in force for it.
   */
  #tellEnds(link: Link): void {
    const { switches } = this.#ports.heads
    const last = switches.at(-1)
    if (last === undefined || this.#told.get(link) === switches.length) return
    if (!link.holds(last) || !this.#ports.heads.covers(last)) return
    this.#told.set(link, switches.length)
    this.#sendEveryHead(link)
  }

  /** The newest of every witness that ever was, in frames of as many as a node reads. */
  #sendEveryHead(link: Link): void {
    const { heads, root } = this.#ports
    const notes = heads.notesOver(0).map((note) => new TextEncoder().encode(note))
    for (let at = 0; at < notes.length; at += limits.witnessesMax) {
      const part = notes.slice(at, at + limits.witnessesMax)
      link.send({ frame: 'heads', heads: { origin: root.log.origin, heads: part } })
    }
  }

  #relay(
    link: Link,
    frame: Extract<NodeFrame, { readonly frame: 'envelope' | 'note' }>,
    { from, to }: { readonly from: string; readonly to: string },
  ): void {
    if (from === link.node) this.send(to, frame)
    else this.#alarm(link, 'node.name', `a frame from ${from}`)
  }

  #welcomeAll(): void {
    const { name, root, tree } = this.#ports
    const peers = this.attached.flatMap(({ node, incarnation }) =>
      incarnation === undefined ? [] : [{ node, incarnation }],
    )
    const { origin } = root.log
    const welcome = { coordinator: name, origin, size: tree.size, peers, versions: [...spoken] }
    for (const link of this.attached) {
      if (link.incarnation !== undefined) link.send({ frame: 'welcome', welcome })
    }
  }

  #pump(link: Link): void {
    const { tree, report } = this.#ports
    link
      .pump(() => tree.size)
      .catch((error: unknown) => {
        const because = error instanceof Error ? error.message : 'unknown'
        report({ level: 'warn', name: 'pages.failed', because, node: link.node })
      })
  }

  #alarm(link: Link, name: string, because: string): void {
    this.#ports.report({ level: 'alarm', name, because, node: link.node })
  }
}
