// What a worker thread does with its runs, driven in this thread: what came in and what was made is
// wiped when a run ends, however it ends, and nothing of it is kept.
import { describe, expect, it, vi } from 'vitest'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import type { Incoming } from '../../signer-node/dkls23/protocol.ts'
import { SessionRandomness } from '../../signer-node/dkls23/randomness.ts'
import { ThreadRuns } from '../../signer-node/thread-runs.ts'
import type { ToThread, Work } from '../../signer-node/thread-words.ts'
import { keygenRuns, keyTerms, makeKey } from '../kit/keys.ts'
import { refreshRuns } from '../kit/lifecycle.ts'
import { nodes } from '../kit/protocol.ts'

const curve = nativeCurve()
const one = parseParty(1)
const key = makeKey(curve, 2, [1, 2, 3])
const dkg: Work = { purpose: 'dkg', terms: keyTerms(2) }
const refresh: Work = { purpose: 'refresh', epoch: 2 }

function begin(
  id: number,
  work: Work,
  { x = 1, isRefresh = work.purpose === 'refresh' }: { x?: number; isRefresh?: boolean } = {},
) {
  const all = work.purpose === 'refresh' ? refreshRuns(curve, key, 2) : keygenRuns(curve, 2, three)
  const { sid, self, participants, randomness } = all.get(parseParty(x))!
  const lent = Uint8Array.from(randomness.lend().bytes)
  const old = key.get(one)!.encode().bytes
  const moved = isRefresh ? [lent, Uint8Array.from(old)] : [lent]
  const words: ToThread = { ask: 'begin', id, place: { sid, self, participants }, work, moved }
  return { words, moved, participants }
}
const three = nodes(1, 2, 3)
const isWiped = (all: readonly Uint8Array[]) => all.every((one) => one.every((byte) => byte === 0))

describe('the runs of a worker thread', () => {
  it('wipe K, the old share and every message when they are ended in the middle', () => {
    const runs = new ThreadRuns(curve)
    const { words, moved } = begin(1, refresh)
    runs.hear(words)
    // The share as soon as it was read.
    expect(isWiped(moved.slice(1))).toBe(true)
    expect(runs.hear({ ask: 'next', id: 1, inbox: [], moved: [] })).toMatchObject({ turn: 'sent' })
    const received = Uint8Array.from({ length: 40 }, () => 7)
    const inbox = [{ round: 1, from: parseParty(2) }]
    const answer = runs.hear({ ask: 'next', id: 1, inbox, moved: [received] })
    expect(answer).toMatchObject({ turn: 'aborted' })
    expect([isWiped(moved), isWiped([received]), runs.count]).toEqual([true, true, 0])
  })

  it('wipe what they hold when the session ended while they computed', () => {
    const runs = new ThreadRuns(curve)
    const disposed = vi.spyOn(SessionRandomness.prototype, Symbol.dispose)
    const said = [1, 2, 3].map((x) => {
      runs.hear(begin(x, dkg, { x }).words)
      return runs.hear({ ask: 'next', id: x, inbox: [], moved: [] })
    })
    const inbox: Incoming[] = said.flatMap((words, from) =>
      words?.turn !== 'sent'
        ? []
        : words.outgoing.flatMap(({ round, to }, at) =>
            to === one ? [{ round, from: parseParty(from + 1), bytes: words.moved[at]! }] : [],
          ),
    )
    const moved = inbox.map(({ bytes }) => Uint8Array.from(bytes))
    const heads = inbox.map(({ round, from }) => ({ round, from }))
    expect(runs.hear({ ask: 'next', id: 1, inbox: heads, moved })).toMatchObject({ turn: 'sent' })
    expect([moved.length, isWiped(moved), runs.count]).toEqual([2, false, 3])
    expect(disposed).not.toHaveBeenCalled()
    // Its session ended: the step was answered to nobody, and this is the next word.
    expect(runs.hear({ ask: 'end', id: 1, moved: [] })).toBeUndefined()
    expect([isWiped(moved), runs.count]).toEqual([true, 2])
    expect(disposed).toHaveBeenCalledTimes(1)
    expect(runs.hear({ ask: 'end', id: 1, moved: [] })).toBeUndefined()
    disposed.mockRestore()
  })

  it('keep nothing of a thousand runs that were ended', () => {
    const runs = new ThreadRuns(curve)
    const { words } = begin(1, dkg)
    for (let id = 1; id <= 1_000; id += 1) {
      runs.hear({ ...words, id, moved: words.moved.map((bytes) => bytes.slice()) })
      runs.hear({ ask: 'end', id, moved: [] })
    }
    expect(runs.count).toBe(0)
  })

  it('are begun before their first step: anything else is a bug', () => {
    const runs = new ThreadRuns(curve)
    const next: ToThread = { ask: 'next', id: 1, inbox: [], moved: [] }
    expect(() => runs.hear(next)).toThrow('begun before its first step')
    runs.hear(begin(1, dkg).words)
    expect(runs.hear(next)).toMatchObject({ turn: 'sent' })
    runs.hear({ ask: 'end', id: 1, moved: [] })
    expect(() => runs.hear(next)).toThrow('begun before its first step')
  })

  it('of a refresh have the old share: what is missing is malformed', () => {
    const runs = new ThreadRuns(curve)
    expect(() => runs.hear(begin(1, refresh, { isRefresh: false }).words)).toThrow()
    expect(runs.count).toBe(0)
    runs.hear(begin(2, refresh).words)
    expect(runs.count).toBe(1)
    expect(Keyshare.parse(curve, key.get(one)!.encode().bytes).facts.epoch).toBe(1)
  })
})
